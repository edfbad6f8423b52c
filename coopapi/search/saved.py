"""Saved searches: kept by one person or client for itself, by text only, and told as events when they find something new."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select, text

from coopapi.errors import Conflict
from coopapi.search.models import MOST_SAVED, SavedSearch
from coopapi.search.service import found, read_words
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement, array

_FILTERS = ("kind", "state", "country")
_MOST_KNOWN: Final = 1000
"""How many things that a search finds when it is saved are known from then on. `priv.search` looks at no more."""
_KNOW: Final = Statement("select priv.know_found(:search, cast(:found as uuid[]), cast(:kinds as text[]))")


class TooManySavedSearches(Conflict):
    """You have as many active saved searches as one person or client may have.

    Make one inactive that you no longer need.
    """


def listed(work: UnitOfWork) -> Select[SavedSearch]:
    """Select the caller's saved searches."""
    return work.all(SavedSearch)


def save(work: UnitOfWork, data: Mapping[str, Any]) -> SavedSearch:
    """Save a search for the caller in its present role. What it finds now is not told later.

    Raises `TooManySavedSearches`, and `Unprocessable` for a text without words.
    """
    read_words(data["q"])
    _require_room(work)
    row_id = work.new_id()
    row = work.add(
        SavedSearch(
            id=row_id,
            authority_id=work.actor.authority_id,
            principal_id=work.actor.id,
            role=work.actor.role.value,
            sealed=_seal(work, row_id, data),
            filters={name: data[name] for name in _FILTERS if name in data},
            active=True,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    work.session.flush()
    rows, _ = found(work, data, _MOST_KNOWN)
    _KNOW.rows(work.session, search=row_id, found=[one.object_id for one in rows], kinds=array(one.kind for one in rows))
    work.note("search.saved", row)
    return row


def change(work: UnitOfWork, search_id: UUID, version: int, data: Mapping[str, Any]) -> SavedSearch:
    """Rename a saved search, make it inactive, or make it active again. Raises `TooManySavedSearches`."""
    row = work.one(SavedSearch, search_id, version=version, lock=True)
    if data.get("active") and not row.active:
        _require_room(work)
    row.active = data.get("active", row.active)
    if "name" in data:
        row.sealed = _seal(work, row.id, {**said(work, row), "name": data["name"]})
    row.updated_at = work.now
    work.session.flush()
    work.note("search.saved", row, fields=sorted(data))
    return row


def said(work: UnitOfWork, row: Any) -> dict[str, Any]:
    """Return the name and the text of a saved search."""
    return vault.unseal(vault.kind_key(work, SavedSearch.__kind__), bytes(row.sealed), row.id)


def show(work: UnitOfWork, rows: Sequence[SavedSearch]) -> list[dict[str, Any]]:
    """Return saved searches as they are shown."""
    return [{**row.shown(), **{name: row.filters.get(name) for name in _FILTERS}, **said(work, row)} for row in rows]


def _seal(work: UnitOfWork, row_id: UUID, data: Mapping[str, Any]) -> bytes:
    words = {"name": data["name"], "q": data["q"]}
    return vault.seal(vault.kind_key(work, SavedSearch.__kind__), words, row_id)


def _require_room(work: UnitOfWork) -> None:
    """Raise `TooManySavedSearches` if the caller has no room for another one. Two requests at once wait for each other."""
    work.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:who, 17))"), {"who": str(work.actor.id)})
    active = select(func.count()).select_from(work.all(SavedSearch).where(SavedSearch.active).subquery())
    if (work.session.scalar(active) or 0) >= MOST_SAVED:
        raise TooManySavedSearches(f"You may have {MOST_SAVED} active saved searches.")
