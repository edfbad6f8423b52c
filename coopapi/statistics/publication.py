"""Publish the tables of a period that has ended, and say how long requests usually take. The worker calls this."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from coopapi.statistics.dimensions import asked
from coopapi.statistics.rounding import Cell, publishable, rounded
from coopapi.statistics.tables import TABLES, Table, sums
from coopapi.store.db import Database, as_json
from coopapi.store.putting_off import tried
from coopapi.store.statements import Statement, array

LEAST_REQUESTS: Final = 10
LEAST_AUTHORITIES: Final = 3
"""Of how many requests, and of how many authorities on each side, a usual time is told."""
ROUNDING: Final = "figures"
"""The name of the key by which numbers are rounded."""
_YEAR: Final = timedelta(days=365)
_DUE: Final = Statement("select * from priv.periods_to_publish() order by ends_at, period desc limit 1")
_COUNTED: Final = {
    subject: Statement(f"select * from priv.{one}_figures(true, cast(:by as text[]), cast(:wanted as jsonb))")  # noqa: S608 (constants)
    for subject, one in (
        ("requests", "request"),
        ("overlaps", "overlap"),
        ("cases", "case"),
        ("meetings", "meeting"),
        ("teams", "team"),
    )
}
_BEFORE: Final = Statement("select period, name, keys, figure, shown from public.published_cells where left(period, 4) = :year")
_USUAL: Final = Statement("select * from priv.usual_times_of(:since, :until, :requests, :authorities)")
_PUBLISH: Final = Statement("select priv.publish(:period, :ends_at, cast(:cells as jsonb), cast(:usual as jsonb))")


def publish_once(database: Database) -> bool:
    """Publish the tables of the next period that has ended. Returns False if none waits."""
    with database.worker() as session:
        due = _DUE.first(session)
    if due is None:
        return False
    with tried(database, "figures", due.period, again=due.again), database.worker() as session:
        found = _cells(database, session, due)
        before = {_cell(row): row.shown for row in _BEFORE.rows(session, year=due.period[:4])}
        every = {**before, **found}
        kept = publishable(every, sums(every), before)
        cells = [_row(cell, shown) for cell, shown in kept.items() if cell not in before]
        limits = {"requests": LEAST_REQUESTS, "authorities": LEAST_AUTHORITIES}
        usual = [row._asdict() for row in _USUAL.rows(session, since=due.ends_at - _YEAR, until=due.ends_at, **limits)]
        _PUBLISH.rows(session, period=due.period, ends_at=due.ends_at, cells=as_json(cells), usual=as_json(usual))
    return True


def _cells(database: Database, session: Session, due: Any) -> dict[Cell, int | None]:
    """Return the rounded numbers of all tables of a period. Groups of fewer than five things are not listed."""
    found: dict[Cell, int | None] = {}
    for table in TABLES:
        wanted = asked(table.by, {"since": due.begins_at, "until": due.ends_at})
        for row in _COUNTED[table.subject].rows(session, by=array(table.by), wanted=as_json(wanted)):
            found |= _of_row(database, due.period, table, tuple(row.keys or ()), row.figures)
    return found


def _of_row(
    database: Database, period: str, table: Table, keys: tuple[str, ...], figures: Mapping[str, int]
) -> dict[Cell, int | None]:
    def mac(text: bytes) -> bytes:
        return database.keys.mac(ROUNDING, text)

    cells: Sequence[Cell] = [(period, table.name, keys, figure) for figure in table.figures]
    shown = {cell: rounded(mac, cell, figures[cell[3]]) for cell in cells}
    return {} if table.by and figures[table.base] < LEAST_LISTED else shown


LEAST_LISTED: Final = 5
"""How many things a group has at least that is listed."""


def _cell(row: Any) -> Cell:
    return row.period, row.name, tuple(row.keys), row.figure


def _row(cell: Cell, shown: int | None) -> dict[str, Any]:
    _, name, keys, figure = cell
    return {"name": name, "keys": keys, "figure": figure, "shown": shown}
