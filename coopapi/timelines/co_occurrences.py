"""What coincides in two cases of a merged timeline: the same identifier, the same place, or the same minute."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.matching import engine
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

MOST_NAMED: Final = 20
"""With how many other entries one entry is marked, for each kind of coincidence."""
_SAME: Final = Statement("select * from priv.same_values(cast(:identifiers as uuid[]), cast(:cases as uuid[]), :limits)")
_ELSEWHERE: Final = Statement(
    "select i.identifier_id, i.fact_id from fact_identifiers i join facts f on f.id = i.fact_id and f.withdrawn_at is null"
    " where i.identifier_id = any(cast(:identifiers as uuid[])) order by f.begins_at, f.id limit 1000"
)
_EXACT: Final = frozenset({"minute", "second"})

Found = Sequence[tuple[Any, dict[str, Any]]]
Elsewhere = Callable[[UnitOfWork, Collection[UUID]], Iterable[tuple[UUID, UUID]]]
"""Finds the facts on other pages that involve some of these identifiers: pairs of an identifier and a fact."""


def everywhere(work: UnitOfWork, identifiers: Collection[UUID]) -> Iterable[tuple[UUID, UUID]]:
    """Return the facts with one of these identifiers that the caller sees."""
    return ((row.identifier_id, row.fact_id) for row in _ELSEWHERE.rows(work.session, identifiers=list(identifiers)))


def mark(work: UnitOfWork, found: Found, cases: Collection[UUID], elsewhere: Elsewhere | None) -> None:
    """Mark in each entry of a page with which entries of other cases it coincides.

    Places and minutes are compared among the entries of the page, identifiers also with the facts that `elsewhere` finds. Minutes
    count only for facts whose time is known to the minute: when the register was used says nothing about the world. An
    identifier counts only where the entry names it.
    """
    facts = [(row, entry) for row, entry in found if entry["kind"] == "fact"]
    _among(facts, "place", lambda row, _: bytes(row.place_token) if row.place_token else None)
    _among(facts, "minute", lambda _, entry: _minute(entry))
    _identifiers(work, found, cases, elsewhere if work.actor.may(Action.IDENTIFIER_READ) else None)


def _minute(entry: Mapping[str, Any]) -> Hashable | None:
    exact = entry["begins_at"] is not None and entry["precision"] in _EXACT
    return entry["begins_at"].replace(second=0, microsecond=0) if exact else None


def _among(found: Found, kind: str, key_of: Any) -> None:
    """Mark entries of different cases that have the same key."""
    groups: dict[Hashable, list[tuple[Any, dict[str, Any]]]] = defaultdict(list)
    for row, entry in found:
        if (key := key_of(row, entry)) is not None:
            groups[key].append((row, entry))
    for group in groups.values():
        for row, entry in group:
            _add(entry, kind, (other["id"] for of, other in group if of.case_id != row.case_id))


def _identifiers(work: UnitOfWork, found: Found, cases: Collection[UUID], elsewhere: Elsewhere | None) -> None:
    holders: dict[UUID, list[UUID]] = defaultdict(list)
    for _, entry in found:
        for one in entry["identifiers"]:
            holders[one["id"]].append(entry["id"])
    if not holders:
        return
    asked = {"identifiers": list(holders), "cases": list(cases), "limits": engine.limits(work.settings)}
    same: dict[UUID, list[UUID]] = defaultdict(list)
    for row in _SAME.rows(work.session, **asked):
        same[row.identifier_id].append(row.same_id)
    if elsewhere and same:
        for identifier_id, fact_id in elsewhere(work, {one for several in same.values() for one in several}):
            if fact_id not in holders[identifier_id]:
                holders[identifier_id].append(fact_id)
    for _, entry in found:
        mine = [one["id"] for one in entry["identifiers"]]
        _add(entry, "identifier", (there for one in mine for other in same[one] for there in holders[other]))


def _add(entry: dict[str, Any], kind: str, others: Iterable[UUID]) -> None:
    named = list(dict.fromkeys(others))[:MOST_NAMED]
    if named:
        entry["co_occurrences"].append({"kind": kind, "with": named})
