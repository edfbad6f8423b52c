"""What a caller is offered of cases, identifiers, overlaps, exclusions, approvals and disclosures is what it may do."""

from datetime import timedelta
from uuid import UUID

import approving
import pytest

from coopapi.access import Action
from coopapi.approvals.models import APPROVAL_LIFECYCLE
from coopapi.approvals.service import APPROVAL
from coopapi.cases.models import CASE_LIFECYCLE
from coopapi.cases.transitions import ACCESS, CASE
from coopapi.disclosures.models import DISCLOSURE_LIFECYCLE
from coopapi.disclosures.transitions import DISCLOSURE
from coopapi.identifiers.registration import IDENTIFIER
from coopapi.overlaps.exclusions import EXCLUSION
from coopapi.overlaps.models import SIDE_LIFECYCLE
from coopapi.overlaps.verification import OVERLAP
from workflows.gate import Scene, expect, set_state

BOTH = ("investigator", "foreign")


def nothing(_owner, _state):
    """Leave the thing as it was made."""


@pytest.mark.parametrize("state", CASE_LIFECYCLE.states)
def test_a_case(world, database, owner, state):
    shared = {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "joint work"}
    case = world.case("investigator", access=[shared])
    hidden = {"visibility": "hidden", "visibility_reason": "why"}
    put = set_state("cases", case, hidden_pending=hidden, withdrawn={"state_reason": "why"})
    expect(world, database, owner, Scene(CASE, Action.CASE_READ, Action.CASE_EDIT, {"case_id": case}, put, BOTH), state)


@pytest.mark.parametrize("last", [True, False])
def test_access_to_a_case(world, database, owner, last):
    case = world.case("investigator")
    if last:
        with owner.cursor() as cursor:
            cursor.execute("select id from case_access where case_id = %s and level = 4", (case,))
            grant = cursor.fetchone()[0]
    else:
        body = {"authority_id": str(world.authorities["fr"]), "level": "contribute", "reason": "joint work"}
        grant = world.as_("investigator").post(f"/cases/{case}/access", body).json["id"]
    ids = {"case_id": case, "grant_id": grant}
    scene = Scene(ACCESS, Action.CASE_READ, Action.CASE_SHARE, ids, nothing, BOTH, idle=("given",) if last else ())
    expect(world, database, owner, scene, "given")


def test_an_identifier(world, database, owner):
    case = world.case("investigator")
    (held,) = world.hold("investigator", case, "heron@example.org")
    ids = {"case_id": case, "identifier_id": held}
    body = {"withdraw": {"reason": "registered_in_error"}}
    expect(
        world,
        database,
        owner,
        Scene(IDENTIFIER, Action.IDENTIFIER_READ, Action.IDENTIFIER_WRITE, ids, nothing, BOTH, body),
        "registered",
    )


@pytest.mark.parametrize("verifier", ["investigator", "colleague"])
@pytest.mark.parametrize("state", SIDE_LIFECYCLE.states)
def test_a_side_of_an_overlap(world, database, owner, state, verifier):
    for who in BOTH:
        world.hold(who, world.case(who), "heron@example.org")
    (found,) = world.overlaps("investigator")
    ids = {"overlap_id": found["id"]}

    def put(owner, state):
        taken = None if state == "detected" else world.people[verifier]
        with owner.cursor() as cursor:
            cursor.execute(
                "update overlap_sides set state = %s, verifier_id = %s where authority_id = %s",
                (state, str(taken) if taken else None, str(world.authorities["nl"])),
            )

    scene = Scene(OVERLAP, Action.OVERLAP_READ, Action.OVERLAP_JUDGE, ids, put, ("investigator", "desk"))
    taken = expect(world, database, owner, scene, state)
    if state == "under_verification":
        assert ("confirm" in taken) is (verifier == "investigator")


def test_an_exclusion(world, database, owner):
    made = world.as_("investigator").post("/exclusions", {"kind": "email", "reason": "too many"})
    assert made.status_code == 201, made.json
    ids = {"exclusion_id": made.json["id"]}
    expect(world, database, owner, Scene(EXCLUSION, Action.EXCLUSION_READ, Action.EXCLUSION_MANAGE, ids, nothing, BOTH), "in_force")


@pytest.mark.parametrize("state", DISCLOSURE_LIFECYCLE.states)
def test_a_disclosure(world, database, owner, state):
    owned = world.case("foreign")
    (held,) = world.hold("foreign", owned, "heron@example.org")
    case = world.case("investigator")
    world.hold("investigator", case, "heron@example.org")
    made = world.asked("investigator", case)
    given = {"items": [{"identifier_id": UUID(held)}]}
    bodies = {"disclose": given, "disclose_in_part": given, "refuse": {"ground": "ongoing_investigation"}}
    ids = {"disclosure_id": made["id"]}
    put = set_state("disclosures", made["id"], refused={"ground": "ongoing_investigation", "reason": "why"})
    expect(world, database, owner, Scene(DISCLOSURE, Action.DISCLOSURE_READ, Action.DISCLOSURE_READ, ids, put, BOTH, bodies), state)


@pytest.mark.parametrize("state", APPROVAL_LIFECYCLE.states)
def test_a_request_for_approval(world, database, owner, state):
    one = approving.asked(approving.change(world, "admin", "investigator", victim_cleared=False, roles=["prosecutor"]))
    late = {"expires_at": world.clock() - timedelta(days=1), "state": "requested"}
    decided = {"decided_at": world.clock(), "decided_by": str(world.people["operator"])}
    put = set_state("approvals", one["id"], expired=late, approved=decided, rejected=decided, withdrawn=decided)
    scene = Scene(
        APPROVAL, Action.APPROVAL_READ, Action.APPROVAL_DECIDE, {"approval_id": one["id"]}, put, ("admin", "operator", "admin_fr")
    )
    expect(world, database, owner, scene, state)
