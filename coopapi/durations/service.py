"""Reads how long things were in each state, and on whom a case waits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.durations import awaited
from coopapi.http.paging import LIMIT, Page, begins_at, cut, place_of
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement, array

_PAGE: Final = Statement(
    "select * from priv.page_of_durations(:case, cast(:types as text[]), cast(:acted as jsonb), cast(:after as text[]), :most)"
)
_WAITING: Final = Statement(
    "select * from priv.case_waiting("
    ":case, cast(:types as text[]), cast(:acted as jsonb), cast(:steps as jsonb), cast(:lapsing as jsonb), :most)"
)
_FIGURES: Final = Statement(
    "select * from priv.duration_figures("
    "cast(:types as text[]), cast(:acted as jsonb), cast(:since as timestamptz), cast(:until as timestamptz))"
)
_TIMES: Final = ("since", "until", "due_at", "next_due_at")


def of_case(work: UnitOfWork, case_id: UUID, wanted: Mapping[str, Any]) -> Page:
    """Return a page of the things of a case, each with the states in which it was and for how long.

    Raises the errors of `require_access`.
    """
    types = _types(work, case_id, wanted)
    place, limit = place_of(work, f"durations/{case_id}", wanted), wanted.get("limit", LIMIT)
    after = begins_at(work, wanted, place)
    asked = {"types": types, "acted": awaited.acted_on(), "after": None if after is None else array(after)}
    rows = _PAGE.rows(work.session, case=case_id, most=limit + 1, **asked)
    found = cut(work, rows, limit, place, lambda row: [row.begun.isoformat(), row.type, row.kind or "", str(row.id)])
    shown = [{**row._asdict(), "stages": [_in_time(stage) for stage in row.stages]} for row in found.items]
    return Page(shown, found.next)


def waiting(work: UnitOfWork, case_id: UUID, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return on whom a case waited and waits, and the first `limit` things that wait now.

    Raises the errors of `require_access`.
    """
    types = _types(work, case_id, wanted)
    asked = {"types": types, "acted": awaited.acted_on(), "steps": awaited.steps(), "lapsing": awaited.lapsing()}
    row = _WAITING.one(work.session, case=case_id, most=wanted.get("limit", LIMIT), **asked)
    return {
        "case_id": case_id,
        "waited": [_in_time(one) for one in row.waited],
        "waiting": [_in_time(one) for one in row.waiting],
        "total": row.total,
    }


def figures(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return how long things that the caller's authority may read were in each state, by type, kind and state."""
    work.note("figures.consulted", object_type="figures", consultation=True, subject="durations")
    types = [wanted["type"]] if "type" in wanted else awaited.READ_BY
    period = {"since": wanted.get("since"), "until": wanted.get("until")}
    return {"rows": _FIGURES.rows(work.session, types=array(types), acted=awaited.acted_on(), **period)}


def _types(work: UnitOfWork, case_id: UUID, wanted: Mapping[str, Any]) -> str:
    """Return the types of things that are asked for and that the caller's role reads, if the caller may read the case."""
    cases.require_access(work, case_id, Level.READ)
    work.note("durations.consulted", case_id=case_id, object_type="case", consultation=True)
    asked = [wanted["type"]] if "type" in wanted else list(awaited.READ_BY)
    return array([name for name in asked if work.actor.may(awaited.READ_BY[name])])


def _in_time(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the database says as JSON, with its times as such."""
    return {name: datetime.fromisoformat(value) if name in _TIMES and value else value for name, value in said.items()}
