"""Evidence over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.evidence import custody, service, transitions, uses
from coopapi.evidence.models import Custody, Evidence, EvidenceUse
from coopapi.evidence.schemas import (
    CustodyIn,
    CustodyOut,
    EvidenceFilter,
    EvidenceIn,
    EvidenceOut,
    EvidenceStepIn,
    RecipientIn,
    UseFilter,
    UseIn,
    UseOut,
    UseStepIn,
)
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.store.db import UnitOfWork

blp = Blueprint("evidence", __name__, url_prefix="/api/v1", description="Metadata of evidence: conditions, chain of custody, uses")

_READ = Action.EVIDENCE_READ
_ONE = "/evidence/<uuid:evidence_id>"
_USE = "/evidence-uses/<uuid:use_id>"


@blp.route("/evidence", allow=_READ, query=EvidenceFilter, returns=EvidenceOut, page=True, show=service.show)
def list_evidence(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the items of evidence that were given in the requests and teams in which you take part."""
    return page(work, "evidence", service.items(work, wanted), Order((Evidence.id,)), wanted)


@blp.route(
    "/evidence",
    method="POST",
    allow=Action.EVIDENCE_WRITE,
    body=EvidenceIn,
    returns=EvidenceOut,
    status=HTTPStatus.CREATED,
    show=service.show,
)
def give_evidence(data: dict[str, Any], *, work: UnitOfWork) -> Evidence:
    """Give an item of evidence, as metadata, to participants of a request or team."""
    return service.add(work, data.pop("object_id"), data.pop("object_type"), data, item_id=data.pop("item_id", None))


@blp.route(_ONE, allow=_READ, returns=EvidenceOut, show=service.show)
def get_evidence(evidence_id: UUID, *, work: UnitOfWork) -> Evidence:
    """Show one item; its description is shown after you have accepted the conditions."""
    return work.one(Evidence, evidence_id)


blp.workflow(
    _ONE,
    transitions.EVIDENCE,
    read=_READ,
    act=_READ,
    body=EvidenceStepIn,
    returns=EvidenceOut,
    show=service.show,
    about="Accept or decline an item and its conditions, verify or reject it, or withdraw or recall an item that you gave.",
)


@blp.route(
    f"{_ONE}/recipients",
    method="POST",
    allow=Action.EVIDENCE_WRITE,
    body=RecipientIn,
    returns=EvidenceOut,
    status=HTTPStatus.CREATED,
    show=service.show,
)
def add_evidence_recipient(data: dict[str, Any], *, evidence_id: UUID, work: UnitOfWork) -> Evidence:
    """Give an item of yours to one more authority, such as that of a State that joined later."""
    return service.give_to(work, evidence_id, data["authority_id"])


@blp.route(f"{_ONE}/custody", allow=_READ, query=Paged, returns=CustodyOut, page=True, show=custody.show)
def list_evidence_custody(wanted: dict[str, Any], *, evidence_id: UUID, work: UnitOfWork) -> Page:
    """List the chain of custody of an item, in the order in which it was recorded."""
    query = custody.links(work, evidence_id)
    return page(work, f"custody/{evidence_id}", query, Order((Custody.id,), descending=False), wanted)


@blp.route(
    f"{_ONE}/custody",
    method="POST",
    allow=Action.EVIDENCE_WRITE,
    body=CustodyIn,
    returns=CustodyOut,
    status=HTTPStatus.CREATED,
    show=custody.show,
)
def add_evidence_custody(data: dict[str, Any], *, evidence_id: UUID, work: UnitOfWork) -> Custody:
    """Add an entry to the chain of custody; the act `received` is the receipt."""
    return custody.add(work, evidence_id, data)


@blp.route(f"{_ONE}/uses", allow=_READ, query=Paged, returns=UseOut, page=True, show=uses.show)
def list_uses_of_evidence(wanted: dict[str, Any], *, evidence_id: UUID, work: UnitOfWork) -> Page:
    """List the uses of an item: all uses if you are its provider, otherwise your own (Budapest Art. 28(4))."""
    return page(work, f"uses/{evidence_id}", uses.of_item(work, evidence_id), Order((EvidenceUse.id,)), wanted)


@blp.route(
    f"{_ONE}/uses",
    method="POST",
    allow=Action.EVIDENCE_USE,
    body=UseIn,
    returns=UseOut,
    status=HTTPStatus.CREATED,
    show=uses.show,
)
def use_evidence(data: dict[str, Any], *, evidence_id: UUID, work: UnitOfWork) -> EvidenceUse:
    """Use an item in a case: immediately in the case for which it was obtained, otherwise after the provider consents."""
    return uses.ask(work, evidence_id, data)


@blp.route("/evidence-uses", allow=_READ, query=UseFilter, returns=UseOut, page=True, show=uses.show)
def list_evidence_uses(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List uses of evidence; `side=provider&state=consent_asked` lists the uses that wait for your consent."""
    return page(work, "uses", uses.uses(work, wanted), Order((EvidenceUse.id,)), wanted)


@blp.route(_USE, allow=_READ, returns=UseOut, show=uses.show)
def get_evidence_use(use_id: UUID, *, work: UnitOfWork) -> EvidenceUse:
    """Show one use of an item."""
    return work.one(EvidenceUse, use_id)


blp.workflow(
    _USE,
    uses.USE,
    read=_READ,
    act=_READ,
    body=UseStepIn,
    returns=UseOut,
    show=uses.show,
    about="Consent to a use, deny it or revoke the consent; or withdraw your own request for consent.",
)
