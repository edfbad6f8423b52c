"""The demo: a real database, a real server, and a synthetic operation entered over HTTP as its own people would."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import click
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from coopapi import administration, config, crypto, migrate
from coopapi.db import Database
from coopapi.embedded import Embedded
from coopapi.journal.service import record
from coopapi.jwks import new_signing_key, public_jwk
from coopapi.tokens import Signer

SERVER: Final = [sys.executable, "-m", "gunicorn", "-c", "python:coopapi.gunicorn_conf", "coopapi.app:create_app()"]
ISSUER: Final = "urn:coopapi:demo"
_LIFETIME: Final = 12 * 3600
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody of the demo, ready to act."""

    key: str
    name: str
    role: str
    authority: str
    country: str
    token: str

    def told(self) -> dict[str, str]:
        """Say who it is, for people and programs."""
        return {name: getattr(self, name) for name in ("name", "role", "authority", "country", "token")}


def operation() -> dict[str, Any]:
    """Read the synthetic operation."""
    found: dict[str, Any] = json.loads((files("coopapi") / "operation_heron.json").read_text("utf-8"))
    return found


def run(port: int, data_dir: Path, *, as_json: bool) -> None:
    """Start everything, tell what to try, and stop everything on Ctrl-C or SIGTERM, also where a script had Ctrl-C ignored."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    say = _quiet if as_json else click.echo
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o711)
    say("starting PostgreSQL ...")
    with Embedded(data_dir) as postgres:
        if not postgres.owner:
            raise click.ClickException(f"a demo runs in {data_dir} already")
        _stop_orphan(data_dir / "service.pid")
        port = _free_port(port)
        environment, signer = prepare(postgres, data_dir.resolve(), port)
        say("starting the service ...")
        with served(environment, data_dir / "service.log", f"http://127.0.0.1:{port}") as base_url:
            personas = enter(environment, signer)
            _hand_out(personas, data_dir / "as")
            load(base_url, personas)
            told = {"base_url": base_url, "docs_url": f"{base_url}/docs", "personas": [p.told() for p in personas]}
            click.echo(json.dumps(told) if as_json else _welcome(base_url, personas, data_dir / "as"))
            sys.stdout.flush()
            _wait()
    say("stopped.")


def _quiet(text: str) -> None:
    del text


def _wait() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


def _stop_orphan(pid_file: Path) -> None:
    """Stop the service that a killed demo left behind."""
    if not pid_file.exists():
        return
    pid = pid_file.read_text()
    running = subprocess.run(["ps", "-p", pid, "-o", "command="], check=False, capture_output=True, text=True)  # noqa: S603, S607
    if "coopapi.gunicorn_conf" in running.stdout:
        os.kill(int(pid), signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise click.ClickException(f"port {port} is taken: choose another with --port") from None
        return int(probe.getsockname()[1])


def prepare(postgres: Embedded, folder: Path, port: int) -> tuple[dict[str, str], Signer]:
    """Make keys, issuer and schema in the data folder, unless they are there; return the service's settings."""
    crypto.create_key_file(folder / "keys.json")
    password = _kept(folder / "app-password", lambda: secrets.token_urlsafe(24))
    signer = _demo_issuer(folder)
    postgres.create_database("coopapi")
    environment = {
        "COOPAPI_DATABASE_URL": postgres.url("coopapi", migrate.DEFAULT_ROLE, password),
        "COOPAPI_KEY_FILE": str(folder / "keys.json"),
        "COOPAPI_ISSUERS_FILE": str(folder / "issuers.json"),
        "COOPAPI_BASE_URL": f"http://127.0.0.1:{port}",
        "COOPAPI_BIND": f"127.0.0.1:{port}",
    }
    settings = config.read(environment)
    migrate.migrate(postgres.url("coopapi"), settings.database_url, crypto.load_keys(settings.key_file))
    return environment, signer


def _kept(path: Path, make: Any) -> str:
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make())
    return path.read_text()


def _demo_issuer(folder: Path) -> Signer:
    """The issuer of the demo's personas: its key stays in the data folder, its public half is configured."""

    def new_key() -> str:
        _, private = new_signing_key()
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return private.private_bytes(encoding, form, serialization.NoEncryption()).decode()

    pem = _kept(folder / "issuer.pem", new_key)
    private = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError
    issuer = {"issuer": ISSUER, "jwks": {"keys": [public_jwk("demo", private)]}, "max_lifetime": _LIFETIME}
    (folder / "issuers.json").write_text(json.dumps([issuer]))
    return Signer("demo", private)


