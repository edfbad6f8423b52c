"""What a caller sees of consultations: their content and the position of each State."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from coopapi.jurisdiction import service
from coopapi.jurisdiction.models import Consultation, ConsultationPosition
from coopapi.overlaps import models as overlaps
from coopapi.shared import parties
from coopapi.shared.recording import recorded_of
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, unseal


def show(work: UnitOfWork, rows: Sequence[Consultation]) -> list[dict[str, Any]]:
    """Return consultations with their content and the position of each State."""
    overlapping = overlaps.visible(work, (row.overlap_id for row in rows))
    return [_show(work, row, overlapping) for row in rows]


def _show(work: UnitOfWork, row: Consultation, overlapping: set[UUID]) -> dict[str, Any]:
    key = key_of(work, row)
    held = show_positions(work, service.positions(work, row.id))
    late = row.state == "opened" and row.reply_by is not None and row.reply_by < work.now
    return {
        **row.shown(),
        "facts": unseal(key, row.sealed, row.id)["facts"],
        "reason": unseal(key, row.reason, row.id)["reason"] if row.reason else None,
        "positions": held,
        "overlap_id": row.overlap_id if row.contacting_id == work.actor.authority_id and row.overlap_id in overlapping else None,
        "case_id": parties.case_of(work, row.id),
        "overdue": late,
    }


def show_positions(work: UnitOfWork, rows: Sequence[ConsultationPosition]) -> list[dict[str, Any]]:
    """Return positions with their reasons."""
    texts = parties.with_texts(work, rows)
    return [{**row.shown(), "reasons": said.get("reasons"), "recorded": recorded_of(said)} for row, said in texts]
