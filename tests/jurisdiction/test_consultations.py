"""Consulting on who prosecutes, over HTTP: contact, replies, positions, consensus or Eurojust, transfer."""

import pytest
from consulting import FACTS, ROOT, consulting, hold, opened, read, step, walk
from gathering import overlap

from coopapi.ops import administration


def test_a_consultation_is_walked_from_an_overlap_to_the_transfer(world):
    case, other, found = overlap(world)
    consultation = opened(world, contacted=("fr",), overlap_id=found)
    assert {p["country"]: p["side"] for p in read(world, "prosecutor_ro", consultation)["positions"]} == {
        "NL": "requesting", "FR": "executing", "RO": "executing",
    }  # fmt: skip
    assert read(world, "prosecutor_ro", consultation)["overlap_id"] is None
    early = step(world, "prosecutor", consultation, "consult")
    assert (early.status_code, early.json["allowed"]) == (409, ["reply", "close"])

    assert walk(world, consultation, ("prosecutor_fr", "reply", {"position": "end"}))["state"] == "opened"
    assert step(world, "prosecutor_fr", consultation, "reply").json["type"] == "/problems/replied-already"
    assert walk(world, consultation, ("prosecutor_ro", "reply", {"reasons": "We have a case"}))["state"] == "replied"
    walk(world, consultation, ("prosecutor_ro", "consult"))
    undecided = step(world, "prosecutor", consultation, "agree")
    assert (undecided.status_code, undecided.json["type"]) == (409, "/problems/no-consensus-yet")
    assert hold(world, "prosecutor", consultation, "transfer").status_code == 200
    assert hold(world, "prosecutor_ro", consultation, "prosecute").status_code == 200
    agreed = walk(world, consultation, ("prosecutor", "agree"))
    assert (agreed["state"], agreed["prosecuting_country"]) == ("consensus", "RO")

    body = {"case_id": case, "to_authority": str(world.authorities["ro"]), "transferred_on": "2026-11-01",
            "handed_over": ["File, three volumes"]}  # fmt: skip
    world.clock.forward(days=40)
    made = world.as_("prosecutor").post(f"{ROOT}/{consultation}/transfers", body)
    assert made.status_code == 201, made.json
    path = f"{ROOT}/{consultation}/transfers/{made.json['id']}/case"
    assert world.as_("prosecutor").post(path, {"case_id": case}, If_Match='"v1"').status_code == 403
    received = world.as_("prosecutor_ro").post(path, {"case_id": other}, If_Match='"v1"')
    assert (received.status_code, received.json["to_case"]) == (200, other)
    again = world.as_("prosecutor_ro").post(path, {"case_id": other}, If_Match='"v2"')
    assert again.json["type"] == "/problems/received-already"
    for who in ("prosecutor", "prosecutor_ro", "prosecutor_fr"):
        (seen,) = world.as_(who).get(f"{ROOT}/{consultation}/transfers").json["items"]
        assert (seen["from_case"], seen["to_case"], seen["handed_over"]) == (case, other, ["File, three volumes"])
    assert walk(world, consultation, ("prosecutor_ro", "close"))["state"] == "closed"
    told = [e["type"] for e in world.as_("prosecutor").get(f"/cases/{case}/timeline").json["items"]]
    assert told[0] == "consultation.close"
    assert "consultation.received" in told


def test_without_consensus_eurojust_is_asked_and_orders_nothing(world):
    consultation = world.once(consulting)
    hold(world, "prosecutor", consultation, "prosecute")
    assert step(world, "prosecutor_fr", consultation, "fail").status_code == 422
    walk(world, consultation, ("prosecutor_fr", "fail", {"reason": "Both prosecute"}))
    assert step(world, "prosecutor_fr", consultation, "refer").status_code == 422
    assert world.as_("desk_fr").get(f"{ROOT}/{consultation}").status_code == 404

    referred = walk(world, consultation, ("prosecutor_fr", "refer", {"desk": str(world.authorities["desk_fr"])}))

    assert referred["state"] == "referred_to_eurojust"
    assert read(world, "desk_fr", consultation)["facts"] == FACTS["facts"]
    assert world.as_("desk_fr").get(f"{ROOT}/{consultation}/transitions").json["allowed"] == []
    tag = f'"{read(world, "desk_fr", consultation)["etag"]}"'
    ordered = world.as_("desk_fr").post(f"{ROOT}/{consultation}/transitions", {"event": "agree"}, If_Match=tag)
    assert ordered.status_code == 403
    for who, position in (("prosecutor_fr", "end"), ("prosecutor_ro", "transfer")):
        assert hold(world, who, consultation, position).status_code == 200
    assert walk(world, consultation, ("prosecutor_ro", "agree"))["prosecuting_country"] == "NL"


