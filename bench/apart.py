"""Store an import and settle it in turn, so that the rates of both can be told apart, and how they change while the register grows.

Nothing else runs in the register meanwhile. The lines are stored by this process with one that reads ahead, as in the worker, and
settled by this process.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psycopg2

from bench.importing import lines, prepared, send, spent, wait_for_nothing
from bench.speed import say
from coopapi.imports import running
from coopapi.imports.ahead import Ahead, keep_memory
from coopapi.ops import worker
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.store.db import Database
from coopapi.store.transaction import renew_plans

_LINES: Final = 91_200
"""How many lines are stored before they are settled."""
_PLANS_KEPT: Final = 5.0


def apart(folder: Path, count: int, persons: float) -> dict[str, Any]:
    """Return the rates of storing and settling alone, over all lines and for each round, and the overlaps that each round made."""
    rounds: list[dict[str, float]] = []
    with Embedded(folder) as postgres:
        database, _ = prepared(folder, postgres)
        renew_plans(database.engine, _PLANS_KEPT)
        keep_memory()
        wait_for_nothing()
        ahead = Ahead(database.keys)
        try:
            for some in _portions(count, persons):
                send(database, b"".join(some))
                stored = _timed(database, ahead, len(some), lambda: running.import_once(database, ahead))
                settled = _timed(database, ahead, len(some), lambda: worker.work_once(database))
                found = {"overlaps": _overlaps(postgres) - sum(one["overlaps"] for one in rounds)}
                rounds.append({"lines": len(some), **found, **_named("stored", stored), **_named("settled", settled)})
                say(", ".join(f"{name} {said:.0f}" for name, said in rounds[-1].items()))
        finally:
            ahead.end()
            database.engine.dispose()
    rates = {what: count / sum(one["lines"] / one[what] for one in rounds) for what in ("stored", "settled")}
    return {"lines": count, **rates, "first round": rounds[0], "last round": rounds[-1], "rounds": rounds}


def _overlaps(postgres: Embedded) -> int:
    """Return how many overlaps there are. The more cases hold the shared values, the more overlaps a line makes."""
    address = postgres.url("coopapi").replace("postgresql+psycopg2", "postgresql")
    with contextlib.closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from case_overlaps")
        return int((cursor.fetchone() or (0,))[0])


def _portions(count: int, persons: float) -> Iterator[list[bytes]]:
    made = lines(count, persons)
    while some := list(islice(made, _LINES)):
        yield some


def _timed(database: Database, ahead: Ahead, count: int, work: Callable[[], bool]) -> list[float]:
    """Work until nothing is left. Returns the lines in a second, and the microseconds of each process for a line."""
    before, began = _spent(database, ahead), time.perf_counter()
    while work():
        pass
    seconds = time.perf_counter() - began
    return [count / seconds, *(1e6 * (now - was) / count for now, was in zip(_spent(database, ahead), before, strict=True))]


def _spent(database: Database, ahead: Ahead) -> tuple[float, ...]:
    """Return the processor time of the process that reads ahead, of this one, and of the database, in seconds."""
    ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in ahead.processes]
    return sum(int(part) for both in ticks for part in both) / os.sysconf("SC_CLK_TCK"), *spent(database)


def _named(what: str, told: list[float]) -> dict[str, float]:
    names = ("", ": microseconds of reading", ": microseconds of the process", ": microseconds of the database")
    return {f"{what}{name}": said for name, said in zip(names, told, strict=True)}
