"""A running team: access before, during and after, amendments, and what participants see."""

from datetime import timedelta

import pytest
from teaming import (
    SIGNERS,
    active,
    amend,
    authority_of,
    days,
    enter,
    items,
    parties,
    proposed,
    read,
    sign,
    sign_amendment,
    step,
    to_sign,
    walk,
    with_space,
)

NOBODY = "01900000-0000-7000-8000-000000000009"


def with_a_case(world, *states, for_days=365):
    """A running team, and a Dutch case that is shared with it."""
    case = world.case("investigator")
    return active(world, *states, cases=[case], until=days(world, for_days)), case


def seen(world, who, case):
    """Everywhere that a case might show: itself, lists, its identifiers, its timeline, the feed."""
    me = world.as_(who)
    feed = items(world, who, "/events?limit=200")
    return {
        "case": me.get(f"/cases/{case}").status_code == 200,
        "list": case in {c["id"] for c in items(world, who, "/cases?limit=200")},
        "identifiers": me.get(f"/cases/{case}/identifiers").status_code == 200,
        "timeline": me.get(f"/cases/{case}/timeline").status_code == 200,
        "teams": me.get(f"/cases/{case}/jits").status_code == 200,
        "events": any(entry["case_id"] == case for entry in feed),
    }


def nothing(found):
    return not any(found.values())


def test_a_shared_case_is_there_while_the_team_is_active_and_not_before(world):
    case = world.case("investigator")
    world.hold("investigator", case, "heron@example.org")
    jit = to_sign(world, cases=[case])
    assert nothing(seen(world, "prosecutor_fr", case))
    assert sign(world, "prosecutor", jit).status_code == 201
    assert nothing(seen(world, "prosecutor_fr", case))

    assert sign(world, "prosecutor_fr", jit).status_code == 201

    assert all(seen(world, "prosecutor_fr", case).values())
    assert nothing(seen(world, "prosecutor_ro", case))


def test_after_the_end_by_the_clock_a_shared_case_is_gone_although_nobody_ended_the_team(world):
    jit, case = world.once(with_a_case, for_days=30)
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 200

    world.clock.forward(days=31)

    assert nothing(seen(world, "prosecutor_fr", case))
    there = read(world, "prosecutor_fr", jit)
    assert (there["state"], there["end_reason"], there["ended_at"]) == ("ended", "expiry", there["until"])
    assert step(world, "prosecutor", jit, "end", end_reason="goal", reason="R").status_code == 409
    assert [m["event"] for m in world.as_("prosecutor").get(f"/jits/{jit}/transitions").json["allowed"]] == ["evaluate", "close"]
    assert walk(world, jit, ("prosecutor_fr", "evaluate"))["end_reason"] == "expiry"


@pytest.mark.parametrize("reason", ["goal", "withdrawal"])
def test_a_team_that_is_ended_gives_no_access_from_the_next_request_on(world, reason):
    jit, case = world.once(with_a_case)
    assert step(world, "prosecutor_fr", jit, "end", reason="R").status_code == 422
    ended = step(world, "prosecutor_fr", jit, "end", end_reason=reason, reason="Done.")

    assert (ended.status_code, ended.json["end_reason"], ended.json["reason"]) == (200, reason, "Done.")
    assert nothing(seen(world, "prosecutor_fr", case))
    assert read(world, "prosecutor_fr", jit)["state"] == "ended"


def test_a_case_shared_later_is_there_at_once_and_taken_back_at_once(world):
    jit = world.once(active)
    case = world.case("foreign")
    shared = world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": case, "level": "contribute"})
    assert shared.status_code == 201, shared.json
    assert world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": case}).status_code == 409
    assert world.as_("investigator").get(f"/cases/{case}").json["level"] == "contribute"
    path = f"/jits/{jit}/cases/{shared.json['id']}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "end"}, If_Match='"v1"').status_code == 403

    assert world.as_("prosecutor_fr").post(path, {"event": "end"}, If_Match='"v1"').json["state"] == "ended"

    assert nothing(seen(world, "investigator", case))
    again = world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": case, "level": "read"})
    assert (again.json["state"], world.as_("investigator").get(f"/cases/{case}").json["level"]) == ("shared", "read")


def test_only_its_owner_shares_a_case(world):
    jit, case = world.once(with_a_case)
    assert world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": case}).status_code == 403
    assert world.as_("prosecutor_fr").post(f"/jits/{jit}/cases", {"case_id": world.case("romanian")}).status_code == 404


