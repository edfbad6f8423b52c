"""Lines of text for a template: printable characters, the direction of a line, and words that are too long for it."""

import re
import unicodedata
from typing import Any, Final

from coopapi.typesetting.typst import Shown

_RTL: Final = frozenset({"R", "AL"})
_UNBROKEN: Final = re.compile(r"(\S{24,})")
_PIECE: Final = 8


def printable(line: str, shown: Shown) -> str:
    """Return the line in the composed form (NFC), with the code point in place of each character that cannot be printed."""
    return "".join(char if shown(char) else f"[U+{ord(char):04X}]" for char in unicodedata.normalize("NFC", line))


def pieces(line: str) -> list[dict[str, Any]]:
    """Split words that are too long for a line, so that they wrap.

    No characters are inserted that would be copied with the text.
    """
    parts = _UNBROKEN.split(line)
    return [
        {"text": part[at : at + step], "boxed": long}
        for place, part in enumerate(parts)
        for long in (bool(place % 2),)
        for step in (_PIECE if long else max(len(part), 1),)
        for at in range(0, len(part), step)
    ]


def direction(line: str) -> str:
    """Return the direction of a line, `ltr` or `rtl`, by its first strong character (Unicode Bidirectional Algorithm, rule P2)."""
    strong = (kind for kind in map(unicodedata.bidirectional, line) if kind == "L" or kind in _RTL)
    return "rtl" if next(strong, "L") in _RTL else "ltr"
