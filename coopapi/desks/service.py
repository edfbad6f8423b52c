"""Read the index of a State for its desk. The database decides what belongs to it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from coopapi.http.paging import LIMIT, Page, open_cursor, place_of, seal_cursor
from coopapi.store.db import UnitOfWork

_INDEX: Final = text("select * from priv.state_index(:type, :after, :limit, :missed)")


def state_index(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return one page of the index of the caller's State, the newest entries first."""
    limit: int = wanted.get("limit", LIMIT)
    place, after = place_of(work, "state-index", wanted), None
    if cursor := wanted.get("cursor"):
        after = UUID(open_cursor(work, cursor, place)["at"])
    asked = {"type": wanted["type"], "after": after, "limit": limit + 1, "missed": wanted.get("missed", False)}
    rows = [_shown(work, wanted["type"], row) for row in work.session.execute(_INDEX, asked)]
    work.note("state_index.consulted", object_type="state_index", consultation=True)
    following = seal_cursor(work, {"at": str(rows[limit - 1]["id"])}, place) if len(rows) > limit else None
    return Page(rows[:limit], following)


def _shown(work: UnitOfWork, kind: str, row: Any) -> dict[str, Any]:
    authority = {"id": row.authority_id, "name": row.authority_name, "country": work.actor.country}
    countries = sorted({country for country in row.countries if country})
    return {**row._mapping, "type": kind, "authority": authority, "countries": countries}  # noqa: SLF001