def test_the_timeline_of_a_shared_case_tells_what_happened_to_the_team(world):
    jit, case = world.once(with_a_case)
    step(world, "prosecutor_fr", jit, "end", end_reason="goal", reason="R")
    told = [entry["type"] for entry in items(world, "investigator", f"/cases/{case}/timeline?limit=200")]
    beside = {"jit.leader_named", "jit.member_entered"}
    expected = ["jit.proposed", "jit.draft", "jit.request_signatures", "jit.signed", "jit.signed", "jit.activated", "jit.end"]
    assert [action for action in reversed(told) if action.startswith("jit.") and action not in beside] == expected


def test_each_party_is_told_of_each_step_once(world):
    jit = world.once(active, "fr", "ro")
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        feed = [e["action"] for e in items(world, who, "/events?limit=200") if e["object_id"] == jit]
        assert [feed.count(action) for action in ("jit.proposed", "jit.signed", "jit.activated")] == [1, 3, 1]


def test_a_state_joins_by_an_amendment_that_all_and_it_have_signed(world):
    jit, case = world.once(with_a_case)
    romanian = str(world.authorities["ro"])
    amendment = amend(world, jit, change="join", authority_id=romanian, leader={"office": "Head of the Romanian team"})
    assert read(world, "prosecutor_ro", jit)["place"] == "joining"
    assert sign_amendment(world, "prosecutor_ro", jit, amendment).status_code == 201
    assert sign_amendment(world, "prosecutor", jit, amendment).status_code == 201
    assert nothing(seen(world, "prosecutor_ro", case))
    assert len(parties(world, "prosecutor", jit)) == 2
    assert step(world, "prosecutor_ro", jit, "end", end_reason="goal", reason="R").status_code == 403

    assert sign_amendment(world, "prosecutor_fr", jit, amendment).status_code == 201

    assert {p["country"] for p in parties(world, "prosecutor", jit)} == {"NL", "FR", "RO"}
    assert read(world, "prosecutor_ro", jit)["place"] == "party"
    assert nothing(seen(world, "prosecutor_ro", case))
    enter(world, jit, "ro")
    assert all(seen(world, "prosecutor_ro", case).values())
    assert items(world, "prosecutor", f"/jits/{jit}/amendments")[0]["state"] == "applied"
    world.clock.forward(days=366)
    assert nothing(seen(world, "prosecutor_ro", case))


@pytest.mark.parametrize(("who", "event", "state"), [("prosecutor_fr", "refuse", "refused"), ("prosecutor", "withdraw", "withdrawn"),
                                                     ("prosecutor_ro", "refuse", "refused")])  # fmt: skip
def test_a_state_that_does_not_join_sees_the_team_no_more(world, who, event, state):
    jit = world.once(active)
    amendment = amend(world, jit, change="join", authority_id=str(world.authorities["ro"]), leader={"office": "Head"})
    path = f"/jits/{jit}/amendments/{amendment['id']}/transitions"
    assert world.as_("prosecutor_fr").post(path, {"event": "withdraw", "reason": "R"}, If_Match='"v1"').status_code == 403
    taken = world.as_(who).post(path, {"event": event, "reason": "Not now."}, If_Match='"v1"')

    assert (taken.status_code, taken.json["state"], taken.json["reason"]) == (200, state, "Not now.")
    assert world.as_("prosecutor_ro").get(f"/jits/{jit}").status_code == 404
    assert sign_amendment(world, "prosecutor", jit, amendment).status_code == 409


@pytest.mark.parametrize("second", ["fr", "fr_court"])
def test_a_state_joins_by_one_amendment_at_a_time(world, second):
    jit = world.once(active, "ro")
    path, leader = f"/jits/{jit}/amendments", {"office": "Head"}
    first = amend(world, jit, change="join", authority_id=str(world.authorities["fr"]), leader=leader)
    body = {"change": "join", "authority_id": str(world.authorities[second]), "leader": leader}
    refused = world.as_("prosecutor_ro").post(path, body)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/joins-already")
    assert world.as_("prosecutor_ro").get(refused.json["existing"]).json["state"] == "proposed"

    withdrawn = world.as_("prosecutor").post(
        f"{path}/{first['id']}/transitions", {"event": "withdraw", "reason": "Another"}, If_Match='"v1"'
    )
    assert withdrawn.status_code == 200
    again = amend(world, jit, by="prosecutor_ro", **body)
    for who in ("prosecutor", "prosecutor_ro", "judge_fr" if second == "fr_court" else "prosecutor_fr"):
        assert sign_amendment(world, who, jit, again).status_code == 201
    assert len(parties(world, "prosecutor", jit)) == 3


