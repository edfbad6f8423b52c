"""Appends entries to the journal, and verifies that nobody has changed them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from coopapi.journal.catalogue import EVENTS
from coopapi.store.db import Database
from coopapi.store.putting_off import Batch
from coopapi.store.quick_json import quick_json
from coopapi.store.statements import Statement

MOST_LINKED: Final = 1000
"""How many entries one transaction links."""
_CHAIN: Final = Statement(
    """declare chain cursor for select l.seq, l.hash, l.version, e.id is null as missing, array[e.authority_id::text, l.seq::text,
        (extract(epoch from e.at) * 1000000)::bigint::text, e.principal_id::text, e.role, e.action, e.object_type,
        e.object_id::text, e.case_id::text, e.purpose, e.request_id, e.consultation::text, e.event::text, e.victims_only::text,
        e.uncleared_only::text, e.detail::text, e.uid::text] as fields
    from journal_links l left join journal_entries e on e.id = l.entry_id and e.authority_id = l.authority_id
    where l.authority_id = priv.authority() order by l.seq"""
)
_NEXT_LINKS: Final = Statement("fetch 2000 from chain")
_RECORD: Final = Statement("select priv.record(cast(:notes as jsonb)); commit")
_LINK: Final = Statement("select priv.link_entries(:most)")
_HEAD: Final = Statement("select seq, hash from journal_heads where authority_id = priv.authority()")
_UNLINKED: Final = Statement("select missing, waiting, since from priv.unlinked()")
_FIELDS_BEFORE_UID: Final = 16


def record(session: Session, notes: Sequence[dict[str, Any]]) -> None:
    """Append the actor's entries and commit the actor's transaction. The database fills in who the actor is.

    Raises `LookupError` for an event that is not in the catalogue.
    """
    if unknown := {note["action"] for note in notes if note["event"]} - EVENTS.keys():
        raise LookupError(f"events that the catalogue does not have: {', '.join(sorted(unknown))}")
    _RECORD.rows(session, notes=quick_json(list(notes)))


def link_entries(database: Database, batch: Batch) -> None:
    """Link the next entries that are certain to the chains of their authorities. Only the worker does this."""
    with database.worker() as session:
        batch.take(session)
        _LINK.rows(session, most=batch.most(MOST_LINKED))


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a hash chain is broken."""

    authority_id: UUID
    seq: int
    fault: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of verifying one chain: its length, where it is broken, and the entries that wait to be linked."""

    entries: int
    breaks: list[Break]
    waiting: int
    waiting_since: datetime | None


def verify(session: Session, authority_id: UUID, renew: Callable[[], None]) -> Verified:
    """Verify the chain of the auditor's authority. A long one takes more than five minutes, so `renew` signs the context anew.

    The worker may link entries meanwhile, so the head is read before and after the links: the first must be one of them, and none
    may come after the second. A chain that was rewritten completely with new hashes is detected only by comparing it with a chain
    head that was kept elsewhere.
    """
    breaks: list[Break] = []
    head, (seq, link) = _head(session), (0, b"")
    stands = head == (seq, link)
    _CHAIN.rows(session)
    for entry in _links(session, renew):
        covered = entry.fields if entry.version > 1 else entry.fields[:_FIELDS_BEFORE_UID]
        if entry.seq != seq + 1 or entry.missing:
            breaks.append(Break(authority_id, seq + 1, "missing or out of order"))
        elif bytes(entry.hash) != hashlib.sha256(link + _encode(covered)).digest():
            breaks.append(Break(authority_id, entry.seq, "changed"))
        seq, link = entry.seq, bytes(entry.hash)
        stands |= head == (seq, link)
    later = _head(session)
    if not stands or (later[0] <= seq and later != (seq, link)):
        breaks.append(Break(authority_id, seq + 1, "cut off, or its head was moved"))
    unlinked = _UNLINKED.one(session)
    if unlinked.missing:
        breaks.append(Break(authority_id, seq + 1, f"{unlinked.missing} entries have no place in the chain"))
    return Verified(seq, breaks, unlinked.waiting, unlinked.since)


def _links(session: Session, renew: Callable[[], None]) -> Iterator[Any]:
    """Yield the links of the chain in their order, each with its entry."""
    while True:
        found = _NEXT_LINKS.rows(session)
        renew()
        if not found:
            return
        yield from found


def _head(session: Session) -> tuple[int, bytes]:
    """Return the place and the hash of the last link, as the worker noted them."""
    head = _HEAD.first(session)
    return (head.seq, bytes(head.hash)) if head else (0, b"")


def _encode(fields: Sequence[str | None]) -> bytes:
    """Return fields in the form that is hashed: length:text, so that two different entries are never encoded alike."""
    parts = (b"-," if f is None else b"%d:%s," % (len(f.encode()), f.encode()) for f in fields)
    return b"".join(parts)
