"""A client of coopapi: the operations of the API as methods, with the manners that the register asks of machines."""

from coopapi_client.feed import Feed
from coopapi_client.imports import Imports
from coopapi_client.problems import (
    BadRequest,
    Changed,
    Conflict,
    CoopapiError,
    Forbidden,
    ImportStopped,
    Invalid,
    NoAnswer,
    NotFound,
    Problem,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    UntrustedWebhook,
)
from coopapi_client.webhooks import WebhookMessage, verify_webhook


class Client(Imports):
    """A register, as one machine client uses it."""

    def events(self, cursor: str | None = None, *, wait: int = 30, **filters: str) -> Feed:
        """Return the events from a cursor on, or from now on.

        `action`, `case_id` and `kind` select; a cursor belongs to its filters.
        """
        return Feed(self, cursor, wait, **filters)


__all__ = [
    "BadRequest",
    "Changed",
    "Client",
    "Conflict",
    "CoopapiError",
    "Feed",
    "Forbidden",
    "ImportStopped",
    "Invalid",
    "NoAnswer",
    "NotFound",
    "Problem",
    "TooLarge",
    "TooMany",
    "Unauthenticated",
    "Unavailable",
    "UntrustedWebhook",
    "WebhookMessage",
    "verify_webhook",
]
