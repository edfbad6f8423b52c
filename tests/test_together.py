"""From an overlap to joint work and back, as desks and prosecutors of three countries and Europol, over HTTP."""

import gathering
import teaming
from gathering import held, minuted, overlap

GIVEN = {
    "title": "List of payments",
    "source_country": "RO",
    "obtained_on": "2026-11-02",
    "obtained_under": "Art. 170 CPP",
    "handling_code": "H0",
    "sha256": "0f" * 32,
    "size": 4096,
    "media_type": "text/csv",
}


def status(world, who, path):
    return world.as_(who).get(path).status_code


def test_an_overlap_leads_to_a_meeting_a_team_and_a_statement(world):
    case, other, found = overlap(world)
    meet(world, found)
    jit = work_as_a_team(world, case)
    part_and_tell(world, jit, case)

    line = {e["type"] for e in world.as_("prosecutor").get(f"/cases/{case}/timeline?limit=200").json["items"]}
    assert {"overlap.detected", "meeting.proposed", "meeting.hold", "meeting.agree", "jit.signed", "jit.activated"} <= line
    hidden = world.as_("prosecutor_ro").get(f"/cases/{other}/timeline?limit=200").json["items"]
    assert not any(e["type"].startswith("jit.") for e in hidden)


def meet(world, found):
    """A meeting from the overlap: what was undertaken is among the deadlines of the authority that undertook it."""
    steps = {s["step"]: s["href"] for s in world.as_("prosecutor").get(f"/overlaps/{found}").json["next_steps"]}
    assert steps["coordination_meeting"] is None

    meeting = held(world, origin=("overlap", found))
    undertaken = {"text": "Send the list of payments", "due_on": teaming.days(world, 30)[:10]}
    action = world.as_("prosecutor_ro").post(f"/meetings/{meeting}/actions", undertaken)
    assert action.status_code == 201, action.json
    owed = [d["rule"] for d in world.as_("prosecutor_ro").get("/deadlines?side=mine&state=running").json["items"]]
    assert owed == ["meeting_action"]
    assert [d["rule"] for d in world.as_("prosecutor_fr").get("/deadlines?side=mine").json["items"]] == []
    assert minuted(world, meeting).status_code in {200, 201}
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert gathering.agree(world, who, meeting).status_code == 200


def work_as_a_team(world, case):
    """Signed one by one; access and evidence from the last signature on; extended in time."""
    jit = teaming.proposed(world, "fr", "ro", cases=[case])
    teaming.enter(world, jit, "fr", "ro")
    beside = {"authority_id": str(world.authorities["europol"]), "role": "analysis", "terms": "Appendix I", "evidence": True}
    assert world.as_("prosecutor").post(f"/jits/{jit}/participants", beside).status_code == 201
    teaming.walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    assert status(world, "prosecutor_fr", f"/cases/{case}") == 404
    for who in ("prosecutor", "prosecutor_fr"):
        assert teaming.sign(world, who, jit).status_code == 201
        assert teaming.read(world, "prosecutor", jit)["state"] == "signature_pending"
        for called, refused in (("jit", 403), ("request", 422)):
            early = world.as_("prosecutor_ro").post("/evidence", {"object_id": jit, "object_type": called, **GIVEN})
            assert early.status_code == refused
    assert teaming.sign(world, "prosecutor_ro", jit).status_code == 201
    assert teaming.read(world, "prosecutor", jit)["state"] == "active"
    assert {status(world, who, f"/cases/{case}") for who in ("prosecutor_fr", "prosecutor_ro")} == {200}
    assert {status(world, who, f"/cases/{case}") for who in ("uncleared", "europol")} == {404}
    assert teaming.read(world, "europol", jit)["place"] == "participant"
    assert teaming.items(world, "europol", f"/jits/{jit}/members") == []
    assert [d["rule"] for d in world.as_("prosecutor_fr").get("/deadlines?side=mine").json["items"]] == ["jit_expiry"]

    within = world.case("prosecutor_fr")
    assert world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": within}).status_code == 201
    given = world.as_("prosecutor_ro").post("/evidence", {"object_id": jit, "object_type": "jit", **GIVEN})
    assert given.status_code == 201, given.json
    assert world.as_("prosecutor_fr").get(f"/evidence/{given.json['id']}").json["title"] == GIVEN["title"]
    assert world.as_("europol").get(f"/evidence/{given.json['id']}").json["title"] == GIVEN["title"]
    assert status(world, "desk_fr", f"/evidence/{given.json['id']}") == 404
    use_within_and_beyond_the_purpose(world, jit, given.json["id"], within)

    longer = teaming.amend(world, jit, change="period", until=teaming.days(world, 500))
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert teaming.sign_amendment(world, who, jit, longer).status_code == 201
    (clock,) = world.as_("prosecutor_fr").get("/deadlines?side=mine").json["items"]
    assert clock["due_at"] == teaming.read(world, "prosecutor_fr", jit)["until"]
    return jit