@pytest.mark.parametrize("last", ["prosecutor", "prosecutor_fr", "prosecutor_ro"])
def test_who_leaves_is_out_with_the_last_signature_whoever_gives_it(world, owner, last):
    dutch, romanian = world.case("investigator"), world.case("romanian")
    jit = active(world, "fr", "ro", cases=[dutch])
    assert world.as_("prosecutor_ro").post(f"/jits/{jit}/cases", {"case_id": romanian}).status_code == 201
    assert world.as_("prosecutor_fr").get(f"/cases/{romanian}").status_code == 200
    amendment = amend(world, jit, change="leave", authority_id=str(world.authorities["ro"]))
    for who in sorted(SIGNERS.values(), key=lambda name: name == last):
        assert all(seen(world, "prosecutor_ro", dutch).values())
        assert sign_amendment(world, who, jit, amendment).status_code == 201

    assert nothing(seen(world, "prosecutor_ro", dutch))
    assert nothing(seen(world, "prosecutor_fr", romanian))
    assert nothing(seen(world, "prosecutor", romanian))
    assert world.as_("prosecutor_ro").get(f"/jits/{jit}").status_code == 404
    assert world.as_("prosecutor_fr").get(f"/cases/{dutch}").status_code == 200
    assert {p["country"] for p in parties(world, "prosecutor", jit)} == {"NL", "FR"}
    assert items(world, "prosecutor_ro", "/events?limit=200")[-1]["object_id"] != jit
    with owner.cursor() as cursor:
        told = "select count(*) from journal_entries where action = 'jit.amended' and event and authority_id = %s"
        cursor.execute(told, (str(world.authorities["ro"]),))
        assert cursor.fetchone() == (1,)


def test_an_amendment_that_lacked_only_the_signature_of_the_one_that_left_holds_with_its_leaving(world):
    jit = world.once(active, "fr", "ro")
    purpose = amend(world, jit, change="purpose", purpose="To follow the money.")
    leave = amend(world, jit, change="leave", authority_id=str(world.authorities["ro"]))
    for who in ("prosecutor", "prosecutor_fr"):
        sign_amendment(world, who, jit, purpose)
    for who in SIGNERS.values():
        assert sign_amendment(world, who, jit, leave).status_code == 201
    assert read(world, "prosecutor", jit)["purpose"] == "To follow the money."


def test_of_two_states_none_leaves(world):
    jit = world.once(active)
    body = {"change": "leave", "authority_id": str(world.authorities["fr"])}
    refused = world.as_("prosecutor").post(f"/jits/{jit}/amendments", body)
    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (422, "two_states")


def test_an_extension_signed_before_the_end_extends_access_with_the_team(world):
    jit, case = world.once(with_a_case, for_days=30)
    amendment = amend(world, jit, change="period", until=days(world, 90))
    world.clock.forward(days=29)
    for who in ("prosecutor", "prosecutor_fr"):
        assert sign_amendment(world, who, jit, amendment).status_code == 201

    world.clock.forward(days=31)
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 200
    assert read(world, "prosecutor_fr", jit)["state"] == "active"
    world.clock.forward(days=31)
    assert nothing(seen(world, "prosecutor_fr", case))


def test_an_extension_signed_too_late_extends_nothing(world):
    jit, case = world.once(with_a_case, for_days=30)
    amendment = amend(world, jit, change="period", until=days(world, 90))
    assert sign_amendment(world, "prosecutor", jit, amendment).status_code == 201
    world.clock.forward(days=30, seconds=1)

    assert sign_amendment(world, "prosecutor_fr", jit, amendment).status_code == 409
    assert world.as_("prosecutor").post(f"/jits/{jit}/amendments", {"change": "purpose", "purpose": "P"}).status_code == 409
    assert read(world, "prosecutor_fr", jit)["state"] == "ended"
    assert nothing(seen(world, "prosecutor_fr", case))


def test_an_extension_ends_later(world):
    jit = active(world, until=days(world, 30))
    refused = world.as_("prosecutor").post(f"/jits/{jit}/amendments", {"change": "period", "until": days(world, 20)})
    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (422, "later")


