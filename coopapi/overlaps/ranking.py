"""Lists of overlaps in the order of their rank, read without the overlaps of others (`priv.page_of_overlaps`)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.identifiers.kinds import Strength
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement

MOST_COUNTED: Final = 1_000
"""Up to how many overlaps are counted for the total of a list."""
_FROM: Final = "priv.page_of_overlaps(:case, cast(:wanted as jsonb), :rank, :id, :count)"
_STRONGEST: Final = Statement(f"select * from {_FROM}")  # noqa: S608 (constants)
_COUNT: Final = Statement(f"select count(*) from {_FROM}")  # noqa: S608 (constants)
_FIRST: Final[Mapping[str, Any]] = {"rank": 2**63 - 1, "id": UUID(int=2**128 - 1)}
_FILTERS: Final = ("state", "kind", "role", "since", "scope", "authority_id", "country", "assignee")


def count(work: UnitOfWork, wanted: Mapping[str, Any], case_id: UUID | None) -> int:
    """Count the overlaps of a list, up to a thousand."""
    found: int = _COUNT.value(work.session, **asked(work, wanted, case_id), count=MOST_COUNTED)
    return found


def strongest_overlaps(work: UnitOfWork, wanted: Mapping[str, Any], most: int) -> Sequence[Any]:
    """Return the overlaps of all cases that the caller may see, the highest rank first, at most so many."""
    return _STRONGEST.rows(work.session, **asked(work, wanted, None), count=most)


def asked(work: UnitOfWork, wanted: Mapping[str, Any], case_id: UUID | None, after: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what `priv.page_of_overlaps` is asked: the filters, and the rank and the id after which it begins."""
    filters = {name: wanted[name] for name in _FILTERS if name in wanted}
    if filters.get("assignee") == "me":
        filters["assignee"] = work.actor.id
    least = Strength[wanted.get("strength", "weak").upper()]
    begin = _FIRST if after is None else {"rank": int(after[0]), "id": UUID(after[1])}
    return {"case": case_id, "wanted": as_json({**filters, "strength": int(least)}), **begin}
