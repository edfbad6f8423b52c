"""Providers and memoranda over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.paging import Order, Page, page
from coopapi.providers import service
from coopapi.providers.models import Mou, Provider
from coopapi.providers.schemas import MouFilter, MouIn, MouOut, MouPatch, ProviderFilter, ProviderIn, ProviderOut, ProviderPatch
from coopapi.store.db import UnitOfWork

blp = Blueprint("providers", __name__, url_prefix="/api/v1", description="Service providers, and memoranda with them")


@blp.route("/providers", allow=Action.DIRECTORY_READ, query=ProviderFilter, returns=ProviderOut, page=True)
def list_providers(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List providers; `brand` finds the legal entity behind a brand name."""
    return page(work, "providers", service.providers(work, wanted), Order((Provider.id,)), wanted)


@blp.route(
    "/providers",
    method="POST",
    allow=Action.DIRECTORY_KEEP,
    body=ProviderIn,
    returns=ProviderOut,
    status=HTTPStatus.CREATED,
)
def add_provider(data: dict[str, Any], *, work: UnitOfWork) -> Provider:
    """Add the profile of a provider."""
    return service.add_provider(work, data)


@blp.route("/providers/<uuid:provider_id>", allow=Action.DIRECTORY_READ, returns=ProviderOut)
def get_provider(provider_id: UUID, *, work: UnitOfWork) -> Provider:
    """Show one provider."""
    return work.one(Provider, provider_id)


@blp.route(
    "/providers/<uuid:provider_id>",
    method="PATCH",
    allow=Action.DIRECTORY_KEEP,
    body=ProviderPatch,
    returns=ProviderOut,
    changes=True,
)
def update_provider(data: dict[str, Any], *, provider_id: UUID, version: int, work: UnitOfWork) -> Provider:
    """Change or confirm the profile of a provider."""
    return service.change_provider(work, provider_id, version, data)


@blp.route("/mous", allow=Action.DIRECTORY_READ, query=MouFilter, returns=MouOut, page=True)
def list_mous(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List memoranda of understanding."""
    return page(work, "mous", service.mous(work, wanted), Order((Mou.id,)), wanted)


@blp.route("/mous", method="POST", allow=Action.DIRECTORY_KEEP, body=MouIn, returns=MouOut, status=HTTPStatus.CREATED)
def add_mou(data: dict[str, Any], *, work: UnitOfWork) -> Mou:
    """Add a memorandum of understanding of your authority."""
    return service.add_mou(work, data)


@blp.route("/mous/<uuid:mou_id>", allow=Action.DIRECTORY_READ, returns=MouOut)
def get_mou(mou_id: UUID, *, work: UnitOfWork) -> Mou:
    """Show one memorandum of understanding."""
    return work.one(Mou, mou_id)


@blp.route("/mous/<uuid:mou_id>", method="PATCH", allow=Action.DIRECTORY_KEEP, body=MouPatch, returns=MouOut, changes=True)
def update_mou(data: dict[str, Any], *, mou_id: UUID, version: int, work: UnitOfWork) -> Mou:
    """Change a memorandum of understanding of your authority."""
    return service.change_mou(work, mou_id, version, data)
