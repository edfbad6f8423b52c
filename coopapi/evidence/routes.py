"""Evidence over HTTP."""

from http import HTTPStatus
from typing import Any

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
from coopapi.http.collection import Collection, children
from coopapi.http.paging import Order
from coopapi.store.db import UnitOfWork

blp = Blueprint("evidence", __name__, url_prefix="/api/v1", description="Metadata of evidence: conditions, chain of custody, uses")

_READ = Action.EVIDENCE_READ
_WRITE = Action.EVIDENCE_WRITE
_ONE = "/evidence/<uuid:evidence_id>"


def _give(work: UnitOfWork, data: dict[str, Any]) -> Evidence:
    return service.add(work, data.pop("object_id"), data.pop("object_type"), data, item_id=data.pop("item_id", None))


_EVIDENCE = Collection(blp, "/evidence", EvidenceOut, _READ, _WRITE, service.show, "/<uuid:evidence_id>")
_EVIDENCE.list(
    "list_evidence",
    service.items,
    "List the items of evidence that were given in the requests and teams in which you take part.",
    query=EvidenceFilter,
    embeds=transitions.EVIDENCE,
)
_EVIDENCE.add(
    "give_evidence", _give, "Give an item of evidence, as metadata, to participants of a request or team.", body=EvidenceIn
)
_EVIDENCE.get("get_evidence", Evidence, "Show one item; its description is shown after you have accepted the conditions.")
_EVIDENCE.steps(
    transitions.EVIDENCE,
    "Accept or decline an item and its conditions, verify or reject it, or withdraw or recall an item that you gave.",
    act=_READ,
    body=EvidenceStepIn,
)
_EVIDENCE.act(
    "/recipients",
    "add_evidence_recipient",
    service.give_to,
    "Give an item of yours to one more authority, such as that of a State that joined later.",
    body=RecipientIn,
    status=HTTPStatus.CREATED,
)

_CUSTODY = Collection(blp, f"{_ONE}/custody", CustodyOut, _READ, _WRITE, custody.show)
_CUSTODY.list(
    "list_evidence_custody",
    children(Evidence, Custody.evidence_id),
    "List the chain of custody of an item, in the order in which it was recorded.",
    order=Order((Custody.id,), descending=False),
)
_CUSTODY.add(
    "add_evidence_custody", custody.add, "Add an entry to the chain of custody; the act `received` is the receipt.", body=CustodyIn
)

_USES_OF_ONE = Collection(blp, f"{_ONE}/uses", UseOut, _READ, Action.EVIDENCE_USE, uses.show)
_USES_OF_ONE.list(
    "list_uses_of_evidence",
    children(Evidence, EvidenceUse.evidence_id),
    "List the uses of an item: all uses if you are its provider, otherwise your own (Budapest Art. 28(4)).",
)
_USES_OF_ONE.add(
    "use_evidence",
    uses.ask,
    "Use an item in a case: immediately in the case for which it was obtained, otherwise after the provider consents.",
    body=UseIn,
)

_USES = Collection(blp, "/evidence-uses", UseOut, _READ, _READ, uses.show, "/<uuid:use_id>")
_USES.list(
    "list_evidence_uses",
    uses.uses,
    "List uses of evidence; `side=provider&state=consent_asked` lists the uses that wait for your consent.",
    query=UseFilter,
    embeds=uses.USE,
)
_USES.get("get_evidence_use", EvidenceUse, "Show one use of an item.")
_USES.steps(uses.USE, "Consent to a use, deny it or revoke the consent; or withdraw your own request for consent.", body=UseStepIn)
