"""Kill every process of the register at random moments while files are imported, and count what was lost or done twice.

This is the part of `python -m bench killing --imports`. A service without a worker, one `coopapi worker` and a database run. For
each kill a client sends a file of 2,400 lines, and at a random moment within the time that it takes to send, read, store and settle
it, one of these is killed with SIGKILL and started again:

- the web server, with all its processes;
- the worker, which finds overlaps and starts the next process;
- the process that stores imports;
- the process that reads their lines in advance;
- the database, with all its processes.

The client sends a file again, with the same Idempotency-Key, until it is answered.
"""

import contextlib
import itertools
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import psycopg2

from bench.importing import IDENTIFIERS, lines, prepared
from bench.intake import tree
from bench.speed import say
from coopapi.http.worker_process import COMMAND
from coopapi.ops import administration, demo
from coopapi.ops.import_command import Register
from coopapi.ops.import_memory import ImportRefused
from coopapi.provisioning.embedded_postgres import Embedded

LINES: Final = 200 * (IDENTIFIERS + 2)
"""The lines of a file: more than one transaction stores."""
LONGEST: Final = 2.5
"""The most seconds between the beginning of sending a file and the kill."""
WAITING: Final = 3
"""How many files may be sent or stored at the same time before the next one."""
PATIENCE: Final = 900
PROCESSES: Final = ("web server", "worker", "storing", "reading", "database")
_UNFINISHED: Final = "select count(*) from imports where ended_at is null"
_LEFT: Final = f"select ({_UNFINISHED}) + (select count(*) from matching_queue) + (select count(*) from pairs_due) as waiting"
_COUNTED: Final = """
    with said as (
        select case l.type when 'person' then 'identifier' else l.type end as kind, l.case_external_id as place,
               l.external_id as key
        from import_lines l where l.outcome = 'stored'),
    made as (
        select 'case' as kind, null as place, c.external_id as key from cases c where c.external_id is not null
        union all select 'subject', c.external_id, s.external_id from subjects s join cases c on c.id = s.case_id
        union all select 'identifier', c.external_id, i.external_id from identifiers i join cases c on c.id = i.case_id),
    compared as (
        select sum(s) as said, sum(m) as made
        from (select kind, place, key, 1 as s, 0 as m from said union all select kind, place, key, 0, 1 from made) x
        group by kind, place, key),
    told as (
        select count(*) filter (where action = 'case.registered') as cases,
               count(*) filter (where action = 'subject.added') as subjects,
               coalesce(sum((detail ->> 'count')::int) filter (where action = 'identifiers.registered'), 0) as identifiers,
               count(*) filter (where action = 'import.received') as received,
               count(*) filter (where action = 'import.finished') as finished
        from journal_entries)
    select (select count(*) from imports) as imports, (select sum(lines) from imports) as lines,
           (select count(*) from import_lines) as reported, (select sum(stored) from imports) as stored,
           (select count(*) from import_lines where faults @> '[{"rule": "not_storable"}]') as not_storable,
           (select count(*) from compared where made < said) as lost, (select count(*) from compared where made > said) as doubled,
           (select count(*) from cases where external_id is not null) - t.cases as cases_told,
           (select count(*) from subjects) - t.subjects as subjects_told,
           (select count(*) from identifiers) - t.identifiers as identifiers_told,
           (select count(*) from imports) - t.received as received_told,
           (select count(*) from imports) - t.finished as finished_told,
           (select count(*) from identifiers i where not exists (select from holdings h where h.identifier_id = i.id)) as not_held
    from told t
"""


class Running:
    """The processes that are killed, and how each is found and started again."""

    def __init__(self, folder: Path, postgres: Embedded, environment: Mapping[str, str]) -> None:
        self.folder, self.postgres = folder, postgres
        kept = {key: value for key, value in os.environ.items() if not key.startswith("COOPAPI_")}
        self.environment = {**kept, **environment, "COOPAPI_WORKER": "off"}
        self.server, self.worker = self._started(demo.SERVER), self._started(COMMAND)

    def _started(self, command: Any) -> subprocess.Popen[bytes]:
        with (self.folder / "processes.log").open("ab") as log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def _below_worker(self, generation: int) -> list[int]:
        """Return the process that stores imports (0), or the one that reads for it (1)."""
        found = [pid for pid in tree(self.worker.pid) if "--imports" in _command(pid)]
        return found[generation : generation + 1]

    def kill(self, name: str) -> bool:
        """Kill a process and start it again. Returns False if it did not run."""
        if name in {"storing", "reading"}:  # the worker, or the process that stores, starts it again
            return _killed(self._below_worker(int(name == "reading")))
        if name == "database":
            killed = _killed(list(tree(self.database)))
            self.postgres._server.wait()  # type: ignore[union-attr]  # noqa: SLF001 (it was started here)
            self.postgres._launch()  # noqa: SLF001 (as after a crash)
            return killed
        running, command = (self.server, demo.SERVER) if name == "web server" else (self.worker, COMMAND)
        killed = _killed([*tree(running.pid)] if name == "web server" else [running.pid])
        running.wait()
        setattr(self, "server" if name == "web server" else "worker", self._started(command))
        return killed

    @property
    def database(self) -> int:
        """The id of the first process of the database."""
        return int((self.postgres.data / "postmaster.pid").read_text().split()[0])

    def end(self) -> None:
        """End what was started here."""
        for running in (self.server, self.worker):
            running.terminate()
            running.wait()


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def _killed(pids: list[int]) -> bool:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


