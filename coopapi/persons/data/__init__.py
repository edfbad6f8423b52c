"""Data of the matching of persons: forms of given names, and the fitted weights."""

import json
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """Read one data file."""
    content: dict[str, Any] = json.loads((files(__name__) / f"{name}.json").read_text("utf-8"))
    return content
