"""What teams write is sealed under a key of each team, like the values of a case; with the key gone nothing can be read."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.crypto import Sealer
from coopapi.db import Work, as_json
from coopapi.jits.models import Jit


def new_key(work: Work, jit_id: UUID) -> tuple[bytes, Sealer]:
    """Make the key of a new team: wrapped for the database, and open for use now."""
    wrapped, key = work.keys.new_case_key(str(jit_id))
    return wrapped, key.values


def key_of(work: Work, jit: Jit) -> Sealer:
    """Unwrap the key of a team."""
    return work.keys.case_key(str(jit.id), jit.wrapped).values


def seal(sealer: Sealer, content: Mapping[str, Any], row_id: UUID) -> bytes:
    """Seal what one row says; what is null says nothing."""
    said = {name: value for name, value in content.items() if value is not None}
    return sealer.seal(as_json(said).encode(), f"jits/{row_id}")


def unseal(sealer: Sealer, sealed: bytes | None, row_id: UUID) -> dict[str, Any]:
    """Open what one row says; what was never written says nothing."""
    if sealed is None:
        return {}
    content: dict[str, Any] = json.loads(sealer.open(sealed, f"jits/{row_id}"))
    return content


def put_words(work: Work, jit: Jit, row_id: UUID, reason: str | None) -> bytes | None:
    """Seal the words that went with a step, under a place of their own."""
    return key_of(work, jit).seal(reason.encode(), f"jits/{row_id}/words") if reason else None


def read_words(work: Work, jit: Jit, row_id: UUID, words: bytes | None) -> str | None:
    """Open the words that went with the last step."""
    return key_of(work, jit).open(words, f"jits/{row_id}/words").decode() if words else None
