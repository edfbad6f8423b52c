"""Disclosures over HTTP."""

from coopapi.access import Action
from coopapi.disclosures import service, transitions
from coopapi.disclosures.models import Disclosure
from coopapi.disclosures.schemas import DecisionIn, DisclosureFilter, DisclosureIn, DisclosureOut
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection

blp = Blueprint("disclosures", __name__, url_prefix="/api/v1", description="Requests to show the information behind an overlap")
_READ = Action.DISCLOSURE_READ

_OF_OVERLAP = Collection(
    blp, "/overlaps/<uuid:overlap_id>/disclosures", DisclosureOut, _READ, Action.DISCLOSURE_ASK, show=service.show
)
_OF_OVERLAP.add(
    "request_disclosure",
    service.ask,
    "Ask the other side of an overlap for a disclosure; your side must have the overlap under verification or confirmed.",
    body=DisclosureIn,
)
_OF_OVERLAP.list(
    "list_overlap_disclosures", service.of_overlap, "List the disclosures that both sides of an overlap have requested."
)

_DISCLOSURES = Collection(blp, "/disclosures", DisclosureOut, _READ, _READ, show=service.show, item="/<uuid:disclosure_id>")
_DISCLOSURES.list(
    "list_disclosures",
    service.disclosures,
    """List the disclosures that you requested or must answer.

    `side=owner&state=requested` lists the requests that wait for your answer, and `overdue=true` lists late answers.
    """,
    query=DisclosureFilter,
    embeds=transitions.DISCLOSURE,
)
_DISCLOSURES.get("get_disclosure", Disclosure, "Show one disclosure, with its items in clear as long as access to them lasts.")
_DISCLOSURES.steps(
    transitions.DISCLOSURE,
    "Disclose in full or in part, refuse, wait for authorisation, or recall a disclosure; or withdraw your own request.",
    body=DecisionIn,
)
