"""Creating and changing authorities, people and clients."""

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, text

from coopapi.access import CLEARABLE, HOLDERS, Action, Function, Role
from coopapi.auth.jwks import public_keys
from coopapi.directory import codelists, rights
from coopapi.directory.models import Authority, Principal
from coopapi.errors import Conflict, Forbidden, NotFound, Unprocessable, fault
from coopapi.store.crypto import Keyring
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching


class SubjectTaken(Conflict):
    """Another person or client already has this subject.

    Use the person or client that has this subject, or correct the subject.
    """


class NotClearable(Unprocessable):
    """None of these roles can have clearance for evidence about victims.

    Remove `victim_cleared`, or add one of the roles investigator, prosecutor, desk or system.
    """


class FunctionNeedsRole(Unprocessable):
    """None of these roles can have this function.

    Remove the function, or add a role that can have it: a judge has the role prosecutor.
    """


def add_authority(work: UnitOfWork, data: dict[str, Any]) -> Authority:
    """Add an authority to the directory. Only administrators of the operator may do this.

    The desk of a country gets index access to the cases that are there already.
    """
    if not work.actor.operator:
        raise Forbidden("Only administrators of the operator may add authorities.")
    authority = work.add(
        Authority(**{"country": None, "languages": [], "contact": {}, "operator": False, "created_at": work.now, **data})
    )
    if authority.type == "eurojust_desk":
        work.session.execute(text("select priv.give_desk_its_cases(:desk)"), {"desk": authority.id})
    work.note("authority.entered", authority, event=False)
    return authority


def change_authority(work: UnitOfWork, authority_id: UUID, version: int, data: dict[str, Any]) -> Authority:
    """Change an authority. Its own administrators and those of the operator may do this."""
    authority = work.one(Authority, authority_id, version=version)
    _manages(work, authority.id)
    authority.set(data)
    work.note("authority.changed", authority, fields=sorted(data))
    return authority


def _manages(work: UnitOfWork, authority_id: UUID) -> None:
    work.require(Action.STAFF_MANAGE)
    work.one(Authority, authority_id)
    if authority_id != work.actor.authority_id and not work.actor.operator:
        raise NotFound


def authorities(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Authority]:
    """Select authorities by country and type."""
    return matching(work.all(Authority), wanted, country=Authority.country, type=Authority.type)


def people(work: UnitOfWork, authority_id: UUID) -> Select[Principal]:
    """Select the people of an authority that the caller administers."""
    return _staff(work, authority_id, "person")


def clients(work: UnitOfWork, authority_id: UUID) -> Select[Principal]:
    """Select the machine clients of an authority that the caller administers."""
    return _staff(work, authority_id, "client")


def _staff(work: UnitOfWork, authority_id: UUID, kind: str) -> Select[Principal]:
    _manages(work, authority_id)
    return work.all(Principal).where(Principal.authority_id == authority_id, Principal.kind == kind)


def person(work: UnitOfWork, authority_id: UUID, person_id: UUID, version: int | None = None) -> Principal:
    """Return one person of an authority that the caller administers, or raise `NotFound`."""
    return _one(work, authority_id, "person", person_id, version)


def client(work: UnitOfWork, authority_id: UUID, client_id: UUID, version: int | None = None) -> Principal:
    """Return one machine client of an authority that the caller administers, or raise `NotFound`."""
    return _one(work, authority_id, "client", client_id, version)


def _one(work: UnitOfWork, authority_id: UUID, kind: str, row_id: UUID, version: int | None) -> Principal:
    _manages(work, authority_id)
    row = work.one(Principal, row_id, version=version)
    if row.authority_id != authority_id or row.kind != kind:
        raise NotFound
    return row


def add_person(work: UnitOfWork, authority_id: UUID, data: dict[str, Any]) -> Principal:
    """Add a person who acts for an authority. For another authority, the operator can add only its first administrator."""
    _manages(work, authority_id)
    if authority_id != work.actor.authority_id and data["roles"] != [Role.ADMIN]:
        raise Forbidden("In other authorities, the operator may only add administrators.")
    return enrol(work, authority_id, "person", data)


