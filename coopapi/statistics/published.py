"""Read what is published, and say how long requests usually take."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from coopapi.errors import NotFound
from coopapi.statistics.models import PublishedPeriod
from coopapi.statistics.tables import TABLES
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

FEW: Final = "<5"
_CELLS: Final = Statement(
    "select keys, figure, shown from public.published_cells where period = :period and name = :name order by keys, figure"
)
_USUAL: Final = Statement(
    "select u.* from public.usual_times u join public.published_periods p on p.period = u.period"
    " where p.ends_at = (select max(m.ends_at) from public.published_periods m)"
    " and u.kind = :kind and u.requesting_country in ('', :requesting) and u.executing_country in ('', :executing)"
    " order by array_position(array['country_pair', 'executing_country', 'kind'], u.of_group), length(p.period) limit 1"
)


class NotPublished(NotFound):
    """The figures of this period are not published.

    `/statistics/published` lists the periods.
    """


def periods(work: UnitOfWork) -> Sequence[dict[str, Any]]:
    """Return the periods whose figures are published, the newest first, each with the tables."""
    rows = work.session.scalars(work.all(PublishedPeriod).order_by(PublishedPeriod.ends_at.desc(), PublishedPeriod.period)).all()
    tables = [{"name": table.name, "by": list(table.by), "figures": list(table.figures)} for table in TABLES]
    return [{"period": row.period, "ends_at": row.ends_at, "computed_at": row.computed_at, "tables": tables} for row in rows]


def table(work: UnitOfWork, period: str, name: str) -> dict[str, Any]:
    """Return a published table. Raises `NotPublished` for a period that is not, and for a table that does not exist."""
    found = next((one for one in TABLES if one.name == name), None)
    there = work.session.scalar(work.all(PublishedPeriod).where(PublishedPeriod.period == period))
    if found is None or there is None:
        raise NotPublished
    rows: dict[tuple[str, ...], dict[str, str | None]] = {}
    for cell in _CELLS.rows(work.session, period=period, name=name):
        told = rows.setdefault(tuple(cell.keys), dict.fromkeys(found.figures))
        told[cell.figure] = FEW if cell.shown is None else str(cell.shown)
    return {
        "period": period,
        "name": name,
        "by": list(found.by),
        "rows": [{"keys": dict(zip(found.by, keys, strict=True)), "figures": figures} for keys, figures in rows.items()],
    }


def usual_time(work: UnitOfWork, kind: str, requesting: str | None, executing: str | None) -> Mapping[str, Any] | None:
    """Return how long requests of this kind usually take, from what was published last, or None if too few are known.

    It is the time between the two countries, or else to the executing country, or else altogether, and says which.
    """
    row = _USUAL.first(work.session, kind=kind, requesting=requesting or "", executing=executing or "")
    if row is None:
        return None
    return {
        "kind": kind,
        "of_group": row.of_group,
        "requesting_country": row.requesting_country or None,
        "executing_country": row.executing_country or None,
        "period": row.period,
        "median_hours": row.median_hours,
        "p90_hours": row.p90_hours,
    }
