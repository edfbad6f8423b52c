"""What the operator does from the shell: authorities, people, clients, tokens, signing keys, the proof of the journal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, text

from coopapi import checks, config, reconciling, signing
from coopapi.access import Actor, Role
from coopapi.crypto import load_keys
from coopapi.db import Database, Work
from coopapi.directory import service as directory
from coopapi.directory.models import OPERATOR, Authority, Principal
from coopapi.errors import NotFound
from coopapi.journal import service as journal
from coopapi.oauth import service as oauth

_NIL: Final = UUID(int=0)


def machine(authority_id: UUID = OPERATOR, role: Role = Role.ADMIN) -> Actor:
    """The service itself, acting for the operator or reading for an auditor: no person, and never with access to a case."""
    return Actor(
        _NIL, "machine", "machine", authority_id, "", None, role, (role,), victim_cleared=False, operator=authority_id == OPERATOR
    )


def connect() -> Database:
    """Open the database that the settings name."""
    settings = config.read()
    return Database.connect(settings, load_keys(settings.key_file), journal.record)


@contextmanager
def operator(database: Database) -> Iterator[Work]:
    """Work as the operator's machine; everything is journaled."""
    with database.work(lambda _: machine(), uuid4().hex) as work:
        yield work


def add_authority(database: Database, data: dict[str, Any]) -> UUID:
    """Enter an authority, unless one of that name and country is there."""
    with operator(database) as work:
        same = work.all(Authority).where(Authority.name == data["name"], Authority.country == data.get("country"))
        found = work.session.scalar(same) or directory.add_authority(work, data)
        return found.id


def add_person(database: Database, authority_id: UUID, data: dict[str, Any]) -> UUID:
    """Let a person act for an authority, in any role: the first one there has nobody else to do it."""
    with operator(database) as work:
        found = work.session.scalar(
            work.all(Principal).where(Principal.issuer == data["issuer"], Principal.subject == data["subject"])
        )
        return (found or directory.enrol(work, authority_id, "person", data)).id


def add_client(database: Database, authority_id: UUID, data: dict[str, Any]) -> tuple[UUID, str | None]:
    """Let a machine act for an authority; its secret is returned this once."""
    with operator(database) as work:
        row = directory.add_client(work, authority_id, data)
        return row.id, vars(row).get("client_secret")


def change(database: Database, principal_id: UUID, data: dict[str, Any]) -> None:
    """Change what a person or a client may do."""
    with operator(database) as work:
        directory.change_staff(work, work.one(Principal, principal_id), data)


def token(database: Database, principal_id: UUID) -> str:
    """Sign a short-lived token for somebody whose issuer is this service."""
    with operator(database) as work:
        row = work.one(Principal, principal_id)
        if row.issuer != database.settings.base_url or not row.active:
            raise NotFound("tokens are signed here for active principals whose issuer is this service")
        work.note("token.issued", row)
        signer = signing.read(work.session, database.keys).signer(database.keys)
        return oauth.sign(signer, database.settings, row.subject, row.subject, work.now)


def rotate_keys(database: Database) -> str:
    """Make a new signing key with the owner's address; the old one verifies until its tokens have ended."""
    owner_url = database.settings.owner_database_url
    if owner_url is None:
        raise config.BadSettings("COOPAPI_OWNER_DATABASE_URL is not set: signing keys are made with the owner's address")
    with operator(database) as work:
        kid = signing.rotate(owner_url, database.keys)
        work.note("signing_key.rotated", object_type="signing_key", kid=kid)
        return kid


def check(database: Database) -> Iterator[checks.Check]:
    """Check all that the service needs and all that an operator should see to, in the order in which one would mend it."""
    with database.anonymous() as session:
        found = list(checks.essential(database, session))
        yield from found
        if not any(one.fault for one in found):
            yield from checks.unknown_callers(database, session)
            yield from checks.advisable(database, session)
        yield checks.clock(session, time.time)


def reconcile(database: Database, *, repair: bool) -> dict[str, int]:
    """Compare the stored overlaps with a rebuild from nothing, and put right what differs if asked to."""
    with operator(database) as work:
        return reconciling.reconcile(work, repair=repair)


def erase(database: Database) -> int:
    """Erase what is kept for a time alone and whose time is over (Regulation (EU) 2023/969 Art. 21): how much it was."""
    with operator(database) as work:
        found: int = work.session.scalar(text("select priv.erase_operational()"))
    return found


def verify_journal(database: Database) -> tuple[int, list[journal.Break]]:
    """Recompute the chain of every authority."""
    with operator(database) as work:
        authorities = [*work.session.scalars(select(Authority.id)), OPERATOR]
    count = 0
    breaks: list[journal.Break] = []
    for authority_id in dict.fromkeys(authorities):
        with database.work(lambda _, a=authority_id: machine(a, Role.AUDITOR), uuid4().hex) as work:  # type: ignore[misc]
            found, broken = journal.verify(work.session)
        count, breaks = count + found, [*breaks, *broken]
    return count, breaks
