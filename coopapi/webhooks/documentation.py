"""The part `webhooks` of the OpenAPI document: one message for each event of the catalogue, with an example."""

from typing import Any, Final
from uuid import UUID

from coopapi.journal.catalogue import EVENTS
from coopapi.journal.places import path_of
from coopapi.webhooks.messages import PING

_ID: Final = {"type": "string", "format": "uuid"}
_MAYBE: Final = {"type": ["string", "null"], "format": "uuid"}
_EVENT: Final = UUID("7d9f1c1e-58a4-4c53-9a51-3f0c8f3a6b10")
_CASE: Final = UUID("01937a2e-5c00-7000-8000-0000000000c1")
_OBJECT: Final = UUID("01937a2e-5c00-7000-8000-0000000000a7")
_OBJECTS: Final = {"access": "caseaccess", "identifiers": "case", "action": "meetingaction", "calendar_feed": "calendarfeed"}
_HEADERS: Final = {
    "webhook-id": "The id of the message. It is the same when the message is sent again; ignore one that you have.",
    "webhook-timestamp": "The time of sending in seconds since 1970. Refuse a message that is older than five minutes.",
    "webhook-signature": "Signatures with spaces between, each `v1,` and the HMAC-SHA-256 in Base64 over `id.timestamp.body`.",
}
MESSAGE: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A message about an event: its name, its time, ids and a link. Read what happened with your own token.",
    "required": ["type", "timestamp", "data"],
    "properties": {
        "type": {"type": "string", "description": "The name of the event."},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
        "data": {
            "type": "object",
            "required": ["id", "case_id", "object_type", "object_id", "link"],
            "properties": {
                "id": _ID | {"description": "The id of the event, as in `/events`."},
                "case_id": _MAYBE,
                "object_type": {"type": "string"},
                "object_id": _MAYBE,
                "link": {"type": "string", "format": "uri", "description": "Where to read about it."},
            },
        },
    },
}


def add_webhooks(document: dict[str, Any]) -> dict[str, Any]:
    """Add the messages to the document."""
    document["components"]["schemas"]["WebhookMessage"] = MESSAGE
    stored = "You have stored the message. Any other answer, also a redirect, is a failure."
    document["components"]["responses"]["Received"] = {"description": stored}
    for name, said in _HEADERS.items():
        document["components"]["parameters"] = document["components"].get("parameters", {}) | {
            name: {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "description": said}
        }
    document["webhooks"] = {name: _message(name, said) for name, said in {**EVENTS, PING: "A test message."}.items()}
    return document


def _message(name: str, said: str) -> dict[str, Any]:
    body = {
        "schema": {"$ref": "#/components/schemas/WebhookMessage"},
        "examples": {name: {"summary": said, "value": example(name)}},
    }
    return {
        "post": {
            "operationId": f"receive_{name.replace('.', '_')}",
            "summary": said,
            "tags": ["Webhooks"],
            "parameters": [{"$ref": f"#/components/parameters/{header}"} for header in _HEADERS],
            "requestBody": {"required": True, "content": {"application/json": body}},
            "responses": {"2XX": {"$ref": "#/components/responses/Received"}},
        }
    }


def example(name: str) -> dict[str, Any]:
    """Return an example of the message about an event."""
    first = name.partition(".")[0]
    kind = _OBJECTS.get(first, first)
    case_id = None if kind in {"alarm", "webhook", "exclusion", "calendarfeed"} else _CASE
    object_id = None if kind == "alarm" else _CASE if kind == "case" else _OBJECT
    ids = {"case_id": case_id and str(case_id), "object_type": kind, "object_id": object_id and str(object_id)}
    path = f"/webhooks/{object_id}" if name == PING else path_of(kind, object_id, case_id)
    link = f"https://coopapi.example/api/v1{path}"
    return {"type": name, "timestamp": "2026-12-01T08:00:00+00:00", "data": {"id": str(_EVENT), **ids, "link": link}}
