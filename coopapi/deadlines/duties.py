"""The dated duties of cases: the deadlines that still run, for calendars."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from coopapi.access import Action
from coopapi.deadlines import rules
from coopapi.deadlines.models import Deadline
from coopapi.shared.parties import Party
from coopapi.store.db import UnitOfWork


def of_cases(work: UnitOfWork, case_ids: Sequence[UUID], language: str) -> list[Mapping[str, Any]]:
    """Return the running deadlines of the requests and meetings in which the caller takes part for these cases, the next first.

    Callers whose role does not read deadlines get none.
    """
    if not work.actor.may(Action.DEADLINE_READ):
        return []
    part = (
        select(Party.object_id, Party.case_id).where(Party.case_id.in_(case_ids), Party.visible_to(work.actor, work.now)).distinct()
    )
    for_cases = part.subquery()
    query = (
        work.all(Deadline)
        .join(for_cases, for_cases.c.object_id == Deadline.object_id)
        .where(Deadline.running(), Deadline.counts_as_due)
        .add_columns(for_cases.c.case_id)
        .order_by(Deadline.due_at, Deadline.id)
    )
    known = rules.load()
    return [
        {
            "id": row.id,
            "due_at": row.due_at,
            "title": known[row.rule].titles[language],
            "article": known[row.rule].article,
            "case_id": case_id,
            "object_type": row.object_type,
            "object_id": row.object_id,
        }
        for row, case_id in work.session.execute(query)
    ]