@contextmanager
def served(environment: Mapping[str, str], log: Path, base_url: str) -> Iterator[str]:
    """Run the service while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="coopapi-metrics-") as figures, log.open("ab") as output:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("COOPAPI_")}
        full = {**inherited, **environment, "PROMETHEUS_MULTIPROC_DIR": figures}
        server = subprocess.Popen(SERVER, env=full, stdout=output, stderr=output, start_new_session=True)  # noqa: S603 (ours)
        pid_file = log.with_suffix(".pid")
        pid_file.write_text(str(server.pid))
        try:
            _await(server, base_url, log)
            yield base_url
        finally:
            server.terminate()
            server.wait()
            pid_file.unlink(missing_ok=True)


def _await(server: subprocess.Popen[bytes], base_url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            if urllib3.request("GET", f"{base_url}/readyz", retries=False, timeout=2).status == 200:  # noqa: PLR2004 (OK)
                return
        except urllib3.exceptions.HTTPError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            raise click.ClickException(f"the service did not start, see {log}")
        time.sleep(0.05)


def enter(environment: Mapping[str, str], signer: Signer) -> list[Persona]:
    """Enter the operation's authorities and people, and sign a token for each."""
    settings = config.read(environment)
    database = Database.connect(settings, crypto.load_keys(settings.key_file), record)
    story = operation()
    ids = {key: administration.add_authority(database, data) for key, data in story["authorities"].items()}
    personas = []
    for person in story["people"]:
        data = {"issuer": ISSUER, "subject": person["key"], "name": person["name"], "roles": [person["role"]]}
        administration.add_person(database, ids[person["authority"]], {**data, "victim_cleared": person["victim_cleared"]})
        home = story["authorities"][person["authority"]]
        personas.append(
            Persona(person["key"], person["name"], person["role"], home["name"], home["country"], sign(signer, person["key"]))
        )
    database.engine.dispose()
    return personas


def sign(signer: Signer, subject: str) -> str:
    """Sign a persona's token for half a day."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "coopapi", "sub": subject, "client_id": "demo", "jti": secrets.token_hex(16)}
    return signer.sign({**claims, "iat": now, "exp": now + _LIFETIME})


def load(base_url: str, personas: list[Persona]) -> None:
    """Enter the operation's cases over HTTP, as their own people; those that are there stay as they are."""
    tokens = {persona.key: persona.token for persona in personas}
    for entry in operation()["cases"]:
        token = tokens[entry["by"]]
        made = post(f"{base_url}/api/v1/cases", token, entry["case"])
        if "id" not in made:
            continue
        home = f"{base_url}/api/v1/cases/{made['id']}"
        subjects = {s["pseudonym"]: post(f"{home}/subjects", token, s)["id"] for s in entry["subjects"]}
        items = [{**i, "subject_id": subjects[i["subject"]]} if "subject" in i else i for i in entry["identifiers"]]
        items = [{key: value for key, value in item.items() if key != "subject"} for item in items]
        post(f"{home}/identifiers", token, {"identifiers": items})


def post(url: str, token: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Send one request of the demo; a case that is there already is no fault."""
    answer = urllib3.request("POST", url, json=dict(body), headers={"Authorization": f"Bearer {token}"}, retries=False, timeout=30)
    if answer.status not in (201, 409):
        raise click.ClickException(f"the demo could not be loaded: {answer.status} {answer.data.decode()[:500]}")
    found: dict[str, Any] = answer.json()
    return found


def _hand_out(personas: list[Persona], folder: Path) -> None:
    """Write each persona's token as a file for curl -K, so that it stands in no history and no process list."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for persona in personas:
        path = folder / persona.key
        path.touch(mode=0o600)
        path.write_text(f'header = "Authorization: Bearer {persona.token}"\n')


def _welcome(base_url: str, personas: list[Persona], folder: Path) -> str:
    lines = [
        "",
        f"coopapi runs at {base_url}",
        f"  API documentation   {base_url}/docs",
        "",
        "Who is there, and a line to try as each:",
    ]
    for persona in personas:
        path = {"admin": "authorities", "auditor": "journal"}.get(persona.role, "overlaps")
        lines += [
            "",
            f"  {persona.name}: {persona.role}, {persona.authority} ({persona.country})",
            f"    curl -s -K {folder / persona.key} {base_url}/api/v1/{path}",
        ]
    return "\n".join([*lines, "", "Ctrl-C stops it all; the next start finds everything as it was.", ""])
