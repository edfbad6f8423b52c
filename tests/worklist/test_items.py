"""What stands in the worklist, for whom, and since when."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from answering import answer as accepts
from answering import name, office
from approving import add
from assisting import SENT, act, draft, recognised, sent, walk
from consulting import opened
from exchanging import ASKED_FIRST, given, take
from gathering import answer, minuted
from gathering import held as met
from gathering import proposed as meeting_proposed
from gathering import step as meet
from meetings.test_without_users import recorded, with_americans
from meetings.test_without_users import take as record
from teaming import active, amend, approve, closed, sign, sign_amendment, state, to_sign

from coopapi.access import GRANTS, Role
from coopapi.directory import codelists
from coopapi.mla.lifecycles import KINDS
from coopapi.shared.lifecycle import Awaited
from coopapi.worklist.sources import SOURCES


def listed(world, who, query=""):
    answered = world.as_(who).get(f"/worklist{query}")
    assert answered.status_code == 200, answered.json
    return answered.json["items"]


def titles(world, who, query=""):
    return [item["title_key"] for item in listed(world, who, query)]


def events(item):
    return [step["event"] for step in item["allowed"]]


def met_overlap(world):
    mine, theirs = world.case("investigator"), world.case("foreign")
    world.hold("investigator", mine, "heron@example.org")
    world.hold("foreign", theirs, "heron@example.org")
    world.work()
    return mine, theirs


def test_an_overlap_waits_for_each_side_until_it_is_confirmed(world):
    mine, theirs = met_overlap(world)
    (item,) = listed(world, "investigator")
    assert (item["type"], item["title_key"], item["case_id"], item["due_at"]) == ("overlap", "overlap.take", mine, None)
    assert events(item) == ["take"]
    assert world.take("investigator", item["id"]).status_code == 200
    assert titles(world, "investigator") == ["overlap.confirm"]
    assert titles(world, "prosecutor") == []  # a colleague cannot decide what another has taken
    assert [(item["title_key"], item["case_id"]) for item in listed(world, "foreign")] == [("overlap.take", theirs)]
    assert titles(world, "analyst") == titles(world, "system") == []


def test_a_request_for_disclosure_waits_for_those_who_may_decide_with_its_time(world):
    mine, theirs = met_overlap(world)
    asked = world.asked("investigator", mine)
    (item,) = listed(world, "prosecutor_fr", "?type=disclosure")
    assert (item["id"], item["case_id"], item["side"], item["due_at"]) == (asked["id"], theirs, "owner", asked["due_at"])
    assert "disclose" in events(item)
    assert "disclosure.disclose" not in titles(world, "foreign") + titles(world, "investigator") + titles(world, "prosecutor")


def test_a_request_waits_for_one_side_after_the_other(world):
    request = draft(world, by="investigator")
    assert titles(world, "investigator") == []  # a draft waits for nobody
    walk(world, request, ("investigator", "submit"))
    assert titles(world, "prosecutor") == ["request.validate"]
    assert titles(world, "investigator") == []  # may not validate
    walk(world, request, ("prosecutor", "validate"))
    assert titles(world, "prosecutor") == titles(world, "central") == ["request.transmit"]
    walk(world, request, ("prosecutor", "transmit", {"transmission": SENT}))
    assert (titles(world, "prosecutor"), titles(world, "prosecutor_fr")) == ([], ["request.receive"])
    walk(world, request, ("prosecutor_fr", "receive"))
    (item,) = listed(world, "central_fr")
    assert (item["title_key"], item["side"], item["type"]) == ("request.acknowledge", "executing", "request")
    clocks = world.as_("prosecutor_fr").get(f"/mla-requests/{request}/deadlines").json["items"]
    assert item["due_at"] == min(clock["due_at"] for clock in clocks)
    walk(world, request, ("prosecutor_fr", "acknowledge"))
    assert titles(world, "prosecutor_fr") == ["request.recognise"]
    walk(world, request, ("prosecutor_fr", "ask", {"reason": "Which mailbox?"}))
    assert (titles(world, "prosecutor_fr"), titles(world, "prosecutor")) == ([], ["request.supply"])
    assert listed(world, "prosecutor_ro") == listed(world, "desk") == []


def test_measures_wait_until_their_results_are_transferred(world):
    request = recognised(world)
    (item,) = listed(world, "foreign")
    assert (item["title_key"], item["link"]) == ("measure.execute", f"/api/v1/mla-requests/{request}/measures/{item['id']}")
    assert item["due_at"]
    assert act(world, "foreign", request, 0, "execute").status_code == 200
    assert titles(world, "foreign") == ["measure.transfer"]
    assert act(world, "foreign", request, 0, "transfer").status_code == 200
    assert titles(world, "foreign") == []


def test_a_contact_point_sees_only_what_it_may_handle(world):
    sent(world, reference="routine")
    assert titles(world, "contact_fr") == []
    preservation = sent(world, by="contact", kind="preservation", reference="urgent")
    (item,) = listed(world, "contact_fr")
    assert (item["id"], events(item)[0]) == (preservation, "receive")


def test_a_preservation_that_expires_soon_waits_for_the_side_that_asked(world):
    request = sent(world, by="contact", kind="preservation")
    walk(world, request, ("contact_fr", "receive"), ("contact_fr", "acknowledge"), ("contact_fr", "preserve"))
    assert titles(world, "contact") == []
    world.clock.forward(days=50)
    assert titles(world, "contact") == ["request.follow_up"]


def test_evidence_and_its_uses_wait_for_the_side_whose_answer_is_missing(world):
    jit = active(world)
    item = given(world, "prosecutor", jit, conditions=ASKED_FIRST)
    assert titles(world, "prosecutor_fr", "?type=evidence") == ["evidence.accept"]
    assert titles(world, "prosecutor", "?type=evidence") == []
    (offered,) = listed(world, "prosecutor_fr", "?type=evidence")
    assert (offered["id"], offered["side"], "accept" in events(offered)) == (item, "receiver", True)
    assert take(world, "prosecutor_fr", item, "accept").status_code == 200
    assert titles(world, "prosecutor_fr", "?type=evidence") == []
    use = {
        "case_id": world.case("prosecutor_fr"),
        "purpose": "prosecution",
        "use_as": "evidence",
        "ask_consent": True,
        "reason": "R",
    }
    assert world.as_("prosecutor_fr").post(f"/evidence/{item}/uses", use).status_code == 201
    assert titles(world, "prosecutor", "?type=evidence_use") == ["evidence_use.consent"]
    assert titles(world, "prosecutor_fr", "?type=evidence_use") == []


def test_agreements_amendments_and_statements_wait_for_the_signatures_that_are_missing(world):
    jit = to_sign(world)
    assert titles(world, "prosecutor") == titles(world, "prosecutor_fr") == ["jit.sign"]
    assert sign(world, "prosecutor", jit).status_code == 201
    assert (titles(world, "prosecutor"), titles(world, "prosecutor_fr"), titles(world, "investigator")) == ([], ["jit.sign"], [])
    assert sign(world, "prosecutor_fr", jit).status_code == 201
    amendment = amend(world, jit, change="purpose", purpose="Another.")
    assert titles(world, "prosecutor_fr") == ["jit_amendment.sign"]
    assert sign_amendment(world, "prosecutor_fr", jit, amendment).status_code == 201
    assert (titles(world, "prosecutor_fr"), titles(world, "prosecutor")) == ([], ["jit_amendment.sign"])


def test_a_public_statement_waits_for_every_state(world):
    jit = closed(world)
    assert state(world, jit).status_code == 201
    (item,) = listed(world, "prosecutor_fr")
    assert (item["title_key"], item["link"]) == ("jit_statement.approve", f"/api/v1/jits/{jit}/public-statement")
    assert approve(world, "prosecutor_fr", jit).status_code == 201
    assert titles(world, "prosecutor_fr") == []


def test_a_team_that_expires_soon_waits_for_its_parties(world):
    active(world)
    assert titles(world, "prosecutor") == []
    world.clock.forward(days=310)
    (item,) = listed(world, "prosecutor")
    assert (item["title_key"], item["side"]) == ("jit.end", "negotiating")


def test_invitations_minutes_and_actions_wait_for_those_who_were_invited(world):
    meeting = meeting_proposed(world)
    assert titles(world, "prosecutor_fr", "?type=meeting_place") == ["meeting_place.accept"]
    assert titles(world, "desk", "?type=meeting") == ["meeting.schedule"]
    assert titles(world, "desk", "?type=meeting_place") == []
    assert answer(world, "prosecutor_fr", meeting, "fr").status_code == 200
    assert titles(world, "prosecutor_fr", "?type=meeting_place") == []


def test_minutes_wait_for_every_state_until_it_has_agreed(world):
    meeting = met(world)
    assert "meeting.agree" not in titles(world, "prosecutor_fr")
    minuted(world, meeting)
    assert titles(world, "prosecutor_fr", "?type=meeting") == ["meeting.agree"]
    assert meet(world, "prosecutor_fr", meeting, "agree").status_code == 200
    assert titles(world, "prosecutor_fr", "?type=meeting") == []
    made = world.as_("prosecutor_fr").post(f"/meetings/{meeting}/actions", {"due_on": "2099-01-01", "text": "Search"})
    assert made.status_code == 201, made.json
    assert titles(world, "prosecutor_fr", "?type=action") == ["action.done"]
    assert titles(world, "prosecutor_ro", "?type=action") == []


def test_a_case_waits_for_the_office_that_is_to_be_responsible_and_then_what_is_asked_of_it(world):
    home, (mine, _) = office(world), met_overlap(world)
    assert name(world, mine, home).status_code == 200
    (item,) = listed(world, "officer")
    assert (item["title_key"], item["case_id"], events(item)) == ("case_access.accept", mine, ["accept", "refuse"])
    assert "case_access.accept" not in titles(world, "investigator") + titles(world, "prosecutor_fr")
    assert accepts(world, mine).status_code == 200
    assert titles(world, "officer", "?type=case_access") == []
    asked = world.asked("foreign", world.overlaps("foreign")[0]["case_id"])
    (item,) = listed(world, "officer", "?type=disclosure")
    assert (item["id"], item["side"], "disclose" in events(item)) == (asked["id"], "owner", True)


def test_what_a_state_without_users_answers_and_does_waits_for_the_host(world):
    meeting, place = with_americans(world)
    (item,) = listed(world, "desk", "?type=meeting_place")
    assert (item["id"], item["side"], "accept" in events(item)) == (place, "host", True)
    path = f"/meetings/{meeting}/participants/{place}"
    assert record(world, "desk", path, {"event": "accept", **recorded(world)}).status_code == 200
    assert listed(world, "desk", "?type=meeting_place") == []
    world.clock.forward(hours=30)
    assert meet(world, "desk", meeting, "hold").status_code == 200
    due = (world.clock() + timedelta(days=30)).date().isoformat()
    body = {"owner": str(world.authorities["us"]), "due_on": due, "text": "Ask the provider."}
    assert world.as_("desk").post(f"/meetings/{meeting}/actions", body).status_code == 201
    (item,) = listed(world, "desk", "?type=action")
    assert (item["side"], events(item)) == ("host", ["done", "drop"])
    assert titles(world, "prosecutor_fr", "?type=action") == titles(world, "desk", "?type=deadline") == []
    world.clock.forward(days=32)
    assert titles(world, "desk", "?type=deadline") == ["deadline.missed"]
    assert titles(world, "prosecutor_fr", "?type=deadline") == []


def test_a_consultation_waits_for_each_reply(world):
    opened(world)
    assert titles(world, "prosecutor_fr") == titles(world, "prosecutor_ro") == ["consultation.reply"]
    assert titles(world, "prosecutor") == []


def test_a_change_of_rights_waits_for_a_second_administrator(world):
    add(world, "admin", "newcomer")
    assert titles(world, "admin") == []
    (item,) = listed(world, "operator")
    assert (item["title_key"], item["side"], item["due_at"] is not None) == ("approval.approve", "deciding", True)
    assert listed(world, "auditor") == []


def test_a_missed_clock_is_listed_for_the_side_that_missed_it(world):
    walk(world, sent(world), ("prosecutor_fr", "receive"))
    assert titles(world, "foreign") == []
    world.clock.forward(days=40)
    assert set(titles(world, "foreign")) == {"deadline.missed"}
    assert titles(world, "foreign", "?type=deadline&overdue=true") == titles(world, "foreign")
    assert titles(world, "prosecutor", "?type=deadline") == []
    assert all(item["overdue"] for item in listed(world, "prosecutor_fr"))


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.type)
def test_every_title_is_in_the_codelist_and_every_awaited_step_is_of_a_role(source):
    assert set(source.titles) <= codelists.load("worklist_titles").codes
    for life in source.workflow.lifecycles:
        for move in life.transitions.values():
            if move.awaited:
                assert any(move.by in GRANTS[role] for role in Role), move


def test_the_codelist_has_no_title_that_no_item_can_have():
    assert codelists.load("worklist_titles").codes == {title for source in SOURCES.values() for title in source.titles}
    waits = [move for source in SOURCES.values() for life in source.workflow.lifecycles for move in life.transitions.values()]
    assert {move.awaited for move in waits} == {None, *Awaited}


def test_nothing_waits_in_the_states_that_the_index_of_open_requests_leaves_out():
    sql = (Path(__file__).parents[2] / "migrations" / "rules" / "75_worklist.sql").read_text()
    ended = set(re.findall(r"'(\w+)'", re.search(r"state <> all \(array\[(.*?)\]\)", sql)[1]))
    lives = SOURCES["request"].workflow.lifecycles
    assert ended <= {state for life in lives for state in life.states}
    assert {move.source for life in lives for move in life.transitions.values() if move.awaited} & ended == set()
    assert {state for kind in KINDS.values() for state in kind.acted_on} & ended == set()
