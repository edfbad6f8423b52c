"""What is said of evidence in words is sealed under a key of the service; each text opens in its own place alone."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi import sealing
from coopapi.db import Work


def seal(work: Work, part: str, row_id: UUID, content: Mapping[str, Any]) -> bytes:
    """Seal one text of a row, by the name of the part."""
    return sealing.seal(work.keys.sealer("evidence"), content, row_id, part)


def unseal(work: Work, part: str, row_id: UUID, sealed: bytes | None) -> dict[str, Any]:
    """Open one text of a row; what was never written says nothing."""
    return sealing.unseal(work.keys.sealer("evidence"), sealed, row_id, part)
