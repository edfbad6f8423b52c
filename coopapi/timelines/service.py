"""Reads the journal as timeline, feed of events and audit log. The feed misses no event, in whatever order they commit."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.http.paging import LIMIT, BadCursor, Order, Page, open_cursor, page, place_of, seal_cursor
from coopapi.journal.models import JournalEntry, JournalLink
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

_NEWEST: Final = Order((JournalEntry.id,))
_PLACE: Final = "events"
_FOR_EVER: Final = 1e12
MOST_LOOKED_AT: Final = 5000
"""How many events of the whole register one page of the feed looks at."""
_EVENTS: Final = Statement(
    "select system_identifier || '/' || timeline_id as epoch, cast(e.xid as text) as end_xid, e.id as end_id, j.*"
    " from pg_control_system(), pg_control_checkpoint(), priv.end_of_page(cast(:xid as xid8), :entry, :most) e"
    " left join lateral priv.page_of_events(cast(:xid as xid8), :entry, e.xid, e.id, :kind, :action, :case_id, :limit) j on true"
)
"""Which history of the database this is, the place at which the page ends, and the events up to there."""
_TIMELINE: Final = Statement("select * from priv.page_of_timeline(:case, :before, :most)")
_AFTER_ALL: Final = 2**63 - 1
_NOW: Final = Statement(
    "select system_identifier || '/' || timeline_id as epoch, cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as xid"
    " from pg_control_system(), pg_control_checkpoint()"
)
"""Which history of the database this is, and the place before all events that are not certain yet."""
_FILTERS: Final = ("kind", "action", "case_id")


def timeline(work: UnitOfWork, case_id: UUID, wanted: Mapping[str, Any]) -> Page:
    """Return what was done in a case, newest first, without consultations."""
    cases.require_access(work, case_id, Level.READ)
    work.note("timeline.consulted", case_id=case_id, object_type="case", consultation=True)
    place, limit = place_of(work, f"timeline/{case_id}", wanted), wanted.get("limit", LIMIT)
    before = int(open_cursor(work, wanted["cursor"], place)["at"][0]) if "cursor" in wanted else _AFTER_ALL
    rows = _TIMELINE.rows(work.session, case=case_id, before=before, most=limit + 1)
    more = len(rows) > limit
    return Page(rows[:limit], seal_cursor(work, {"at": [rows[limit - 1].id]}, place) if more else None)


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

    Ids are assigned before the commit, so an event is returned only if its transaction is older than every running one. A page
    looks at a limited number of events of the register; if there may be more, it is not complete.
    """
    filters = {name: wanted[name] for name in _FILTERS if name in wanted}
    also = "".join(f"|{name}={value}" for name, value in filters.items() if name != "kind")
    place = f"cursor|{work.actor.authority_id}|{work.actor.id}|{_PLACE}|{filters.get('kind', '')}{also}"
    if "start" in wanted:
        now = _NOW.one(work.session)
        return Page([], seal_cursor(work, {"at": (now.xid, 0), "epoch": now.epoch, "until": _FOR_EVER}, place), complete=True)
    limit = wanted.get("limit", LIMIT)
    left = open_cursor(work, wanted["cursor"], place) if "cursor" in wanted else {"at": ("0", 0)}
    start = left["at"]
    asked = {"xid": start[0], "entry": start[1], "most": MOST_LOOKED_AT, "limit": limit}
    found = _EVENTS.rows(work.session, **asked, **{name: wanted.get(name) for name in _FILTERS})
    end = found[0]
    if left.get("epoch", end.epoch) != end.epoch:
        raise BadCursor("The register has been restored from a backup since then. Start again without a cursor.")
    rows = [row for row in found if row.id is not None]  # a page without events has the end alone
    cut = len(rows) < limit and end.end_id is not None
    at = (end.end_xid, end.end_id) if cut else (rows[-1].xid, rows[-1].id) if rows else start
    next_cursor = seal_cursor(work, {"at": at, "epoch": end.epoch, "until": _FOR_EVER}, place)
    return Page(rows, next_cursor, complete=len(rows) < limit and not cut)
