"""Verification of an overlap: a person on each side decides. If both cases have the same owner, they must be two people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from coopapi.cases import service as cases
from coopapi.cases.transitions import standing_in_case
from coopapi.errors import Conflict, NotFound, Stale
from coopapi.overlaps.models import SIDE_LIFECYCLE, TURNS, Overlap, OverlapSide
from coopapi.overlaps.presentation import my_case, one_overlap
from coopapi.shared.lifecycle import IllegalMove
from coopapi.shared.workflow import Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.together import grouped, together

_DECISIONS = frozenset({"confirm", "reject", "doubt"})


class FourEyesOnOverlap(Conflict):
    """The same person may not verify both sides of an overlap.

    Both cases belong to your authority. Ask another person of your authority to verify this side.
    """


class NotTheVerifier(Conflict):
    """Only the person who took the overlap under verification may decide on it.

    Ask that person to decide, or have the overlap released (`release`) and take it under verification yourself.
    """


@dataclass(frozen=True, slots=True)
class Judged:
    """The current decision of a side as the caller knows it, with the version for If-Match."""

    now: OverlapSide
    version: int

    @property
    def etag(self) -> str:
        """The version as an ETag."""
        return f"v{self.version}"


def _judged(work: UnitOfWork, overlap: Overlap, mine: UUID, *, lock: bool = False) -> Judged | None:
    """Return the current decision of the caller's side, or None if it has none that the caller sees."""
    if lock:
        query = work.all(OverlapSide).where(OverlapSide.overlap_id == overlap.id, OverlapSide.case_id == mine)
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        rows = list(work.session.scalars(query.order_by(OverlapSide.turn)))
    else:
        rows = [row for row in _sides(work, overlap.id) if row.case_id == mine]
    return Judged(rows[-1], sum(row.version for row in rows)) if rows else None


@together
def _sides(work: UnitOfWork, overlap_ids: Sequence[UUID]) -> dict[UUID, list[OverlapSide]]:
    """Return the decisions about overlaps that the caller sees, the latest last."""
    query = work.all(OverlapSide).where(OverlapSide.overlap_id.in_(overlap_ids))
    return grouped(overlap_ids, work.session.scalars(query.order_by(OverlapSide.turn)), lambda row: row.overlap_id)


@together
def _verifiers(work: UnitOfWork, overlap_ids: Sequence[UUID]) -> dict[UUID, set[tuple[UUID, UUID | None]]]:
    """Return who judged overlaps, each with the case of the side."""
    found: dict[UUID, set[tuple[UUID, UUID | None]]] = {overlap_id: set() for overlap_id in overlap_ids}
    query = select(OverlapSide.overlap_id, OverlapSide.case_id, OverlapSide.verifier_id)
    for overlap_id, case_id, verifier in work.session.execute(query.where(OverlapSide.overlap_id.in_(overlap_ids))):
        found[overlap_id].add((case_id, verifier))
    return found


def side_of(work: UnitOfWork, overlap: Overlap, case_id: UUID | None, *, version: int | None = None, lock: bool = False) -> Judged:
    """Return the current decision of the caller's side. If the caller has access to both cases, `case_id` chooses the side.

    Raises `NotFound`, and `Stale` if the version is another.
    """
    mine = case_id or my_case(work, overlap.id)
    if mine is None:
        raise NotFound
    if lock:
        _judged(work, overlap, mine, lock=True)  # read again below: a row for cleared people may have been added
    found = _judged(work, overlap, mine)
    if found is None:
        raise NotFound
    if version is not None and found.version != version:
        raise Stale(version=found.etag)
    return found


@dataclass(slots=True)
class OwnSide:
    """An overlap and the decision of the caller's side. After a step, `row` is the row that the step was written to."""

    overlap: Overlap
    row: Any
    now: OverlapSide


def _find(work: UnitOfWork, overlap_id: UUID, case_id: UUID | None = None) -> OwnSide:
    overlap = one_overlap(work, overlap_id)
    side = side_of(work, overlap, case_id)
    return OwnSide(overlap, side, side.now)


def _lock(work: UnitOfWork, own: OwnSide, version: int) -> OwnSide:
    side = side_of(work, own.overlap, own.now.case_id, version=version, lock=True)
    return OwnSide(own.overlap, side, side.now)


def _require_evidence(step: Step[OwnSide]) -> None:
    if not step.thing.overlap.stands(step.work.actor):
        raise IllegalMove("The overlap has no evidence any more.", state="withdrawn", allowed=[])


def _require_verifier(step: Step[OwnSide]) -> None:
    if step.thing.now.verifier_id != step.work.actor.id:
        raise NotTheVerifier(allowed=["release"])


def _require_four_eyes(step: Step[OwnSide]) -> None:
    """Raise `FourEyesOnOverlap` if the caller has judged the other side and both cases belong to the same authority."""
    overlap, side, work = step.thing.overlap, step.thing.now, step.work
    if overlap.authority_a == overlap.authority_b and any(
        case_id != side.case_id and verifier == work.actor.id for case_id, verifier in _verifiers(work, overlap.id)
    ):
        raise FourEyesOnOverlap


def _finish(step: Step[OwnSide]) -> None:
    """Store the new decision of the side: taken, confirmed, rejected, in doubt, or released."""
    work, overlap = step.work, step.thing.overlap
    turn = work.session.scalars(select(TURNS.next_value())).one()
    made = _row_for(work, overlap, step.thing.now)
    made.state, made.reason, made.turn = step.transition.target, step.data.get("reason"), turn
    made.verifier_id = None if step.event == "release" else work.actor.id
    if step.event in _DECISIONS:
        made.decided_by, made.decided_at = work.actor.id, work.now
    step.thing.row = made
    work.note(f"overlap.{step.event}", case_id=made.case_id, event=True, state=made.state)
    work.notes[-1] |= {"object_type": "overlap", "object_id": str(overlap.id), "victims_only": overlap.only_victims}


def _row_for(work: UnitOfWork, overlap: Overlap, side: OverlapSide) -> OverlapSide:
    """Return the row to write a step to. If all evidence is about victims, it is a row that only cleared people see."""
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


OVERLAP: Final = Workflow[OwnSide](
    name="overlap",
    other_states=("withdrawn",),
    lifecycles=(SIDE_LIFECYCLE,),
    find=_find,
    lock=_lock,
    row=lambda own: own.row,
    state=lambda _, own: own.now.state,
    standing=lambda work, own: standing_in_case(work, own.now.case_id),
    always=(_require_evidence, _require_four_eyes),
    guards=dict.fromkeys(_DECISIONS, (_require_verifier,)),
    finish=_finish,
)


def require_active_side(work: UnitOfWork, overlap: Overlap, case_id: UUID | None) -> OverlapSide:
    """Return the caller's side if it is under verification or confirmed. Otherwise raises `IllegalMove`."""
    side = side_of(work, overlap, case_id).now
    if not overlap.stands(work.actor) or side.state not in {"under_verification", "confirmed"}:
        raise IllegalMove(
            "Take the overlap under verification before you request a disclosure.", state=side.state, allowed=["take"]
        )
    cases.changeable(work, side.case_id)
    return side
