"""Lists of overlaps in the order of their rank, read without the overlaps of others (`priv.page_of_overlaps`)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.http.paging import LIMIT, Page, begins_at, cut, place_of
from coopapi.identifiers.kinds import Strength
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement

MOST_COUNTED: Final = 1_000
"""Up to how many overlaps are counted for the total of a list."""
_FROM: Final = "from priv.page_of_overlaps(:case, cast(:wanted as jsonb), :rank, :id, :most)"
_PAGE: Final = Statement(f"select id, rank {_FROM}")
_STRONGEST: Final = Statement(f"select * {_FROM}")
_COUNT: Final = Statement(f"select count(*) {_FROM}")
_FIRST: Final[Mapping[str, Any]] = {"rank": 2**63 - 1, "id": UUID(int=2**128 - 1)}
_FILTERS: Final = ("state", "kind", "role", "since", "scope", "authority_id", "country", "assignee")


def page_of_overlaps(work: UnitOfWork, wanted: Mapping[str, Any], case_id: UUID | None = None) -> Page:
    """Return a page of the overlaps that the caller may see, of one case or of all its cases, the highest rank first.

    Raises `NotFound` if the caller does not see the case.
    """
    name, limit = f"overlaps/{case_id}" if case_id else "overlaps", wanted.get("limit", LIMIT)
    place = place_of(work, name, wanted)
    asked = _asked(work, wanted, case_id)
    if (at := begins_at(work, wanted, place)) is not None:
        asked |= {"rank": int(at[0]), "id": UUID(at[1])}
    rows = _PAGE.rows(work.session, **asked, most=limit + 1)
    if case_id is not None and not rows:  # also if the caller does not see the case
        cases.require_access(work, case_id, Level.INDEX)
    total = _COUNT.one(work.session, **_asked(work, wanted, case_id), most=MOST_COUNTED)[0] if wanted.get("totals") else None
    found = cut(work, rows, limit, place, lambda row: [row.rank, row.id])
    return replace(found, total=total)


def strongest_overlaps(work: UnitOfWork, wanted: Mapping[str, Any], most: int) -> Sequence[Any]:
    """Return the overlaps of all cases that the caller may see, the highest rank first, at most so many."""
    return _STRONGEST.rows(work.session, **_asked(work, wanted, None), most=most)


def _asked(work: UnitOfWork, wanted: Mapping[str, Any], case_id: UUID | None) -> dict[str, Any]:
    filters = {name: wanted[name] for name in _FILTERS if name in wanted}
    if filters.get("assignee") == "me":
        filters["assignee"] = work.actor.id
    least = Strength[wanted.get("strength", "weak").upper()]
    return {"case": case_id, "wanted": as_json({**filters, "strength": int(least)}), **_FIRST}
