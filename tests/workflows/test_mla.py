"""What a caller is offered with a request and with its measures is what it may do there: every state, event, side and role."""

from datetime import timedelta

import pytest
from assisting import CONTENT, CONTENT_DATA, SENT, SUBSCRIBER, draft, read, sent, step, walk

from coopapi.access import Action
from coopapi.mla.lifecycles import KINDS, MEASURE_LIFECYCLE
from coopapi.mla.measure_transitions import MEASURE
from coopapi.mla.transitions import REQUEST
from coopapi.ops import administration
from coopapi.shared.lifecycle import Side
from workflows.gate import Scene, expect, set_state

INSTRUMENTS = {
    "eio": "eio",
    "epoc": "e_evidence",
    "epoc_pr": "e_evidence",
    "preservation": "budapest",
    "spontaneous_information": "budapest",
    "eaw": "eaw",
    "police_information": "police",
}
MEASURES = {"epoc": "subscriber", "epoc_pr": "subscriber", "eaw": "other", "police_information": "information_held"}
GROUNDS = {
    "eio": "eio_ne_bis_in_idem",
    "epoc": "ev_ne_bis_in_idem",
    "epoc_pr": "ev_ne_bis_in_idem",
    "mla_letter": "domestic_or_treaty_ground",
    "eaw": "eaw_age",
    "police_information": "police_refusal",
}
STATES = {KINDS[kind].life.leaving(state): (kind, state) for kind in INSTRUMENTS for state in KINDS[kind].life.states}.values()
"""Each state of each lifecycle, once where the same steps lead out of it in several."""
FOUR_EYES = {"validation_pending", "transmitted"}
TOLD = {"channel": "diplomatic", "proof": "note verbale 7"}


def bodies(world, kind, transitions, own):
    """A body for each step with which it succeeds, recorded if it is not of one of one's own sides."""
    later, told = world.clock() + timedelta(days=400), {**TOLD, "at": world.clock()}
    known = {
        "transmit": {"transmission": SENT},
        "forward": {"to_authority": world.authorities["desk_fr"]},
        "postpone": {"grounds": ["eaw_humanitarian" if kind == "eaw" else "ongoing_investigation"], "until": later},
        **({} if kind == "epoc_pr" else {"preserve": {"until": later}, "extend": {"until": later}}),
        "disclose_path": {"path": {"countries": ["US"]}},
        "offer_on_conditions": {"conditions": ["confidentiality"]},
        "not_execute": {"outcome_reason": "data_not_available"},
        "execute_partly": {"outcome_reason": "data_not_available"},
    }
    grounds = {"grounds": [GROUNDS.get(kind, "political_offence")]}
    return {
        t.event: {
            **known.get(t.event, grounds if t.event in {"refuse", "raise_ground", "refuse_enforcement"} else {}),
            **({} if t.side in own else {"recorded": told}),
        }
        for t in transitions
    }


def on_three_sides(world, owner, kind):
    """A complete request of the prosecutor, in which a French authority executes and a French court is notified."""
    to = "provider" if KINDS[kind].to_provider else "fr"
    measures = [{**SUBSCRIBER, "code": MEASURES[kind]} if kind in MEASURES else CONTENT_DATA]
    request = draft(world, "prosecutor", kind, to, instrument=INSTRUMENTS[kind], measures=measures)
    with owner.cursor() as cursor:
        if KINDS[kind].to_provider:
            cursor.execute("update authorities set type = 'service_provider' where id = %s", (str(world.authorities["fr"]),))
        for side, key in (("executing", "fr"), ("enforcing", "fr_court")):
            cursor.execute(
                "insert into parties values (gen_random_uuid(), %s, %s, %s, null, true, now() - interval '1 day', null)",
                (request, str(world.authorities[key]), side),
            )
            cursor.execute(f"update mla_requests set {side}_id = %s where id = %s", (str(world.authorities[key]), request))
    return request


def put(world, request, state, columns=None):
    sent_at = {
        "transmitted_at": world.clock() - timedelta(hours=1),
        "until": world.clock() - timedelta(minutes=1),
        **(columns or {}),
    }
    return set_state("mla_requests", request, **{state: sent_at})


def scene_of(world, request, kind, state, people, own=tuple(Side), columns=None):
    steps = bodies(world, kind, KINDS[kind].life.leaving(state), own)
    ids = {"request_id": request}
    return Scene(REQUEST, Action.MLA_READ, Action.MLA_READ, ids, put(world, request, state, columns), people, steps)


@pytest.mark.parametrize(("kind", "state"), STATES)
def test_a_request(world, database, owner, kind, state):
    request = world.once(on_three_sides, owner, kind)
    people = ("prosecutor", "prosecutor_fr", *(("judge_fr",) if KINDS[kind].to_provider else ()))
    colleagues = ("investigator",) if state in FOUR_EYES else ()
    expect(world, database, owner, scene_of(world, request, kind, state, (*people, *colleagues)), state)


@pytest.mark.parametrize(("kind", "state"), [("eio", "draft"), ("eio", "ready"), ("preservation", "draft")])
def test_a_request_that_lacks_something(world, database, owner, kind, state):
    request = world.once(draft, "prosecutor", kind, content={"preservation": {}})
    with owner.cursor() as cursor:
        cursor.execute("update mla_requests set language = null where id = %s", (request,))
    expect(world, database, owner, scene_of(world, request, kind, state, ("prosecutor", "romanian")), state)


