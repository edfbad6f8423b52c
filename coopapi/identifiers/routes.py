"""Identifiers over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.cases.external_ids import with_key
from coopapi.cases.models import Identifier, IdentifierSubject
from coopapi.http.api import Blueprint
from coopapi.http.outcomes import Outcomes, outcomes_of
from coopapi.http.paging import Order, Page, page, settled_of
from coopapi.identifiers import bulk, extraction, registration, service
from coopapi.identifiers.proposals import MOST_TO_EXTRACT, ExtractIn, ExtractOut
from coopapi.identifiers.schemas import (
    IdentifierFilter,
    IdentifierOut,
    IdentifierPatch,
    IdentifiersIn,
    WithdrawalIn,
)
from coopapi.store.db import UnitOfWork

blp = Blueprint("identifiers", __name__, url_prefix="/api/v1", description="Identifiers in cases")


@blp.route(
    "/cases/<uuid:case_id>/identifiers",
    allow=Action.IDENTIFIER_READ,
    query=IdentifierFilter,
    returns=IdentifierOut,
    page=True,
    show=service.show_identifiers,
)
def list_identifiers(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List the identifiers of a case, with values in clear if you may read them."""
    cases.require_access(work, case_id, Level.READ)
    query = work.all(Identifier).where(Identifier.case_id == case_id)
    if "kind" in wanted:
        query = query.where(Identifier.kind == wanted["kind"])
    if "subject_id" in wanted:
        links = work.all(IdentifierSubject).where(
            IdentifierSubject.identifier_id == Identifier.id, IdentifierSubject.subject_id == wanted["subject_id"]
        )
        query = query.where(links.exists())
    if "external_id" in wanted:
        query = with_key(work, query, Identifier.external_id, wanted["external_id"])
    if "state" in wanted:
        query = query.where(Identifier.withdrawn_at.is_(None) == (wanted["state"] == "registered"))
    if "warning" in wanted:
        query = query.where(Identifier.warnings.contains([wanted["warning"]]))
    work.note("identifiers.consulted", case_id=case_id, object_type="case", consultation=True)
    return page(work, f"identifiers/{case_id}", query, Order((Identifier.id,)), wanted)


@blp.route(
    "/cases/<uuid:case_id>/identifiers",
    method="POST",
    allow=Action.IDENTIFIER_WRITE,
    body=IdentifiersIn,
    returns=IdentifierOut,
    status=HTTPStatus.CREATED,
    many="identifiers",
    counts_values=True,
    settles=True,
    show=service.show_identifiers,
)
@blp.by_item(settled_of(outcomes_of(IdentifierOut)))
def register_identifiers(data: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> list[Identifier] | Outcomes:
    """Register 1 to 1000 identifiers of a case; either all are registered or none, unless `on_error` is `each`.

    The response does not say whether other cases have these identifiers. `/cases/{id}/overlaps` shows the overlaps
    immediately afterwards. With `each`, the answer is 200 and has one entry for each identifier in their order.
    """
    if data.get("on_error") == "each":
        return bulk.register_each(work, case_id, data["identifiers"])
    return registration.register(work, case_id, data["identifiers"])


@blp.route(
    "/cases/<uuid:case_id>/identifiers/extract",
    method="POST",
    allow=Action.IDENTIFIER_WRITE,
    body=ExtractIn,
    returns=ExtractOut,
    only_reads=MOST_TO_EXTRACT,
)
def extract_identifiers(data: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> dict[str, Any]:
    """Propose the identifiers that stand in a text or a table. Nothing is stored or recorded.

    The body has at most 256 KiB. Values of other cases are not looked up. Names of persons are not looked for.
    """
    return extraction.extract(work, case_id, data)


@blp.route(
    "/cases/<uuid:case_id>/identifiers/<uuid:identifier_id>",
    allow=Action.IDENTIFIER_READ,
    returns=IdentifierOut,
    show=service.show_identifiers,
)
def get_identifier(case_id: UUID, identifier_id: UUID, *, work: UnitOfWork) -> Identifier:
    """Show one identifier of a case."""
    cases.require_access(work, case_id, Level.READ)
    row = registration.identifier_of(work, case_id, identifier_id)
    work.note("identifier.consulted", row, case_id=case_id, consultation=True)
    return row


@blp.route(
    "/cases/<uuid:case_id>/identifiers/<uuid:identifier_id>",
    method="PATCH",
    allow=Action.IDENTIFIER_WRITE,
    body=IdentifierPatch,
    returns=IdentifierOut,
    changes=True,
    counts_values=True,
    show=service.show_identifiers,
)
def correct_identifier(data: dict[str, Any], *, case_id: UUID, identifier_id: UUID, version: int, work: UnitOfWork) -> Identifier:
    """Correct an identifier; the overlaps of the case are updated."""
    cases.usable(work, case_id, Level.CONTRIBUTE, lock=True)
    row = registration.identifier_of(work, case_id, identifier_id, version=version)
    return registration.correct(work, row, service.as_item(work, row), data)


blp.workflow(
    "/cases/<uuid:case_id>/identifiers/<uuid:identifier_id>",
    registration.IDENTIFIER,
    read=Action.IDENTIFIER_READ,
    act=Action.IDENTIFIER_WRITE,
    body=WithdrawalIn,
    returns=IdentifierOut,
    show=service.show_identifiers,
    about="Withdraw an identifier with a reason; it is no longer used in matching from then on.",
)
