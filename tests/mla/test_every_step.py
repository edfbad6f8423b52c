"""Every state x event x side of every life, over HTTP, from the tables: right side 200, wrong side 403, wrong order 409 with `allowed`."""

from datetime import timedelta

import pytest
from assisting import CONTENT_DATA, SENT, SUBSCRIBER, draft, read

from coopapi.mla.lifecycles import KINDS, MEASURE_LIFECYCLE

LIVES = {
    "letter": "eio",
    "order": "epoc",
    "preservation": "preservation",
    "preservation_order": "epoc_pr",
    "information": "spontaneous_information",
    "warrant": "eaw",
    "direct": "police_information",
}
ORDERED = ("e_evidence", "ev_ne_bis_in_idem")
INSTRUMENTS = {
    "eio": ("eio", "eio_ne_bis_in_idem"),
    "epoc": ORDERED,
    "epoc_pr": ORDERED,
    "eaw": ("eaw", "eaw_age"),
    "police_information": ("police", "police_refusal"),
}
POSTPONED = {"eaw": "eaw_humanitarian"}
MEASURES = {"epoc": "subscriber", "epoc_pr": "subscriber", "eaw": "other", "police_information": "information_held"}
BUDAPEST = ("budapest", "political_offence")
SIDES = {"requesting": "prosecutor", "executing": "prosecutor_fr", "enforcing": "judge_fr"}


def body(world, event, kind="eio"):
    """All that any step needs."""
    later = (world.clock() + timedelta(days=400)).isoformat()
    return {
        "event": event,
        "reason": "because",
        "grounds": [POSTPONED.get(kind, "ongoing_investigation")] if event == "postpone" else [INSTRUMENTS.get(kind, BUDAPEST)[1]],
        "transmission": SENT,
        "path": {"countries": ["US"]},
        "outcome_reason": "data_not_available",
        **({"to_authority": str(world.authorities["desk_fr"])} if event == "forward" else {}),
        **({"until": later} if event in {"preserve", "extend", "postpone"} and kind != "epoc_pr" else {}),
    }


def prepare(world, owner, kind):
    """A complete request on which all three sides take part, and which somebody else drafted."""
    to = "provider" if KINDS[kind].to_provider else "fr"
    measures = [CONTENT_DATA if kind not in MEASURES else {**SUBSCRIBER, "code": MEASURES[kind]}]
    more = {"instrument": INSTRUMENTS.get(kind, BUDAPEST)[0], "case_id": world.case("investigator"), "measures": measures}
    request = draft(world, "prosecutor", kind, to, **more)
    with owner.cursor() as cursor:
        cursor.execute(
            "update mla_requests set created_by = %s, executing_id = %s, enforcing_id = %s, transmitted_at = %s,"
            " until = %s where id = %s",
            (str(world.people["investigator"]), str(world.authorities["fr"]), str(world.authorities["fr_court"]), world.clock(),
             world.clock() - timedelta(days=1), request),
        )  # fmt: skip
        if KINDS[kind].to_provider:
            cursor.execute("update authorities set type = 'service_provider' where id = %s", (str(world.authorities["fr"]),))
    return request


def reset(owner, world, request, state, measure="pending"):
    with owner.cursor() as cursor:
        cursor.execute(
            """update mla_requests set state = %s, version = 1, executing_id = %s, until = %s where id = %s;
            update mla_measures set state = %s, version = 1, grounds = '{x}' where request_id = %s;
            update deadlines set time_id = null where object_id = %s; delete from mla_stages where request_id = %s;
            delete from stated_times where object_id = %s;
            delete from parties where object_id = %s;""",
            (state, str(world.authorities["fr"]), world.clock() - timedelta(days=1), request, measure, request, *[request] * 4),
        )
        for side, key in (("requesting", "nl"), ("executing", "fr"), ("enforcing", "fr_court")):
            cursor.execute(
                "insert into parties values (gen_random_uuid(), %s, %s, %s, null, true, now() - interval '1 day', null)",
                (request, str(world.authorities[key]), side),
            )


@pytest.mark.parametrize("kind", LIVES.values(), ids=LIVES)
def test_a_step_is_for_its_side_and_its_state(world, owner, kind):
    life = KINDS[kind].life
    request = prepare(world, owner, kind)
    for state in life.states:
        reset(owner, world, request, state)
        refuse_what_is_not_possible(world, life, request, state)
        for move in life.leaving(state):
            take(world, request, move, kind)
            reset(owner, world, request, state)


def refuse_what_is_not_possible(world, life, request, state):
    possible = [move.event for move in life.leaving(state)]
    for number, event in enumerate(sorted(set(life.events) - set(possible))):
        who = list(SIDES.values())[number % 3]
        answer = world.as_(who).post(f"/mla-requests/{request}/transitions", body(world, event), If_Match='"v1"')
        assert (answer.status_code, answer.json["allowed"]) == (409, possible), (state, event)


def take(world, request, move, kind):
    """Refused to the other sides, then taken by the right one."""
    for side in sorted(SIDES, key=lambda side: side == move.side):
        answer = world.as_(SIDES[side]).post(f"/mla-requests/{request}/transitions", body(world, move.event, kind), If_Match='"v1"')
        assert answer.status_code == (200 if side == move.side else 403), (move, side, answer.json)
    assert read(world, SIDES[move.side], request)["state"] == move.target


def test_a_step_with_a_measure_is_for_its_side_and_its_state(world, owner):
    request = prepare(world, owner, "eio")
    measure = read(world, "prosecutor", request)["measures"][0]["id"]
    path = f"/mla-requests/{request}/measures/{measure}/transitions"
    known = ("event", "reason", "grounds", "until", "outcome_reason", "conditions")
    for state in MEASURE_LIFECYCLE.states:
        reset(owner, world, request, "in_execution", state)
        possible = [move.event for move in MEASURE_LIFECYCLE.leaving(state)]
        for event in MEASURE_LIFECYCLE.events:
            sent = {k: v for k, v in {**body(world, event), "conditions": ["confidentiality"]}.items() if k in known}
            move = MEASURE_LIFECYCLE.transitions.get((state, event))
            for side in sorted(("requesting", "executing"), key=lambda side: move is not None and side == move.side):
                answer = world.as_(SIDES[side]).post(path, sent, If_Match='"v1"')
                if move is None:
                    assert (answer.status_code, answer.json["allowed"]) == (409, possible), (state, event)
                else:
                    assert answer.status_code == (200 if side == move.side else 403), (move, side, answer.json)
            if move is not None:
                assert answer.json["state"] == move.target
                reset(owner, world, request, "in_execution", state)
