"""The timeline of cases for exports: portions in the order of time, without a record of its own, because the export has one."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from coopapi.cases.models import Case
from coopapi.directory.entries import authorities_of
from coopapi.journal.catalogue import EVENTS
from coopapi.journal.models import JournalEntry
from coopapi.store.db import UnitOfWork


def entries(
    work: UnitOfWork, case_ids: Sequence[UUID], wanted: Mapping[str, Any], after: str | None, most: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the next acts of the timelines of these cases, and the place behind them, or None if there are no more."""
    if wanted.get("kind") == "fact":
        return [], None
    query = work.all(JournalEntry).where(JournalEntry.case_id.in_(case_ids), ~JournalEntry.consultation)
    if "from" in wanted:
        query = query.where(JournalEntry.at >= wanted["from"])
    if "to" in wanted:
        query = query.where(JournalEntry.at < wanted["to"])
    if after is not None:
        query = query.where(JournalEntry.id > int(after))
    rows = work.session.scalars(query.order_by(JournalEntry.id).limit(most)).all()
    cases = {case.id: case for case in work.session.scalars(work.all(Case).where(Case.id.in_(case_ids)))}
    named = authorities_of(work, {row.authority_id for row in rows})
    shown = [
        {
            "id": row.uid,
            "kind": "act",
            "at": row.at.astimezone(UTC),
            "precision": "second",
            "recorded_at": row.at,
            "type": row.action,
            "sentence": EVENTS.get(row.action, row.action),
            "case": {"id": row.case_id, "reference": cases[row.case_id].reference},
            "authority": {"id": row.authority_id, "name": named[row.authority_id].name, "country": named[row.authority_id].country},
            "role": row.role,
            "object": {"type": row.object_type, "id": row.object_id, "name": None},
            "detail": row.detail,
        }
        for row in rows
        if row.case_id
    ]
    return shown, str(rows[-1].id) if len(rows) == most else None
