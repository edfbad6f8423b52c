"""Compute deadlines again when the time that started them was corrected, and tell what the correction changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from coopapi.deadlines import computation, rules, service
from coopapi.deadlines.models import Deadline
from coopapi.shared import parties
from coopapi.store.db import UnitOfWork

_MISSED: Final = frozenset({"missed", "met_late", "lapsed"})


@dataclass(frozen=True, slots=True)
class DeadlineChange:
    """A deadline as it would be after the correction of the time that started it."""

    row: Deadline
    first_due_at: datetime
    due_at: datetime
    was: str
    becomes: str

    @property
    def relieves(self) -> bool:
        """Tell whether a deadline that was missed would no longer be."""
        return self.was in _MISSED and self.becomes not in _MISSED


def changes(work: UnitOfWork, time_id: UUID, start: datetime) -> Sequence[DeadlineChange]:
    """Return what becomes of the deadlines that a time started if they start at `start` instead. Nothing is written."""
    query = work.all(Deadline).where(Deadline.time_id == time_id).order_by(Deadline.id)
    found = []
    for row in work.session.scalars(query):
        first, due = _ends(row, start)
        found.append(DeadlineChange(row, first, due, service.state(row, work.now), service.state(row, work.now, due)))
    return found


def correct(work: UnitOfWork, time_id: UUID, new_id: UUID, start: datetime) -> None:
    """Let the deadlines that a time started run from the time that replaces it, and journal each. What was sent is not unsent."""
    for change in changes(work, time_id, start):
        row, was = change.row, change.row.due_at
        service.moved_to(work, row, new_id, start, change.due_at)
        row.first_due_at = change.first_due_at
        case_id = parties.case_of(work, row.object_id)
        detail: dict[str, Any] = {
            "rule": row.rule,
            "due_was": was.isoformat(),
            "due": row.due_at.isoformat(),
            "state": change.becomes,
        }
        work.note("deadline.recomputed", row, case_id=case_id, parties=row.object_id, event=True, **detail)
        work.notes[-1] |= {"object_type": row.object_type, "object_id": str(row.object_id)}
    work.session.flush()


def _ends(row: Deadline, start: datetime) -> tuple[datetime, datetime]:
    """Return the first end and the present end of a deadline that starts at `start`, with its suspensions and extensions."""
    rule = rules.load()[row.rule]
    if rule.nature == "target":
        moved = start - row.from_at
        return row.first_due_at + moved, row.due_at + moved
    if rule.given and not rule.length:
        return row.first_due_at, row.due_at
    first = service.ends(rule, start, row.country)
    if rule.or_later and row.first_due_at > service.ends(rule, row.from_at, row.country):
        first = max(first, row.first_due_at)
    due, hours = first, rule.unit == "hours"
    for stood in row.stood:
        stopped, again = (datetime.fromisoformat(moment) for moment in stood)
        if due >= stopped:
            due = computation.resumed(due, (stopped, again), row.country, hours=hours, moves=rule.moves)
    for times, made in enumerate(row.extensions, 1):
        by_length = rule.extension is not None and rule.extension.unit != "given" and "sealed" in made
        due = service.ends(rule, start, row.country, times) if by_length else max(due, datetime.fromisoformat(made["to"]))
    return first, due
