"""Webhooks over HTTP."""

from http import HTTPStatus

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.webhooks import service
from coopapi.webhooks.models import WebhookEndpoint
from coopapi.webhooks.schemas import WebhookDeliveryOut, WebhookIn, WebhookOut

blp = Blueprint("webhooks", __name__, url_prefix="/api/v1", description="Events sent to addresses of machine clients")

_WEBHOOKS = Collection(blp, "/webhooks", WebhookOut, Action.WEBHOOK_READ, Action.WEBHOOK_MANAGE, service.show, "/<uuid:webhook_id>")
_WEBHOOKS.list("list_webhooks", service.listed, "List the addresses of your authority or, for a machine client, its own.")
_WEBHOOKS.add(
    "add_webhook",
    service.add,
    """Enter an address to which the events of a machine client of your authority are sent.

    It is used when another administrator has approved it, for events from then on. The secret is shown once. An address does not
    change: to change it, enter another one and end this one.
    """,
    body=WebhookIn,
)
_WEBHOOKS.get("get_webhook", WebhookEndpoint, "Show one address.")
_WEBHOOKS.steps(service.WEBHOOK, "Pause, resume or end an address. It resumes from the event at which it stopped.")
_WEBHOOKS.act(
    "/secret",
    "renew_webhook_secret",
    service.renew_secret,
    """Create a new secret for an address; it is shown once.

    For 24 hours, each message has a signature with the old secret and one with the new one.
    """,
    status=HTTPStatus.CREATED,
    changes=True,
)
_SENT = {"returns": WebhookDeliveryOut, "allow": Action.WEBHOOK_SEND, "status": HTTPStatus.CREATED, "show": None}
_WEBHOOKS.act("/ping", "ping_webhook", service.ping, "Send a test message to an address, once.", **_SENT)
_DELIVERIES = Collection(
    blp,
    "/webhooks/<uuid:webhook_id>/deliveries",
    WebhookDeliveryOut,
    Action.WEBHOOK_READ,
    Action.WEBHOOK_SEND,
    None,
    "/<uuid:delivery_id>",
)
_DELIVERIES.list(
    "list_webhook_deliveries",
    service.deliveries,
    """List the messages to an address with all attempts, newest first, for 30 days after they were settled.

    Only the client itself sees the messages about its events. Administrators see pings.
    """,
)
_DELIVERIES.act(
    "/replay",
    "replay_webhook_delivery",
    service.replay,
    "Send the message of a delivery once more, with the same `webhook-id`. Only the client itself may do this.",
    status=HTTPStatus.CREATED,
)
_DELIVERIES.act(
    "/skip",
    "skip_webhook_delivery",
    service.skip,
    """Give up an event that your receiver cannot take, so that the later ones of its case are sent.

    It stays in `/events`, and it can be sent again with `replay`. Only the client itself may do this.
    """,
    status=HTTPStatus.OK,
)
