"""Difficulties between two States: how often, at which stage, and what the law provides for next."""

from contextlib import contextmanager

import pytest
from assisting import SUBSCRIBER, TRAFFIC, act, recognised, sent, walk
from test_definer_rights import run

START = "2026-11-02T10:00:00+01:00"
GROUND = "eio_fundamental_rights"


def pairs(world, who, query=""):
    answer = world.as_(who).get(f"/difficulties{query}")
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def found(world, who="prosecutor", query=""):
    """The difficulties of the only pair, by their code."""
    (pair,) = pairs(world, who, query)
    return {one["difficulty"]: one for one in pair["difficulties"]}


def refused(world, reference, by="prosecutor", ground=GROUND, **more):
    request = sent(world, by, reference=reference, **more)
    body = {"reason": "no", "grounds": [ground]}
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"), ("prosecutor_fr", "refuse", body))
    return request


def steps(difficulty):
    return [one["step"] for one in difficulty["next_steps"]]


def test_refusals_count_by_ground_stage_and_instrument(world):
    whole = refused(world, "1")
    part = recognised(world, reference="2", measures=[SUBSCRIBER, TRAFFIC])
    said = {"reason": "no", "grounds": ["eio_dual_criminality", GROUND]}
    assert act(world, "prosecutor_fr", part, 0, "refuse", **said).status_code == 200
    assert act(world, "prosecutor_fr", part, 1, "execute").status_code == 200
    one = found(world)["refused"]
    assert (one["requests"], one["repeated"], one["by_instrument"]) == (2, True, {"eio": 2})
    assert one["by_detail"] == {GROUND: 2, "eio_dual_criminality": 1}
    assert one["by_stage"] == {"acknowledged": 1, "in_execution": 1}
    assert steps(one) == ["ask_to_be_consulted", "ask_for_reasons", "other_measure", "notify_eurojust"]
    assert {one["step"]: (one["article"], one["verify"]) for one in one["next_steps"]}["ask_to_be_consulted"] == (
        "Directive 2014/41/EU Art. 11(4)", False,
    )  # fmt: skip
    (pair,) = pairs(world, "prosecutor")
    assert (pair["refused"], pair["requests"], pair["candidate_for_opinion"]) == (2, sorted([whole, part]), False)
    refused(world, "3")
    assert steps(found(world)["refused"])[-1] == "ask_eurojust_for_an_opinion"


def test_delays_and_silence_count_at_their_stage(world, clock):
    clock.at(START)
    silent, late = sent(world, reference="1"), sent(world, reference="2")
    walk(world, late, ("prosecutor_fr", "receive"))
    assert pairs(world, "prosecutor") == []
    clock.forward(days=10)
    overdue = found(world)["overdue"]
    assert (overdue["requests"], overdue["by_stage"], overdue["by_detail"]) == (1, {"received": 1}, {"eio_ack": 1})
    walk(world, late, ("prosecutor_fr", "acknowledge"))
    assert found(world).keys() == {"late"}
    assert found(world)["late"]["by_stage"] == {"received": 1}
    clock.forward(days=25)
    told = found(world)
    assert told.keys() == {"late", "unanswered", "overdue"}  # the decision of the other one is due by now
    one = told["unanswered"]
    assert (one["requests"], one["by_stage"], one["by_detail"]) == (1, {"transmitted": 1}, {"request": 1})
    assert steps(one) == ["remind", "ask_for_acknowledgement", "ask_the_ejn"]
    assert silent not in pairs(world, "prosecutor")[0]["requests"]


def test_a_question_that_nobody_answers_and_information_that_is_asked_for_again(world, clock):
    clock.at(START)
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"))
    question = world.as_("prosecutor").post(f"/mla-requests/{request}/messages", {"act": "question", "text": "When?"})
    assert question.status_code == 201
    for _ in range(2):
        assert "asked_again" not in {one["difficulty"] for pair in pairs(world, "prosecutor") for one in pair["difficulties"]}
        walk(world, request, ("prosecutor_fr", "ask", {"reason": "?"}), ("prosecutor", "supply", {"reason": "!"}))
    one = found(world)["asked_again"]
    assert (one["requests"], one["by_stage"], one["repeated"]) == (1, {"information_requested": 1}, False)
    assert steps(one) == ["ask_the_ejn", "send_everything_at_once"]
    clock.forward(days=31)
    assert found(world)["unanswered"]["by_detail"] == {"question": 1}
    reply = {"act": "answer", "text": "Soon.", "reply_to": question.json["id"]}
    assert world.as_("prosecutor_fr").post(f"/mla-requests/{request}/messages", reply).status_code == 201
    assert "unanswered" not in found(world)


def test_a_returned_request_and_the_time_that_is_chosen(world, clock):
    clock.at(START)
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "return", {"reason": "not validated"}))
    assert found(world, query="?since=2026-11-01T00:00:00Z&until=2026-12-01T00:00:00Z")["returned"]["requests"] == 1
    assert pairs(world, "prosecutor", "?until=2026-11-01T00:00:00Z") == []
    clock.forward(days=366)
    assert pairs(world, "prosecutor") == []
    assert found(world, query="?since=2026-11-01T00:00:00Z")["returned"]["requests"] == 1
    wrong = world.as_("prosecutor").get("/difficulties?since=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z")
    assert (wrong.status_code, [one["pointer"] for one in wrong.json["errors"]]) == (422, ["/since"])


