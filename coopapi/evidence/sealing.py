"""What is said of evidence in words is sealed; each text opens in its own place alone."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.db import Work, as_json


def seal(work: Work, part: str, row_id: UUID, content: Mapping[str, Any]) -> bytes:
    """Seal one text of a row, by the name of the part."""
    said = {name: value for name, value in content.items() if value is not None}
    return work.keys.sealer("evidence").seal(as_json(said).encode(), f"evidence/{part}/{row_id}")


def unseal(work: Work, part: str, row_id: UUID, sealed: bytes | None) -> dict[str, Any]:
    """Open one text of a row; what was never written says nothing."""
    if sealed is None:
        return {}
    content: dict[str, Any] = json.loads(work.keys.sealer("evidence").open(sealed, f"evidence/{part}/{row_id}"))
    return content
