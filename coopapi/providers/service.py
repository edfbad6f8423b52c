"""Add and change the profiles of providers and the memoranda with them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func

from coopapi.access import Role
from coopapi.directory.entries import NotYourEntry, find_authority, require_keeper, require_order
from coopapi.errors import Conflict, fault
from coopapi.providers.models import Mou, Provider
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching


class ProfileThere(Conflict):
    """The provider already has a profile.

    Change the existing profile.
    """


def add_provider(work: UnitOfWork, data: dict[str, Any]) -> Provider:
    """Add a provider's profile: by the operator or a central authority of the country of establishment.

    Raises `ProfileThere` and `Unprocessable`.
    """
    _check_keeper(work, data["establishment"]["country"])
    provider = find_authority(work, data["authority_id"])
    if provider is None or provider.type != "service_provider":
        detail = "The authority must be of the type service_provider."
        raise fault("/authority_id", "type", detail)
    if work.session.scalar(work.all(Provider).where(Provider.authority_id == provider.id)):
        raise ProfileThere
    data.pop("confirmed", None)
    blank: dict[str, Any] = {"brands": [], "services": [], "languages": [], "retention": []}
    row = work.add(Provider(**{**blank, **data, "last_confirmed_at": work.now}))
    work.note("provider.entered", row)
    return row


def _check_keeper(work: UnitOfWork, country: str) -> None:
    at_home = work.actor.role is Role.CENTRAL_AUTHORITY and work.actor.country == country
    if not (work.actor.operator or at_home):
        raise NotYourEntry


def change_provider(work: UnitOfWork, provider_id: UUID, version: int, data: dict[str, Any]) -> Provider:
    """Change or confirm a provider's profile."""
    row = work.one(Provider, provider_id, version=version)
    for establishment in (row.establishment, data.get("establishment", row.establishment)):
        _check_keeper(work, establishment["country"])
    if data.pop("confirmed", False):
        row.last_confirmed_at = work.now
    row.set(data)
    work.note("provider.changed", row, fields=sorted(data))
    return row


def providers(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Provider]:
    """Select providers by country of establishment and brand."""
    query = work.all(Provider)
    if country := wanted.get("country"):
        query = query.where(Provider.establishment["country"].astext == country)
    if brand := wanted.get("brand"):
        known_as = func.unnest(Provider.brands).column_valued("known_as")
        query = query.where(exists().where(func.lower(known_as) == func.lower(brand)))
    return query


def add_mou(work: UnitOfWork, data: dict[str, Any]) -> Mou:
    """Add a memorandum of the caller's authority."""
    if "provider_id" in data:
        work.one(Provider, data["provider_id"])
    require_order(data["valid_from"], data.get("valid_until"))
    row = work.add(Mou(**{"standards": [], **data, "authority_id": work.actor.authority_id}))
    work.note("mou.entered", row)
    return row


def change_mou(work: UnitOfWork, mou_id: UUID, version: int, data: dict[str, Any]) -> Mou:
    """Change a memorandum."""
    row = work.one(Mou, mou_id, version=version)
    require_keeper(work, row.authority_id)
    row.set(data)
    require_order(row.valid_from, row.valid_until)
    work.note("mou.changed", row, fields=sorted(data))
    return row


def mous(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Mou]:
    """Select memoranda by provider; `expiring_within` is a number of days."""
    query = matching(work.all(Mou), wanted, provider_id=Mou.provider_id)
    if days := wanted.get("expiring_within"):
        today = work.now.date()
        query = query.where(Mou.valid_until.between(today, today + timedelta(days=days)))
    return query
