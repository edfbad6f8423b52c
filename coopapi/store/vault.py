"""What authorities write to each other is sealed under a key of each thing they share; with the key gone nothing can be read."""

import json
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from coopapi.store.crypto import Sealer
from coopapi.store.db import UnitOfWork, as_json


class Keyed(Protocol):
    """A shared thing with a key of its own, wrapped."""

    id: Any
    wrapped: Any


def new_key(work: UnitOfWork, thing_id: UUID) -> tuple[bytes, Sealer]:
    """Make the key of a new thing: wrapped for the database, and open for use now."""
    wrapped, key = work.keys.new_case_key(str(thing_id))
    return wrapped, key.values


def key_of(work: UnitOfWork, thing: Keyed) -> Sealer:
    """Unwrap the key of a thing."""
    return work.keys.case_key(str(thing.id), thing.wrapped).values


def seal(key: Sealer, content: Mapping[str, Any], row_id: UUID, part: str = "content") -> bytes:
    """Seal one part of what one row says; what is null says nothing."""
    said = {name: value for name, value in content.items() if value is not None}
    return key.seal(as_json(said).encode(), f"shared/{part}/{row_id}")


def unseal(key: Sealer, sealed: bytes | None, row_id: UUID, part: str = "content") -> dict[str, Any]:
    """Open one part of what one row says; what was never written says nothing."""
    if sealed is None:
        return {}
    content: dict[str, Any] = json.loads(key.open(sealed, f"shared/{part}/{row_id}"))
    return content


def put_words(work: UnitOfWork, thing: Keyed, row_id: UUID, reason: str | None) -> bytes | None:
    """Seal the words that went with a step, under a place of their own."""
    return seal(key_of(work, thing), {"reason": reason}, row_id, "words") if reason else None


def read_words(work: UnitOfWork, thing: Keyed, row_id: UUID, words: bytes | None) -> str | None:
    """Open the words that went with the last step."""
    return unseal(key_of(work, thing), words, row_id, "words").get("reason")