def test_a_clause_changes_for_all_when_all_have_signed(world):
    jit = world.once(active)
    amendment = amend(world, jit, change="clause", clause="media", text="Each tells its own press.")
    assert sign_amendment(world, "prosecutor", jit, amendment).status_code == 201
    assert read(world, "prosecutor", jit)["clauses"]["media"] == "Nothing is told alone."
    assert sign_amendment(world, "prosecutor_fr", jit, amendment).status_code == 201
    assert read(world, "prosecutor", jit)["clauses"] == {
        "disclosure": "As the law of each State has it.", "media": "Each tells its own press.", "use_of_information": "Art. 13(10).",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [{"change": "purpose"}, {"change": "clause", "clause": "media"}, {"change": "clause", "text": "T"}, {"change": "period"},
     {"change": "join"}, {"change": "purpose", "purpose": "P", "authority_id": NOBODY}, {"change": "leave", "authority_id": NOBODY},
     {"change": "participant", "authority_id": NOBODY}],
    ids=str,
)  # fmt: skip
def test_an_amendment_says_what_it_changes(world, body):
    assert world.as_("prosecutor").post(f"/jits/{world.once(active)}/amendments", body).status_code == 422


@pytest.mark.parametrize(("basis", "status"), [("eu2000_art13", 422), ("eu_us_art5", 201)])
def test_a_state_joins_that_the_legal_basis_binds(world, basis, status):
    body = {"change": "join", "authority_id": str(world.authorities["us"]), "leader": {"office": "O"}}
    made = world.as_("prosecutor").post(f"/jits/{active(world, legal_basis=basis, clauses=with_space(world))}/amendments", body)
    assert made.status_code == status
    if status == 422:
        assert [(e["pointer"], e["detail"]) for e in made.json["errors"]] == [("/authority_id", "US is not bound by eu2000.")]


def test_an_organisation_joins_no_team_by_amendment_either(world):
    body = {"change": "join", "authority_id": str(world.authorities["europol"]), "leader": {"office": "O"}}
    refused = world.as_("prosecutor").post(f"/jits/{world.once(active)}/amendments", body)
    assert refused.json["errors"][0]["rule"] == "member_state"


ITEM = {
    "title": "T",
    "source_country": "NL",
    "obtained_on": "2026-01-01",
    "obtained_under": "Art. 13",
    "handling_code": "H0",
}


def give(world, who, jit):
    source = {"prosecutor_fr": "FR", "prosecutor_ro": "RO"}.get(who, "NL")
    return world.as_(who).post("/evidence", {"object_id": jit, "object_type": "jit", **ITEM, "source_country": source})


def test_evidence_is_given_while_the_team_is_active_and_not_before_and_not_after(world):
    jit = to_sign(world, until=days(world, 30))
    before = give(world, "prosecutor", jit).status_code
    for who in ("prosecutor", "prosecutor_fr"):
        sign(world, who, jit)
    during = give(world, "prosecutor_fr", jit).status_code
    world.clock.forward(days=31)
    assert (before, during, give(world, "prosecutor", jit).status_code) == (403, 201, 403)


def test_a_state_that_is_to_join_sees_and_gives_no_evidence_yet(world):
    jit = world.once(active)
    made = give(world, "prosecutor", jit).json["id"]
    amendment = amend(world, jit, change="join", authority_id=str(world.authorities["ro"]), leader={"office": "Head"})
    assert items(world, "prosecutor_ro", "/evidence") == []
    assert give(world, "prosecutor_ro", jit).status_code == 403
    for who in SIGNERS.values():
        assert sign_amendment(world, who, jit, amendment).status_code == 201
    assert items(world, "prosecutor_ro", "/evidence") == []
    ro = {"authority_id": str(world.authorities["ro"])}
    assert world.as_("prosecutor_fr").post(f"/evidence/{made}/recipients", ro).status_code == 403
    assert world.as_("prosecutor").post(f"/evidence/{made}/recipients", ro).status_code == 201
    assert [e["id"] for e in items(world, "prosecutor_ro", "/evidence")] == [made]
    assert world.as_("prosecutor").post(f"/evidence/{made}/recipients", ro).json["type"] == "/problems/given-to-them-already"


