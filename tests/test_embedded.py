"""The PostgreSQL that needs no setting up."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import psycopg2
import pytest
from serving import parent, runs, until

from coopapi.provisioning import embedded_postgres
from coopapi.provisioning.embedded_postgres import Embedded, NoPostgres

OWNER = """
import sys
from pathlib import Path
from coopapi.provisioning.embedded_postgres import Embedded
server = Embedded(Path(sys.argv[1]), durable=False).start()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root():
    folder = Path(tempfile.mkdtemp(prefix="coopapi-embedded-"))
    folder.chmod(0o711)
    yield folder
    server = Embedded(folder, durable=False)
    if (server.data / "postmaster.pid").exists():
        server.start().stop()
    for leftover in (folder, server.socket, server.data):
        shutil.rmtree(leftover, ignore_errors=True)


def ask(server, sql, password=None):
    connection = psycopg2.connect(
        host=str(server.socket), user="coopapi", password=password or (server.root / "pgpass").read_text(), dbname="postgres"
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def owned_elsewhere(root):
    """Another process that owns the server."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(root)], text=True, **pipes)
    assert process.stdout.readline() == "up\n"
    return process


def test_it_starts_answers_and_stops(root):
    with Embedded(root, durable=False) as server:
        assert ask(server, "show listen_addresses") == [("",)]
        assert ask(server, "show password_encryption") == [("scram-sha-256",)]
        assert ask(server, "select type, auth_method from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == []
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        assert stat.S_IMODE((root / "pgpass").stat().st_mode) == 0o600
    assert not (server.data / "postmaster.pid").exists()


def test_it_starts_when_the_processes_of_a_server_that_was_killed_have_ended(root):
    """A process that is stopped stands for one that has not ended yet."""
    killed = Embedded(root, durable=False).start()
    idle = psycopg2.connect(host=str(killed.socket), user="coopapi", password=(root / "pgpass").read_text(), dbname="postgres")
    os.kill(idle.info.backend_pid, signal.SIGSTOP)
    os.kill(int((killed.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    killed._server.wait()
    killed._release()
    log = root / "postgres.log"
    with ThreadPoolExecutor() as pool:
        again = pool.submit(Embedded(root, durable=False).start)
        until(lambda: again.done() or "pre-existing shared memory block" in log.read_text())
        os.kill(idle.info.backend_pid, signal.SIGKILL)
        server = again.result()
    assert "pre-existing shared memory block" in log.read_text()
    idle.close()
    assert ask(server, "select 1") == [(1,)]
    server.stop()


def test_what_was_logged_before_a_launch_is_no_reason_to_launch_again(root, monkeypatch):
    Embedded(root, durable=False).start().stop()
    with (root / "postgres.log").open("a") as log:
        log.write("FATAL:  pre-existing shared memory block is still in use\n")
    server = Embedded(root, durable=False)
    settings = server.data / "postgresql.conf"
    good = settings.read_text()
    settings.write_text("port = none\n")
    launched, launch = [], Embedded._launch_once
    monkeypatch.setattr(Embedded, "_launch_once", lambda self: launched.append(self) or launch(self))
    with pytest.raises(NoPostgres, match='parameter "port"'):
        server.start()
    assert len(launched) == 1
    settings.write_text(good)


def test_a_wrong_password_is_refused(root):
    with Embedded(root, durable=False) as server, pytest.raises(psycopg2.OperationalError, match="authentication"):
        ask(server, "select 1", "wrong")


def test_a_planted_link_in_place_of_the_socket_folder_is_refused(root):
    server = Embedded(root, durable=False)
    server.socket.symlink_to("/etc")
    with pytest.raises(NoPostgres):
        server.start()
    assert Path("/etc").stat().st_uid == 0
    server.socket.unlink()


def test_the_server_of_a_killed_owner_is_adopted_with_its_data(root):
    process = owned_elsewhere(root)
    ask(Embedded(root, durable=False), "create table kept as select 7 as n")
    pid = (Embedded(root, durable=False).data / "postmaster.pid").read_text().split()[0]
    process.kill()
    process.communicate()

    with Embedded(root, durable=False) as server:
        assert server.owner
        assert (server.data / "postmaster.pid").read_text().split()[0] == pid
        assert ask(server, "select n from kept") == [(7,)]
    assert not (server.data / "postmaster.pid").exists()


def test_a_second_process_attaches_and_leaves_it_running(root):
    process = owned_elsewhere(root)
    second = Embedded(root, durable=False).start()
    assert not second.owner
    second.stop()
    assert ask(second, "select 1") == [(1,)]
    process.kill()
    process.communicate()


def test_a_half_made_cluster_is_made_anew(root):
    half = Embedded(root, durable=False).data
    half.with_name("pgdata.new").mkdir()
    (half.with_name("pgdata.new") / "junk").write_text("x")
    with Embedded(root, durable=False) as server:
        assert ask(server, "select 1") == [(1,)]


def test_another_version_is_named(root):
    with Embedded(root, durable=False) as server:
        version = server.data / "PG_VERSION"
    good = version.read_text()
    version.write_text("9\n")
    with pytest.raises(NoPostgres, match="PostgreSQL 9"):
        Embedded(root, durable=False).start()
    version.write_text(good)


def test_a_data_folder_without_a_server_is_started_after_a_crash(root):
    with Embedded(root) as server:
        ask(server, "create table t (n int)")
        pid = int((server.data / "postmaster.pid").read_text().split()[0])
        children = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and parent(path) == pid]
        os.kill(pid, signal.SIGKILL)
        server._server.wait()
        assert children
        until(lambda: not any(runs(child) for child in children))
        server.owner = False
        server.stop()
    with Embedded(root, durable=False) as server:
        assert ask(server, "select count(*) from t") == [(0,)]


PLAIN = """
import os, sys
from pathlib import Path
from coopapi.provisioning.embedded_postgres import Embedded
if os.geteuid() == 0:
    os.environ["COOPAPI_PG_BIN"] = str(Embedded(Path(sys.argv[1])).bin)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
with Embedded(Path(sys.argv[1]) / "data", durable=False) as server:
    print(os.geteuid() != 0, server.owner, server.data.stat().st_uid == os.geteuid())
"""


def test_it_runs_as_a_plain_user_too():
    home = Path(tempfile.mkdtemp(prefix="coopapi-plain-"))
    home.chmod(0o777)
    done = subprocess.run([sys.executable, "-c", PLAIN, str(home)], capture_output=True, text=True, check=False)
    shutil.rmtree(home, ignore_errors=True)
    assert done.stdout == "True True True\n", done.stderr


@pytest.mark.parametrize(
    ("memory", "free", "told"), [(512, 5, ["128MB", "1GB"]), (2048, 30, ["256MB", "4GB"]), (65_536, 30, ["512MB", "4GB"])]
)
def test_its_cache_and_its_log_follow_the_room_that_the_machine_has(root, monkeypatch, memory, free, told):
    monkeypatch.setattr(embedded_postgres.os, "sysconf", {"SC_PHYS_PAGES": memory << 8, "SC_PAGE_SIZE": 4096}.__getitem__)
    monkeypatch.setattr(embedded_postgres.shutil, "disk_usage", lambda _: SimpleNamespace(free=free << 30))
    with Embedded(root) as server:
        assert [ask(server, f"show {name}") for name in ("shared_buffers", "max_wal_size")] == [[(value,)] for value in told]
