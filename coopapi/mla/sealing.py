"""What requests say is sealed under a key of each request, like the values of a case; with the key gone nothing can be read."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.crypto import Sealer
from coopapi.db import Work, as_json
from coopapi.mla.models import Request


def new_key(work: Work, request_id: UUID) -> tuple[bytes, Sealer]:
    """Make the key of a new request: wrapped for the database, and open for use now."""
    wrapped, key = work.keys.new_case_key(str(request_id))
    return wrapped, key.values


def key_of(work: Work, request: Request) -> Sealer:
    """Unwrap the key of a request."""
    return work.keys.case_key(str(request.id), request.wrapped).values


def seal(sealer: Sealer, content: Mapping[str, Any], row_id: UUID) -> bytes:
    """Seal what one row says."""
    return sealer.seal(as_json(content).encode(), f"mla/{row_id}")


def unseal(sealer: Sealer, sealed: bytes, row_id: UUID) -> dict[str, Any]:
    """Open what one row says."""
    content: dict[str, Any] = json.loads(sealer.open(sealed, f"mla/{row_id}"))
    return content