def test_both_sides_and_both_desks_count_them_and_nobody_else(world):
    refused(world, "1")
    for who in ("prosecutor", "investigator", "central", "contact", "system", "prosecutor_fr", "central_fr"):
        assert found(world, who)["refused"]["requests"] == 1, who
    for who in ("desk", "desk_fr"):
        (pair,) = pairs(world, who)
        assert (pair["refused"], pair["requests"], pair["difficulties"][0]["by_detail"]) == (1, [], {})
    for who in ("prosecutor_ro", "europol"):
        assert pairs(world, who) == [], who
    for who in ("analyst", "auditor"):
        (pair,) = pairs(world, who)
        assert (pair["refused"], pair["requests"], pair["difficulties"][0]["by_detail"]) == (1, [], {GROUND: 1}), who
    assert world.as_("admin").get("/difficulties").status_code == 403


def test_a_desk_is_told_no_number_below_five_by_stage_ground_or_instrument(world):
    for number in range(5):
        refused(world, str(number), ground="eio_dual_criminality" if number == 4 else GROUND)
    own = found(world)["refused"]
    assert (own["by_detail"], own["by_stage"]) == ({GROUND: 4, "eio_dual_criminality": 1}, {"acknowledged": 5})
    for who in ("desk", "desk_fr"):
        told = found(world, who)["refused"]
        assert (told["requests"], told["by_detail"], told["by_stage"]) == (5, {}, {"acknowledged": 5}), who
        assert told["by_instrument"] == {"eio": 5}, who
    refused(world, "5")
    assert found(world, "desk")["refused"]["by_detail"] == {GROUND: 5}


def test_a_desk_is_told_of_whole_quarters(world, clock):
    clock.at(START)
    refused(world, "1")
    quarter = ("2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z")
    for query in (
        "",
        f"?since={quarter[0]}",
        f"?until={quarter[1]}",
        f"?since={quarter[0]}&until={quarter[1]}",
        "?since=2026-01-01T00:00:00Z",
    ):
        assert found(world, "desk", query)["refused"]["requests"] == 1, query
    assert (
        pairs(world, "desk", f"?until={quarter[0]}")
        == pairs(world, "desk", f"?since={quarter[1]}&until=2028-01-01T00:00:00Z")
        == []
    )
    for name, wrong in (
        ("since", "2026-11-02T08:59:00Z"), ("until", "2026-11-02T09:01:00Z"), ("until", "2026-12-31T23:59:59.999999Z"),
        ("since", "2026-10-01T00:00:00%2B02:00"), ("since", "2026-11-01T00:00:00Z"), ("until", "2026-10-01T00:00:00.000001Z"),
    ):  # fmt: skip
        answer = world.as_("desk").get(f"/difficulties?{name}={wrong}")
        assert (answer.status_code, [(e["pointer"], e["rule"]) for e in answer.json["errors"]]) == (
            422,
            [(f"/{name}", "quarter")],
        ), wrong
        assert world.as_("prosecutor").get(f"/difficulties?{name}={wrong}").status_code == 200
    clock.at("2027-09-30T23:00:00+00:00")
    assert found(world, "desk")["refused"]["requests"] == 1
    clock.at("2027-10-01T00:00:01+00:00")
    assert pairs(world, "desk") == []


def test_the_database_tells_a_desk_of_no_other_time(world):
    ask = "select * from priv.difficulties(cast(:since as timestamptz), '2027-01-01Z', array['eio'], null, null, null, '{}', '30 days')"
    assert run(world, "desk", ask, since="2026-10-01Z") == []
    assert run(world, "desk", ask, since="2026-10-01T00:00:00.000001Z") == "42501"
    assert run(world, "prosecutor", ask, since="2026-10-01T00:00:00.000001Z") == []


@contextmanager
def leaking(owner):
    """The figures of desks count hidden cases too."""
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef('priv.published_things'::regproc)")
        function = cursor.fetchone()[0]
        try:
            cursor.execute(function.replace("c.visibility = 'hidden'", "c.visibility = 'none'"))
            yield
        finally:
            cursor.execute(function)


@pytest.fixture
def desks(world):
    """What desks are told about a request of an open case, and one of a hidden case."""
    refused(world, "1")
    before = [pairs(world, who) for who in ("desk", "desk_fr")]
    refused(world, "2", case_id=world.case("prosecutor", visibility="hidden", visibility_reason="covert"))
    return lambda: (before, [pairs(world, who) for who in ("desk", "desk_fr")])


def test_a_desk_learns_nothing_of_requests_of_a_hidden_case(world, desks):
    before, after = desks()
    assert before == after
    assert found(world)["refused"]["requests"] == 2


def test_a_desk_that_is_told_of_them_is_noticed(owner, desks):
    with leaking(owner):
        before, after = desks()
    assert before != after
