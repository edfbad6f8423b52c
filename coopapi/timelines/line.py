"""The timeline of a case, and the merged timeline of several: pages in the order of time, from either end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.cases.views import CaseView
from coopapi.http.paging import LIMIT, Page, begins_at, place_of, seal_cursor
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement
from coopapi.timelines import changes, co_occurrences, entries, selection
from coopapi.unicode_text import fold

MOST_LOOKED_AT: Final = 5000
"""About how many entries that the reader sees one page looks at if it is filtered by type, authority, subject or identifier.

It is shared out among the cases. A page that is filtered by text reads several times as much in portions.
"""
MOST_READ: Final = 2000
"""How many entries one page reads if it is filtered by text."""
_BATCH: Final = 500
_PAGE: Final = Statement(
    "select * from priv.page_of_timeline(cast(:cases as uuid[]), cast(:wanted as jsonb), cast(:at as timestamptz),"
    " cast(:act as bigint), cast(:fact as uuid), :most, :look)"
)
_IN_SQL: Final = {"type": "types", "authority_id": "authority", "subject_id": "subject", "identifier_id": "identifier",
                  "since": "from", "until": "to", "as_known_on": "known", "undated": "undated", "kind": "kind"}  # fmt: skip
_FIRST: Final[Mapping[str, Any]] = {"at": None, "act": None, "fact": None}


@dataclass(slots=True)
class PageRead:
    """What was read for one page: rows with their entries, where the next page begins, and whether it is as full as it can be."""

    found: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    onward: Mapping[str, Any] | None = None
    complete: bool = True


def of_case(work: UnitOfWork, case_id: UUID, wanted: Mapping[str, Any]) -> Page:
    """Return a page of the timeline of one case. Raises `NotFound` and `Forbidden` like the case itself."""
    return _page(work, selection.named(work, [case_id]), wanted, f"timeline/{case_id}", merged=False)


def of_cases(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return a page of the merged timeline of several cases, with what coincides in two of them."""
    return _page(work, selection.chosen(work, wanted), wanted, "timelines", merged=True)


def _page(work: UnitOfWork, cases: Mapping[UUID, CaseView], wanted: Mapping[str, Any], name: str, *, merged: bool) -> Page:
    change = changes.counter(work, cases)
    about: dict[str, Any] = {"change": change, "changed": change != wanted.get("change")}
    about |= {"cases": [_brief(case) for case in cases.values()]} if merged else {}
    if not about["changed"]:
        return Page([], None, complete=True, shown=True, more=about)
    chosen = {key: value for key, value in wanted.items() if key != "change"}
    place = place_of(work, name, chosen)
    reading = read(work, cases, chosen, begins_at(work, chosen, place))
    if merged and len(cases) > 1:
        co_occurrences.mark(work, reading.found, cases, None if "as_known_on" in wanted else co_occurrences.everywhere)
    for case_id in cases:
        work.note("timeline.consulted", case_id=case_id, object_type="case", consultation=True)
    following = None if reading.onward is None else seal_cursor(work, {"at": reading.onward}, place)
    return Page([entry for _, entry in reading.found], following, complete=reading.complete, shown=True, more=about)


def read(work: UnitOfWork, cases: Mapping[UUID, CaseView], wanted: Mapping[str, Any], begin: Mapping[str, Any] | None) -> PageRead:
    """Read the entries of a page, from a place on. A text is looked for in what the reader sees of each entry."""
    limit, language = wanted.get("limit", LIMIT), wanted.get("language", "en")
    sought = fold(wanted["text"]) if "text" in wanted else None
    reading, looked, place = PageRead(), 0, dict(begin or _FIRST)
    most = limit + 1 if sought is None else _BATCH
    while cases:
        rows, behind = _rows(work, cases, wanted, place, most)
        for row, entry in zip(rows, entries.show(work, rows, cases, language), strict=True):
            if sought is None or entries.contains(entry, sought):
                if len(reading.found) == limit:
                    reading.onward = _place(reading.found[-1][0])
                    return reading
                reading.found.append((row, entry))
        looked += len(rows)
        if behind is not None:
            reading.onward, reading.complete = behind, False
            return reading
        if len(rows) < most:
            return reading
        place = _place(rows[-1])
        if looked >= MOST_READ:
            reading.onward, reading.complete = place, False
            return reading
    return reading


def _rows(
    work: UnitOfWork, cases: Mapping[UUID, CaseView], wanted: Mapping[str, Any], place: Mapping[str, Any], most: int
) -> tuple[Sequence[Any], Mapping[str, Any] | None]:
    """Return the rows after a place, and the place where to go on if the filters found too few among those that were looked at."""
    filters = {name: wanted[key] for key, name in _IN_SQL.items() if key in wanted}
    if wanted.get("undated") or wanted.get("kind") == "fact":
        work.require(Action.IDENTIFIER_READ)
    if not work.actor.may(Action.IDENTIFIER_READ):
        filters["kind"] = "act"
    filters |= {"descending": wanted.get("order") != "asc"} | ({"text": True} if "text" in wanted else {})
    asked = {"wanted": as_json(filters), "most": most, "look": MOST_LOOKED_AT}
    rows = _PAGE.rows(work.session, cases=list(cases), **asked, **place)
    return (rows[:-1], _place(rows[-1])) if rows and rows[-1].id is None else (rows, None)


def _place(row: Any) -> dict[str, Any]:
    return {"at": row.at.isoformat() if row.at else None, "act": row.act, "fact": str(row.fact)}


def _brief(case: CaseView) -> dict[str, Any]:
    return {"id": case.id, "reference": case["reference"], "authority": case["authority"]}