class Looking:
    """Asks the database, and asks again while it is down."""

    def __init__(self, postgres: Embedded) -> None:
        self.address = postgres.url("coopapi").replace("postgresql+psycopg2", "postgresql")

    def row(self, query: str) -> dict[str, Any]:
        """Return the first row of a query. Raises `TimeoutError` if the database stays down."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            with contextlib.suppress(psycopg2.Error), contextlib.closing(psycopg2.connect(self.address)) as connection:
                cursor = connection.cursor()
                cursor.execute(query)
                return dict(zip([column.name for column in cursor.description or ()], cursor.fetchone() or (), strict=True))
            time.sleep(0.05)
        raise TimeoutError(query)

    def until(self, true: Callable[[int], bool], query: str) -> float:
        """Wait until the count that a query returns is as wanted. Returns the seconds."""
        began = time.monotonic()
        while not true(next(iter(self.row(query).values()))):
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(query)
            time.sleep(0.05)
        return time.monotonic() - began


def send(register: Register, number: int, body: bytes) -> None:
    """Send a file until it is accepted."""
    said = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"killing-{number}"}
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with contextlib.suppress(ImportRefused):
            register.send("POST", "/api/v1/imports", body, **said)
            return
    raise TimeoutError(f"file {number} was not accepted")


def killed(running: Running, looking: Looking, register: Register, kills: int) -> dict[str, Any]:
    """Send files and kill each process as often as asked. Returns how often each was killed, and in a running import."""
    chosen, times, inside, sent = random.Random(1), Counter[str](), Counter[str](), list[Future[None]]()
    every: Iterator[bytes] = lines(kills * len(PROCESSES) * LINES, 0.1)
    with ThreadPoolExecutor(WAITING) as pool:
        for number, name in enumerate(itertools.chain(*[PROCESSES] * kills)):
            say(f"kill {number + 1} of {kills * len(PROCESSES)}: {name}")
            while sum(not one.done() for one in sent) >= WAITING:
                time.sleep(0.05)
            looking.until(lambda count: count < WAITING, _UNFINISHED)
            sent.append(pool.submit(send, register, number, b"".join(itertools.islice(every, LINES))))
            time.sleep(chosen.uniform(0, LONGEST))
            inside[name] += looking.row(_UNFINISHED)["count"] > 0 or not sent[-1].done()
            while not running.kill(name):
                time.sleep(0.05)
            times[name] += 1
        for one in sent:
            one.result()
    return {"files": len(sent), "killed": dict(times), "while a file was sent or stored": dict(inside)}


def measured(folder: Path, kills: int) -> dict[str, Any]:
    """Run the whole and return what was counted."""
    with Embedded(folder) as postgres:
        database, environment = prepared(folder, postgres)
        home = administration.add_authority(database, {"name": "Customs", "type": "police_unit", "country": "FR"})
        client = administration.provide_client(database, home, {"name": "System", "roles": ["system"], "victim_cleared": False})
        database.engine.dispose()
        address = f"127.0.0.1:{demo._free_port(0, folder)}"  # noqa: SLF001 (one port for one run)
        settings = {**environment, "COOPAPI_BIND": address, "COOPAPI_BASE_URL": f"http://{address}"}
        running, looking = Running(folder, postgres, settings), Looking(postgres)
        try:
            done = killed(running, looking, Register(f"http://{address}", str(client.id), client.secret or "", None), kills)
            drained = looking.until(lambda left: left == 0, _LEFT)
        finally:
            running.end()
        counted = {name: int(value) for name, value in looking.row(_COUNTED).items()}
        differences = administration.reconcile(database, repair=False)
        database.engine.dispose()
    return {**done, "seconds until all was stored and settled": drained, **told(done["files"], counted, differences)}


def told(files: int, counted: Mapping[str, int], differences: Mapping[str, int]) -> dict[str, Any]:
    """Return the figures, and what was lost or done twice: nothing may differ from 0 there."""
    wrong = {
        "imports": counted["imports"] - files,
        "lines without a report": counted["lines"] - counted["reported"],
        "lines refused because of a fault": counted["not_storable"],
        "rows lost": counted["lost"],
        "rows doubled": counted["doubled"],
        "identifiers not in matching": counted["not_held"],
        **{f"{name.removesuffix('_told')} not told once": count for name, count in counted.items() if name.endswith("_told")},
        **differences,
    }
    return {"lines": counted["lines"], "stored": counted["stored"], "wrong": wrong}