@pytest.mark.parametrize("state", ["preserved", "extension_requested"])
def test_what_is_preserved_does_not_expire_before_its_time(world, database, owner, state):
    request = world.once(on_three_sides, owner, "preservation")
    later = {"until": world.clock() + timedelta(days=1)}
    scene = scene_of(world, request, "preservation", state, ("prosecutor", "prosecutor_fr"), columns=later)
    assert "expire" not in expect(world, database, owner, scene, state)


def test_an_order_to_preserve_is_extended_once(world, database, owner):
    request = world.once(on_three_sides, owner, "preservation")
    late = {"kind": "epoc_pr", "received_at": world.clock(), "until": world.clock() + timedelta(days=100)}
    scene = scene_of(world, request, "epoc_pr", "preserved", ("prosecutor",), columns=late)
    assert "extend" not in expect(world, database, owner, scene, "preserved")


@pytest.mark.parametrize(("kind", "state"), [
    ("eio", "transmitted"), ("eio", "acknowledged"), ("eio", "information_requested"), ("epoc", "enforcement_requested"),
    ("preservation", "preserved"), ("preservation", "mla_submitted"),
])  # fmt: skip
def test_the_steps_of_those_who_have_nobody_here_are_recorded(world, database, owner, kind, state):
    request = world.once(
        draft, "prosecutor", kind, None, executing_country="FR", instrument=INSTRUMENTS[kind], measures=[SUBSCRIBER]
    )
    absent = str(world.authorities["us"]), str(world.authorities["provider"])
    others = {"executing_id": absent[0], "enforcing_id": absent[1]}
    scene = scene_of(world, request, kind, state, ("prosecutor",), (Side.REQUESTING,), others)
    expect(world, database, owner, scene, state)


@pytest.mark.parametrize("state", ["received", "information_requested", "acknowledged"])
def test_the_addressee_records_for_those_who_ask_and_have_nobody_here(world, database, owner, state):
    came = {"requesting_authority": str(world.authorities["us"]), "recorded": {**TOLD, "at": world.clock().isoformat()}}
    body = {"reference": "DOJ-1", "kind": "mla_letter", "instrument": "eu_us_mla", "incoming": came, "language": "en",
            "content": CONTENT, "measures": [CONTENT_DATA]}  # fmt: skip
    made = world.as_("central_fr").post("/mla-requests", body)
    assert made.status_code == 201, made.json
    scene = scene_of(world, made.json["id"], "mla_letter", state, ("prosecutor_fr",), (Side.EXECUTING,))
    assert expect(world, database, owner, scene, state) >= {"withdraw", "supply" if state == "information_requested" else "forward"}


def measured(world, owner, request, people, own=tuple(Side), kind="eio", request_state="in_execution", idle=()):
    def put_both(owner, state):
        put(world, request, request_state)(owner, request_state)
        set_state("mla_measures", measure, **{state: {"grounds": ["x"]}})(owner, state)

    measure = read(world, "prosecutor", request)["measures"][0]["id"]
    steps = bodies(world, kind, MEASURE_LIFECYCLE.transitions.values(), own)
    ids = {"request_id": request, "measure_id": measure}
    return Scene(MEASURE, Action.MLA_READ, Action.MLA_READ, ids, put_both, people, steps, idle)


@pytest.mark.parametrize("state", MEASURE_LIFECYCLE.states)
def test_a_measure(world, database, owner, state):
    request = world.once(on_three_sides, owner, "eio")
    expect(world, database, owner, measured(world, owner, request, ("prosecutor", "prosecutor_fr")), state)


def test_a_measure_of_a_request_that_is_not_recognised_yet(world, database, owner):
    request = world.once(on_three_sides, owner, "eio")
    scene = measured(world, owner, request, ("prosecutor", "prosecutor_fr"), request_state="acknowledged", idle=("pending",))
    assert expect(world, database, owner, scene, "pending") == set()


def test_a_measure_that_an_authority_with_nobody_here_carries_out(world, database, owner):
    request = world.once(draft, "prosecutor", "mla_letter", "us", instrument="eu_us_mla")
    scene = measured(world, owner, request, ("prosecutor",), (Side.REQUESTING,), "mla_letter")
    taken = expect(world, database, owner, scene, "pending")
    assert taken >= {"execute", "refuse", "withdraw"}
    assert "postpone" not in taken, "the instrument knows no ground on which to postpone"


def test_a_request_goes_out_for_those_who_do_not_see_what_it_follows_up(world, database):
    kept = world.once(sent, kind="preservation")
    walk(world, kept, ("contact_fr", "receive"), ("contact_fr", "preserve"))
    request = draft(world, reference="next", previous={"request_id": kept, "relation": "after_preservation"})
    walk(world, request, ("prosecutor", "ready"))
    clerk = {"name": "Clerk", "issuer": "https://issuer.test", "subject": "clerk", "roles": ["central_authority"]}
    administration.add_person(database, world.authorities["desk_nl"], clerk)
    helper = {"authority_id": str(world.authorities["desk_nl"])}
    assert world.as_("prosecutor").post(f"/mla-requests/{request}/parties", helper).status_code == 201
    assert world.as_("clerk").get(f"/mla-requests/{kept}").status_code == 404
    walk(world, request, ("clerk", "transmit", {"transmission": SENT}))
    assert read(world, "prosecutor", kept)["state"] == "preserved"


def test_a_point_of_contact_is_told_why_it_takes_no_step(world):
    request = world.once(sent)
    (blocked,) = world.as_("contact_fr").get(f"/mla-requests/{request}/transitions").json["blocked"]
    refused = step(world, "contact_fr", request, "receive")
    assert (blocked["event"], blocked["detail"]) == ("receive", refused.json["title"])
