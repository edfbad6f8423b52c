"""Webhooks on the wire."""

from marshmallow import fields

from coopapi.access import Role
from coopapi.approvals.schemas import ApprovalOut
from coopapi.directory.schemas import CLIENT_ROLES
from coopapi.http.fields import Line, Many, OneOf, Schema, Shown, When
from coopapi.journal.catalogue import EVENTS
from coopapi.webhooks.addresses import LONGEST
from coopapi.webhooks.models import WEBHOOK_LIFECYCLE


class WebhookIn(Schema):
    """An address to which the events of a machine client are to be sent."""

    client_id = fields.UUID(required=True, metadata={"description": "The client whose events are sent: those of its `/events`."})
    role = OneOf(
        CLIENT_ROLES,
        name="ClientRole",
        metadata={"description": "The role in which the client gets them; needed if it has several."},
    )
    url = Line(LONGEST, required=True, metadata={"description": "An https URL with the host name of a public server and port 443."})
    events = Many(
        OneOf(EVENTS, name="EventName"), 200, metadata={"description": "The names of the events to send; without it, all events."}
    )


class WebhookOut(Shown):
    """An address for webhooks."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    client_id = fields.UUID(required=True)
    role = OneOf(Role, required=True)
    url = fields.String(required=True)
    events = fields.List(OneOf(EVENTS, name="EventName"), required=True, metadata={"description": "Empty: all events."})
    state = OneOf(WEBHOOK_LIFECYCLE.states, required=True)
    pause = OneOf(
        ("asked", "failing", "restored"),
        allow_none=True,
        metadata={
            "description": "Why it is paused: an administrator paused it, a delivery failed for 24 hours, or the register was "
            "restored from a backup."
        },
    )
    created_by = fields.UUID(required=True)
    created_at = When(required=True)
    approved_at = When(allow_none=True)
    ended_at = When(allow_none=True)
    secret = fields.String(metadata={"description": "The secret for signatures. It is shown only once, when it is created."})
    old_until = When(allow_none=True, metadata={"description": "Until then, messages are signed with the previous secret too."})
    pending = fields.List(fields.Nested(ApprovalOut), required=True, metadata={"description": "The approval that it waits for."})
    etag = fields.String(required=True)


class AttemptOut(Shown):
    """One attempt to send a message."""

    at = fields.String(required=True, metadata={"format": "date-time"})
    status = fields.Integer(allow_none=True, metadata={"description": "The HTTP status of the answer; null if there was none."})
    fault = OneOf(
        ("refused_address", "timeout", "name", "tls", "connection"),
        allow_none=True,
        metadata={"description": "Why there was no answer."},
    )
    milliseconds = fields.Integer(required=True, metadata={"description": "How long the answer took."})


class WebhookDeliveryOut(Shown):
    """One message to an address."""

    id = fields.UUID(required=True)
    endpoint_id = fields.UUID(required=True)
    kind = OneOf(("event", "replay", "ping"), required=True)
    message_id = fields.UUID(required=True, metadata={"description": "The header `webhook-id`: the id of the event in `/events`."})
    state = OneOf(("waiting", "delivered", "failed", "withheld", "skipped"), required=True)
    created_at = When(required=True)
    next_at = When(required=True, metadata={"description": "While it waits: when it is tried next, at the earliest."})
    settled_at = When(allow_none=True)
    tried = fields.Integer(required=True)
    attempts = fields.List(fields.Nested(AttemptOut), required=True, metadata={"description": "The last 20 attempts."})
    etag = fields.String(required=True)