def add_client(work: UnitOfWork, authority_id: UUID, data: dict[str, Any]) -> Principal:
    """Add a machine client of an authority, with public keys or with a secret that is shown once."""
    _manages(work, authority_id)
    data = _with_public_keys(data)
    row_id = work.new_id()
    secret = None if data.get("jwks") else secrets.token_urlsafe(32)
    kept = {"id": row_id, "issuer": work.settings.issuer, "subject": str(row_id)}
    row = enrol(work, authority_id, "client", {**data, **kept, "secret_digest": secret and digest_of(work.keys, secret)})
    return rights.reveal(row, secret) if secret else row


def enrol(work: UnitOfWork, authority_id: UUID, kind: str, data: dict[str, Any]) -> Principal:
    """Add a person or client. For rights that need a second administrator, approval is requested."""
    _require_free(work, data["issuer"], data["subject"])
    defaults = {"id": work.new_id(), "victim_cleared": False, "functions": [], "active": True}
    return rights.enter(work, {**defaults, **data, "authority_id": authority_id, "kind": kind})


def _require_free(work: UnitOfWork, issuer: str, subject: str, *, but: Principal | None = None) -> None:
    found = work.session.scalar(work.all(Principal).where(Principal.issuer == issuer, Principal.subject == subject))
    if found is not None and found is not but:
        raise SubjectTaken


def change_person(work: UnitOfWork, authority_id: UUID, person_id: UUID, version: int, data: dict[str, Any]) -> Principal:
    """Change a person of an authority that the caller administers."""
    return change_staff(work, person(work, authority_id, person_id, version), data)


def change_client(work: UnitOfWork, authority_id: UUID, client_id: UUID, version: int, data: dict[str, Any]) -> Principal:
    """Change a machine client of an authority that the caller administers."""
    return change_staff(work, client(work, authority_id, client_id, version), data)


def change_staff(work: UnitOfWork, row: Principal, data: dict[str, Any]) -> Principal:
    """Change a person or client. Removed rights end with the next request; approval is requested for what needs it."""
    data = _with_public_keys(data)
    roles = data.get("roles", row.roles)
    if data.get("victim_cleared", row.victim_cleared) and not CLEARABLE & {Role(name) for name in roles}:
        raise NotClearable
    for name in data.get("functions", row.functions):
        if not HOLDERS[Function(name)] & {Role(role) for role in roles}:
            raise FunctionNeedsRole
    _require_free(work, data.get("issuer", row.issuer), data.get("subject", row.subject), but=row)
    rights.change(work, row, data)
    return row


def renew_secret(work: UnitOfWork, authority_id: UUID, client_id: UUID, version: int) -> Principal:
    """Make a new secret for a client and show it once. The old one is replaced when a second administrator approves."""
    row = client(work, authority_id, client_id, version)
    secret = secrets.token_urlsafe(32)
    rights.change(work, row, {"secret_digest": digest_of(work.keys, secret)})
    return rights.reveal(row, secret)


def digest_of(keys: Keyring, secret: str) -> bytes:
    """Return the keyed digest of a client secret. The key is not in the database."""
    return keys.mac("client-secrets", secret.encode())


def _with_public_keys(data: dict[str, Any]) -> dict[str, Any]:
    """Return what is stored of the data of a person or client: of each key, only the members that prove its signatures.

    Others, such as a certificate, may name persons. Raises `Unprocessable` for private, symmetric or weak keys.
    """
    if data.get("jwks") is None:
        return data
    try:
        return {**data, "jwks": public_keys(data["jwks"])}
    except ValueError as wrong:
        raise fault("/jwks", "jwks", f"The JWKS is not valid: {wrong}.") from None


def show_codelist(name: str) -> dict[str, Any]:
    """Return a codelist with all attributes of its codes."""
    found = codelists.load(name)
    return {
        "name": found.name,
        "title": found.title,
        "source": found.source,
        "version": found.version,
        "items": [_show_item(item) for item in found.items],
    }


def _show_item(item: codelists.CodelistItem) -> dict[str, Any]:
    told = {"article": item.article, "group": item.group, "footnote": item.footnote}
    shown = {"code": item.code, "labels": item.labels, **told, **item.extra}
    return {key: value for key, value in shown.items() if value or value is False} | (
        {"aliases": list(item.aliases)} if item.aliases else {}
    )
