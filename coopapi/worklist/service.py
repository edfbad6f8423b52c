"""One page of the worklist, and how much waits. What waits is found by `priv.worklist`, in one statement."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from coopapi.errors import NotFound
from coopapi.http.paging import LIMIT, Page, begins_at, cut, place_of
from coopapi.http.transitions import SERVED, link
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement
from coopapi.store.together import each
from coopapi.unicode_text import fold_reference
from coopapi.worklist.awaited import lapsing
from coopapi.worklist.sources import SOURCES

MOST_COUNTED: Final = 1_000
"""Up to how many items of each kind are counted."""
_FIRST: Final = 2**63 - 1
"""The rank of everything but overlaps, which come last, the strongest of them first: no deadline runs for them."""
_ASKED: Final = "cast(:steps as jsonb), cast(:wanted as jsonb), cast(:lapsing as jsonb)"
_PAGE: Final = Statement(f"select * from priv.worklist({_ASKED}, :count, cast(:after as jsonb))")  # noqa: S608 (constants)
_COUNTS: Final = Statement(f"select * from priv.worklist_counts({_ASKED}, :most)")  # noqa: S608 (constants)


def items(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return a page of what waits for the caller or its authority: what is due first, and last what has no time, oldest first.

    Overlaps, for which no deadline runs, come at the end, the strongest first.
    """
    limit: int = wanted.get("limit", LIMIT)
    place = place_of(work, "worklist", wanted)
    after = begins_at(work, wanted, place)
    sent = {**asked(work, wanted), "count": limit + 1, "after": None if after is None else as_json(after)}
    found = cut(work, _PAGE.rows(work.session, **sent), limit, place, _place)
    work.note("worklist.consulted", object_type="worklist", consultation=True, count=len(found.items))
    shown = each(work, partial(_item, work), found.items)
    return replace(found, items=[item for item in shown if item])


def counts(work: UnitOfWork, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Count what waits for the caller, by kind, up to a thousand of each."""
    found = _COUNTS.rows(work.session, **asked(work, wanted), most=MOST_COUNTED + 1)
    counted = {row.type: int(row.items) for row in found}
    return [
        {"type": kind, "count": min(counted[kind], MOST_COUNTED), "more": counted[kind] > MOST_COUNTED}
        for kind in SOURCES
        if kind in counted
    ]


def asked(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return the awaited steps of the caller's role and the filters, as the database reads them."""
    offered = [source for source in SOURCES.values() if source.concerns(work.actor) and source.offers(wanted)]
    steps = {source.type: source.steps(work.actor) for source in offered}
    filters = {name: value for name, value in wanted.items() if name not in {"type", "limit", "cursor"} and value is not False}
    if wanted.get("assignee") == "me":
        filters["assignee"] = work.actor.id
    if "reference" in wanted:
        filters["reference_folded"] = fold_reference(wanted["reference"])
    return {"steps": as_json(steps), "wanted": as_json(filters), "lapsing": lapsing()}


def _place(row: Any) -> dict[str, str]:
    """Return the place of an item in the order of the worklist, as the database reads it."""
    longer = row.since.isoformat() if row.rank == _FIRST else "infinity"
    sooner = row.due.isoformat() if row.due else "infinity"
    return {
        "sooner": sooner,
        "rank": str(row.rank),
        "longer": longer,
        "id": str(row.id),
        "in_case": str(row.case_id or UUID(int=0)),
    }


def _item(work: UnitOfWork, row: Any) -> dict[str, Any] | None:
    """Return one item, or None if it is gone since the page was read."""
    source, served = SOURCES[row.type], SERVED.get(row.type)
    chosen = {"case_id": row.case_id} if served and "case_id" in served.named else {}
    try:
        ids = source.ids(work.one(source.model, row.id))
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