@pytest.mark.parametrize("evidence", [False, True])
def test_a_participant_comes_by_amendment_and_sees_evidence_only_by_its_terms(world, evidence):
    jit, case = world.once(with_a_case)
    europol = str(world.authorities["europol"])
    late = world.as_("prosecutor").post(f"/jits/{jit}/participants", {"authority_id": europol, "role": "analysis"})
    assert late.status_code == 409
    amendment = amend(world, jit, change="participant", authority_id=europol, role="analysis", evidence=evidence)
    assert world.as_("europol").get(f"/jits/{jit}").status_code == 404
    for who in ("prosecutor", "prosecutor_fr"):
        assert sign_amendment(world, who, jit, amendment).status_code == 201

    assert read(world, "europol", jit)["place"] == "participant"
    assert nothing({k: v for k, v in seen_by_a_desk(world, "europol", case).items()})
    named = {"object_id": jit, "object_type": "jit", "recipients": [europol], **ITEM}
    told = world.as_("prosecutor").post("/evidence", named)
    assert told.status_code == (201 if evidence else 422), told.json
    made = give(world, "prosecutor", jit)
    assert made.status_code == 201
    events = [e["action"] for e in items(world, "europol", "/events?limit=200")]
    assert ("evidence.given" in events) == evidence
    assert world.as_("prosecutor").post(f"/jits/{jit}/associates", {"name": "N", "contact": "C"}).status_code == 201
    heard = {e["action"] for e in items(world, "europol", "/events?limit=200") if e["action"].startswith("jit.")}
    assert not {action for action in heard if "associate" in action or "amend" in action or "member" in action}
    assert "jit.associate_noted" in {e["action"] for e in items(world, "prosecutor_fr", "/events?limit=200")}
    given = [made.json["id"], told.json["id"]] if evidence else []
    assert [e["id"] for e in items(world, "europol", "/evidence")] == given
    assert give(world, "europol", jit).status_code == 403
    row = items(world, "prosecutor", f"/jits/{jit}/participants")[0]
    path = f"/jits/{jit}/participants/{row['id']}/transitions"
    assert world.as_("prosecutor_fr").post(path, {"event": "end"}, If_Match=f'"{row["etag"]}"').json["state"] == "ended"
    assert world.as_("europol").get(f"/jits/{jit}").status_code == 404
    assert items(world, "europol", "/evidence") == []


def seen_by_a_desk(world, who, case):
    return {"case": world.as_(who).get(f"/cases/{case}").status_code == 200, "list": bool(items(world, who, "/cases"))}


def test_a_participant_s_view_ends_with_the_team(world):
    jit = proposed(world, until=days(world, 30))
    body = {"authority_id": str(world.authorities["europol"]), "role": "analysis"}
    assert world.as_("prosecutor").post(f"/jits/{jit}/participants", body).status_code == 201
    walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    for who in ("prosecutor", "prosecutor_fr"):
        sign(world, who, jit)
    assert read(world, "europol", jit)["state"] == "active"
    world.clock.forward(days=31)
    assert world.as_("europol").get(f"/jits/{jit}").status_code == 404
    assert read(world, "prosecutor", jit)["state"] == "ended"


def test_two_who_sign_an_amendment_last_at_once_apply_it_once(world):
    import threading

    jit = active(world, "fr", "ro")
    amendment = amend(world, jit, change="period", until=(world.clock() + timedelta(days=700)).isoformat())
    assert sign_amendment(world, "prosecutor", jit, amendment).status_code == 201
    barrier, answers = threading.Barrier(2), []

    def last(who):
        barrier.wait()
        answers.append(sign_amendment(world, who, jit, amendment).status_code)

    threads = [threading.Thread(target=last, args=[who]) for who in ("prosecutor_fr", "prosecutor_ro")]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    told = [e["action"] for e in items(world, "prosecutor", "/events?limit=200") if e["object_id"] == jit]
    assert (answers, told.count("jit.amended")) == ([201, 201], 1)


def test_who_proposes_speaks_for_its_own_authority(world):
    jit = world.once(active)
    path = f"/jits/{jit}/amendments"
    made = amend(world, jit, by="prosecutor_fr", change="purpose", purpose="P")
    assert made["proposed_by"] == authority_of(world, "prosecutor_fr")
    allowed = world.as_("prosecutor").get(f"{path}/{made['id']}/transitions").json["allowed"]
    assert [m["event"] for m in allowed] == ["sign", "refuse"]
    assert [m["event"] for m in world.as_("investigator").get(f"{path}/{made['id']}/transitions").json["allowed"]] == []


