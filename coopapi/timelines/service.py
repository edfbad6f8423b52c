"""Reads the journal as timeline, feed of events and audit log. The feed misses no event, in whatever order they commit."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, literal_column, text

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.http.paging import LIMIT, BadCursor, Order, Page, open_cursor, page, seal_cursor
from coopapi.journal.models import ALARM, JournalEntry, JournalLink
from coopapi.store.db import UnitOfWork

_NEWEST: Final = Order((JournalEntry.id,))
_PLACE: Final = "events"
_FOR_EVER: Final = 1e12
_EPOCH: Final = text("select system_identifier || '/' || timeline_id from pg_control_system(), pg_control_checkpoint()")


def timeline(work: UnitOfWork, case_id: UUID, wanted: Mapping[str, Any]) -> Page:
    """Return what was done in a case, newest first, without consultations."""
    cases.require_access(work, case_id, Level.READ)
    query = work.all(JournalEntry).where(JournalEntry.case_id == case_id, JournalEntry.consultation.is_(False))
    work.note("timeline.consulted", case_id=case_id, object_type="case", consultation=True)
    return page(work, f"timeline/{case_id}", query, _NEWEST, wanted)


def consultations(work: UnitOfWork, case_id: UUID, wanted: Mapping[str, Any]) -> Page:
    """Return who consulted a case. Only its owner may read this."""
    cases.require_access(work, case_id, Level.OWN)
    query = work.all(JournalEntry).where(JournalEntry.case_id == case_id, JournalEntry.consultation)
    return page(work, f"consultations/{case_id}", query, _NEWEST, wanted)


def show_consultations(work: UnitOfWork, rows: Sequence[JournalEntry]) -> list[dict[str, Any]]:
    """Return consultations. Their counts are left out for callers without clearance, to whom they would reveal hidden overlaps."""
    shown = [{column.key: getattr(row, column.key) for column in JournalEntry.__table__.columns} for row in rows]
    for entry in shown:
        entry["detail"] = {key: value for key, value in entry["detail"].items() if key != "count" or work.actor.cleared}
    return shown


def show_audit(work: UnitOfWork, rows: Sequence[JournalEntry]) -> list[dict[str, Any]]:
    """Return entries with their places in the chain. The newest ones may not be linked yet."""
    wanted = work.all(JournalLink).where(JournalLink.entry_id.in_([row.id for row in rows]))
    links = {link.entry_id: link for link in work.session.scalars(wanted)}
    return [
        {column.key: getattr(row, column.key) for column in JournalEntry.__table__.columns}
        | {name: getattr(links.get(row.id), name, None) for name in ("seq", "hash")}
        for row in rows
    ]


def audit(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return the journal of the authority, newest first. This is recorded in the journal as well."""
    query: Select[Any] = work.all(JournalEntry)
    for name in ("case_id", "action"):
        if name in wanted:
            query = query.where(getattr(JournalEntry, name) == wanted[name])
    work.note("journal.consulted", object_type="journal", consultation=True)
    return page(work, "journal", query, _NEWEST, wanted)


def events(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return new events in an order that no longer changes. The last cursor never expires and continues the feed later.

    Ids are assigned before the commit, so an event is returned only if its transaction is older than every running one.
    """
    place = f"cursor|{work.actor.authority_id}|{work.actor.id}|{_PLACE}|{wanted.get('kind', '')}"
    epoch = work.session.scalar(_EPOCH)
    xid, entry_id = "0", 0
    if cursor := wanted.get("cursor"):
        left = open_cursor(work, cursor, place)
        if left["epoch"] != epoch:
            raise BadCursor("The register has been restored from a backup since then. Start again without a cursor.")
        xid, entry_id = left["at"]
    query = (
        work.all(JournalEntry)
        .where(
            JournalEntry.event,
            text("(xid, id) > (cast(:xid as xid8), :entry)").bindparams(xid=xid, entry=entry_id),
            text("xid < pg_snapshot_xmin(pg_current_snapshot())"),
        )
        .order_by(literal_column("xid"), JournalEntry.id)
        .limit(wanted.get("limit", LIMIT))
    )
    if wanted.get("kind") == ALARM:
        query = query.where(JournalEntry.object_type == ALARM)
    rows = work.session.scalars(query).all()
    at = (rows[-1].xid, rows[-1].id) if rows else (xid, entry_id)
    return Page(rows, seal_cursor(work, {"at": at, "epoch": epoch, "until": _FOR_EVER}, place))
