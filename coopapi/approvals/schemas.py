"""Requests for approval on the wire."""

from marshmallow import fields

from coopapi.approvals.models import APPROVAL_LIFECYCLE
from coopapi.http.fields import OneOf, Paged, Schema, Shown, Text, When


class ApprovalFilter(Paged):
    """Which requests."""

    state = OneOf(APPROVAL_LIFECYCLE.states)
    object_id = fields.UUID(metadata={"description": "Requests about this person, client or other thing."})


class ApprovalOut(Shown):
    """A request for approval."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True, metadata={"description": "The authority whose account or setting would change."})
    kind = OneOf(
        ("account", "quota"), required=True, metadata={"description": "`account` for people and clients, `quota` for an authority."}
    )
    object_id = fields.UUID(required=True)
    object_version = fields.Integer(required=True, metadata={"description": "It is applied to this version and to no later one."})
    change = fields.Dict(required=True, metadata={"description": "Exactly what changes. A new secret is named, never shown."})
    state = OneOf(APPROVAL_LIFECYCLE.states, required=True)
    requested_by = fields.UUID(required=True)
    requested_from = fields.UUID(required=True, metadata={"description": "The authority of who asked."})
    requested_at = When(required=True)
    expires_at = When(required=True)
    decided_by = fields.UUID(allow_none=True)
    decided_at = When(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Why it was rejected."})
    etag = fields.String(required=True)


class ApprovalDecisionIn(Schema):
    """A decision."""

    reason = Text(500)
