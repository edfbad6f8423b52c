"""The operator's functions: authorities, people, clients, tokens, signing keys and checks, called by the command line."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select, text, true

from coopapi import config
from coopapi.access import Actor, Role
from coopapi.auth import signing_keys
from coopapi.config import Settings
from coopapi.directory import service as directory
from coopapi.directory.models import OPERATOR, Authority, Principal
from coopapi.errors import Conflict, NotFound
from coopapi.journal import service as journal
from coopapi.mail import transport
from coopapi.oauth import service as oauth
from coopapi.ops import reconciliation
from coopapi.provisioning import checks
from coopapi.store.crypto import load_keys
from coopapi.store.db import Database, UnitOfWork

_NIL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Provided:
    """The result of adding an entry: it is new, it existed with the same content, or it existed and differs in these fields."""

    id: UUID
    new: bool = False
    differs: tuple[str, ...] = ()
    secret: str | None = None


def machine(authority_id: UUID = OPERATOR, role: Role = Role.ADMIN) -> Actor:
    """Return the service itself as an actor, for the operator or an auditor. It is not a person and has no access to cases."""
    return Actor(
        _NIL, "machine", "machine", authority_id, "", None, role, (role,), victim_cleared=False, operator=authority_id == OPERATOR
    )


def connect(settings: Settings | None = None) -> Database:
    """Open the database that is named in the settings, by default those of the environment."""
    settings = settings or config.read()
    return Database.connect(settings, load_keys(settings.key_file), journal.record)


@contextmanager
def operator(database: Database) -> Iterator[UnitOfWork]:
    """Open a transaction of the operator's machine account. Everything it does is recorded in the journal."""
    with database.work(lambda _: machine(), uuid4().hex) as work:
        yield work


def provide_authority(database: Database, data: dict[str, Any]) -> Provided:
    """Add an authority, unless one with this name and country exists."""
    with operator(database) as work:
        same = work.all(Authority).where(Authority.name == data["name"], Authority.country == data.get("country"))
        return _present(work, same, data) or Provided(directory.add_authority(work, data).id, new=True)


def provide_person(database: Database, authority_id: UUID, data: dict[str, Any]) -> Provided:
    """Add a person in any role, unless somebody with this issuer and subject exists.

    This is how the first person of an authority is added, because nobody else there could do it.
    """
    with operator(database) as work:
        same = work.all(Principal).where(Principal.issuer == data["issuer"], Principal.subject == data["subject"])
        found = _present(work, same, {"kind": "person", "authority_id": authority_id, "active": True, **data})
        return found or Provided(directory.enrol(work, authority_id, "person", data).id, new=True)


def provide_client(database: Database, authority_id: UUID, data: dict[str, Any]) -> Provided:
    """Add a machine client, unless the authority has one with this name. The secret of a new client is returned only once."""
    with operator(database) as work:
        same = work.all(Principal).where(
            Principal.authority_id == authority_id, Principal.kind == "client", Principal.name == data["name"]
        )
        found = _present(work, same, {"active": True, "issuer": work.settings.issuer, **data})
        if found:
            return found
        row = directory.add_client(work, authority_id, data)
        return Provided(row.id, new=True, secret=vars(row).get("client_secret"))


def _present(work: UnitOfWork, same: Select[Any], wanted: dict[str, Any]) -> Provided | None:
    """Compare the existing entries with the wanted content. If there are several, one with the same content has precedence."""
    found = [
        Provided(row.id, differs=tuple(name for name, value in wanted.items() if _plain(getattr(row, name)) != _plain(value)))
        for row in work.session.scalars(same)
    ]
    return min(found, key=lambda entry: len(entry.differs), default=None)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def add_authority(database: Database, data: dict[str, Any]) -> UUID:
    """Add an authority, unless one with this name and country exists, and return its id."""
    return provide_authority(database, data).id


def add_person(database: Database, authority_id: UUID, data: dict[str, Any]) -> UUID:
    """Add a person, unless somebody with this issuer and subject exists, and return the person's id."""
    return provide_person(database, authority_id, data).id


def authorities(database: Database, only: UUID | None = None, country: str | None = None) -> Sequence[Authority]:
    """Return authorities sorted by country and name: all, one, or those of a country."""
    with operator(database) as work:
        query = work.all(Authority).where(Authority.id == only if only else true())
        query = query.where(Authority.country == country) if country else query
        return work.session.scalars(query.order_by(Authority.country, Authority.name, Authority.id)).all()


def change(database: Database, principal_id: UUID, data: dict[str, Any]) -> None:
    """Change the rights of a person or client."""
    with operator(database) as work:
        directory.change_staff(work, work.one(Principal, principal_id), data)


def staff(database: Database, kind: str, only: UUID | None = None, of: UUID | None = None) -> Sequence[Principal]:
    """Return people or clients: all, one, or those of an authority."""
    with operator(database) as work:
        query = work.all(Principal).where(Principal.kind == kind, Principal.id == only if only else true())
        query = query.where(Principal.authority_id == of) if of else query
        return work.session.scalars(query.order_by(Principal.authority_id, Principal.name, Principal.id)).all()