def test_what_others_have_overtaken_stops_nobody_else(world):
    """An extension that lacked one signature, and is overtaken by a longer one, does not keep a State from leaving."""
    jit = world.once(active, "fr", "ro")
    short, long = (amend(world, jit, change="period", until=days(world, n)) for n in (400, 500))
    for who in ("prosecutor", "prosecutor_fr"):
        assert sign_amendment(world, who, jit, short).status_code == 201
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert sign_amendment(world, who, jit, long).status_code == 201
    leaving = amend(world, jit, change="leave", authority_id=str(world.authorities["ro"]))
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert sign_amendment(world, who, jit, leaving).status_code == 201
    there = {a["id"]: a["state"] for a in items(world, "prosecutor", f"/jits/{jit}/amendments")}
    assert (there[leaving["id"]], there[short["id"]]) == ("applied", "proposed")
    assert sorted(read(world, "prosecutor", jit)["countries"]) == ["FR", "NL"]


def test_every_term_of_the_agreement_can_be_amended(world):
    jit = world.once(active)
    for change in ({"change": "states_of_operation", "states_of_operation": ["BE", "FR"]},
                   {"change": "clause", "clause": "facts", "text": "Since found out."}):  # fmt: skip
        amendment = amend(world, jit, **change)
        for who in ("prosecutor", "prosecutor_fr"):
            assert sign_amendment(world, who, jit, amendment).status_code == 201
    agreed = read(world, "prosecutor", jit)
    assert (agreed["states_of_operation"], agreed["facts"]) == (["BE", "FR"], "Since found out.")
    empty = world.as_("prosecutor").post(f"/jits/{jit}/amendments", {"change": "states_of_operation"})
    assert (empty.status_code, empty.json["errors"][0]["pointer"]) == (422, "/states_of_operation")


def test_a_state_leaves_by_its_own_notice_and_the_others_go_on(world):
    jit, case = world.once(with_a_case, "fr", "ro")
    stopped = step(world, "prosecutor_ro", jit, "end", end_reason="withdrawal", reason="R")
    assert (stopped.status_code, stopped.json["type"]) == (409, "/problems/the-others-go-on")
    notice = amend(world, jit, by="prosecutor_ro", change="leave", authority_id=str(world.authorities["ro"]))
    assert world.as_("romanian").get(f"/cases/{case}").status_code == 200
    assert sign_amendment(world, "prosecutor_ro", jit, notice).status_code == 201

    assert (
        world.as_("romanian").get(f"/cases/{case}").status_code,
        world.as_("prosecutor_ro").get(f"/jits/{jit}").status_code,
    ) == (404, 404)
    team = read(world, "prosecutor_fr", jit)
    assert (team["state"], sorted(team["countries"])) == ("active", ["FR", "NL"])
    assert world.as_("foreign").get(f"/cases/{case}").status_code == 200
    assert step(world, "prosecutor_fr", jit, "end", end_reason="withdrawal", reason="R").json["state"] == "ended"


def test_nobody_is_put_out_of_a_team_by_another_alone(world):
    jit = world.once(active, "fr", "ro")
    wish = amend(world, jit, by="prosecutor_fr", change="leave", authority_id=str(world.authorities["ro"]))
    assert sign_amendment(world, "prosecutor_fr", jit, wish).status_code == 201
    assert sorted(read(world, "prosecutor_ro", jit)["countries"]) == ["FR", "NL", "RO"]


def test_a_participant_leaves_a_running_team_by_whoever_signs_for_a_state(world):
    jit = world.once(active)
    europol = {"authority_id": str(world.authorities["europol"]), "role": "analysis", "terms": "A"}
    amendment = amend(world, jit, change="participant", **europol)
    for who in ("prosecutor", "prosecutor_fr"):
        assert sign_amendment(world, who, jit, amendment).status_code == 201
    (place,) = items(world, "prosecutor", f"/jits/{jit}/participants")
    path = f"/jits/{jit}/participants/{place['id']}/transitions"
    answers = {}
    for who in ("investigator", "prosecutor"):
        allowed = [m["event"] for m in world.as_(who).get(path).json["allowed"]]
        ended = world.as_(who).post(path, {"event": "end"}, If_Match=f'"{place["etag"]}"')
        answers[who] = (allowed, ended.status_code)
    assert answers == {"investigator": ([], 403), "prosecutor": (["end"], 200)}
