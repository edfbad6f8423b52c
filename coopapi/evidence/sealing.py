"""Encrypt the text about evidence with a key of the service. Each text can be decrypted only for its own row and part."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.store import vault
from coopapi.store.db import UnitOfWork


def seal(work: UnitOfWork, part: str, row_id: UUID, content: Mapping[str, Any]) -> bytes:
    """Encrypt one text of a row; `part` names which text it is."""
    return vault.seal(vault.kind_key(work, "evidence"), content, row_id, part)


def unseal(work: UnitOfWork, part: str, row_id: UUID, sealed: bytes | None) -> dict[str, Any]:
    """Decrypt one text of a row; return an empty mapping if there is none."""
    return vault.unseal(vault.kind_key(work, "evidence"), sealed, row_id, part)
