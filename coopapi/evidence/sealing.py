"""What is said of evidence in words is sealed under a key of the service; each text opens in its own place alone."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.store import vault
from coopapi.store.db import UnitOfWork


def seal(work: UnitOfWork, part: str, row_id: UUID, content: Mapping[str, Any]) -> bytes:
    """Seal one text of a row, by the name of the part."""
    return vault.seal(vault.service_key(work.keys, "evidence"), content, row_id, part)


def unseal(work: UnitOfWork, part: str, row_id: UUID, sealed: bytes | None) -> dict[str, Any]:
    """Open one text of a row; what was never written says nothing."""
    return vault.unseal(vault.service_key(work.keys, "evidence"), sealed, row_id, part)
