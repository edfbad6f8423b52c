"""What a caller is offered of consultations and of evidence is what it may do: every state, event, side and role."""

import consulting
import exchanging
import pytest
import teaming

from coopapi.access import Action
from coopapi.evidence.models import EVIDENCE_LIFECYCLE, USE_LIFECYCLE
from coopapi.evidence.transitions import EVIDENCE
from coopapi.evidence.uses import USE
from coopapi.jurisdiction.lifecycles import CONSULTATION_LIFECYCLE
from coopapi.jurisdiction.transitions import CONSULTATION
from coopapi.ops import administration
from workflows.gate import Scene, expect, set_state

STATES = ("prosecutor", "prosecutor_fr", "prosecutor_ro")


def known(world, authority):
    """How one knows what an authority did that has nobody here."""
    return {"authority_id": authority, "at": world.clock(), "channel": "post", "proof": "a letter"}


def absent(world):
    """An authority of a State that has nobody here."""
    data = {"name": "Federal prosecution office", "type": "public_prosecutor", "country": "CH"}
    return administration.add_authority(world.app.extensions["coopapi"].database, data)


@pytest.mark.parametrize("swiss", [False, True])
@pytest.mark.parametrize("state", CONSULTATION_LIFECYCLE.states)
def test_a_consultation(world, database, owner, state, swiss):
    more = {}
    if swiss:
        world.authorities["ch"] = absent(world)
        more["contacted"] = ("fr", "ch")
    consultation = consulting.opened(world, **more)
    bodies = {"refer": {"desk": world.authorities["desk_nl"]}}
    if swiss:
        bodies["reply"] = {"recorded": known(world, world.authorities["ch"])}
    ids = {"consultation_id": consultation}
    put = set_state("consultations", consultation, consensus={"prosecuting_country": "NL"})
    people = ("prosecutor", "prosecutor_fr") if swiss else STATES
    scene = Scene(CONSULTATION, Action.MEETING_READ, Action.CONSULT, ids, put, people, bodies)
    expect(world, database, owner, scene, state)


@pytest.mark.parametrize("position", ["prosecute", "undecided"])
def test_a_consultation_ends_in_consensus_by_what_the_states_hold(world, database, owner, position):
    consultation = world.once(consulting.consulting)
    for who, held in (
        ("prosecutor", "prosecute"),
        ("prosecutor_fr", "transfer"),
        ("prosecutor_ro", "end" if position == "prosecute" else position),
    ):
        assert consulting.hold(world, who, consultation, held).status_code == 200
    ids = {"consultation_id": consultation}
    put = set_state("consultations", consultation)
    taken = expect(world, database, owner, Scene(CONSULTATION, Action.MEETING_READ, Action.CONSULT, ids, put, STATES), "consulting")
    assert ("agree" in taken) is (position == "prosecute")


@pytest.mark.parametrize("state", EVIDENCE_LIFECYCLE.states)
def test_an_item_of_evidence(world, database, owner, state):
    jit = world.once(teaming.active, "fr", "ro")
    item = exchanging.given(world, "prosecutor", jit, conditions=exchanging.ASKED_FIRST)

    def put(owner, state):
        whole = {"offered": "given", "accepted": "given"}.get(state, state)
        verifier = {"verifier_id": str(world.authorities["fr"])} if state in {"to_verify", "rejected"} else {}
        set_state("evidence", item, **{whole: verifier})(owner, whole)
        with owner.cursor() as cursor:
            if state in {"offered", "accepted", "declined"}:
                cursor.execute("update evidence_recipients set state = %s where evidence_id = %s", (state, item))

    scene = Scene(EVIDENCE, Action.EVIDENCE_READ, Action.EVIDENCE_READ, {"evidence_id": item}, put, STATES, idle=("declined",))
    expect(world, database, owner, scene, state)


@pytest.mark.parametrize(("state", "needed"), [*((state, True) for state in USE_LIFECYCLE.states), ("recorded", False)])
def test_a_use_of_evidence(world, database, owner, state, needed):
    jit = world.once(teaming.active, "fr")
    item = exchanging.given(world, "prosecutor_fr", jit, source_country="FR")
    case = world.case("prosecutor")
    body = {"case_id": case, "purpose": "prosecution", "use_as": "evidence", "ask_consent": True, "reason": "needed"}
    made = world.as_("prosecutor").post(f"/evidence/{item}/uses", body)
    assert made.status_code == 201, made.json
    decided = {"decided_at": world.clock(), "decided_by": str(world.people["prosecutor_fr"])} if state != "consent_asked" else {}
    put = set_state("evidence_uses", made.json["id"], **{state: {"consent_needed": needed, **(decided if needed else {})}})
    ids = {"use_id": made.json["id"]}
    idle = () if needed else ("recorded",)
    scene = Scene(USE, Action.EVIDENCE_READ, Action.EVIDENCE_READ, ids, put, ("prosecutor", "prosecutor_fr"), idle=idle)
    expect(world, database, owner, scene, state)


@pytest.mark.parametrize("answer", ["offered", "accepted"])
def test_an_item_that_went_to_a_state_with_nobody_here(world, database, owner, answer):
    swiss = absent(world)
    there = [
        {"authority_id": str(world.authorities["fr"])},
        {"authority_id": str(swiss), "leader": {"office": "Federal prosecutor"}},
    ]
    jit = teaming.proposed(world, "fr", legal_basis="bilateral", clauses=teaming.with_space(world), parties=there)
    teaming.walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    how = {**known(world, str(swiss)), "at": world.clock().isoformat()}
    signed = [teaming.sign(world, "prosecutor", jit), teaming.sign(world, "prosecutor_fr", jit)]
    signed.append(teaming.sign(world, "prosecutor", jit, recorded=how))
    assert [one.status_code for one in signed] == [201] * 3, [one.json for one in signed]
    item = exchanging.given(world, "prosecutor", jit, conditions=exchanging.ASKED_FIRST)

    def put(owner, state):
        with owner.cursor() as cursor:
            cursor.execute(
                "update evidence_recipients set state = %s where evidence_id = %s and authority_id = %s", (answer, item, str(swiss))
            )

    bodies = {event: {"recorded": known(world, swiss)} for event in ("accept", "decline")}
    scene = Scene(
        EVIDENCE, Action.EVIDENCE_READ, Action.EVIDENCE_READ, {"evidence_id": item}, put, ("prosecutor",), bodies, idle=("offered",)
    )
    taken = expect(world, database, owner, scene, "offered")
    assert ("accept" in taken) is (answer == "offered")
