"""Entries of the directory: every authenticated caller sees them; the authority concerned and the operator maintain them."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, select, true

from coopapi.access import Actor
from coopapi.directory.models import Authority
from coopapi.errors import Forbidden, Unprocessable, fault
from coopapi.store.db import UnitOfWork


class NotYourEntry(Forbidden):
    """Only the authority that an entry of the directory is about, or the operator, may change the entry.

    Ask that authority or the operator to change the entry.
    """


class OnlyForItself(Unprocessable):
    """A service provider may have entries only for itself, not for a country.

    Remove what `errors` points to.
    """


class ForEverybody:
    """Base class of rows that every authenticated caller may see."""

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for visible rows: all of them, if the caller is authenticated."""
        del actor, now
        return true()


def known_authority(work: UnitOfWork, authority_id: UUID | None, pointer: str) -> Authority:
    """Return an authority of the directory; raise `Unprocessable` with this pointer if there is none."""
    found = find_authority(work, authority_id)
    if found is None:
        raise fault(pointer, "unknown", "There is no authority with this id.")
    return found


def find_authority(work: UnitOfWork, authority_id: UUID | None) -> Authority | None:
    """Return an authority of the directory, or None."""
    return work.find(Authority, authority_id) if authority_id else None


def of_country(authority_id: SQLColumnExpression[Any], country: str) -> ColumnElement[bool]:
    """Return the condition that an authority is one of this country."""
    return authority_id.in_(select(Authority.id).where(Authority.country == country))


def authorities_of(work: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Authority]:
    """Return the authorities with these ids."""
    return {found.id: found for found in work.session.scalars(work.all(Authority).where(Authority.id.in_(ids)))}


def kept_authority(work: UnitOfWork, wanted: UUID | None) -> Authority:
    """Return the authority whose entry the caller writes. The operator may name any authority, others only their own."""
    authority_id = wanted or work.actor.authority_id
    if authority_id != work.actor.authority_id and not work.actor.operator:
        raise NotYourEntry
    return known_authority(work, authority_id, "/authority_id")


def require_keeper(work: UnitOfWork, authority_id: UUID) -> None:
    """Raise `NotYourEntry` unless the caller maintains the entries of that authority."""
    if authority_id != work.actor.authority_id and not work.actor.operator:
        raise NotYourEntry


def require_order(begins: date, ends: date | None) -> None:
    """Raise `Unprocessable` if an entry would end before it begins."""
    if ends is not None and ends < begins:
        raise fault("/valid_until", "order", "The date must not be before valid_from.")


def speaks_for_a_country(authority: Authority) -> bool:
    """Tell whether an authority declares something for its country. A provider declares it only for itself."""
    return authority.type != "service_provider"
