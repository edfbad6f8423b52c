"""Make images of the typesetter smaller: short names for outlines of letters, and each outline once for all images of a page."""

import re
from collections.abc import Sequence
from typing import Final

_NAME: Final = re.compile(rb"\b[gc][0-9A-F]{32}\b")
_SYMBOL: Final = re.compile(rb'<symbol id="(\w+)"[^>]*>.*?</symbol>', re.DOTALL)
_USUAL: Final = re.compile(rb' (?:x="0"|y="0"|fill-rule="nonzero"|fill="#000000")(?=[ /])')
_EMPTY: Final = re.compile(rb"<defs>\s*</defs>")


def shortened(images: Sequence[bytes]) -> list[bytes]:
    """Return images of one page with short names. The first one has the outlines that any of them needs, the others have none."""
    names: dict[bytes, bytes] = {}
    symbols: dict[bytes, bytes] = {}

    def short(found: re.Match[bytes]) -> bytes:
        return names.setdefault(found[0], found[0][:1] + b"%x" % len(names))

    def taken(found: re.Match[bytes]) -> bytes:
        symbols.setdefault(found[1], found[0])
        return b""

    made = [_EMPTY.sub(b"", _SYMBOL.sub(taken, _NAME.sub(short, _USUAL.sub(b"", image)))) for image in images]
    head, end, _ = made[0].rpartition(b"</svg>")
    return [head + b"<defs>" + b"".join(symbols.values()) + b"</defs>" + end, *made[1:]]
