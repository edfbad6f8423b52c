"""Quotas of single authorities: one administrator of the operator requests them, and another one approves."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from coopapi.approvals import service as approvals
from coopapi.approvals.models import Approval
from coopapi.directory.models import OPERATOR, Authority
from coopapi.directory.rights import ChangedSince
from coopapi.errors import Forbidden, fault
from coopapi.store import quotas
from coopapi.store.db import UnitOfWork

KIND: Final = "quota"


def ask(work: UnitOfWork, authority_id: UUID, data: Mapping[str, Any]) -> Approval:
    """Request quotas for the clients of an authority that replace those of the settings."""
    if not work.actor.operator:
        raise Forbidden("Only administrators of the operator may request other quotas.")
    row = work.one(Authority, authority_id)
    figures = [data[name] for name in ("hour", "day", "hidden_hour", "hidden_day")]
    if data.get("until") and data["until"] <= work.now:
        raise fault("/until", "order_of_time", "The time must be in the future.")
    change = {"quotas": figures, "until": data.get("until"), "reason": data["reason"]}
    return approvals.ask(work, KIND, OPERATOR, (row.id, quotas.version(work.session, row.id)), change)


def apply(work: UnitOfWork, approval: Approval) -> None:
    """Apply approved quotas. Raises `ChangedSince` if others were set after the request or their end has passed."""
    if not quotas.apply_approved(work.session, approval.id):
        raise ChangedSince
    work.note("quota.set", object_type="authority", authority=str(approval.object_id), approval=str(approval.id), **approval.change)
