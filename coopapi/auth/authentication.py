"""Authentication of the caller: from the bearer token to a person or client and its role. Rights are read at every request."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from flask import request

from coopapi.access import Actor, Function, Purpose, Role
from coopapi.auth.tokens import Verifier
from coopapi.errors import BadRequest, Forbidden, Unauthenticated
from coopapi.store.db import Database, UnitOfWork
from coopapi.store.opening import Opening


class UnknownCaller(Unauthenticated):
    """The access token is valid, but its subject is not an active user of this register.

    Ask the administrator of your authority to add you to the register or to reactivate your account.
    """


class ChooseRole(BadRequest):
    """You have several roles, and the request does not say which one to use.

    Name the role in the header `Coopapi-Role`. This is also necessary for `/me`.
    """


@dataclass(frozen=True, slots=True)
class Service:
    """What every request needs: the database and the verification of access tokens."""

    database: Database
    verifier: Verifier

    def identify(self, opening: Opening) -> Actor:
        """Return the caller of this request. Raises `Unauthenticated` or one of its subclasses."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send an access token in the header `Authorization: Bearer ...`.")
        claims = self.verifier.verify(token.strip(), self.database.clock().timestamp())
        return actor_of(opening, claims.issuer, claims.subject, request.headers.get("Coopapi-Role"), remembered=True)

    @staticmethod
    def purpose(named: str | None) -> str | None:
        """Return the purpose that the caller names, or raise `BadRequest` if it is not in the codelist."""
        if named is not None and named not in set(Purpose):
            raise BadRequest("The value of Coopapi-Purpose must be a code of the codelist purposes.")
        return named


def as_account(
    database: Database, account: Any, request_id: str, *, role: str | None = None, purpose: str | None = None
) -> AbstractContextManager[UnitOfWork]:
    """Open a transaction in the name of an account, with the rights that it has now, for work that the worker does for it.

    `account` has `issuer` and `subject`, and `role` if no role is named. Raises what `actor_of` raises.
    """
    acts_as = role or account.role
    return database.work(lambda opening: actor_of(opening, account.issuer, account.subject, acts_as), request_id, purpose)


def actor_of(opening: Opening, issuer: str, subject: str, role: str | None, *, remembered: bool = False) -> Actor:
    """Return the person or client with this subject, in the role it acts in. `remembered` is that of `Opening.begin`.

    Raises `UnknownCaller`, `ChooseRole`, and `Forbidden` if it does not have the role.
    """
    found = opening.begin(issuer, subject, role, remembered=remembered)
    if found is None:
        raise UnknownCaller
    roles = tuple(Role(name) for name in found.roles)
    return Actor(
        id=found.id,
        kind=found.kind,
        name=found.name,
        authority_id=found.authority_id,
        authority_name=found.authority_name,
        country=found.country,
        role=_acted_in(roles, role),
        roles=roles,
        victim_cleared=found.victim_cleared,
        operator=found.operator,
        functions=tuple(Function(name) for name in found.functions),
    )


def _acted_in(roles: tuple[Role, ...], named: str | None) -> Role:
    if named is not None:
        if named not in roles:
            raise Forbidden("You do not have this role.")
        return Role(named)
    if len(roles) != 1:
        raise ChooseRole(roles=list(roles)) if roles else Forbidden("You have no role in this register.")
    return roles[0]
