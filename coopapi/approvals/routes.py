"""Requests for approval over HTTP."""

from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.approvals import service
from coopapi.approvals.models import Approval
from coopapi.approvals.schemas import ApprovalDecisionIn, ApprovalFilter, ApprovalOut
from coopapi.http.api import Blueprint
from coopapi.http.paging import Order, Page, page
from coopapi.store.db import UnitOfWork

blp = Blueprint("approvals", __name__, url_prefix="/api/v1", description="Changes that need the approval of a second administrator")


@blp.route("/approvals", allow=Action.APPROVAL_READ, query=ApprovalFilter, returns=ApprovalOut, page=True, show=service.show)
def list_approvals(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the requests for approval, newest first."""
    return page(work, "approvals", service.listed(work, wanted), Order((Approval.id,)), wanted)


@blp.route("/approvals/<uuid:approval_id>", allow=Action.APPROVAL_READ, returns=ApprovalOut, show=service.show)
def get_approval(approval_id: UUID, *, work: UnitOfWork) -> Approval:
    """Show one request for approval."""
    return work.one(Approval, approval_id)


blp.workflow(
    "/approvals/<uuid:approval_id>",
    service.APPROVAL,
    read=Action.APPROVAL_READ,
    act=Action.APPROVAL_DECIDE,
    body=ApprovalDecisionIn,
    returns=ApprovalOut,
    show=service.show,
    about="Approve, reject or withdraw a request for approval; an approved change takes effect with the next HTTP request.",
)
