"""What people make of an overlap: each side for itself, a named human, and four eyes where both sides are in one hand (R10)."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from coopapi.cases import service as cases
from coopapi.errors import Conflict, Forbidden, NotFound, Stale
from coopapi.overlaps.models import SIDE_LIFECYCLE, TURNS, Overlap, OverlapSide
from coopapi.overlaps.presentation import Judged, judged, one_overlap, sides_of
from coopapi.shared.lifecycle import IllegalMove
from coopapi.store.db import UnitOfWork

_DECISIONS = frozenset({"confirm", "reject", "doubt"})


class FourEyesOnOverlap(Conflict):
    """The person who judged one side of an overlap does not judge the other.

    Both cases are in your authority's hands: let another person of it judge this side.
    """


class NotTheVerifier(Conflict):
    """Only the person who took the overlap under verification decides on it.

    Leave it to that person, or ask for `release` of the overlap and take it yourself.
    """


def side_of(work: UnitOfWork, overlap: Overlap, case_id: UUID | None, *, version: int | None = None, lock: bool = False) -> Judged:
    """What the caller's side makes of an overlap; where both sides are the caller's, the one that is named."""
    mine = case_id or sides_of(work, [overlap], None)[overlap.id]
    if lock:
        judged(work, {overlap.id: mine}, lock=True)  # then read: while this waited, a row of the cleared may have been added
    found = judged(work, {overlap.id: mine}).get(overlap.id)
    if found is None:
        raise NotFound
    if version is not None and found.version != version:
        raise Stale(version=found.etag)
    return found


def judge(work: UnitOfWork, overlap_id: UUID, version: int, data: dict[str, Any]) -> OverlapSide:
    """Move the caller's side along: take, confirm, reject, doubt, release."""
    if not work.actor.human:
        raise Forbidden("an overlap is judged by a person, not by a machine client")
    overlap = one_overlap(work, overlap_id)
    side = side_of(work, overlap, data.get("case_id"), version=version, lock=True).now
    event, reason = data["event"], data.get("reason")
    if not overlap.stands(work.actor):
        raise IllegalMove("the overlap has no evidence left", state="withdrawn", allowed=[])
    move = SIDE_LIFECYCLE.move(side.state, event, reason)
    cases.may_move(work, side.case_id, move.by, move.level)
    if event in _DECISIONS and side.verifier_id != work.actor.id:
        raise NotTheVerifier(allowed=["release"])
    _four_eyes(work, overlap, side)
    turn = work.session.scalars(select(TURNS.next_value())).one()
    made = _row_for(work, overlap, side)
    made.state, made.reason, made.turn = move.target, reason, turn
    made.verifier_id = None if event == "release" else work.actor.id
    if event in _DECISIONS:
        made.decided_by, made.decided_at = work.actor.id, work.now
    _tell(work, overlap, made, event)
    return made


def _row_for(work: UnitOfWork, overlap: Overlap, side: OverlapSide) -> OverlapSide:
    """The row in which a step is written: while there is evidence about victims alone, one that the uncleared do not see."""
    query = work.all(OverlapSide).where(
        OverlapSide.overlap_id == side.overlap_id,
        OverlapSide.case_id == side.case_id,
        OverlapSide.victims == overlap.only_victims,
    )
    found = work.session.scalar(query)
    if found is None:
        kept = {name: getattr(side, name) for name in ("overlap_id", "case_id", "authority_id", "decided_by", "decided_at")}
        found = OverlapSide(victims=True, **kept)
        work.session.add(found)
    return found


def _four_eyes(work: UnitOfWork, overlap: Overlap, side: OverlapSide) -> None:
    """Nobody judges both sides of one overlap."""
    query = select(OverlapSide.verifier_id).where(OverlapSide.overlap_id == overlap.id, OverlapSide.case_id != side.case_id)
    if overlap.authority_a == overlap.authority_b and work.actor.id in set(work.session.scalars(query)):
        raise FourEyesOnOverlap


def _tell(work: UnitOfWork, overlap: Overlap, side: OverlapSide, event: str) -> None:
    work.note(f"overlap.{event}", case_id=side.case_id, event=True, state=side.state)
    work.notes[-1] |= {"object_type": "overlap", "object_id": str(overlap.id), "victims_only": overlap.only_victims}


def moves(work: UnitOfWork, overlap_id: UUID, case_id: UUID | None) -> dict[str, Any]:
    """Say where the caller's side stands, and what it may do now."""
    side = side_of(work, one_overlap(work, overlap_id), case_id)
    shown = {**cases.transitions(work, side.now, side.now.state, side.now.case_id, SIDE_LIFECYCLE), "etag": side.etag}
    return shown if work.actor.human else {**shown, "allowed": []}


def in_hand(work: UnitOfWork, overlap: Overlap, case_id: UUID | None) -> OverlapSide:
    """The caller's side, if it is under verification or confirmed: only then may more be asked for."""
    side = side_of(work, overlap, case_id).now
    if not overlap.stands(work.actor) or side.state not in {"under_verification", "confirmed"}:
        raise IllegalMove(
            "verify the overlap first: a disclosure is asked for by whoever has it in hand", state=side.state, allowed=["take"]
        )
    cases.changeable(work, side.case_id)
    return side
