"""The chain of custody: who held an item and when, with which tool and standard it was handled (ISO/IEC 27037)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.errors import Forbidden, fault
from coopapi.evidence import authorization, recipients
from coopapi.evidence.models import Custody, Evidence
from coopapi.evidence.sealing import seal, unseal
from coopapi.shared import parties
from coopapi.shared.recording import may_record_for
from coopapi.store.db import UnitOfWork

_WORDS: Final = ("tool", "standard", "note")


def add(work: UnitOfWork, evidence_id: UUID, data: Mapping[str, Any]) -> Custody:
    """Add an entry: what the caller's authority, or an authority outside this register, did with the item.

    Raises `Forbidden` for any other authority.
    """
    item = work.one(Evidence, evidence_id)
    authorization.require_acting(work, item.object_id)
    holder = data.get("authority_id", work.actor.authority_id)
    if holder != work.actor.authority_id and not may_record_for(work, item.object_id, holder):
        raise Forbidden("Each authority must record its own acts.")
    if data["at"] > work.now:
        raise fault("/at", "order_of_time", "The date must not be in the future.")
    row_id = work.new_id()
    row = work.add(
        Custody(
            id=row_id,
            evidence_id=item.id,
            object_id=item.object_id,
            act=data["act"],
            at=data["at"],
            authority_id=holder,
            sealed=seal(work, "custody", row_id, {name: data.get(name) for name in _WORDS}),
            principal_id=work.actor.id,
            recorded_at=work.now,
        )
    )
    about: dict[str, Any] = {"item": str(item.id), "act": row.act, "holder": str(holder)}
    if row.act == "received":
        recipients.receive(work, item, holder, row.at)
    case_id = parties.case_of(work, item.object_id)
    only = recipients.notified(work, item)
    work.note("evidence.handled", row, case_id=case_id, parties=item.object_id, only=only, event=True, **about)
    return row


def show(work: UnitOfWork, rows: Sequence[Custody]) -> list[dict[str, Any]]:
    """Return entries with their text, until the text of the item has to be erased."""
    query = work.all(Evidence).where(Evidence.id.in_({row.evidence_id for row in rows}))
    over = {item.id for item in work.session.scalars(query) if item.over(work.now)}
    said = {row.id: unseal(work, "custody", row.id, row.sealed) if row.evidence_id not in over else {} for row in rows}
    return [
        {
            **row.shown(),
            **{name: said[row.id].get(name) for name in _WORDS},
        }
        for row in rows
    ]
