"""A strict JSON parser: size limits, and only input that all parsers read alike (RFC 8259, I-JSON RFC 7493)."""

import json
import math
import re
from itertools import accumulate
from typing import Any, Final, NoReturn

import orjson

from coopapi.errors import BadRequest, TooLarge

_STRING: Final = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+"?)', re.DOTALL)
"""Matches a string up to its closing quote, or to the end of the body if there is none, so that no byte is read twice."""
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_NESTING: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_LONGEST_ESCAPE: Final = 12
"""Length in bytes of one character that is escaped as two surrogates."""
_DIGITS: Final = 19
_INT64: Final = 2**63
_SLOW: Final = object()
"""Stands for what the parser of the standard library has to read."""


class BadJson(BadRequest):
    """The request body is not valid JSON for this service.

    Send one JSON value in UTF-8 without duplicate members, NaN, unpaired surrogates or NUL. `detail` says what was found.
    """


def loads(raw: bytes, *, max_bytes: int = 1_000_000, max_depth: int = 16, max_items: int = 20_000, max_string: int = 10_000) -> Any:
    """Parse JSON. Raises `BadJson`, which names the rule but never the content, and `TooLarge` if the body is too long.

    It refuses other encodings than UTF-8, a byte order mark, duplicate keys, NaN and infinities, integers beyond 64 bits, NUL, lone
    surrogates, and more depth, members or characters than allowed.
    """
    if len(raw) > max_bytes:
        raise TooLarge(f"The body is larger than {max_bytes} bytes.")
    # A short text with few brackets is within all limits.
    short = len(raw) <= min(max_items, max_string) and raw.count(b"[") + raw.count(b"{") <= max_depth
    if short and b"\\" not in raw and (read := _read_plain(raw)) is not _SLOW:
        return read
    longest = len(raw) if short else _scan(raw, max_depth, max_items, max_string)
    try:
        value = _decoder.decode(raw.decode())
    except UnicodeDecodeError:
        raise BadJson("The body is not valid UTF-8.") from None
    except ValueError:
        raise BadJson("The body is not well-formed JSON.") from None
    if longest > max_string or b"\\" in raw or not raw.isascii():
        _check_texts(value, max_string)
    return value


def _read_plain(raw: bytes) -> Any:
    """Return the value of a short text without escapes, or `_SLOW` if it breaks a rule or has numbers that need a closer look.

    This parser keeps the last of two members with the same key, so that quotation marks would be left over. A text without escapes
    cannot contain NUL or half of a surrogate pair.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _SLOW
    texts, waiting = 0, [value]
    for one in waiting:
        kind = type(one)
        if kind is str:
            texts += 1
        elif kind is dict:
            texts += len(one)
            waiting += one.values()
        elif kind is list:
            waiting += one
        elif kind is float or (kind is int and not -_INT64 <= one < _INT64):
            return _SLOW
    return value if raw.count(b'"') == 2 * texts else _SLOW


def _scan(raw: bytes, max_depth: int, max_items: int, max_string: int) -> int:
    """Count strings, members and depth in linear time, before the parser builds any objects.

    Returns how many bytes the longest string has.

    Well-formed JSON has one member for each comma, and one more for each array or object that is not empty. The counts may be wrong
    for malformed JSON, which the parser then refuses.
    """
    pieces = _STRING.split(raw, 2 * max_items + 2)
    strings = pieces[1::2]
    bare = b'"'.join(pieces[::2]).translate(None, b" \t\n\r")
    opened = bare.count(b"[") + bare.count(b"{")
    if len(strings) > 2 * max_items + 1 or bare.count(b",") + opened - bare.count(b"[]") - bare.count(b"{}") > max_items:
        raise BadJson("The body has too many members.")
    brackets = bare.translate(None, _NO_BRACKETS)
    if len(brackets) != 2 * opened:
        raise BadJson("The body is not well-formed JSON.")
    if max(accumulate(map(_NESTING.__getitem__, brackets)), default=0) > max_depth:
        raise BadJson(f"The body is nested more than {max_depth} levels deep.")
    longest = max(map(len, strings), default=2) - 2  # without its quotes
    if longest > _LONGEST_ESCAPE * max_string:
        raise _too_long(max_string)
    return longest


def _too_long(most: int) -> BadJson:
    return BadJson(f"A string is longer than {most} characters.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("An object contains the same key twice.")
    return found


def _check_texts(value: Any, longest: int) -> None:
    """Check all keys and strings, without recursion."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            _check_text(current, longest)
        elif isinstance(current, dict):
            waiting += current.keys()
            waiting += current.values()
        elif isinstance(current, list):
            waiting += current


def _check_text(value: str, longest: int) -> None:
    if len(value) > longest:
        raise _too_long(longest)
    if "\0" in value:
        raise BadJson("A string contains NUL.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadJson("A string contains an unpaired surrogate.") from None


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _DIGITS or not -_INT64 <= int(text) < _INT64:
        raise BadJson("An integer does not fit in 64 bits.")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise BadJson("A number is too large.")
    return value


def _constant(text: str) -> NoReturn:
    del text
    raise BadJson("NaN and Infinity are not valid JSON.")


_decoder: Final = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant)
"""Made once: `json.loads` makes one for each text."""
