"""How facts and their earlier states are shown: text, source and place only to callers who may read them in clear."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.cases.external_ids import shows_key
from coopapi.cases.models import Identifier, Subject
from coopapi.errors import NotFound, Stale
from coopapi.facts.models import TOLD, EarlierFact, Fact, columns_told
from coopapi.facts.times import as_stated, offset_text
from coopapi.identifiers.service import read_keys
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

WORDS: Final = ("text", "source", "place")
"""What is sealed of a fact."""
_SHOWN: Final = Statement("select * from priv.shown_facts(cast(:facts as uuid[]))")


def fact_of(work: UnitOfWork, case_id: UUID, fact_id: UUID, *, version: int | None = None) -> Fact:
    """Return one fact of this case. Raises `NotFound`, and `Stale` if its version is another."""
    row = work.one(Fact, fact_id)
    if row.case_id != case_id:
        raise NotFound
    if version is not None and row.version != version:
        raise Stale(version=row.etag)
    return row


def open_words(work: UnitOfWork, rows: Sequence[Fact | EarlierFact]) -> list[dict[str, Any]]:
    """Return text, source and place of each row, or nothing if the caller's role may not read them in clear."""
    if not rows or not work.actor.may(Action.IDENTIFIER_CLEAR):
        return [{} for _ in rows]
    keys = read_keys(work, {row.case_id for row in rows})
    sealed = {case_id: vault.words_key(work, Fact.__kind__, key) for case_id, (key, _) in keys.items()}
    return [
        vault.unseal(sealed[row.case_id], row.words and bytes(row.words), id_of(row), "words") if row.case_id in sealed else {}
        for row in rows
    ]


def id_of(row: Fact | EarlierFact) -> UUID:
    """Return the id of the fact that a row is about."""
    return row.fact_id if isinstance(row, EarlierFact) else row.id


def show_facts(work: UnitOfWork, rows: Sequence[Fact]) -> list[dict[str, Any]]:
    """Return facts with the subjects and identifiers that are involved."""
    found = {one.fact_id: one for one in links_of(work, rows)}
    return [
        {
            **_said(work, row, words),
            "subjects": found[row.id].subjects or [],
            "identifiers": found[row.id].identifiers or [],
            **{name: getattr(row, name) for name in _OF_FACT},
        }
        for row, words in zip(rows, open_words(work, rows), strict=True)
    ]


_OF_FACT: Final = ("id", "case_id", "state", "withdrawal_reason", "recorded_at", "changed_at", "etag")
_OF_STATE: Final = ("version", "recorded_at", "superseded_at")


def links_of(work: UnitOfWork, rows: Sequence[Fact]) -> list[Any]:
    """Return for each fact its `subjects` and `identifiers`, or None where there is none."""
    return _SHOWN.rows(work.session, facts=[row.id for row in rows]) if rows else []


def _said(work: UnitOfWork, row: Fact | EarlierFact, words: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in (*TOLD, "victims")},
        "external_id": row.external_id if shows_key(work) else None,
        "at": as_stated(row.begins_at, row),
        "until": as_stated(row.ends_at, row),
        "offset": offset_text(row.utc_offset),
        **{name: words.get(name) for name in WORDS},
    }


def show_states(work: UnitOfWork, states: Sequence[EarlierFact]) -> list[dict[str, Any]]:
    """Return earlier states of facts. Subjects have the pseudonym and the category that they have now."""
    people = _rows(work, Subject, {one for state in states for one in state.subjects})
    things = _rows(work, Identifier, {one for state in states for one in state.identifiers})
    return [
        {
            **_said(work, state, words),
            "subjects": [people[one] for one in state.subjects if one in people],
            "identifiers": [things[one] for one in state.identifiers if one in things],
            **{name: getattr(state, name) for name in _OF_STATE},
        }
        for state, words in zip(states, open_words(work, states), strict=True)
    ]


def _rows(work: UnitOfWork, model: Any, ids: Iterable[UUID]) -> dict[UUID, Any]:
    wanted = set(ids)
    return {row.id: row for row in work.session.scalars(work.all(model).where(model.id.in_(wanted)))} if wanted else {}


def as_items(work: UnitOfWork, rows: Sequence[Fact]) -> dict[UUID, dict[str, Any]]:
    """Return facts in the form in which they would be recorded, by their ids, as the basis of corrections."""
    found = {one.fact_id: one for one in links_of(work, rows)}
    return {
        row.id: {
            **columns_told(row),
            "at": as_stated(row.begins_at, row),
            "until": as_stated(row.ends_at, row),
            **{name: words.get(name) for name in WORDS},
            "subjects": [{"id": UUID(one["id"])} for one in found[row.id].subjects or ()],
            "identifiers": [{"id": UUID(one["id"])} for one in found[row.id].identifiers or ()],
        }
        for row, words in zip(rows, open_words(work, rows), strict=True)
    }
