"""Measure what several web servers, a transaction pooler and a read replica give on one machine (docs/growing.md).

    python -m bench growing [--identifiers 10000] [--folder FOLDER] [--seconds 3] [--rounds 3] [--pgbouncer PROGRAM]

A synthetic register (`python -m bench seed`) is copied, and eight clients read cases, list overlaps and register identifiers
through:

- one service, as `coopapi serve` starts it;
- two services on two ports that start no worker (COOPAPI_WORKER=off), beside one `coopapi worker`;
- one service that reaches the database through PgBouncer in transaction mode, if --pgbouncer names the program;
- for reading, a service whose database is a hot standby of the first one.

The rounds are interleaved. For the standby, the output also says which pages it answers, and how long after a commit it has
replayed that commit, idle and while eight clients register: that is how long a reader of its own writes waits for the LSN of the
commit.
"""

import argparse
import contextlib
import itertools
import logging
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
import psycopg2
import urllib3
from sqlalchemy import make_url

from bench import limits
from bench.seed import Seeded
from bench.settling import Bench, load, register
from bench.speed import Place, email, opened, own_cases, percentile, say, write
from coopapi.ops import demo

CLIENTS: Final = 8
WORKER: Final = [sys.executable, "-c", "from coopapi.ops.cli import main; main()", "worker"]
STANDBY_PORT: Final = 5433
PAGES: Final = (
    "/cases/{case}",
    "/cases/{case}/overlaps",
    "/cases/{case}/identifiers",
    "/cases/{case}/timeline",
    "/cases",
    "/overlaps",
    "/events",
)
_POOLER: Final = """
[databases]
{name} = host={socket} dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
"""
_POOL: Final = 8
"""Connections of the pooler to PostgreSQL. Without it, each process of the service keeps up to ten."""


@contextlib.contextmanager
def service(copy: Seeded, name: str, **settings: str) -> Iterator[str]:
    """Run a service with settings of its own on a free port."""
    address = f"127.0.0.1:{demo._free_port(0, copy.folder)}"  # noqa: SLF001 (one port for one run)
    environment = {**copy.environment, "COOPAPI_BIND": address, **settings}
    with demo.served(environment, copy.folder / f"service-{name}.log", f"http://{address}") as url:
        yield url


