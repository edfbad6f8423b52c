"""Run mixed load for half an hour with a restart of the database in the middle, and measure errors, times and memory.

    python -m bench mixed [--identifiers 1000000] [--folder FOLDER] [--minutes 30]

A service runs on a copy of a synthetic register (`python -m bench seed`), which is kept in FOLDER. Eight clients read cases, their
overlaps and timelines, lists, the worklist and events, register identifiers and create cases. After half of the time PostgreSQL
is stopped (`fast`) and started again. The output says how many requests failed before the restart, during it and after it, the
95th percentile before and after, how long after the restart the first and the last failed request and the first answered one came,
how the memory of the web processes grew, and how many connections the database had. The figures are written to bench/results/ as
JSON, with the commit. The exit status is 1 if a request failed at another time than within `GRACE` of the restart.
"""

import argparse
import contextlib
import itertools
import logging
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from bench import limits
from bench.seed import Seeded
from bench.settling import Bench
from bench.speed import Client, email, opened, own_cases, percentile, running, say, write

CLIENTS: Final = 8
GRACE: Final = 15
"""Seconds after the restart within which requests may fail."""
_LOOK: Final = 5
_SHARES: Final = {"case": 30, "overlaps": 20, "timeline": 8, "list": 5, "worklist": 2, "events": 5, "register": 25, "create": 5}
_CONNECTIONS: Final = "select count(*) from pg_stat_activity where backend_type = 'client backend' and datname = current_database()"
Answer = tuple[float, float, str]
"""When a request was answered, the milliseconds that it took, and the name of its failure, or an empty text."""


def asks(bench: Bench, seeded: Seeded) -> dict[str, Callable[[int], tuple[str, str, Any]]]:
    """Return what the clients send, by the name of the request."""
    seen, own = own_cases(seeded), bench.cases(0, CLIENTS)
    paths = {"case": "/cases/{}", "overlaps": "/cases/{}/overlaps", "timeline": "/cases/{}/timeline", "list": "/cases?limit=50"}
    paths |= {"worklist": "/overlaps?limit=50", "events": "/events"}

    def read(path: str) -> Callable[[int], tuple[str, str, Any]]:
        return lambda n: ("GET", "/api/v1" + path.format(seen[n % len(seen)]), None)

    return {name: read(path) for name, path in paths.items()} | {
        "register": lambda n: ("POST", f"/api/v1/cases/{own[n % CLIENTS]}/identifiers", {"identifiers": [email(bench.run, n)]}),
        "create": lambda n: ("POST", "/api/v1/cases", {"reference": f"{bench.run}-mixed-{n}", "title": "A case"}),
    }


@contextlib.contextmanager
def load(bench: Bench, seeded: Seeded) -> Iterator[list[Answer]]:
    """Send requests with all clients. Yields the list of the answers so far."""
    every, numbers, stop = asks(bench, seeded), itertools.count(), threading.Event()
    answers: list[Answer] = []

    def run() -> None:
        client = Client(bench.url, bench.tokens[0])
        while not stop.is_set():
            (name,) = random.choices(list(_SHARES), list(_SHARES.values()))
            began, failure = time.monotonic(), ""
            try:
                client.ask(*every[name](next(numbers)))
            except (AssertionError, OSError, HTTPException) as fault:
                failure = f"status {fault.args[0][2]}" if isinstance(fault, AssertionError) else type(fault).__name__
                client.close()
                time.sleep(0.1)
            answers.append((time.monotonic(), (time.monotonic() - began) * 1000, failure))

    with ThreadPoolExecutor(CLIENTS) as pool:
        working = [pool.submit(run) for _ in range(CLIENTS)]
        try:
            yield answers
        finally:
            stop.set()
    for one in working:
        one.result()


def restarted(seeded: Seeded) -> tuple[float, float]:
    """Stop PostgreSQL and start it again. Returns when it began to stop and when it was ready."""
    began = time.monotonic()
    seeded.postgres._shut_down()  # noqa: SLF001 (the server of this measurement)
    seeded.postgres._launch()  # noqa: SLF001
    return began, time.monotonic()


def watched(seeded: Seeded, until: float) -> list[tuple[float, float, int]]:
    """Look every few seconds until a moment. Returns moments, the memory of a web process in MiB, and connections."""
    looks = []
    while time.monotonic() < until:
        with contextlib.closing(seeded.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(_CONNECTIONS)
            looks.append((time.monotonic(), limits.megabytes(seeded.pid), cursor.fetchone()[0]))
        time.sleep(min(_LOOK, max(0.0, until - time.monotonic())))
    return looks


def mixed(seeded: Seeded, url: str, minutes: float) -> dict[str, Any]:
    """Run the load with the restart, and return what was found."""
    half = minutes * 30
    with contextlib.closing(Bench(seeded, url)) as bench, load(bench, seeded) as answers:
        looks = watched(seeded, time.monotonic() + half)
        stopped, ready = restarted(seeded)
        looks += watched(seeded, time.monotonic() + half)
    settled = looks[len(looks) // 5 :]
    slope = statistics.linear_regression([at for at, *_ in settled], [size for _, size, _ in settled]).slope
    phases = {"before": (0.0, stopped), "restart": (stopped, ready + GRACE), "after": (ready + GRACE, float("inf"))}
    return {
        "minutes": minutes,
        "restart": ready - stopped,
        "phases": {name: phase(answers, *ends) for name, ends in phases.items()},
        "answered again": min((at - ready for at, _, failure in answers if at > ready and not failure), default=None),
        "last failure": max((at - ready for at, _, failure in answers if failure), default=None),
        "memory": {"first": looks[0][1], "last": looks[-1][1], "growth per hour": slope * 3600},
        "connections": max(count for *_, count in looks),
    }


def phase(answers: list[Answer], since: float, until: float) -> dict[str, Any]:
    """Return the number of requests, the failures by name, and the 95th percentile of a part of the time."""
    mine = [answer for answer in answers if since <= answer[0] < until]
    failures = [failure for *_, failure in mine if failure]
    times = [taken for _, taken, failure in mine if not failure]
    counted = {name: failures.count(name) for name in sorted(set(failures))}
    return {"requests": len(mine), "failures": counted, "p95": percentile(times, 0.95) if times else None}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identifiers", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--minutes", type=float, default=30)
    asked = parser.parse_args()
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    with opened([asked.identifiers], asked.folder) as registers, running(registers) as services:
        (one,) = services.values()
        told = mixed(one.register, one.url, asked.minutes)
    say("")
    print(told)
    print(f"written to {write('mixed', told)}")
    return int(any(told["phases"][name]["failures"] for name in ("before", "after")))


if __name__ == "__main__":
    sys.exit(main())
