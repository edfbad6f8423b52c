"""Measure the speed of the main requests, and how soon an overlap is seen, beside a bare Flask view with one SELECT.

    python -m bench speed [--identifiers 10000] [--seconds 3] [--rounds 3]

A demo service is started, and synthetic cases of two authorities are entered; a tenth of the values is held by both. The rounds of
all measurements are interleaved. The output is requests a second, milliseconds (p50 and p99), and the ratio to the bare view with
as many clients. The figures are also written to bench/results/ as JSON, with the commit.
"""

import argparse
import contextlib
import itertools
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from bench.investigations import send, service
from coopapi.provisioning.embedded_postgres import Embedded

RESULTS = Path(__file__).with_name("results")
BATCH = 1000
SHARED = 10
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


def load(url: str, token: str, asks: list[Ask], seconds: float, numbers: Iterator[int]) -> list[float]:
    """Send requests on one connection for each `Ask`, and return the milliseconds of each."""
    taken: list[float] = []
    end = time.perf_counter() + seconds

    def run(ask: Ask) -> None:
        client = Client(url, token)
        while (began := time.perf_counter()) < end:
            client.ask(*ask(next(numbers)))
            taken.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=run, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


@contextlib.contextmanager
def bare(postgres: Embedded) -> Iterator[str]:
    """Run the bare view on the same database server, with as many processes and threads as the service."""
    connection = psycopg2.connect(postgres.url("coopapi").replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        cursor.execute("create table bare as select n id, 'row ' || n name, now() at from generate_series(1, 100000) n")
        cursor.execute("alter table bare add primary key (id)")
    connection.close()
    address = postgres.url("coopapi").replace("+psycopg2", "")
    port = 47_811
    command = [sys.executable, "-m", "gunicorn", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{port}", "bench.bare:app"]
    server = subprocess.Popen(command, env={"BARE_DATABASE_URL": address, "PATH": ""}, stderr=subprocess.DEVNULL)
    time.sleep(3)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def seed(url: str, tokens: dict[str, str], identifiers: int) -> dict[str, list[str]]:
    """Enter cases with 100 identifiers each, alternating between the authorities; return their ids."""
    cases: dict[str, list[str]] = {name: [] for name in tokens}
    sent = 0
    for name, number in zip(itertools.cycle(tokens), range(identifiers // 100), strict=False):
        new = {"reference": f"{name}-{number}", "title": f"Case {number}"}
        cases[name].append(send("POST", f"{url}/api/v1/cases", tokens[name], new)[1]["id"])
        values = [f"{n // 2 if n % SHARED == 0 else name}-{n % SHARED}-{number // 2}-{n}@example.org" for n in range(100)]
        items = [{"kind": "email", "value": value} for value in values]
        status, _ = send("POST", f"{url}/api/v1/cases/{cases[name][-1]}/identifiers", tokens[name], {"identifiers": items})
        assert status == 201
        sent += 100
        print(f"\r{sent}/{identifiers} identifiers", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return cases


def measurements(cases: list[str], run: str) -> dict[str, list[Ask]]:
    """Return what each client sends, by the name of the measurement."""

    def register(case: str) -> Ask:
        return lambda n: ("POST", f"/api/v1/cases/{case}/identifiers", {"identifiers": [email(n)]})

    def email(n: int) -> dict[str, str]:
        return {"kind": "email", "value": f"{run}-{n}@example.org"}

    def read(path: str) -> Ask:
        return lambda n: ("GET", path.format(cases[n % len(cases)]), None)

    def bulk(n: int) -> tuple[str, str, Any]:
        items = [email(n * BATCH + i) for i in range(BATCH)]
        return "POST", f"/api/v1/cases/{cases[0]}/identifiers", {"identifiers": items}

    def create(n: int) -> tuple[str, str, Any]:
        return "POST", "/api/v1/cases", {"reference": f"{run}-{n}", "title": "A case"}

    return {
        "register one identifier, 1 client": [register(cases[0])],
        "register one identifier, 8 clients, one case": [register(cases[0])] * 8,
        "register one identifier, 8 clients, own cases": [register(case) for case in cases[:8]],
        "overlaps of a case, 1 client": [read("/api/v1/cases/{}/overlaps")],
        "overlaps of a case, 8 clients": [read("/api/v1/cases/{}/overlaps")] * 8,
        "get a case, 1 client": [read("/api/v1/cases/{}")],
        "get a case, 8 clients": [read("/api/v1/cases/{}")] * 8,
        "create a case, 1 client": [create],
        "create a case, 8 clients": [create] * 8,
        "page of 50 cases": [read("/api/v1/cases")],
        "worklist": [read("/api/v1/overlaps")],
        "worklist with totals": [read("/api/v1/overlaps?totals=true")],
        "clusters": [read("/api/v1/overlaps/clusters")],
        "events": [read("/api/v1/events")],
        "timeline of a case": [read("/api/v1/cases/{}/timeline")],
        "1,000 identifiers in a request": [bulk],
    }


def settling(url: str, tokens: dict[str, str], cases: dict[str, list[str]], run: str, times: int) -> list[float]:
    """Return the milliseconds from the answer to a registration until the overlap is seen by the other side."""
    one, other = tokens
    mine, theirs = Client(url, tokens[one]), Client(url, tokens[other])
    case = theirs.ask("POST", "/api/v1/cases", {"reference": f"{run}-settling", "title": "A case"})["id"]
    delays = []
    for n in range(times):
        item = {"identifiers": [{"kind": "email", "value": f"{run}-meet-{n}@example.org"}]}
        theirs.ask("POST", f"/api/v1/cases/{case}/identifiers", item, Prefer="wait=5")
        mine.ask("POST", f"/api/v1/cases/{cases[one][n % len(cases[one])]}/identifiers", item)
        began = time.perf_counter()
        while (seen := len(theirs.ask("GET", f"/api/v1/cases/{case}/overlaps?limit=200", None)["items"])) < min(
            n + 1, len(cases[one])
        ):
            assert seen <= n + 1
        delays.append((time.perf_counter() - began) * 1000)
    return delays


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def measure(
    addresses: tuple[str, str], token: str, asks: dict[str, list[Ask]], seconds: float, rounds: int
) -> dict[str, dict[str, float]]:
    """Run all measurements in turn, `rounds` times, after a short warm-up; return the figures by name.

    `addresses` are those of the service and of the bare view.
    """
    url, limit = addresses
    numbers = itertools.count(1)
    times: dict[str, list[float]] = {}

    def look(n: int) -> tuple[str, str, Any]:
        return "GET", f"/{n % 99_999 + 1}", None

    every = {"bare view, 1 client": (limit, [look]), "bare view, 8 clients": (limit, [look] * 8)}
    every |= {name: (url, clients) for name, clients in asks.items()}
    for place in range(rounds + 1):
        for name, (address, clients) in every.items():
            taken = load(address, token, clients, seconds if place else 0.5, numbers)
            times.setdefault(name, []).extend(taken if place else [])
        print(f"\rround {place}/{rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    figures = {
        name: {"per_second": len(taken) / seconds / rounds, "p50": statistics.median(taken), "p99": percentile(taken, 0.99)}
        for name, taken in times.items()
    }
    for name, found in figures.items():
        clients = 8 if "8 clients" in name else 1
        found["ratio"] = found["per_second"] / figures[f"bare view, {clients} client{'s' if clients > 1 else ''}"]["per_second"]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identifiers", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    run = f"run{time.time_ns():x}"
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as place:
        Path(place).chmod(0o711)
        with service(Path(place)) as (url, tokens, postgres, _), bare(postgres) as limit:
            cases = seed(url, tokens, asked.identifiers)
            name = next(iter(tokens))
            figures = measure((url, limit), tokens[name], measurements(cases[name], run), asked.seconds, asked.rounds)
            delays = settling(url, tokens, cases, run, 50)
    for name, found in figures.items():
        times = f"{found['p50']:9.1f} ms {found['p99']:9.1f} ms"
        print(f"{name:48} {found['per_second']:8.0f}/s {times}  {found['ratio']:.2f} of the bare view")
    print(f"an overlap is seen after {statistics.median(delays):.0f} ms (p50), {percentile(delays, 0.99):.0f} ms (p99)")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    RESULTS.mkdir(exist_ok=True)
    told = {
        "commit": commit,
        "python": platform.python_version(),
        "identifiers": asked.identifiers,
        "figures": figures,
        "settling_ms": delays,
    }
    (RESULTS / f"speed-{asked.identifiers}-{commit}.json").write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
