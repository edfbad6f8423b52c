"""The timeline of cases for exports: portions in the order of time, without a record of its own, because the export has one."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement, array
from coopapi.timelines import co_occurrences, line, selection

Choose = Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]]
"""Returns those of some entries that may be in a file, each with the identifiers that it may name."""
_PARTNERS: Final = Statement(
    "select i.identifier_id, f.id, f.case_id, f.begins_at, f.recorded_at"
    " from fact_identifiers i join facts f on f.id = i.fact_id and f.withdrawn_at is null"
    " where i.identifier_id = any(cast(:identifiers as uuid[]))"
    " and (cast(:since as timestamptz) is null or f.begins_at >= cast(:since as timestamptz))"
    " and (cast(:until as timestamptz) is null or f.begins_at < cast(:until as timestamptz))"
    " and (cast(:types as text[]) is null or f.kind = any(cast(:types as text[])))"
    " and (cast(:authority_id as uuid) is null or f.authority_id = cast(:authority_id as uuid))"
    " and (cast(:subject_id as uuid) is null"
    "      or exists (select from fact_subjects s where s.fact_id = f.id and s.subject_id = cast(:subject_id as uuid)))"
    " and (cast(:identifier_id as uuid) is null"
    "      or exists (select from fact_identifiers x where x.fact_id = f.id and x.identifier_id = cast(:identifier_id as uuid)))"
    " order by f.begins_at, f.id limit 1000"
)
_FILTERS: Final = ("since", "until", "authority_id", "subject_id", "identifier_id")
_NOT_IN_SQL: Final = ("text", "as_known_on")
"""Filters by which facts in other portions are not selected, so none of them is named: words are sealed, and states change."""


def cases(work: UnitOfWork, wanted: Mapping[str, Any]) -> list[UUID]:
    """Return the cases of an overlap, a team or a meeting that the caller reads, without those that were withdrawn.

    Raises the errors of `selection.chosen`.
    """
    return [case_id for case_id, case in selection.chosen(work, wanted).items() if case["state"] != "withdrawn"]


def entries(
    work: UnitOfWork, case_ids: Sequence[UUID], wanted: Mapping[str, Any], after: str | None, most: int
) -> tuple[Sequence[tuple[Any, dict[str, Any]]], str | None]:
    """Return the next entries of the timeline of these cases with their rows, and the place behind them, or None at the end.

    Facts without a time come last, unless a period is wanted. Raises `NotFound` and `Forbidden` like the timeline itself.
    """
    place: dict[str, Any] = json.loads(after) if after else {"undated": False, "at": None}
    asked = {**wanted, "limit": most, "order": "asc", "undated": place["undated"]}
    reading = line.read(work, selection.named(work, case_ids), asked, place["at"])
    if reading.onward is not None:
        return reading.found, json.dumps({**place, "at": reading.onward})
    period = "since" in wanted or "until" in wanted
    also_undated = not (place["undated"] or period or wanted.get("kind") == "act") and work.actor.may(Action.IDENTIFIER_READ)
    return reading.found, json.dumps({"undated": True, "at": None}) if also_undated else None


def mark(
    work: UnitOfWork,
    found: Sequence[tuple[Any, dict[str, Any]]],
    case_ids: Sequence[UUID],
    wanted: Mapping[str, Any],
    choose: Choose,
) -> None:
    """Mark what coincides among entries that are in a file, which have the identifiers that it may name.

    Facts in other portions count if `choose` says that they may be in the file too, and if the filters leave them; not with a
    filter by text or by what was known at a time.
    """

    def elsewhere(work: UnitOfWork, identifiers: Collection[UUID]) -> list[tuple[UUID, UUID]]:
        partners = _partners(work, identifiers, wanted)
        return [(one["id"], partner["id"]) for partner in choose(partners) for one in partner["identifiers"]]

    alone = wanted.get("kind") == "act" or any(name in wanted for name in _NOT_IN_SQL)
    if len(case_ids) > 1:
        co_occurrences.mark(work, found, case_ids, None if alone else elsewhere)


def _partners(work: UnitOfWork, identifiers: Collection[UUID], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return facts with one of these identifiers as entries, as far as it matters for whether they may be in a file."""
    filters = {name: wanted.get(name) for name in _FILTERS}
    types = array(wanted["type"]) if "type" in wanted else None
    rows = _PARTNERS.rows(work.session, identifiers=list(identifiers), types=types, **filters)
    involved: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        involved[row.id].append({"id": row.identifier_id})
    return [
        {
            "id": row.id,
            "kind": "fact",
            "begins_at": row.begins_at,
            "recorded_at": row.recorded_at,
            "case": {"id": row.case_id},
            "object": {"type": "fact", "id": row.id},
            "identifiers": involved[row.id],
        }
        for row in {row.id: row for row in rows}.values()
    ]