@contextlib.contextmanager
def process(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program as long as the context is open."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGINT)
        running.wait()


@contextlib.contextmanager
def pooler(copy: Seeded, program: str) -> Iterator[str]:
    """Run PgBouncer in transaction mode. Yields the address of the database behind it."""
    address = str(copy.environment["COOPAPI_DATABASE_URL"])
    port = demo._free_port(0, copy.folder)  # noqa: SLF001 (one port for one run)
    login = make_url(address)
    users, settings = copy.postgres.socket / "users.txt", copy.postgres.socket / "pgbouncer.ini"
    users.write_text(f'"{login.username}" "{login.password}"\n')
    said = {"name": copy.name, "socket": copy.postgres.socket, "port": port, "users": users, "size": _POOL}
    settings.write_text(_POOLER.format(**said))
    for path in (users, settings):
        os.chown(path, copy.postgres.uid, -1)
        path.chmod(0o600)
    with process([program, str(settings)], user=copy.postgres.uid):
        behind = login.set(query={}, host="127.0.0.1", port=port)
        yield behind.render_as_string(hide_password=False)


@contextlib.contextmanager
def standby(copy: Seeded) -> Iterator[str]:
    """Run a hot standby of the server on the same socket. Yields the addition to the address of a database that leads to it."""
    postgres = copy.postgres
    data = postgres.data.with_name("standby")
    as_server: Any = {"user": postgres.uid, "cwd": "/", "env": {**os.environ, "PGPASSWORD": (postgres.root / "pgpass").read_text()}}
    subprocess.run(["rm", "-rf", str(data)], check=True)
    data.mkdir(mode=0o700)
    os.chown(data, postgres.uid, -1)
    base = [postgres.bin / "pg_basebackup", "-D", data, "-h", postgres.socket, "-U", "coopapi", "-R", "-c", "fast"]
    subprocess.run(list(map(str, base)), check=True, **as_server)
    options = [f"unix_socket_directories={postgres.socket}", "listen_addresses=", f"port={STANDBY_PORT}", "max_connections=100"]
    command = [str(postgres.bin / "postgres"), "-D", str(data), *itertools.chain(*(("-c", option) for option in options))]
    with process(command, **as_server):
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            with contextlib.suppress(psycopg2.OperationalError), contextlib.closing(on_standby(copy)):
                break
            time.sleep(0.2)
        yield f"&port={STANDBY_PORT}"
    subprocess.run(["rm", "-rf", str(data)], check=True)


def on_standby(copy: Seeded) -> Any:
    """Connect to the standby as the owner."""
    return psycopg2.connect(copy.postgres.url(copy.name).replace("+psycopg2", "") + f"&port={STANDBY_PORT}")


def asks(copy: Seeded, bench: Bench, *, writing: bool) -> dict[str, Any]:
    """Return what the clients of one topology send."""
    cases = own_cases(copy)

    def read(path: str) -> list[Any]:
        return [lambda n: ("GET", path.format(cases[n % len(cases)]), None)] * CLIENTS

    def add(case: str) -> Any:
        return lambda n: ("POST", f"/api/v1/cases/{case}/identifiers", {"identifiers": [email(bench.run, n)]})

    reading = {"get a case": read("/api/v1/cases/{}"), "overlaps of a case": read("/api/v1/cases/{}/overlaps")}
    return reading | ({"register one identifier": [add(case) for case in bench.cases(0, CLIENTS)]} if writing else {})


def replay(bench: Bench, copy: Seeded, times: int) -> list[float]:
    """Register and return, for each time, the milliseconds from the answer until the standby has replayed the commit."""
    found, (case,) = [], bench.cases(0, 1)
    with (
        bench.client(0) as client,
        contextlib.closing(on_standby(copy)) as connection,
        connection.cursor() as there,
        bench.connection.cursor() as here,
    ):
        connection.autocommit = True
        for _ in range(times):
            register(client, case, bench.value())
            began = time.perf_counter()
            here.execute("select pg_current_wal_insert_lsn()::text")
            (place,) = here.fetchone()
            while True:
                there.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", [place])
                if there.fetchone()[0]:
                    break
                time.sleep(0.0005)
            found.append((time.perf_counter() - began) * 1000)
    return found


def pages(copy: Seeded, url: str) -> dict[str, int]:
    """Return the status with which a service answers each page."""
    case, headers = own_cases(copy)[0], {"Authorization": f"Bearer {copy.tokens[0]}"}
    paths = {page: f"{url}/api/v1{page.format(case=case)}" for page in PAGES}
    return {page: urllib3.request("GET", path, headers=headers, retries=False).status for page, path in paths.items()}


def measure(places: Mapping[str, Place], seconds: float, rounds: int, spent: Callable[[], dict[str, float]]) -> dict[str, Any]:
    """Run all measurements of all topologies in turn, after a warm-up.

    `spent` tells the seconds of processor time by kind of process. Returns also the milliseconds of it that a request of the first
    topology takes.
    """
    numbers = itertools.count(10**9)
    first, used = next(iter(places)), {row: dict.fromkeys(spent(), 0.0) for row in next(iter(places.values())).rows}
    for turn in range(rounds + 1):
        for name, place in places.items():
            for row in place.rows:
                say(f"round {turn}/{rounds}: {name}, {row}")
                before = spent()
                place.run(row, seconds if turn else 0.5, numbers, keep=turn > 0)
                if turn and name == first:
                    used[row] = {kind: used[row][kind] + now - before[kind] for kind, now in spent().items()}
    requests = {row: len(places[first].times[row]) for row in used}
    cpu = {row: {kind: 1000 * all_of_it / requests[row] for kind, all_of_it in kinds.items()} for row, kinds in used.items()}
    return {"figures": {name: place.figures() for name, place in places.items()}, "processor_ms": cpu}


def grow(copy: Seeded, asked: argparse.Namespace) -> dict[str, Any]:
    """Start all topologies, measure them, and return what was found."""
    direct = str(copy.environment["COOPAPI_DATABASE_URL"])
    off = {"COOPAPI_WORKER": "off"}
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(service(copy, "one"))
        bench = stack.enter_context(contextlib.closing(Bench(copy, one)))
        urls = {"one service": [one]}
        urls["two services, one worker"] = [stack.enter_context(service(copy, name, **off)) for name in ("left", "right")]
        stack.enter_context(process(WORKER, env={**os.environ, **copy.environment}))
        if asked.pgbouncer:
            behind = stack.enter_context(pooler(copy, asked.pgbouncer))
            pooled = {"COOPAPI_DATABASE_URL": behind, "COOPAPI_WORKER_DATABASE_URL": direct}
            urls["through PgBouncer"] = [stack.enter_context(service(copy, "pooled", **pooled))]
        there = stack.enter_context(standby(copy))
        told: dict[str, Any] = {"standby": {}}
        try:
            reader = {"COOPAPI_DATABASE_URL": direct + there}
            urls["hot standby"] = [stack.enter_context(service(copy, "standby", **reader, **off))]
            told["standby"]["pages"] = pages(copy, urls["hot standby"][0])
        except click.ClickException:
            told["standby"]["refused"] = (copy.folder / "service-standby.log").read_text().splitlines()[0]
        places = {
            name: Place(found, copy.tokens[0], asks(copy, bench, writing=name != "hot standby")) for name, found in urls.items()
        }
        if any(status >= 500 for status in told["standby"].get("pages", {}).values()):
            places.pop("hot standby")
        server = int((copy.postgres.data / "postmaster.pid").read_text().split()[0])
        pid = int((copy.folder / "service-one.pid").read_text())

        def spent() -> dict[str, float]:
            return {
                "web": limits.cpu(pid, serving=True),
                "worker": limits.cpu(pid, serving=False),
                "PostgreSQL": limits.cpu(server),
            }

        told |= measure(places, asked.seconds, asked.rounds, spent)
        told["standby"]["replayed, idle"] = replay(bench, copy, 100)
        with load(bench, 1000):
            told["standby"]["replayed, under load"] = replay(bench, copy, 100)
    return told


def tell(told: Mapping[str, Any]) -> None:
    say("")
    print()
    first = next(iter(told["figures"].values()))
    for name, found in told["figures"].items():
        for row, figures in found.items():
            ratio = figures["per_second"] / first[row]["per_second"]
            times = f"{figures['p50']:7.1f} ms {figures['p99']:7.1f} ms"
            print(f"{name:26} {row:26} {figures['per_second']:7.0f}/s {times}  {ratio:.2f} of one service")
    for row, kinds in told["processor_ms"].items():
        shares = ", ".join(f"{kind} {found:.1f}" for kind, found in kinds.items())
        print(f"milliseconds of processor time for a request of one service, {row}: {shares}")
    for name, found in told["standby"].items():
        if isinstance(found, list):
            found = f"{statistics.median(found):.1f} ms (p50), {percentile(found, 0.99):.1f} ms (p99)"  # noqa: PLW2901
        print(f"hot standby, {name}: {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identifiers", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pgbouncer", help="the program; without it the pooler is left out")
    asked = parser.parse_args()
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    with opened([asked.identifiers], asked.folder) as registers, contextlib.ExitStack() as stack:
        (copy,) = (stack.enter_context(one.copied()) for one in registers.values())
        told = {"identifiers": asked.identifiers, **grow(copy, asked)}
    tell(told)
    print(f"written to {write('growing', told)}")


if __name__ == "__main__":
    main()
