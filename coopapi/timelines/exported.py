"""The timeline of cases for exports: portions in the order of time, without a record of its own, because the export has one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.store.db import UnitOfWork
from coopapi.timelines import co_occurrences, line, selection


def entries(
    work: UnitOfWork, case_ids: Sequence[UUID], wanted: Mapping[str, Any], after: str | None, most: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the next entries of the timeline of these cases, with what coincides, and the place behind them, or None at the end.

    Facts without a time come last, unless a period is wanted. Raises `NotFound` and `Forbidden` like the timeline itself.
    """
    cases = selection.named(work, case_ids)
    place: dict[str, Any] = json.loads(after) if after else {"undated": False, "at": None}
    asked = {"limit": most, "order": "asc", "language": wanted["language"], "undated": place["undated"]}
    asked |= {name: wanted[key] for key, name in (("since", "begin"), ("until", "end"), ("kind", "kind")) if key in wanted}
    reading = line.read(work, cases, asked, place["at"])
    if len(cases) > 1:
        co_occurrences.mark(work, reading.found, cases, beyond=True)
    shown = [entry for _, entry in reading.found]
    if reading.onward is not None:
        return shown, json.dumps({**place, "at": reading.onward})
    period = "since" in wanted or "until" in wanted
    also_undated = not (place["undated"] or period or wanted.get("kind") == "act") and work.actor.may(Action.IDENTIFIER_READ)
    return shown, json.dumps({"undated": True, "at": None}) if also_undated else None
