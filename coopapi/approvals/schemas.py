"""Requests for approval on the wire."""

from marshmallow import fields

from coopapi.approvals.models import APPROVAL_LIFECYCLE
from coopapi.http.fields import OneOf, Schema, Shown, Text, When
from coopapi.http.transitions import Stepped, embedded


class ApprovalFilter(Stepped):
    """Which requests."""

    state = OneOf(APPROVAL_LIFECYCLE.states)
    object_id = fields.UUID(metadata={"description": "Only requests about this person, client or other resource."})


class ApprovalOut(Shown):
    """A request for approval."""

    id = fields.UUID(required=True)
    transitions = embedded()
    authority_id = fields.UUID(required=True, metadata={"description": "The authority whose account or setting would change."})
    kind = OneOf(
        ("account", "export", "instrument", "quota", "time", "webhook"),
        required=True,
        metadata={
            "description": "The kind of change: `account` for people and clients, `quota` for an authority, `webhook` for an "
            "address to which events are sent, `time` for the correction of a stated time, which a second person of the authority "
            "decides on, `export` for a case that leaves the Member States, on which another prosecutor decides, and `instrument` "
            "for a legal instrument of a central authority, on which an administrator of the operator decides."
        },
    )
    object_id = fields.UUID(required=True)
    object_version = fields.Integer(
        required=True, metadata={"description": "The version to which the change applies; it is not applied to a later version."}
    )
    change = fields.Dict(required=True, metadata={"description": "The exact change. A new secret is mentioned but not shown."})
    state = OneOf(APPROVAL_LIFECYCLE.states, required=True)
    requested_by = fields.UUID(required=True)
    requested_from = fields.UUID(required=True, metadata={"description": "The authority of the account that made the request."})
    requested_at = When(required=True)
    expires_at = When(required=True)
    decided_by = fields.UUID(allow_none=True)
    decided_at = When(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "The reason for the rejection."})
    etag = fields.String(required=True)


class ApprovalDecisionIn(Schema):
    """A decision."""

    reason = Text(500)
