"""What is said at a meeting is sealed under a key of the meeting; what an authority undertook opens for it later too."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.crypto import Sealer
from coopapi.db import Work, as_json
from coopapi.meetings.models import Meeting


def new_key(work: Work, meeting_id: UUID) -> tuple[bytes, Sealer]:
    """Make the key of a new meeting: wrapped for the database, and open for use now."""
    wrapped, key = work.keys.new_case_key(str(meeting_id))
    return wrapped, key.values


def key_of(work: Work, meeting: Meeting) -> Sealer:
    """Unwrap the key of a meeting."""
    return work.keys.case_key(str(meeting.id), meeting.wrapped).values


def key_of_actions(work: Work) -> Sealer:
    """The key of what was undertaken: its owner reads it after the meeting is closed to it."""
    return work.keys.sealer("meeting-actions")


def seal(sealer: Sealer, content: Mapping[str, Any], row_id: UUID, part: str = "content") -> bytes:
    """Seal one part of what one row says."""
    return sealer.seal(as_json(content).encode(), f"meetings/{part}/{row_id}")


def unseal(sealer: Sealer, sealed: bytes | None, row_id: UUID, part: str = "content") -> dict[str, Any]:
    """Open one part of what one row says; what was never written says nothing."""
    if sealed is None:
        return {}
    content: dict[str, Any] = json.loads(sealer.open(sealed, f"meetings/{part}/{row_id}"))
    return content
