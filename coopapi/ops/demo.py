"""The demo: a real database, a real server, and a synthetic operation that its users enter over HTTP."""

import fcntl
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

import click
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from coopapi import config
from coopapi.auth.jwks import new_signing_key, public_jwk
from coopapi.auth.tokens import Signer
from coopapi.ops.demo_people import ISSUER, LIFETIME, Cast, enter, hand_out, kept
from coopapi.ops.demo_script import Rehearsal, operation, steps
from coopapi.provisioning import migration
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.store import crypto

SERVER: Final = [sys.executable, "-m", "gunicorn", "-c", "python:coopapi.http.gunicorn_conf", "coopapi.app:create_app()"]
_START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 60.0


DATA_DIR: Final = Path(".coopapi-demo")
_RUNS_ALREADY: Final = "a demo is already running in {}: stop it with Ctrl-C, or use another folder with --data-dir"
_PASSED_ON: Final = ("COOPAPI_SMTP_", "COOPAPI_WEBHOOK_ALLOW")
"""Settings that begin like these hold for the demo too."""
_LEFT_BEHIND: Final = ("keys.json", "app-password", "issuer.pem", "issuers.json", "client.json", "entered.json", "service.log")
_FIRST_LOOK: Final = {
    "admin": "authorities",
    "auditor": "journal",
    "central_authority": "mla-requests",
    "contact_point": "mla-requests",
    "desk": "meetings",
}
"""The resource that each role should look at first. For other roles it is the overlaps."""


def run(port: int, data_dir: Path, *, as_json: bool, reset: bool) -> None:
    """Start everything, print what to try, and stop on SIGINT or SIGTERM, even if a script made the process ignore SIGINT."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    say = _quiet if as_json else click.echo
    if reset:
        _start_over(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o711)
    say("1/4 starting PostgreSQL ...")
    with Embedded(data_dir) as postgres:
        if not postgres.owner:
            raise click.ClickException(_RUNS_ALREADY.format(data_dir))
        _stop_orphan(data_dir / "service.pid")
        port = _free_port(port, data_dir)
        say("2/4 creating the database ...")
        environment, signer = prepare(postgres, data_dir.resolve(), port)
        say("3/4 starting the service ...")
        with served(environment, data_dir / "service.log", f"http://127.0.0.1:{port}") as base_url:
            cast = enter(environment, signer, data_dir / "client.json")
            hand_out(cast.personas, data_dir / "as")
            _enter_operation(base_url, cast, data_dir, hidden=as_json)
            click.echo(json.dumps(cast.told(base_url)) if as_json else _welcome(base_url, cast, data_dir / "as"))
            sys.stdout.flush()
            _wait()
    say("stopped.")


def _start_over(data_dir: Path) -> None:
    """Delete the files of an earlier demo in the folder, and no others."""
    if not (data_dir / "pgpass").exists():
        return
    postgres = Embedded(data_dir)
    if not postgres.take():
        raise click.ClickException(_RUNS_ALREADY.format(data_dir))
    _stop_orphan(data_dir / "service.pid")
    postgres.discard()
    shutil.rmtree(data_dir / "as", ignore_errors=True)
    for name in _LEFT_BEHIND:
        (data_dir / name).unlink(missing_ok=True)


def _enter_operation(base_url: str, cast: Cast, data_dir: Path, *, hidden: bool) -> None:
    """Enter the operation over HTTP with the tokens of its users. Steps that were taken before are skipped."""
    walk = Rehearsal(base_url, {p.key: p.token for p in cast.personas}, dict(cast.authorities), data_dir / "entered.json")
    story = list(steps(operation()))
    with click.progressbar(story, label="4/4 entering a synthetic operation", hidden=hidden) as bar:
        walk.walk(bar)


def _quiet(text: str) -> None:
    del text


def _wait() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


def _stop_orphan(pid_file: Path) -> None:
    """Stop a service that is still running because its demo was killed. Its processes keep the file locked."""
    if not pid_file.exists():
        return
    deadline = time.monotonic() + _STOP_SECONDS
    with pid_file.open() as held:
        pid = int(held.read())
        while not _lock(held):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
            time.sleep(0.2)
        pid_file.unlink(missing_ok=True)


def _lock(file: IO[str]) -> bool:
    """Lock the file, and return whether that was possible. A child process that inherits the open file holds the lock with it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _free_port(port: int, data_dir: Path) -> int:
    """Return the port if it is free, or a free one for 0. If it is taken, the error names a command that works."""
    if (found := _probe(port)) is not None:
        return found
    other = next((n for n in range(port + 1, port + 100) if _probe(n) is not None), 0)
    folder = "" if data_dir == DATA_DIR else f" --data-dir {shlex.quote(str(data_dir))}"
    raise click.ClickException(f"port {port} is taken by another program. Run instead: coopapi demo --port {other}{folder}")


