"""Disclosures over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.disclosures import service, transitions
from coopapi.disclosures.models import Disclosure
from coopapi.disclosures.schemas import DecisionIn, DisclosureFilter, DisclosureIn, DisclosureOut
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.store.db import UnitOfWork

blp = Blueprint("disclosures", __name__, url_prefix="/api/v1", description="Requests to show the information behind an overlap")


@blp.route(
    "/overlaps/<uuid:overlap_id>/disclosures",
    method="POST",
    allow=Action.DISCLOSURE_ASK,
    body=DisclosureIn,
    returns=DisclosureOut,
    status=HTTPStatus.CREATED,
    show=service.show,
)
def request_disclosure(data: dict[str, Any], *, overlap_id: UUID, work: UnitOfWork) -> Disclosure:
    """Ask the other side of an overlap for a disclosure; your side must have the overlap under verification or confirmed."""
    return service.ask(work, overlap_id, data)


@blp.route(
    "/overlaps/<uuid:overlap_id>/disclosures",
    allow=Action.DISCLOSURE_READ,
    query=Paged,
    returns=DisclosureOut,
    page=True,
    show=service.show,
)
def list_overlap_disclosures(wanted: dict[str, Any], *, overlap_id: UUID, work: UnitOfWork) -> Page:
    """List the disclosures that both sides of an overlap have requested."""
    query = service.disclosures_of(work, wanted, overlap_id)
    return page(work, f"disclosures/{overlap_id}", query, Order((Disclosure.id,)), wanted)


@blp.route(
    "/disclosures", allow=Action.DISCLOSURE_READ, query=DisclosureFilter, returns=DisclosureOut, page=True, show=service.show
)
def list_disclosures(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the disclosures that you requested or must answer.

    `side=owner&state=requested` lists the requests that wait for your answer, and `overdue=true` lists late answers.
    """
    return page(work, "disclosures", service.disclosures_of(work, wanted), Order((Disclosure.id,)), wanted)


@blp.route("/disclosures/<uuid:disclosure_id>", allow=Action.DISCLOSURE_READ, returns=DisclosureOut, show=service.show)
def get_disclosure(disclosure_id: UUID, *, work: UnitOfWork) -> Disclosure:
    """Show one disclosure, with its items in clear as long as access to them lasts."""
    return work.one(Disclosure, disclosure_id)


blp.workflow(
    "/disclosures/<uuid:disclosure_id>",
    transitions.DISCLOSURE,
    read=Action.DISCLOSURE_READ,
    act=Action.DISCLOSURE_READ,
    body=DecisionIn,
    returns=DisclosureOut,
    show=service.show,
    about="Disclose in full or in part, refuse, wait for authorisation, or recall a disclosure; or withdraw your own request.",
)
