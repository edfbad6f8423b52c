"""Reads the journal as feed of events and audit log. The feed misses no event, in whatever order they commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.http.paging import LIMIT, BadCursor, Order, Page, open_cursor, page, seal_cursor
from coopapi.journal.models import JournalEntry, JournalLink
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement

_NEWEST: Final = Order((JournalEntry.id,))
_PLACE: Final = "events"
_FOR_EVER: Final = 1e12
MOST_LOOKED_AT: Final = 5000
"""How many events of the whole register one page of the feed looks at."""
_EVENTS: Final = Statement(
    "select system_identifier || '/' || timeline_id as epoch, cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as certain,"
    " cast(e.xid as text) as end_xid, e.id as end_id, j.*"
    " from pg_control_system(), pg_control_checkpoint(), priv.end_of_page(cast(:xid as xid8), :entry, :most) e"
    " left join lateral priv.page_of_events(cast(:xid as xid8), :entry, e.xid, e.id, :kind, :action, :case_id, :limit) j on true"
)
"""Which history of the database this is, the place before all events that are not certain yet, where the page ends, and the events
up to there.
"""
_EARLIER: Final = Statement(
    "select * from priv.page_of_events(cast(:xid as xid8), 0, cast(:xid as xid8), :entry, :kind, :action, :case_id, :most)"
)
_NOW: Final = Statement(
    "select system_identifier || '/' || timeline_id as epoch, cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as certain"
    " from pg_control_system(), pg_control_checkpoint()"
)
"""Which history of the database this is, and the place before all events that are not certain yet."""
_FILTERS: Final = ("kind", "action", "case_id")


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


@dataclass(frozen=True, slots=True)
class FeedPlace:
    """A place in the feed: after this entry of this transaction, in one history of the database."""

    xid: str
    entry: int
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """The events after a place, the place behind them, and whether there were no more."""

    events: Sequence[Any]
    place: FeedPlace
    complete: bool


def events(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return new events in an order that no longer changes. The last cursor never expires and continues the feed later."""
    filters = {name: wanted[name] for name in _FILTERS if name in wanted}
    also = "".join(f"|{name}={value}" for name, value in filters.items() if name != "kind")
    name = f"cursor|{work.actor.authority_id}|{work.actor.id}|{_PLACE}|{filters.get('kind', '')}{also}"
    if "start" in wanted:
        return Page([], _sealed(work, now(work), name), complete=True)
    place = FeedPlace("0", 0)
    if "cursor" in wanted:
        left = open_cursor(work, wanted["cursor"], name)
        xid, entry = left["at"]
        place = FeedPlace(xid, entry, left["epoch"])
    found = after(work, place, wanted.get("limit", LIMIT), filters)
    return Page(found.events, _sealed(work, found.place, name), complete=found.complete)


def now(work: UnitOfWork) -> FeedPlace:
    """Return the place before all events that come from now on."""
    row = _NOW.one(work.session)
    return FeedPlace(row.certain, 0, row.epoch)


def after(work: UnitOfWork, place: FeedPlace, limit: int, filters: Mapping[str, Any] | None = None) -> FeedPage:
    """Return the events after a place that the caller may see now. `GET /events` and webhooks both read them here.

    Ids are assigned before the commit, so an event is returned only if its transaction is older than every running one. At most
    `MOST_LOOKED_AT` events of the register are looked at; if there may be more, the result is not complete. Raises `BadCursor` if
    the register has been restored from a backup since.
    """
    chosen = {name: (filters or {}).get(name) for name in _FILTERS}
    asked = {"xid": place.xid, "entry": place.entry, "most": MOST_LOOKED_AT, "limit": limit}
    found = _EVENTS.rows(work.session, **asked, **chosen)
    end = found[0]
    if place.epoch not in {None, end.epoch}:
        raise BadCursor("The register has been restored from a backup since then. Start again without a cursor.")
    rows = [row for row in found if row.id is not None]  # a page without events has the end alone
    if len(rows) == limit:
        behind, complete = (rows[-1].xid, rows[-1].id), False
    elif end.end_id is not None:
        behind, complete = (end.end_xid, end.end_id), False
    else:
        behind, complete = (end.certain, 0), True
    return FeedPage(_once(work, chosen, rows, place), FeedPlace(*behind, end.epoch), complete)


def _sealed(work: UnitOfWork, place: FeedPlace, name: str) -> str:
    return seal_cursor(work, {"at": (place.xid, place.entry), "epoch": place.epoch, "until": _FOR_EVER}, name)


def _once(work: UnitOfWork, chosen: Mapping[str, Any], rows: Sequence[Any], start: FeedPlace) -> Sequence[Any]:
    """Leave out events about an act of which the caller sees an earlier event.

    An act that concerns several cases or authorities has an entry for each of them, in one transaction. Who may read several of
    these entries is told once, with the entry of its own authority if there is one.
    """
    home = work.actor.authority_id
    told = set()
    if rows and rows[0].xid == start.xid:  # the page before ended inside this transaction
        asked = {"xid": start.xid, "entry": start.entry, "most": MOST_LOOKED_AT}
        told = {_act(row) for row in _EARLIER.rows(work.session, **asked, **chosen)}
    acts = [(_act(row), row) for row in rows]
    best: dict[tuple[Any, ...], Any] = {}
    for act, row in acts:
        if act not in best or (row.authority_id == home != best[act].authority_id):
            best[act] = row
    return [row for act, row in acts if row.object_id is None or (act not in told and best[act] is row)]


def _act(row: Any) -> tuple[Any, ...]:
    """Return what the entries about one act have in common."""
    return row.xid, row.action, row.object_type, row.object_id, as_json(row.detail)
