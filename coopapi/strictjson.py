"""JSON as strict as the database behind it: bounded, and read by everybody in the same way (RFC 8259, I-JSON RFC 7493)."""

import json
import math
import re
from typing import Any, Final, NoReturn

from coopapi.errors import BadRequest, TooLarge

_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_DIGITS: Final = 19
_INT64: Final = 2**63


class BadJson(BadRequest):
    """The body is not JSON that we accept.

    Send one JSON value in UTF-8, without repeated members, NaN, unpaired surrogates or NUL. `detail` says what was found.
    """


def loads(raw: bytes, *, max_bytes: int = 1_000_000, max_depth: int = 16, max_items: int = 20_000, max_string: int = 10_000) -> Any:
    """Read JSON, or raise `BadJson` that names the rule and never the content; `TooLarge` over the size.

    Refused: other encodings than UTF-8, a byte order mark, duplicate keys, NaN and infinities, integers beyond 64 bits, NUL,
    lone surrogates, and more depth, members or characters than stated.
    """
    if len(raw) > max_bytes:
        raise TooLarge(f"at most {max_bytes} bytes")
    _check_depth(raw, max_depth)
    reader = _Reader(max_items, max_string)
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=reader.object,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise BadJson("it is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadJson("it is not well-formed JSON") from None
    reader.check(value)
    return value


def _check_depth(raw: bytes, most: int) -> None:
    """Count brackets outside strings before parsing, so that nothing recurses."""
    depth = 0
    for found in _STRUCTURE.finditer(raw):
        first = found[0][:1]
        if first in b"[{":
            depth += 1
            if depth > most:
                raise BadJson(f"it is nested deeper than {most}")
        elif first in b"]}":
            depth -= 1


class _Reader:
    """Counts and checks what the parser finds."""

    def __init__(self, max_items: int, max_string: int) -> None:
        self.left = max_items
        self.max_string = max_string

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise BadJson("an object has the same key twice")
        return found

    def check(self, value: Any) -> None:
        """Check every value found, without recursion."""
        waiting = [value]
        while waiting:
            current = waiting.pop()
            if isinstance(current, str):
                self.text(current)
            elif isinstance(current, dict):
                self.count(len(current))
                for key in current:
                    self.text(key)
                waiting += current.values()
            elif isinstance(current, list):
                self.count(len(current))
                waiting += current

    def count(self, items: int) -> None:
        self.left -= items
        if self.left < 0:
            raise BadJson("it has too many members")

    def text(self, value: str) -> None:
        if len(value) > self.max_string:
            raise BadJson(f"a string is longer than {self.max_string} characters")
        if "\0" in value:
            raise BadJson("a string holds NUL")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise BadJson("a string holds a lone surrogate") from None


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _DIGITS or not -_INT64 <= int(text) < _INT64:
        raise BadJson("an integer does not fit in 64 bits")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise BadJson("a number is too large")
    return value


def _constant(text: str) -> NoReturn:
    del text
    raise BadJson("NaN and infinities are not JSON")
