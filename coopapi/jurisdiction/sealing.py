"""What a consultation says is sealed under a key of its own; with the key gone nothing can be read."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.crypto import Sealer
from coopapi.db import Work, as_json
from coopapi.jurisdiction.models import Consultation


def new_key(work: Work, consultation_id: UUID) -> tuple[bytes, Sealer]:
    """Make the key of a new consultation: wrapped for the database, and open for use now."""
    wrapped, key = work.keys.new_case_key(str(consultation_id))
    return wrapped, key.values


def key_of(work: Work, consultation: Consultation) -> Sealer:
    """Unwrap the key of a consultation."""
    return work.keys.case_key(str(consultation.id), consultation.wrapped).values


def seal(sealer: Sealer, content: Mapping[str, Any], row_id: UUID) -> bytes:
    """Seal what one row says."""
    return sealer.seal(as_json(content).encode(), f"jurisdiction/{row_id}")


def unseal(sealer: Sealer, sealed: bytes, row_id: UUID) -> dict[str, Any]:
    """Open what one row says."""
    content: dict[str, Any] = json.loads(sealer.open(sealed, f"jurisdiction/{row_id}"))
    return content
