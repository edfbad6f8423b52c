"""An import while processes are killed and disks are full: no line is lost, none takes effect twice, and the client is told what happened."""

import json
import os
import signal
import sys
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path

import psycopg2
import pytest
from serving import command_of, parent, runs, served, until
from sqlalchemy.exc import OperationalError
from test_imports import report, send, state
from test_imports_killed import ALL, COUNTED, LINES, counted

from coopapi import config
from coopapi.auth.authentication import actor_of
from coopapi.imports import running, service
from coopapi.journal.service import record
from coopapi.ops import administration
from coopapi.ops.worker import work_until_done
from coopapi.provisioning import migration
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.store import crypto
from coopapi.store.db import Database

SMALL_FILES = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000)); "
ISSUER = "https://killed.test"
CLIENT = {"issuer": ISSUER, "subject": "client", "name": "client", "roles": ["system"], "victim_cleared": False}
VICTIMS = ("reader", "importer", "worker", "database", "server")
WAITS = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into import_lines%')"


class Place:
    """A register with a database server of its own."""

    def __init__(self, folder):
        folder.chmod(0o711)
        self.folder, self.postgres = folder, Embedded(folder / "postgres").start()
        self.postgres.create_database("coopapi")
        crypto.create_key_file(folder / "keys.json")
        self.environment = {
            "COOPAPI_DATABASE_URL": self.postgres.url("coopapi", migration.DEFAULT_ROLE, "app-password"),
            "COOPAPI_KEY_FILE": str(folder / "keys.json"),
            "COOPAPI_ISSUER": "https://killed.test",
        }
        settings, keys = config.read(self.environment), crypto.load_keys(folder / "keys.json")
        migration.migrate(self.postgres.url("coopapi"), settings.database_url, keys)
        self.database = Database.connect(settings, keys, record)
        home = administration.add_authority(self.database, {"name": "Police", "type": "police_unit", "country": "NL"})
        administration.add_person(self.database, home, CLIENT)

    def send(self, body):
        with self.database.work(lambda opening: actor_of(opening, ISSUER, "client", None), "test") as work:
            service.receive(work, BytesIO(body), "application/x-ndjson", {}, compressed=False)

    def connect(self):
        return psycopg2.connect(self.postgres.url("coopapi").replace("postgresql+psycopg2", "postgresql"))

    def ask(self, query):
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()

    @contextmanager
    def before_the_report(self):
        """Keep an import from writing its report while the context lasts, and yield a function that waits until it is about to."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("lock table import_lines in access exclusive mode")
            yield lambda: until(lambda: self.ask(WAITS)[0])

    def unfinished(self):
        return self.ask("select count(*) from imports where ended_at is null")[0]

    def kill_database(self):
        postmaster = int((self.postgres.data / "postmaster.pid").read_text().split()[0])
        backends = children(postmaster)
        os.kill(postmaster, signal.SIGKILL)
        self.postgres._server.wait()
        until(lambda: not any(map(runs, backends)))
        self.postgres._launch()


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.database.engine.dispose()
    made.postgres.stop()


def children(pid, command=b""):
    every = [path for path in Path("/proc").iterdir() if path.name.isdigit() and parent(path) == pid]
    return [int(path.name) for path in every if command in command_of(path)]


def process_of(server, name):
    """A process of a service that has started: the one that finds overlaps, that stores imports, or that reads ahead."""
    found = {"server": [server.process.pid]}
    found["worker"] = [pid for pid in children(server.process.pid, b"worker") if children(pid, b"--imports")]
    found["importer"] = [pid for worker in found["worker"] for pid in children(worker, b"--imports")]
    found["reader"] = [pid for importer in found["importer"] for pid in children(importer)]
    (pid,) = found[name]
    return pid


def of_case(name):
    """A case with a subject and three identifiers, in lines so long that they are stored in two portions."""
    lines = (
        {**one, **({"case": name} if one["type"] != "case" else {"external_id": name, "reference": name})} for one in LINES[:5]
    )
    return b"".join(json.dumps(line).encode().ljust(80_000) + b"\n" for line in lines)


def test_any_process_that_is_killed_within_a_transaction_of_an_import_loses_and_doubles_nothing(place):
    with served(place.environment, place.folder, WORKERS=1) as server:
        for victim in VICTIMS:
            with place.before_the_report() as wait:
                place.send(of_case(victim))
                wait()
                if victim == "database":
                    place.kill_database()
                else:
                    os.kill(process_of(server, victim), signal.SIGKILL)
            if victim != "server":
                until(lambda: not place.unfinished())
        server.process.wait()
    with served(place.environment, place.folder, WORKERS=1):
        until(lambda: not place.unfinished())
    assert place.ask(COUNTED) == (*(count * 5 // 4 for count in ALL[:-1]), len(VICTIMS))


@pytest.mark.parametrize("table", ["import_chunks", "identifiers"])
def test_a_full_disk_of_the_database_is_told_and_leaves_nothing_half_done(world, idle, owner, table):
    """At staging the client is told, and sends the file again. At storing the import waits and goes on when there is room."""
    with owner.cursor() as cursor:
        cursor.execute(
            "create function public.full() returns trigger language plpgsql as"
            " $$ begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$;"
            f" create trigger planted after insert on {table} execute function public.full()"
        )
    try:
        answer = send(world, *LINES, Idempotency_Key="once")
        if table == "import_chunks":
            assert (answer.status_code, answer.json["type"]) == (503, "/problems/unavailable")
            assert answer.headers["Retry-After"] == "2"
        else:
            with pytest.raises(OperationalError):
                running.import_once(idle)
            assert state(world, answer.json["id"])["state"] == "queued"
        assert counted(owner) == (0, 0, 0, 0, 0, 0, None, 0, 0, 0 if table == "identifiers" else None, 0, None, 0)
    finally:
        with owner.cursor() as cursor:
            cursor.execute("drop function public.full() cascade")
    job = send(world, *LINES, Idempotency_Key="once").json["id"]
    world.clock.forward(seconds=3)
    work_until_done(idle)
    assert [one["outcome"] for one in report(world, job)] == ["stored"] * len(LINES)
    assert counted(owner) == ALL


def test_a_full_disk_of_the_server_is_told_while_the_file_arrives(place):
    command = [sys.executable, "-c", SMALL_FILES + "from coopapi.ops.cli import main; main()", "serve"]
    head = "POST /api/v1/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Type: application/x-ndjson\r\n"
    with served(place.environment, place.folder, command, WORKERS=1, SPOOL_MB=100) as server:
        for _ in range(3):
            told = server.talk(f"{head}Content-Length: 8000000\r\n\r\n".encode(), b" " * 4_000_000)
            assert told.statuses == [503]
            assert told.problem["detail"] == "The body cannot be stored."
        whole = server.talk(f"{head}Content-Length: 2000000\r\nConnection: close\r\n\r\n".encode(), b" " * 2_000_000)
        assert whole.statuses == [401]
