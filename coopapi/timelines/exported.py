"""The timeline of cases for exports: portions in the order of time, without a record of its own, because the export has one."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.timelines import co_occurrences, line, selection

Choose = Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]]
"""Returns those of some entries that may be in a file, each with the identifiers that it may name."""
_PARTNERS: Final = Statement(
    "select i.identifier_id, f.id, f.case_id, f.begins_at, f.recorded_at"
    " from fact_identifiers i join facts f on f.id = i.fact_id and f.withdrawn_at is null"
    " where i.identifier_id = any(cast(:identifiers as uuid[]))"
    " and (cast(:begin as timestamptz) is null or f.begins_at >= cast(:begin as timestamptz))"
    " and (cast(:end as timestamptz) is null or f.begins_at < cast(:end as timestamptz))"
    " order by f.begins_at, f.id limit 1000"
)


def entries(
    work: UnitOfWork, case_ids: Sequence[UUID], wanted: Mapping[str, Any], after: str | None, most: int
) -> tuple[Sequence[tuple[Any, dict[str, Any]]], str | None]:
    """Return the next entries of the timeline of these cases with their rows, and the place behind them, or None at the end.

    Facts without a time come last, unless a period is wanted. Raises `NotFound` and `Forbidden` like the timeline itself.
    """
    cases = selection.named(work, case_ids)
    place: dict[str, Any] = json.loads(after) if after else {"undated": False, "at": None}
    asked = {"limit": most, "order": "asc", "language": wanted["language"], "undated": place["undated"]}
    asked |= {name: wanted[key] for key, name in (("since", "begin"), ("until", "end"), ("kind", "kind")) if key in wanted}
    reading = line.read(work, cases, asked, place["at"])
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

    Facts in other portions count if `choose` says that they may be in the file too, and if what is wanted has them.
    """

    def elsewhere(work: UnitOfWork, identifiers: Collection[UUID]) -> list[tuple[UUID, UUID]]:
        partners = _partners(work, identifiers, wanted)
        return [(one["id"], partner["id"]) for partner in choose(partners) for one in partner["identifiers"]]

    if len(case_ids) > 1:
        co_occurrences.mark(work, found, case_ids, None if wanted.get("kind") == "act" else elsewhere)


def _partners(work: UnitOfWork, identifiers: Collection[UUID], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return facts with one of these identifiers as entries, as far as it matters for whether they may be in a file."""
    period = {"begin": wanted.get("since"), "end": wanted.get("until")}
    rows = _PARTNERS.rows(work.session, identifiers=list(identifiers), **period)
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
