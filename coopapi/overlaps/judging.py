"""What people make of an overlap: each side for itself, a named human, and four eyes where both sides are in one hand (R10)."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.db import Work
from coopapi.errors import Conflict, Forbidden, NotFound
from coopapi.lifecycle import IllegalMove
from coopapi.overlaps.models import SIDE_LIFE, Overlap, OverlapSide
from coopapi.overlaps.showing import one_overlap, sides_of

_DECISIONS = frozenset({"confirm", "reject", "doubt"})


class FourEyesOnOverlap(Conflict):
    """The person who judged one side of an overlap does not judge the other.

    Both cases are in your authority's hands: let another person of it judge this side.
    """


class NotTheVerifier(Conflict):
    """Only the person who took the overlap under verification decides on it.

    Leave it to that person, or ask for `release` of the overlap and take it yourself.
    """


def side_of(work: Work, overlap_id: UUID, case_id: UUID | None, *, version: int | None = None, lock: bool = False) -> OverlapSide:
    """The caller's side of an overlap; where both are, the one that is named."""
    overlap = one_overlap(work, overlap_id)
    mine = case_id or sides_of(work, [overlap], None)[overlap.id]
    found = work.session.scalar(work.all(OverlapSide).where(OverlapSide.overlap_id == overlap_id, OverlapSide.case_id == mine))
    if found is None:
        raise NotFound
    return work.one(OverlapSide, found.id, version=version, lock=lock)


def judge(work: Work, overlap_id: UUID, version: int, data: dict[str, Any]) -> OverlapSide:
    """Move the caller's side along: take, confirm, reject, doubt, release."""
    if not work.actor.human:
        raise Forbidden("an overlap is judged by a person, not by a machine client")
    side = side_of(work, overlap_id, data.get("case_id"), version=version, lock=True)
    overlap = one_overlap(work, overlap_id)
    event, reason = data["event"], data.get("reason")
    if not overlap.stands(work.actor):
        raise IllegalMove("the overlap has no evidence left", state="withdrawn", allowed=[])
    move = SIDE_LIFE.move(side.state, event, reason)
    cases.may_move(work, side.case_id, move.by, move.level)
    if event in _DECISIONS and side.verifier_id != work.actor.id:
        raise NotTheVerifier(allowed=["release"])
    _four_eyes(work, overlap, side)
    side.state, side.reason = move.target, reason
    side.verifier_id = None if event == "release" else work.actor.id
    if event in _DECISIONS:
        side.decided_by, side.decided_at = work.actor.id, work.now
    _tell(work, overlap, side, event)
    return side


def _four_eyes(work: Work, overlap: Overlap, side: OverlapSide) -> None:
    """Nobody judges both sides of one overlap."""
    query = select(OverlapSide.verifier_id).where(OverlapSide.overlap_id == overlap.id, OverlapSide.case_id != side.case_id)
    if overlap.authority_a == overlap.authority_b and work.session.scalar(query) == work.actor.id:
        raise FourEyesOnOverlap


def _tell(work: Work, overlap: Overlap, side: OverlapSide, event: str) -> None:
    victims_only = not overlap.ever_open
    work.note(f"overlap.{event}", side, case_id=side.case_id, event=True, state=side.state)
    work.notes[-1] |= {"object_type": "overlap", "object_id": str(overlap.id), "victims_only": victims_only}


def moves(work: Work, overlap_id: UUID, case_id: UUID | None) -> dict[str, Any]:
    """Say where the caller's side stands, and what it may do now."""
    side = side_of(work, overlap_id, case_id)
    shown = cases.transitions(work, side, side.state, side.case_id, SIDE_LIFE)
    return shown if work.actor.human else {**shown, "allowed": []}


def in_hand(work: Work, overlap: Overlap, case_id: UUID | None) -> OverlapSide:
    """The caller's side, if it is under verification or confirmed: only then may more be asked for."""
    side = side_of(work, overlap.id, case_id)
    if not overlap.stands(work.actor) or side.state not in {"under_verification", "confirmed"}:
        raise IllegalMove(
            "verify the overlap first: a disclosure is asked for by whoever has it in hand", state=side.state, allowed=["take"]
        )
    cases.usable(work, side.case_id, Level.CONTRIBUTE)
    return side