def _probe(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return None
        return int(probe.getsockname()[1])


def prepare(postgres: Embedded, folder: Path, port: int) -> tuple[dict[str, str], Signer]:
    """Create keys, issuer and schema in the data folder if they are missing. Returns the settings of the service and the signer."""
    crypto.create_key_file(folder / "keys.json")
    password = kept(folder / "app-password", lambda: secrets.token_urlsafe(24))
    signer = _demo_issuer(folder)
    postgres.create_database("coopapi")
    environment = {
        "COOPAPI_DATABASE_URL": postgres.url("coopapi", migration.DEFAULT_ROLE, password),
        "COOPAPI_KEY_FILE": str(folder / "keys.json"),
        "COOPAPI_ISSUERS_FILE": str(folder / "issuers.json"),
        "COOPAPI_BASE_URL": f"http://127.0.0.1:{port}",
        "COOPAPI_ISSUER": f"{ISSUER}:service",
        "COOPAPI_BIND": f"127.0.0.1:{port}",
    }
    settings = config.read(environment)
    migration.migrate(postgres.url("coopapi"), settings.database_url, crypto.load_keys(settings.key_file))
    return environment, signer


def _demo_issuer(folder: Path) -> Signer:
    """Return the signer for the tokens of the demo's users, and write its issuer and public key to issuers.json."""

    def new_key() -> str:
        _, private = new_signing_key()
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return private.private_bytes(encoding, form, serialization.NoEncryption()).decode()

    pem = kept(folder / "issuer.pem", new_key)
    private = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError
    issuer = {"issuer": ISSUER, "jwks": {"keys": [public_jwk("demo", private)]}, "max_lifetime": LIFETIME}
    (folder / "issuers.json").write_text(json.dumps([issuer]))
    return Signer("demo", private)


@contextmanager
def served(environment: Mapping[str, str], log: Path, base_url: str) -> Iterator[str]:
    """Run the service as long as the context is open."""
    pid_file = log.with_suffix(".pid")
    with log.open("ab") as output, pid_file.open("w") as held:
        _lock(held)
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith("COOPAPI_") or key.startswith(_PASSED_ON)
        }
        options: Any = {"env": {**inherited, **environment}, "stdout": output, "stderr": output, "pass_fds": (held.fileno(),)}
        server = subprocess.Popen(SERVER, **options, start_new_session=True)  # noqa: S603 (ours)
        held.write(str(server.pid))
        held.flush()
        try:
            _await(server, base_url, log)
            yield base_url
        finally:
            server.terminate()
            server.wait()
            pid_file.unlink(missing_ok=True)


def _await(server: subprocess.Popen[bytes], base_url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            if urllib3.request("GET", f"{base_url}/readyz", retries=False, timeout=10).status == 200:  # noqa: PLR2004 (OK)
                return
        except urllib3.exceptions.HTTPError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            raise click.ClickException(f"the service did not start; see {log}")
        time.sleep(0.05)


def _welcome(base_url: str, cast: Cast, folder: Path) -> str:
    lines = [
        "",
        f"coopapi runs at {base_url}",
        f"  API documentation   {base_url}/docs",
        f"  list of errors      {base_url}/problems",
        "",
        "Users of the demo, and a command to try as each of them:",
    ]
    for persona in cast.personas:
        lines += [
            "",
            f"  {persona.name}: {persona.role}, {persona.authority}{f' ({persona.country})' if persona.country else ''}",
            f"    curl -s -K {folder / persona.key} {base_url}/api/v1/{_FIRST_LOOK.get(persona.role, 'overlaps')}",
        ]
    identity, secret = cast.client["client_id"], cast.client["client_secret"]
    lines += [
        "",
        "A machine client of the Romanian system; this command requests an access token:",
        f"    client_id     {identity}",
        f"    client_secret {secret}",
        f"    curl -s {base_url}/oauth/token -d grant_type=client_credentials -d client_id={identity} -d client_secret={secret}",
        "",
        "The tour in README.md begins with this line, in a second terminal in the same folder:",
        f"    U={base_url}/api/v1 AS={folder}",
        "",
        "Ctrl-C stops the demo. The next start continues with the same data; coopapi demo --reset starts over.",
        "",
    ]
    return "\n".join(lines)
