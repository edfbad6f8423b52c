"""One page of the worklist, in one statement, and how much waits."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Numeric, Uuid, and_, case, func, literal, select, text, tuple_, union_all

from coopapi.errors import NotFound
from coopapi.http.paging import LIMIT, Page, open_cursor, place_of, seal_cursor
from coopapi.http.transitions import SERVED, link
from coopapi.shared.assignments import Assignment
from coopapi.store.db import UnitOfWork
from coopapi.worklist.awaited import FIRST, PageStart, Rows, Source
from coopapi.worklist.sources import SOURCES

MOST_COUNTED: Final = 1_000
"""Up to how many items of each kind are counted."""
_NO_CASE: Final = UUID(int=0)
_NEVER: Final = Decimal(-(10**12))
"""What stands for the time of things without one: it is later than every time. PostgreSQL's driver has no infinite numbers."""
_BY_RANK: Final = text(
    "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off;"
    " SET LOCAL join_collapse_limit = 1; SET LOCAL from_collapse_limit = 1"
)
"""So that overlaps are read in the order of the index by rank, as in the list of overlaps, and that PostgreSQL does not plan every
order of the joins of so many arms.
"""
_KEYS: Final = ("sooner", "rank", "longer", "id", "in_case")
"""The order of the worklist, all descending: what is due first, then what has waited for longest, then overlaps by their rank."""


def items(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return a page of what waits for the caller or its authority: what is due first, and last what has no time, oldest first.

    Overlaps, for which no deadline runs, come at the end, the strongest first.
    """
    limit: int = wanted.get("limit", LIMIT)
    place = place_of(work, "worklist", wanted)
    after = _values(open_cursor(work, wanted["cursor"], place)["at"]) if "cursor" in wanted else None
    arms = [
        _first(arm, after, limit + 1)
        for source in SOURCES.values()
        for arm in source.rows(work, wanted, PageStart(limit + 1, _overlaps_after(after)))
    ]
    rows = _read(work, arms, limit + 1) if arms else []
    last = [str(getattr(rows[limit - 1], key)) for key in _KEYS] if len(rows) > limit else None
    following = seal_cursor(work, {"at": last}, place) if last else None
    work.note("worklist.consulted", object_type="worklist", consultation=True, count=len(rows[:limit]))
    return Page(_shown(work, rows[:limit]), following)


def counts(work: UnitOfWork, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Count what waits for the caller, by kind, up to a thousand of each."""
    most = MOST_COUNTED + 1
    arms = []
    for source in SOURCES.values():
        for arm in source.rows(work, wanted, PageStart(most)):
            some = arm.limit(most).subquery()
            arms.append(select(literal(source.type).label("type"), func.count().label("count")).select_from(some))
    if not arms:
        return []
    every = union_all(*arms).subquery()
    work.session.execute(_BY_RANK)
    found = work.session.execute(select(every.c.type, func.sum(every.c.count)).group_by(every.c.type)).all()
    counted = {kind: int(count) for kind, count in found if count}
    return [
        {"type": kind, "count": min(counted[kind], MOST_COUNTED), "more": counted[kind] > MOST_COUNTED}
        for kind in SOURCES
        if kind in counted
    ]


def _values(texts: Sequence[str]) -> tuple[Decimal, int, Decimal, UUID, UUID]:
    sooner, rank, longer, id_, case_id = texts
    return Decimal(sooner), int(rank), Decimal(longer), UUID(id_), UUID(case_id)


def _overlaps_after(after: tuple[Any, ...] | None) -> tuple[int, UUID, UUID] | None:
    """Return the last overlap before the page, or None if the page begins before the first overlap."""
    return (after[1], after[3], after[4]) if after and after[1] != FIRST else None


def _first(arm: Rows, after: tuple[Any, ...] | None, count: int) -> Rows:
    """Select the first rows of an arm that come after a place, with the values by which they are sorted."""
    row = arm.subquery().c
    keys: list[Any] = [
        func.coalesce(-func.extract("epoch", row.due), literal(_NEVER, Numeric())).label("sooner"),
        row.rank,
        case((row.rank == FIRST, -func.extract("epoch", row.since)), else_=literal(0, Numeric())).label("longer"),
        row.id,
        func.coalesce(row.case_id, _NO_CASE).cast(Uuid()).label("in_case"),
    ]
    query = select(row.type, row.case_id, row.side, row.event, row.since, row.due, *keys)
    if after is not None:
        query = query.where(tuple_(*keys) < tuple_(*(literal(value, key.type) for value, key in zip(after, keys, strict=True))))
    return query.order_by(*(key.desc() for key in keys)).limit(count)


def _read(work: UnitOfWork, arms: Sequence[Rows], count: int) -> Sequence[Any]:
    """Read the first rows of all arms, each with the person to whom it is assigned."""
    found = union_all(*(select(arm.subquery()) for arm in arms)).subquery()
    own = and_(
        Assignment.visible_to(work.actor, work.now), Assignment.object_type == found.c.type, Assignment.object_id == found.c.id
    )
    query = select(found, Assignment.principal_id.label("assignee")).outerjoin(Assignment, own)
    work.session.execute(_BY_RANK)
    return work.session.execute(query.order_by(*(found.c[key].desc() for key in _KEYS)).limit(count)).all()


def _shown(work: UnitOfWork, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the items of these rows. What is gone since the page was read is left out."""
    things = {kind: _things(work, SOURCES[kind], [row.id for row in rows if row.type == kind]) for kind in {r.type for r in rows}}
    shown = []
    for row in rows:
        thing = things[row.type].get(row.id)
        if thing is not None and (item := _item(work, row, thing)):
            shown.append(item)
    return shown


def _things(work: UnitOfWork, source: Source, ids: Sequence[UUID]) -> dict[UUID, Any]:
    return {thing.id: thing for thing in work.session.scalars(work.all(source.model).where(source.model.id.in_(ids)))}


def _item(work: UnitOfWork, row: Any, thing: Any) -> dict[str, Any] | None:
    source = SOURCES[row.type]
    ids = source.ids(thing)
    served = SERVED.get(row.type)
    chosen = {"case_id": row.case_id} if served and "case_id" in served.named else {}
    try:
        options = source.workflow.options(work, **ids, **chosen)
    except NotFound:
        return None
    return {
        "type": row.type,
        "id": row.id,
        "case_id": row.case_id,
        "title_key": f"{row.type}.{row.event}",
        "side": row.side,
        "due_at": row.due,
        "waiting_since": row.since,
        "overdue": row.due is not None and row.due < work.now,
        "assignee": row.assignee,
        "allowed": options["allowed"],
        "etag": options["etag"],
        "link": link(served.path if served else source.path, ids),
    }
