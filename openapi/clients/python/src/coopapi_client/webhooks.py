"""Messages that the register sends to an address of yours."""

from collections.abc import Mapping
from typing import TypedDict, cast

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from coopapi_client.problems import UntrustedWebhook


class WebhookData(TypedDict):
    """What the event is about. `id` is that of the event in the feed, and `link` where the object is read."""

    id: str
    case_id: str | None
    object_type: str
    object_id: str | None
    link: str | None


class WebhookMessage(TypedDict):
    """A message. Ignore one whose `data.id` you have already."""

    type: str
    timestamp: str
    data: WebhookData


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes) -> WebhookMessage:
    """Return the message, if it was signed with the secret and its time differs from your clock by at most five minutes.

    `body` is the body as it came, byte for byte. Raises `UntrustedWebhook`.
    """
    try:
        found = Webhook(secret).verify(body, dict(headers))
    except (WebhookVerificationError, ValueError) as fault:
        clock = " Check the clock of this computer (NTP)." if "timestamp too" in str(fault) else ""
        raise UntrustedWebhook(f"{fault}.{clock}") from fault
    return cast("WebhookMessage", found)