@pytest.mark.parametrize("who", ["desk", "desk_fr", "judge_fr"])
def test_who_takes_no_part_sees_nothing(world, who):
    consultation = world.once(opened)

    assert world.as_(who).get(f"{ROOT}/{consultation}").status_code == 404
    assert world.as_(who).get(f"{ROOT}/{consultation}/transfers").status_code == 404
    assert world.as_(who).get(ROOT).json["items"] == []


def test_the_contacted_do_not_take_the_steps_of_the_contacting(world):
    consultation = world.once(opened)

    assert step(world, "prosecutor_fr", consultation, "close", reason="R").status_code == 403
    assert step(world, "prosecutor", consultation, "reply").status_code == 403
    assert step(world, "prosecutor", consultation, "close", reason="Another person").json["reason"] == "Another person"


@pytest.mark.parametrize("contacted", [[], ["nl"], ["europol"], ["desk"]])
def test_an_authority_of_another_state_is_contacted(world, contacted):
    ids = [str(world.authorities.get(who, world.authorities["nl"])) for who in contacted]

    refused = world.as_("prosecutor").post(ROOT, {**FACTS, "contacted": ids})

    assert refused.status_code == 422


def test_what_is_said_is_sealed_and_the_list_is_filtered(world, owner):
    case = world.case("prosecutor")
    mine, other = opened(world, case_id=case), opened(world, in_custody=False)
    assert world.as_("prosecutor_fr").post(f"{ROOT}/{mine}/case", {"case_id": world.case("prosecutor_fr")}).status_code == 200
    with owner.cursor() as cursor:
        cursor.execute("select c::text || p::text from consultations c, consultation_positions p")
        assert not [row for row in cursor.fetchall() if "streams" in row[0]]

    def found(who, query):
        return [c["id"] for c in world.as_(who).get(f"{ROOT}?{query}").json["items"]]

    assert found("prosecutor", "") == [other, mine]
    assert found("prosecutor", f"case_id={case}") == [mine]
    assert found("prosecutor", "urgent=true&state=opened") == [mine]
    assert found("prosecutor_fr", f"case_id={case}") == []
    world.clock.forward(days=61)
    assert read(world, "prosecutor_ro", mine)["overdue"] is True


def test_nothing_is_given_over_before_there_is_consensus(world):
    case = world.case("prosecutor")
    consultation = consulting(world, case_id=case)
    body = {"case_id": case, "to_authority": str(world.authorities["ro"]), "transferred_on": "2026-11-01", "handed_over": ["File"]}

    refused = world.as_("prosecutor").post(f"{ROOT}/{consultation}/transfers", body)

    assert (refused.status_code, refused.json["type"]) == (409, "/problems/nothing-agreed")


def test_states_that_do_not_agree_may_leave_it_at_that(world):
    consultation = world.once(consulting)
    walk(world, consultation, ("prosecutor", "fail", {"reason": "Both prosecute."}))
    assert step(world, "prosecutor_fr", consultation, "close").status_code == 422
    assert walk(world, consultation, ("prosecutor_fr", "close", {"reason": "No desk to ask."}))["state"] == "closed"


def test_a_reply_is_asked_for_by_a_day_to_come(world):
    body = {"contacted": [str(world.authorities["fr"])], **FACTS, "reply_by": "2001-01-01T00:00:00Z"}
    refused = world.as_("prosecutor").post(ROOT, body)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/reply_by")


def test_the_proceedings_of_a_case_are_given_over_once(world):
    consultation = world.once(consulting)
    assert hold(world, "prosecutor", consultation, "transfer").status_code == 200
    assert hold(world, "prosecutor_ro", consultation, "end").status_code == 200
    assert hold(world, "prosecutor_fr", consultation, "prosecute").status_code == 200
    walk(world, consultation, ("prosecutor", "agree"))
    case = world.case("prosecutor")
    body = {"case_id": case, "to_authority": str(world.authorities["fr"]), "transferred_on": "2026-01-01", "handed_over": ["File"]}
    first, second = (world.as_("prosecutor").post(f"{ROOT}/{consultation}/transfers", body) for _ in range(2))
    assert (first.status_code, second.status_code, second.json["type"]) == (201, 409, "/problems/given-over-already")
    assert second.json["transfer"] == first.json["id"]


