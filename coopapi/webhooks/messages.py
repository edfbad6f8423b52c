"""The body of a message: the name of the event, its time, ids and a link. What happened is read with the client's own token."""

import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from coopapi.journal.models import JournalEntry
from coopapi.journal.places import path_of

PING: Final = "webhook.ping"


def event(entry: JournalEntry, base_url: str) -> bytes:
    """Return the message about an event. The same event always has the same bytes."""
    path = path_of(entry.object_type, entry.object_id, entry.case_id)
    ids = {"case_id": entry.case_id, "object_type": entry.object_type, "object_id": entry.object_id}
    return _written(entry.action, entry.at, {"id": entry.uid, **ids, "link": f"{base_url}/api/v1{path}"})


def ping(endpoint_id: UUID, message_id: UUID, at: datetime, base_url: str) -> bytes:
    """Return the message of a ping."""
    about = {"case_id": None, "object_type": "webhook", "object_id": endpoint_id}
    return _written(PING, at, {"id": message_id, **about, "link": f"{base_url}/api/v1/webhooks/{endpoint_id}"})


def _written(name: str, at: datetime, data: dict[str, Any]) -> bytes:
    shown = {"type": name, "timestamp": at.astimezone(UTC).isoformat(), "data": data}
    return json.dumps(shown, separators=(",", ":"), default=str).encode()
