"""What all sources share: content of files is refused, and nothing is left out without being named."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Line = dict[str, Any]
_DATA: Final = re.compile(r"data:[\w.+-]{1,40}/[\w.+-]{1,60}[;,]", re.ASCII | re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/\s]{400,}={0,2}\s*", re.ASCII)
CONTENT: Final = frozenset({"content", "file", "filecontent", "filecontents", "image", "miniature", "thumbnail", "video"})
"""The names of members that hold the content of a file."""


class FileContent(Exception):
    """A record has the content of a file, an image or a video in it. `pointer` says where."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


@dataclass(slots=True)
class Converted:
    """What became of a file: how many records were converted, which were refused and why, and which members have no place."""

    records: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def refuse(self, number: int, why: str) -> None:
        """Note that a record was refused."""
        self.refused.append((number, why))


def refuse_content(value: Any, pointer: str = "") -> None:
    """Raise `FileContent` if a record holds the content of a file: under one of its names, as a data URL, or as base64."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            if name.lower() in CONTENT and any(isinstance(one, str) and one.strip() for one in members(value, name)):
                raise FileContent(f"{pointer}/{name}")
            refuse_content(below, f"{pointer}/{name}")
    elif isinstance(value, list):
        for n, below in enumerate(value):
            refuse_content(below, f"{pointer}/{n}")
    elif isinstance(value, str) and (_DATA.search(value) or _is_base64(value)):
        raise FileContent(pointer)


def _is_base64(value: str) -> bool:
    """Tell whether a long text is base64 with bytes that are no text."""
    if not _BASE64.fullmatch(value):
        return False
    try:
        return not base64.b64decode(value).isascii()
    except binascii.Error:
        return False


def members(value: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Yield the values of a member, which may be absent, one, or a list."""
    found = value.get(name)
    yield from found if isinstance(found, list) else () if found is None else (found,)


def text(value: Mapping[str, Any], name: str) -> str | None:
    """Return the first text of a member, or None."""
    found = next((one for one in members(value, name) if isinstance(one, str | int) and not isinstance(one, bool)), None)
    return str(found).strip() or None if found is not None else None
