"""Read the index of a State for its desk. The database decides what belongs to it."""

from collections.abc import Mapping
from typing import Any, Final

from coopapi.http.paging import LIMIT, Page, begins_at, cut, place_of
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

_INDEX: Final = Statement("select * from priv.state_index(:type, cast(:after as uuid), :limit, :missed)")

_OLDER: Final = {"team": "jit"}
"""The older name of a type, which is still answered to those who use it."""


def state_index(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return one page of the index of the caller's State, the newest entries first."""
    limit: int = wanted.get("limit", LIMIT)
    place = place_of(work, "state-index", wanted)
    asked = {"type": _OLDER.get(wanted["type"], wanted["type"]), "after": begins_at(work, wanted, place), "limit": limit + 1}
    rows = _INDEX.rows(work.session, **asked, missed=wanted.get("missed", False))
    work.note("state_index.consulted", object_type="state_index", consultation=True)
    return cut(work, [_shown(work, wanted["type"], row) for row in rows], limit, place, lambda row: str(row["id"]))


def _shown(work: UnitOfWork, kind: str, row: Any) -> dict[str, Any]:
    authority = {"id": row.authority_id, "name": row.authority_name, "country": work.actor.country}
    countries = sorted({country for country in row.countries if country})
    return {**row._asdict(), "type": kind, "authority": authority, "countries": countries}
