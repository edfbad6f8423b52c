"""What the command `coopapi import` remembers of a file beside the file, so that no part of it is sent twice."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import click


class ImportRefused(click.ClickException):
    """The register did not accept the import."""


class Kept:
    """What is remembered of an import in a file beside the file: the keys and ids of its parts, but no value and no secret."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path, self.about = path, dict(about)
        try:
            found = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            found = {}
        self.parts: list[dict[str, Any]] = found.get("parts", []) if found.get("about") == self.about else []

    def part(self, number: int) -> dict[str, Any]:
        """Return what is remembered of a part. A new part gets the key under which it is sent, before it is sent."""
        if number == len(self.parts):
            self.parts.append({"key": str(uuid4()), "import": None})
            self.save()
        return self.parts[number]

    def was_sent(self, number: int) -> bool:
        """Tell whether it is remembered that a part was sent."""
        return number < len(self.parts) and self.parts[number]["import"] is not None

    def forget(self, number: int) -> None:
        """Forget this part and those after it, so that they are sent again."""
        del self.parts[number:]
        self.save()

    def save(self) -> None:
        """Write the file, so that it is whole at any moment."""
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            new.write_text(json.dumps({"about": self.about, "parts": self.parts}))
            new.replace(self.path)
        except OSError as fault:
            raise ImportRefused(f"{self.path} cannot be written, where it is remembered what was sent: {fault.strerror}.") from None
