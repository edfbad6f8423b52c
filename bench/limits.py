"""What the same machine does without the service, in the same run: bare Flask views, a raw COPY and a sorted upsert."""

import contextlib
import io
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg2
import urllib3
from psycopg2.extras import execute_values

from coopapi.ops import demo

ROWS: Final = 10_000
"""How many rows one COPY, and the upserts of one round, write."""
BATCH: Final = 1000
"""How many rows one upsert writes and commits."""
_PATIENCE: Final = 30
_SCHEMA: Final = """
    create table bare as select n id, 'row ' || n name, now() at from generate_series(1, 100000) n;
    alter table bare add primary key (id);
    create table bare_made (id bigint generated always as identity primary key, name text not null);
    create table raw_rows (token bytea primary key, case_id uuid not null, sealed bytea not null);
    insert into raw_rows select sha256(n::text::bytea), gen_random_uuid(), sha512(n::text::bytea)
        || sha512((-n)::text::bytea) from generate_series(1, %s) n;
    create index on raw_rows (case_id);
    analyze bare, raw_rows
"""


def make_tables(url: str, rows: int) -> None:
    """Create the tables of the bare views, and one with as many rows and indexes as the identifiers of the register."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_SCHEMA, (rows,))


@contextlib.contextmanager
def bare(url_of_database: str) -> Iterator[tuple[str, int]]:
    """Run the bare views with as many processes and threads as the service. Yields the URL and the id of the process."""
    port = demo._probe(0)  # noqa: SLF001 (one port for one run)
    command = [sys.executable, "-m", "gunicorn", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{port}", "bench.bare:app"]
    server = subprocess.Popen(command, env={"BARE_DATABASE_URL": url_of_database, "PATH": os.defpath}, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    ends = time.monotonic() + _PATIENCE
    try:
        while True:
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                if urllib3.request("GET", f"{url}/1", retries=False).status == 200:
                    break
            if time.monotonic() > ends or server.poll() is not None:
                raise RuntimeError("the bare view did not start")
            time.sleep(0.1)
        yield url, server.pid
    finally:
        server.terminate()
        server.wait()


def copied(connection: Any) -> float:
    """Return the rows per second of one COPY."""
    text = "".join(f"\\\\x{token.hex()}\t{case}\t\\\\x{sealed.hex()}\n" for token, case, sealed in _rows())
    with connection, connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.copy_expert("copy raw_rows from stdin", io.StringIO(text))
    return ROWS / (time.perf_counter() - began)


def upserted(connection: Any) -> float:
    """Return the rows per second of upserts of sorted rows, each with a commit."""
    rows = list(_rows())
    began = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        with connection, connection.cursor() as cursor:
            batch = sorted(rows[start : start + BATCH])
            execute_values(cursor, "insert into raw_rows values %s on conflict (token) do nothing", batch, page_size=BATCH)
    return ROWS / (time.perf_counter() - began)


def _rows() -> Iterator[tuple[bytes, str, bytes]]:
    for _ in range(ROWS):
        yield secrets.token_bytes(32), f"00000000-0000-4000-8000-{secrets.randbelow(10**12):012}", secrets.token_bytes(128)


def children(pid: int) -> Iterator[tuple[Path, list[str], bytes]]:
    """Yield the child processes of a process: the folder in /proc, the fields of its `stat` from the state on, and its command."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid:
                yield process, fields, (process / "cmdline").read_bytes()


def cpu(pid: int, *, serving: bool | None = None) -> float:
    """Return the seconds of processor time of the children of a process: all, or those that serve, or those that do not."""
    times = (fields[11:13] for _, fields, command in children(pid) if serving in {None, b"gunicorn" in command})
    return sum(int(user) + int(system) for user, system in times) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """Return the mean memory in MiB of those children of a server that serve. What they share is divided among them (PSS)."""
    rollups = [(process / "smaps_rollup").read_text() for process, _, command in children(pid) if b"gunicorn" in command]
    sizes = [int(line.split()[1]) for rollup in rollups for line in rollup.splitlines() if line.startswith("Pss:")]
    return sum(sizes) / len(sizes) / 1024
