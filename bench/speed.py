"""Measure the speed of the main requests at several sizes of the register, beside bare views, a raw COPY and a sorted upsert.

    python -m bench speed [--identifiers 10000 1000000] [--folder FOLDER] [--seconds 3] [--rounds 3] [--only TEXT]

For each size a service runs on a copy of a synthetic register (`python -m bench seed`). The registers are kept in FOLDER, in a
folder for each size, and used again by the next run; without it, they are made anew. The rounds of all measurements at all sizes
are interleaved, after a short warm-up, so that a noisy moment touches all of them. The output is requests a second, milliseconds
(p50 and p99), the ratio to the bare view with one SELECT and as many clients, and the growth: the ratio of the medians at the last
size and at the first. The figures are written to bench/results/ as JSON and SVG, with the commit.

For ten million identifiers: python -m bench speed --identifiers 10000 1000000 10000000 --folder FOLDER --in-place
"""

import argparse
import contextlib
import itertools
import json
import logging
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg2

from bench import limits, plots
from bench.seed import Seeded, fill, seeded

RESULTS: Final = Path(__file__).with_name("results")
BATCH: Final = 1000
HEAVY, SHARED = 100, 50
"""How many identifiers a heavy case holds, and how many of them another case shares."""
WARM_UP: Final = 0.5
READ: Final = 200
"""From how many cases of the caller each request chooses one."""
Ask = Callable[[int], tuple[str, str, Any]]


