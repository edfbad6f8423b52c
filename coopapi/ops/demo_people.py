"""The users of the demo, created as an operator would create them: people with a token, and a machine client with a secret."""

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click

from coopapi import config
from coopapi.auth.tokens import Signer
from coopapi.directory.models import OPERATOR
from coopapi.journal.service import record
from coopapi.ops import administration
from coopapi.ops.demo_script import operation
from coopapi.store import crypto
from coopapi.store.db import Database

ISSUER: Final = "urn:coopapi:demo"
LIFETIME: Final = 12 * 3600
_OPERATOR: Final[Mapping[str, Any]] = {"name": "The operator of the register", "country": None}


@dataclass(frozen=True, slots=True)
class Persona:
    """A user of the demo, with a token."""

    key: str
    name: str
    role: str
    authority: str
    country: str | None
    token: str

    def told(self) -> dict[str, str | None]:
        """Return the public data of this user, for JSON output."""
        return {name: getattr(self, name) for name in ("name", "role", "authority", "country", "token")}


@dataclass(frozen=True, slots=True)
class Cast:
    """All users of the demo: its people, the ids of their authorities, and a machine client."""

    personas: list[Persona]
    authorities: Mapping[str, str]
    client: Mapping[str, str]

    def told(self, base_url: str) -> dict[str, Any]:
        """Return all users, for JSON output."""
        people = [persona.told() for persona in self.personas]
        return {"base_url": base_url, "docs_url": f"{base_url}/docs", "personas": people, "client": dict(self.client)}


def kept(path: Path, make: Callable[[], str]) -> str:
    """Return the content of a file that only its owner may read. The file is created if it is missing."""
    if not path.exists():
        made = make()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(made)
    return path.read_text()


def enter(environment: Mapping[str, str], signer: Signer, client_file: Path) -> Cast:
    """Create the authorities and people of the operation, sign a token for each person, and create a client with a secret."""
    settings = config.read(environment)
    database = Database.connect(settings, crypto.load_keys(settings.key_file), record)
    story = operation()
    ids = {key: administration.add_authority(database, data) for key, data in story["authorities"].items()}
    ids["operator"] = OPERATOR
    personas = []
    for person in story["people"]:
        data = {"issuer": ISSUER, "subject": person["key"], "name": person["name"], "roles": [person["role"]]}
        administration.add_person(
            database,
            ids[person["authority"]],
            {**data, **{name: person[name] for name in ("victim_cleared", "functions") if name in person}},
        )
        home = story["authorities"].get(person["authority"], _OPERATOR)
        personas.append(
            Persona(person["key"], person["name"], person["role"], home["name"], home["country"], sign(signer, person["key"]))
        )
    client = _client(database, ids[story["client"]["authority"]], story["client"], client_file)
    database.engine.dispose()
    return Cast(personas, {key: str(found) for key, found in ids.items()}, client)


def _client(database: Database, authority_id: UUID, data: Mapping[str, Any], file: Path) -> dict[str, str]:
    """Create the machine client once, and keep its secret in the file."""

    def made() -> str:
        entry = administration.provide_client(database, authority_id, {"name": data["name"], "roles": list(data["roles"])})
        if entry.secret is None:
            raise click.ClickException(f"the secret of {data['name']} is lost: start over with --reset")
        return json.dumps({"client_id": str(entry.id), "client_secret": entry.secret})

    found: dict[str, str] = json.loads(kept(file, made))
    return found


def sign(signer: Signer, subject: str) -> str:
    """Return a token for a user that is valid for half a day."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "coopapi", "sub": subject, "client_id": "demo", "jti": secrets.token_hex(16)}
    return signer.sign({**claims, "iat": now, "exp": now + LIFETIME})


def hand_out(personas: list[Persona], folder: Path) -> None:
    """Write each token to a file for `curl -K`, so that it appears in no shell history and no process list."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for persona in personas:
        path = folder / persona.key
        path.touch(mode=0o600)
        path.write_text(f'header = "Authorization: Bearer {persona.token}"\n')
