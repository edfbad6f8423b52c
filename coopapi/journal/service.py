"""Appends entries to the journal, and verifies that nobody has changed them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from coopapi.store.db import as_json

_ENTRIES: Final = text(
    """select authority_id, seq, hash, array[authority_id::text, seq::text, (extract(epoch from at) * 1000000)::bigint::text,
        principal_id::text, role, action, object_type, object_id::text, case_id::text, purpose, request_id,
        consultation::text, event::text, victims_only::text, uncleared_only::text,
        detail::text] as fields
    from journal_entries where authority_id = priv.authority() order by seq""",
)
_HEADS: Final = text("select authority_id, seq, hash from journal_heads where authority_id = priv.authority()")


def record(session: Session, notes: Sequence[dict[str, Any]]) -> None:
    """Append the actor's entries in the actor's transaction. The database fills in who the actor is."""
    session.execute(text("select priv.record(cast(:notes as jsonb))"), {"notes": as_json(list(notes))})


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a hash chain is broken."""

    authority_id: UUID
    seq: int
    fault: str


def verify(session: Session) -> tuple[int, list[Break]]:
    """Verify the chain of the auditor's authority. Returns the number of entries and the places where entries were tampered with.

    A chain that was rewritten completely with new hashes is detected only by comparing it with a chain head that was kept
    elsewhere.
    """
    tips: dict[UUID, tuple[int, bytes]] = {}
    breaks: list[Break] = []
    count = 0
    for entry in session.execute(_ENTRIES, execution_options={"yield_per": 2000}):
        count += 1
        seq, link = tips.get(entry.authority_id, (0, b""))
        if entry.seq != seq + 1:
            breaks.append(Break(entry.authority_id, seq + 1, "missing or out of order"))
        elif bytes(entry.hash) != hashlib.sha256(link + _encode(entry.fields)).digest():
            breaks.append(Break(entry.authority_id, entry.seq, "changed"))
        tips[entry.authority_id] = (entry.seq, bytes(entry.hash))
    return count, [*breaks, *_cut(session, tips)]


def _encode(fields: Sequence[str | None]) -> bytes:
    """Return fields in the form that is hashed: length:text, so that two different entries are never encoded alike."""
    parts = (b"-," if f is None else b"%d:%s," % (len(f.encode()), f.encode()) for f in fields)
    return b"".join(parts)


def _cut(session: Session, tips: dict[UUID, tuple[int, bytes]]) -> Iterator[Break]:
    heads = {head.authority_id: (head.seq, bytes(head.hash)) for head in session.execute(_HEADS)}
    for authority_id in heads.keys() | tips.keys():
        seq, link = tips.get(authority_id, (0, b""))
        if heads.get(authority_id) != (seq, link):
            yield Break(authority_id, seq + 1, "cut off, or its head was moved")