class Client:
    """One connection that stays open."""

    def __init__(self, url: str, token: str) -> None:
        self.connection = HTTPConnection(urlsplit(url).netloc)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any, **headers: str) -> Any:
        """Send a request and return the JSON of its answer."""
        content = None if body is None else json.dumps(body)
        self.connection.request(method, path, content, self.headers | headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (method, path, answer.status, text[:500])
        return json.loads(text)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


@dataclass
class Place:
    """Where requests are sent: one or several services on a register of one size, or the bare views."""

    urls: Sequence[str]
    token: str
    rows: dict[str, list[Ask]]
    """For each measurement, what each of its clients sends."""
    times: dict[str, list[float]] = field(default_factory=dict)
    """The milliseconds of all requests of a measurement."""
    spent: dict[str, float] = field(default_factory=dict)
    """The seconds that a measurement lasted."""

    def run(self, name: str, seconds: float, numbers: Iterator[int], *, keep: bool) -> None:
        """Send requests of one measurement for some seconds, at least one for each client, and keep their times if asked to."""
        taken: list[float] = []
        began = time.perf_counter()

        def send(url: str, ask: Ask) -> None:
            with contextlib.closing(Client(url, self.token)) as client:
                while True:
                    start = time.perf_counter()
                    client.ask(*ask(next(numbers)))
                    taken.append((time.perf_counter() - start) * 1000)
                    if time.perf_counter() - began > seconds:
                        return

        asks = self.rows[name]
        with ThreadPoolExecutor(len(asks)) as pool:
            list(pool.map(send, itertools.cycle(self.urls), asks))
        if keep:
            self.times.setdefault(name, []).extend(taken)
            self.spent[name] = self.spent.get(name, 0) + time.perf_counter() - began

    def figures(self) -> dict[str, dict[str, float]]:
        """Return the requests per second and the percentiles of each measurement."""
        return {
            name: {
                "per_second": len(taken) / self.spent[name],
                "p50": statistics.median(taken),
                "p99": percentile(taken, 0.99),
            }
            for name, taken in self.times.items()
        }


def email(run: str, n: int) -> dict[str, str]:
    return {"kind": "email", "value": f"{run}-{n}@example.org"}


def measurements(register: Seeded, url: str, run: str) -> dict[str, list[Ask]]:
    """Enter the cases that the measurements write to, and return what each client sends, by the name of the measurement."""
    seen, heavy = own_cases(register), heavy_case(register, url, run)
    new = [{"reference": f"{run}-own-{n}", "title": "A case"} for n in range(9)]
    with contextlib.closing(Client(url, register.tokens[0])) as client:
        own = [client.ask("POST", "/api/v1/cases", body)["id"] for body in new]

    def add(case: str) -> Ask:
        return lambda n: ("POST", f"/api/v1/cases/{case}/identifiers", {"identifiers": [email(run, n)]})

    def read(path: str) -> list[Ask]:
        return [lambda n: ("GET", path.format(seen[n % len(seen)]), None)]

    def bulk(n: int) -> tuple[str, str, Any]:
        return "POST", f"/api/v1/cases/{own[8]}/identifiers", {"identifiers": [email(run, n * BATCH + i) for i in range(BATCH)]}

    def create(n: int) -> tuple[str, str, Any]:
        return "POST", "/api/v1/cases", {"reference": f"{run}-{n}", "title": "A case"}

    return {
        "get a case": read("/api/v1/cases/{}"),
        "get a case, 8 clients": read("/api/v1/cases/{}") * 8,
        "overlaps of a case": read("/api/v1/cases/{}/overlaps"),
        "overlaps of a case, 8 clients": read("/api/v1/cases/{}/overlaps") * 8,
        "overlaps of a case with 100 identifiers, 50 shared": [lambda _: ("GET", f"/api/v1/cases/{heavy}/overlaps", None)],
        "page of 50 cases": read("/api/v1/cases?limit=50"),
        "worklist, 50 of all overlaps": read("/api/v1/overlaps?limit=50"),
        "worklist with totals": read("/api/v1/overlaps?limit=50&totals=true"),
        "clusters": read("/api/v1/overlaps/clusters"),
        "events, the first page": read("/api/v1/events"),
        "timeline of a case, page of 50": read("/api/v1/cases/{}/timeline?limit=50"),
        "register one identifier": [add(own[0])],
        "register one identifier, 8 clients, one case": [add(own[0])] * 8,
        "register one identifier, 8 clients, own cases": [add(case) for case in own[:8]],
        "create a case": [create],
        "create a case, 8 clients": [create] * 8,
        "register 1,000 identifiers in a request": [bulk],
    }


def own_cases(register: Seeded) -> list[str]:
    """Return cases of the largest authority, spread over the whole time, half of them with overlaps."""
    query = """
        (select c.id::text from cases c where c.authority_id = %(home)s order by md5(c.id::text) limit %(half)s)
        union all
        (select o.case_a::text from case_overlaps o where o.authority_a = %(home)s order by md5(o.id::text) limit %(half)s)
    """
    with contextlib.closing(register.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(query, {"home": str(register.people.actors[0].authority_id), "half": READ // 2})
        return [case for (case,) in cursor.fetchall()]


def heavy_case(register: Seeded, url: str, run: str) -> str:
    """Enter two cases of two authorities that share half of their identifiers, and return the id of the first."""
    made = []
    for home, first in ((0, 0), (1, SHARED)):
        items = [email(f"{run}-heavy", first + n) for n in range(HEAVY)]
        with contextlib.closing(Client(url, register.tokens[home])) as client:
            made.append(client.ask("POST", "/api/v1/cases", {"reference": f"{run}-heavy", "title": "A case"})["id"])
            client.ask("POST", f"/api/v1/cases/{made[-1]}/identifiers", {"identifiers": items}, Prefer="wait=5")
    with contextlib.closing(Client(url, register.tokens[0])) as client:
        found = client.ask("GET", f"/api/v1/cases/{made[0]}/overlaps", None, Prefer="wait=5")["items"]
    assert [overlap["shared_count"] for overlap in found] == [SHARED], found
    return str(made[0])


def bare_rows() -> dict[str, list[Ask]]:
    def look(n: int) -> tuple[str, str, Any]:
        return "GET", f"/{n % 99_999 + 1}", None

    inserts = {f"bare view, one INSERT {how}": ("POST", f"/{how}", {}) for how in ("raw", "orm")}
    rows: dict[str, list[Ask]] = {"bare view, one SELECT": [look]}
    rows |= {name: [lambda _, asked=asked: asked] for name, asked in inserts.items()}  # type: ignore[misc]
    return rows | {f"{name}, 8 clients": asks * 8 for name, asks in rows.items()}


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def measure(places: Mapping[str, Place], plain: str, seconds: float, rounds: int) -> dict[str, list[float]]:
    """Run all measurements in turn, `rounds` times after a warm-up. Returns rows per second of COPY and upsert in each round.

    `plain` is the address of the database without a register.
    """
    numbers = itertools.count(1)
    names = list(dict.fromkeys(name for place in places.values() for name in place.rows))
    raw: dict[str, list[float]] = {"COPY": [], "sorted upsert": []}
    with contextlib.closing(psycopg2.connect(plain)) as connection:
        for turn in range(rounds + 1):
            for at, name in enumerate(names):
                say(f"round {turn}/{rounds}, measurement {at + 1}/{len(names)}: {name}")
                for place in places.values():
                    if name in place.rows:
                        place.run(name, seconds if turn else min(WARM_UP, seconds), numbers, keep=turn > 0)
            if turn:
                raw["COPY"].append(limits.copied(connection))
                raw["sorted upsert"].append(limits.upserted(connection))
    say("")
    return raw


def say(text: str) -> None:
    print(f"\r{text:110}", end="", file=sys.stderr, flush=True)


def compare(places: Mapping[str, Place]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures of each place. Each has its ratio to the bare view with as many clients, and its growth."""
    figures = {place: one.figures() for place, one in places.items()}
    first = next(size for size in figures if size != "bare")
    for place, rows in figures.items():
        for name, row in rows.items():
            clients = ", 8 clients" if ", 8 clients" in name else ""
            row["ratio"] = row["per_second"] / figures["bare"][f"bare view, one SELECT{clients}"]["per_second"]
            if place != "bare":
                row["growth"] = row["p50"] / figures[first][name]["p50"]
    return figures


def table(told: Mapping[str, Any]) -> str:
    """Return the figures as text."""
    lines = []
    for place, rows in told["figures"].items():
        lines.append(f"\n{place if place == 'bare' else f'{int(place):,} identifiers'}")
        for name, row in rows.items():
            grown = f", {row['growth']:.2f} times the first size" if row.get("growth", 1) != 1 else ""
            times = f"{row['p50']:8.1f} ms {row['p99']:8.1f} ms"
            lines.append(f"{name:52} {row['per_second']:8.1f}/s {times}  {row['ratio']:.2f} of the bare view{grown}")
    raw = {name: statistics.median(rates) for name, rates in told["raw"].items()}
    lines.append(f"\nraw COPY {raw['COPY']:.0f} rows/s, sorted upsert {raw['sorted upsert']:.0f} rows/s")
    for place, rows in told["figures"].items():
        if bulk := rows.get("register 1,000 identifiers in a request"):
            rate = bulk["per_second"] * BATCH
            lines.append(f"{rate:.0f} identifiers/s in bulk: {rate / raw['sorted upsert']:.3f} of the sorted upsert ({place})")
    lines.append("memory of a worker in MiB: " + ", ".join(f"{place} {size:.0f}" for place, size in told["megabytes"].items()))
    return "\n".join(lines)


@dataclass(frozen=True)
class Running:
    """A service on a register, which is a copy unless it is measured in place."""

    register: Seeded
    url: str


@contextlib.contextmanager
def running(registers: Mapping[str, Seeded], *, in_place: bool = False) -> Iterator[dict[str, Running]]:
    """Run a service on a copy of each register, or in place on the register itself, which is changed by it then."""
    with contextlib.ExitStack() as stack:
        copies = {size: register if in_place else stack.enter_context(register.copied()) for size, register in registers.items()}
        yield {size: Running(copy, stack.enter_context(copy.served())) for size, copy in copies.items()}


def speed(services: Mapping[str, Running], seconds: float, rounds: int, only: str = "") -> dict[str, Any]:
    """Measure these services, by the size of their register, and return everything that was found."""
    run = f"run{time.time_ns():x}"
    size, last = list(services.items())[-1]
    with last.register.new_database("bare") as plain:
        limits.make_tables(plain, int(size))
        with limits.bare(plain) as (url, pid):
            places = {"bare": Place([url], "", bare_rows())}
            for size, one in services.items():
                rows = {name: asks for name, asks in measurements(one.register, one.url, run).items() if only in name}
                places[size] = Place([one.url], one.register.tokens[0], rows)
            raw = measure(places, plain, seconds, rounds)
            pids = {"bare": pid} | {size: one.register.pid for size, one in services.items()}
            memory = {place: limits.megabytes(pid) for place, pid in pids.items()}
    return {"figures": compare(places), "raw": raw, "megabytes": memory}


@contextlib.contextmanager
def opened(sizes: Sequence[int], folder: Path | None) -> Iterator[dict[str, Seeded]]:
    """Yield the register of each size, from the folder or from one that is deleted at the end."""
    with contextlib.ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coopapi-bench-")))
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o711)  # the user that PostgreSQL runs as must reach its data
        for size in sizes:
            fill(home / str(size), size)
        yield {str(size): stack.enter_context(seeded(home / str(size), size)) for size in sizes}


def write(kind: str, told: dict[str, Any]) -> Path:
    """Write figures to bench/results/ with the commit and the time, and return the path of the JSON file."""
    named = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False).stdout.strip()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{kind}-{named}.json"
    about = {"commit": named, "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}", "python": platform.python_version()}
    path.write_text(json.dumps({**about, **told}, indent=1))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identifiers", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="measure only requests whose name contains this text")
    parser.add_argument("--in-place", action="store_true", help="change the registers, for a disk without room for copies of them")
    asked = parser.parse_args()
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    with opened(asked.identifiers, asked.folder) as registers, running(registers, in_place=asked.in_place) as services:
        told = speed(services, asked.seconds, asked.rounds, asked.only)
    print(table(told))
    path = write("speed", told)
    path.with_suffix(".svg").write_text(plots.speeds(told["figures"]))
    print(f"written to {path}")


if __name__ == "__main__":
    main()