def test_proceedings_are_given_over_also_when_the_case_has_ended_as_transferred(world):
    consultation = world.once(consulting)
    for who, position in (("prosecutor", "transfer"), ("prosecutor_ro", "end"), ("prosecutor_fr", "prosecute")):
        assert hold(world, who, consultation, position).status_code == 200
    walk(world, consultation, ("prosecutor", "agree"))
    case = world.case("prosecutor")
    path, me = f"/cases/{case}/transitions", world.as_("prosecutor")
    ended = {"event": "transfer", "reason": "France prosecutes"}
    assert me.post(path, ended, If_Match=f'"{me.get(path).json["etag"]}"').json["state"] == "transferred"
    body = {"case_id": case, "to_authority": str(world.authorities["fr"]), "transferred_on": "2026-01-01", "handed_over": ["File"]}
    assert me.post(f"{ROOT}/{consultation}/transfers", body).status_code == 201


HOW = {"at": "2026-11-01T10:00:00Z", "channel": "post", "proof": "letter 7/2026"}


def test_what_an_authority_replies_and_holds_that_has_nobody_here_is_recorded(world):
    database = world.app.extensions["coopapi"].database
    office = {"name": "Federal prosecution", "type": "public_prosecutor", "country": "CH"}
    world.authorities["ch"] = administration.add_authority(database, office)
    swiss, consultation = str(world.authorities["ch"]), opened(world, contacted=("fr", "ch"))
    walk(world, consultation, ("prosecutor_fr", "reply", {"position": "end"}))
    allowed = [m["event"] for m in world.as_("prosecutor").get(f"{ROOT}/{consultation}/transitions").json["allowed"]]
    assert allowed == ["reply", "close"]

    def reply(who, **recorded):
        return step(world, who, consultation, "reply", reasons="They end theirs.", recorded={**HOW, **recorded})

    assert reply("prosecutor", authority_id=str(world.authorities["fr"])).status_code == 403
    assert reply("prosecutor", authority_id=str(world.authorities["ro"])).json["errors"][0]["pointer"] == "/recorded/authority_id"
    assert step(world, "prosecutor", consultation, "close", reason="R", recorded={**HOW, "authority_id": swiss}).status_code == 422
    assert reply("prosecutor_fr", authority_id=swiss).json["state"] == "replied"
    assert reply("prosecutor", authority_id=swiss).status_code == 409
    walk(world, consultation, ("prosecutor", "consult"))
    assert hold(world, "prosecutor", consultation, "prosecute").status_code == 200
    held = {"position": "transfer", "recorded": {**HOW, "authority_id": swiss}}
    assert world.as_("prosecutor").post(f"{ROOT}/{consultation}/positions", held).status_code == 200
    by = {p["country"]: p["recorded"] and p["recorded"]["proof"] for p in read(world, "prosecutor_fr", consultation)["positions"]}
    assert by == {"NL": None, "FR": None, "CH": "letter 7/2026"}
    assert walk(world, consultation, ("prosecutor", "agree"))["prosecuting_country"] == "NL"


def test_a_reply_that_is_asked_for_by_a_day_is_a_deadline_of_whoever_owes_it(world):
    consultation = world.once(opened)

    def running(who):
        found = world.as_(who).get("/deadlines?side=mine").json["items"]
        return [(d["rule"], d["state"]) for d in found if d["object_id"] == consultation]

    assert running("prosecutor_fr") == running("prosecutor_ro") == [("fd948_reply", "running")]
    assert running("prosecutor") == []
    walk(world, consultation, ("prosecutor_fr", "reply"))
    assert (running("prosecutor_fr"), running("prosecutor_ro")) == ([("fd948_reply", "met")], [("fd948_reply", "running")])
    walk(world, consultation, ("prosecutor", "close", {"reason": "No parallel proceedings."}))
    assert running("prosecutor_ro") == [("fd948_reply", "cancelled")]
    another = opened(world)
    world.clock.forward(days=61)
    late = world.as_("prosecutor").get("/deadlines?overdue=true").json["items"]
    assert {(d["object_id"], d["rule"], d["country"]) for d in late} == {(another, "fd948_reply", c) for c in ("FR", "RO")}
