"""Count what the caller's authority may read, in groups: requests for assistance, overlaps, cases, meetings and teams."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from coopapi.errors import Unprocessable, broken
from coopapi.statistics.dimensions import BY_SUBJECT, SEVERAL, asked
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement, array

MOST_GROUPS: Final = 5000
_REQUESTS: Final = Statement("select * from priv.request_figures(false, cast(:by as text[]), cast(:wanted as jsonb))")
_OVERLAPS: Final = Statement("select * from priv.overlap_figures(false, cast(:by as text[]), cast(:wanted as jsonb))")
_CASES: Final = Statement("select * from priv.case_figures(false, cast(:by as text[]), cast(:wanted as jsonb))")
_MEETINGS: Final = Statement("select * from priv.meeting_figures(false, cast(:by as text[]), cast(:wanted as jsonb))")
_TEAMS: Final = Statement("select * from priv.team_figures(false, cast(:by as text[]), cast(:wanted as jsonb))")
_STAGES: Final = Statement("select * from priv.stage_figures(cast(:by as text[]), cast(:wanted as jsonb))")


class TooManyGroups(Unprocessable):
    """The figures would have more than 5,000 groups.

    Name fewer dimensions in `by`, or choose a shorter period or fewer things with the other parameters.
    """


def requests(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of the requests that the caller may read. Raises `TooManyGroups`."""
    return _grouped(work, _REQUESTS, "requests", wanted)


def overlaps(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of the overlaps that the caller sees, from its side. Raises `TooManyGroups`."""
    return _grouped(work, _OVERLAPS, "overlaps", wanted)


def cases(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of the cases that the caller sees, each as far as its access goes. Raises `TooManyGroups`."""
    return _grouped(work, _CASES, "cases", wanted)


def meetings(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of the meetings in which the caller takes part. Raises `TooManyGroups`."""
    return _grouped(work, _MEETINGS, "meetings", wanted)


def teams(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of the teams in which the caller takes part. Raises `TooManyGroups`."""
    return _grouped(work, _TEAMS, "teams", wanted)


def stages(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many hours these requests were in each state that they have left. Raises `TooManyGroups`."""
    by, rows = _counted(work, _STAGES, "stages", wanted)
    return _table(by, [{"keys": dict(zip(by, row.keys, strict=True)), "stage": row.state, "hours": row.figures} for row in rows])


def _grouped(work: UnitOfWork, statement: Statement, subject: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    by, rows = _counted(work, statement, subject, wanted)
    return _table(by, [{"keys": dict(zip(by, row.keys, strict=True)), **row.figures} for row in rows])


def _counted(work: UnitOfWork, statement: Statement, subject: str, wanted: Mapping[str, Any]) -> tuple[Sequence[str], list[Any]]:
    by: Sequence[str] = wanted.get("by", ())
    work.note("figures.consulted", object_type="figures", consultation=True, subject=subject, by=list(by))
    only = {name: value for name, value in wanted.items() if name in BY_SUBJECT[subject]}
    chosen = {name: value for name, value in wanted.items() if name not in {"by", "format", *only}}
    rows = statement.rows(work.session, by=array(by), wanted=as_json(asked(by, {**chosen, **({"only": only} if only else {})})))
    if len(rows) > MOST_GROUPS:
        raise TooManyGroups(errors=[broken("/by", "too_many_groups", f"Choose so that there are at most {MOST_GROUPS} groups.")])
    return by, rows


def _table(by: Sequence[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"by": list(by), "several": sorted(SEVERAL.intersection(by)), "rows": rows}