def use_within_and_beyond_the_purpose(world, jit, item, within):
    """A case of the team is its purpose; for another, also one shared since, the State where it was obtained is asked (Art. 13(10))."""
    beyond = world.case("prosecutor_fr")
    assert world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": beyond}).status_code == 201
    use = {"purpose": "prosecution", "use_as": "evidence", "ask_consent": True, "reason": "Another offence."}
    me = world.as_("prosecutor_fr")
    assert me.post(f"/evidence/{item}/uses", {**use, "case_id": within}).json["state"] == "recorded"
    asked = me.post(f"/evidence/{item}/uses", {**use, "case_id": beyond}).json
    assert asked["state"] == "consent_asked"
    path = f"/evidence-uses/{asked['id']}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "consent"}, If_Match='"v1"').status_code == 404
    consented = world.as_("prosecutor_ro").post(path, {"event": "consent"}, If_Match='"v1"')
    assert consented.json["state"] == "recorded", consented.json


def part_and_tell(world, jit, case):
    """The period passes: access is gone; then evaluation, and a statement that all approve."""
    world.clock.forward(days=501)
    assert {status(world, who, f"/cases/{case}") for who in ("prosecutor_fr", "prosecutor_ro")} == {404}
    own = {c["authority"]["id"] for c in world.as_("prosecutor_fr").get("/cases").json["items"]}
    assert own == {str(world.authorities["fr"])}
    assert {status(world, "europol", path) for path in (f"/jits/{jit}", "/evidence")} == {404, 200}
    assert world.as_("europol").get("/evidence").json["items"] == []
    assert {e["title"] for e in world.as_("prosecutor_fr").get("/evidence").json["items"]} == {None}
    refused = world.as_("prosecutor_ro").post("/evidence", {"object_id": jit, "object_type": "jit", **GIVEN, "sha256": "1f" * 32})
    assert refused.status_code == 403
    teaming.walk(world, jit, ("prosecutor", "evaluate"))
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        told = {"outcome": "Two arrests", "lessons": "Begin earlier"}
        assert world.as_(who).post(f"/jits/{jit}/evaluations", told).status_code == 201
    assert world.as_("prosecutor").post(f"/jits/{jit}/evaluations", {"joint": True, "outcome": "Two arrests"}).status_code == 201
    teaming.walk(world, jit, ("prosecutor", "close"))
    assert world.app.test_client().get("/api/v1/public/jits").json["items"] == []
    proposed = world.as_("prosecutor").post(f"/jits/{jit}/public-statement", teaming.STATEMENT)
    assert proposed.status_code == 201, proposed.json
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert world.app.test_client().get("/api/v1/public/jits").json["items"] == []
        digest = world.as_(who).get(f"/jits/{jit}/public-statement").json["text_sha256"]
        approved = world.as_(who).post(f"/jits/{jit}/public-statement/approvals", {"text_sha256": digest})
        assert approved.status_code == 201, approved.json
    (public,) = world.app.test_client().get("/api/v1/public/jits").json["items"]
    assert public["texts"]["en"] == teaming.TEXTS["en"]