def move_issuer(database: Database, old: str, new: str) -> tuple[int, int]:
    """Rename an issuer for all its people and clients. Returns the number of people and of clients.

    Raises `Conflict` if nobody has the old issuer, if a subject exists under both names, or if clients could no longer get tokens.
    """
    with operator(database) as work:
        of_new = work.all(Principal).with_only_columns(Principal.subject).where(Principal.issuer == new)
        moved = work.all(Principal).where(Principal.issuer == old)
        both = work.session.scalar(select(func.count()).select_from(moved.where(Principal.subject.in_(of_new)).subquery()))
        if both:
            raise Conflict(f"{both} subjects exist under both issuer names, so nothing was changed.")
        moving = text("select people, clients from priv.move_issuer(:old, :new)")
        people, clients = work.session.execute(moving, {"old": old, "new": new}).one()
        if not people and not clients:
            raise Conflict(f"No person or client in this register has the issuer {old}.")
        if clients and new != work.settings.issuer:
            raise Conflict(
                f"{clients} machine clients get their tokens only from {work.settings.issuer}, so they cannot be moved to {new}."
            )
        work.note("issuer.moved", object_type="issuer", old=old, new=new, people=people, clients=clients)
        return people, clients


def clients_issuer(database: Database) -> checks.Check:
    """Check that every active machine client has the issuer name of this service, because others get no tokens here."""
    with operator(database) as work:
        clients = work.all(Principal).where(Principal.kind == "client", Principal.active, Principal.issuer != work.settings.issuer)
        others = work.session.scalars(clients.with_only_columns(Principal.issuer).distinct().order_by(Principal.issuer)).all()
    fault = (
        f"machine clients that are registered under {', '.join(others)} get no tokens from {database.settings.issuer}"
        if others
        else None
    )
    return checks.Check("issuer of machine clients", fault, "set COOPAPI_ISSUER to that name, or run coopapi issuer move OLD NEW")


def token(database: Database, principal_id: UUID) -> str:
    """Return a short-lived token for a person or client whose issuer is this service."""
    with operator(database) as work:
        row = work.one(Principal, principal_id)
        if row.issuer != database.settings.issuer or not row.active:
            raise NotFound("This service issues tokens only for active persons and clients whose issuer is this service.")
        work.note("token.issued", row)
        signer = signing_keys.read(work.session, database.keys).signer(database.keys)
        return oauth.sign(signer, database.settings, row.subject, row.subject, work.now)


def rotate_keys(database: Database) -> str:
    """Make a new signing key with the owner's database URL. The old one verifies tokens until they have expired."""
    owner_url = database.settings.owner_database_url
    if owner_url is None:
        raise config.BadSettings(
            "COOPAPI_OWNER_DATABASE_URL is not set, but creating a signing key needs the owner of the database"
        )
    with operator(database) as work:
        kid = signing_keys.rotate(owner_url, database.keys)
        work.note("signing_key.rotated", object_type="signing_key", kid=kid)
        return kid


def mail_server(database: Database) -> checks.Check:
    """Check that the mail server, if there is one, lets this service log in over an encrypted connection."""
    fault = None
    if database.settings.smtp_url:
        try:
            with transport.connected(database.settings):
                pass
        except transport.Undelivered as found:
            fault = f"mail cannot be sent: {found.word}"
    return checks.Check("mail server", fault, "correct COOPAPI_SMTP_URL, its password file, or the certificate of the server")


def check(database: Database) -> Iterator[checks.Check]:
    """Run the essential checks, then the others if the essential ones have no fault, and the check of the clock."""
    with database.anonymous() as session:
        found = list(checks.essential(database, session))
        yield from found
        if not any(one.fault for one in found):
            yield from checks.unknown_callers(database, session)
            yield from checks.advisable(database, session)
            yield clients_issuer(database)
        yield mail_server(database)
        yield checks.clock(session, time.time)


def reconcile(database: Database, *, repair: bool) -> dict[str, int]:
    """Compare the stored overlaps with a complete recomputation, and correct them if `repair` is set."""
    with operator(database) as work:
        return reconciliation.reconcile(work, partial(database.renew, work), repair=repair)


def erase(database: Database) -> int:
    """Erase data whose retention period has ended (Regulation (EU) 2023/969 Art. 21). Returns how much was erased."""
    with operator(database) as work:
        work.session.execute(reconciliation.UNLIMITED)
        found: int = work.session.scalar(text("select priv.erase_operational()"))
    return found


def verify_journal(database: Database) -> list[journal.Verified]:
    """Verify the journal chain of every authority."""
    with operator(database) as work:
        authorities = dict.fromkeys([*work.session.scalars(select(Authority.id)), OPERATOR])
    verified = []
    for authority_id in authorities:
        with database.work(lambda _, a=authority_id: machine(a, Role.AUDITOR), uuid4().hex) as work:  # type: ignore[misc]
            verified.append(journal.verify(work.session, authority_id, partial(database.renew, work)))
    return verified
