"""Entries of the directory: every authenticated caller sees them; the authority concerned and the operator maintain them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, true

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


def kept_authority(work: UnitOfWork, wanted: UUID | None) -> Authority:
    """Return the authority whose entry the caller writes. The operator may name any authority, others only their own."""
    authority_id = wanted or work.actor.authority_id
    if authority_id != work.actor.authority_id and not work.actor.operator:
        raise NotYourEntry
    found = work.session.scalar(work.all(Authority).where(Authority.id == authority_id))
    if found is None:
        raise fault("/authority_id", "unknown", "There is no authority with this id.")
    return found


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
