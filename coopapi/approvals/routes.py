"""Requests for approval over HTTP."""

from coopapi.access import Action
from coopapi.approvals import service
from coopapi.approvals.models import Approval
from coopapi.approvals.schemas import ApprovalDecisionIn, ApprovalFilter, ApprovalOut
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection

blp = Blueprint("approvals", __name__, url_prefix="/api/v1", description="Changes that need the approval of a second administrator")

_APPROVALS = Collection(
    blp,
    "/approvals",
    ApprovalOut,
    Action.APPROVAL_READ,
    Action.APPROVAL_DECIDE,
    show=service.show,
    item="/<uuid:approval_id>",
)
_APPROVALS.list(
    "list_approvals", service.listed, "List the requests for approval, newest first.", query=ApprovalFilter, embeds=service.APPROVAL
)
_APPROVALS.get("get_approval", Approval, "Show one request for approval.")
_APPROVALS.steps(
    service.APPROVAL,
    "Approve, reject or withdraw a request for approval; an approved change takes effect with the next HTTP request.",
    body=ApprovalDecisionIn,
)
