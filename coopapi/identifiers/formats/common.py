"""Values that tell nobody apart, such as the hash of an empty file. They match as weak evidence at most."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any, Final

from coopapi.identifiers.formats.reading import Reading, Strength

_TABLE: Final[Mapping[str, Any]] = json.loads((files("coopapi.identifiers") / "data/common_values.json").read_text("utf-8"))
REASONS: Final[Mapping[str, str]] = _TABLE["reasons"]
"""Why a value tells nobody apart, by the code that stands among the warnings of an identifier."""
_DOMAINS: Final = frozenset(_TABLE["domains"]["names"])
_FRONT_PAGE: Final = re.compile(r"https?://(?:www\.)?([^/?#]+)/?")


def _compared(text: str) -> str:
    return text.lower().replace(" ", "")


def _entries(kind: str) -> Iterator[tuple[str, frozenset[str], re.Pattern[str]]]:
    for entry in _TABLE["entries"]:
        if kind in entry["kinds"]:
            values = frozenset(_compared(value) for value in entry.get("values", ()))
            yield entry["code"], values, re.compile(entry.get("pattern", "(?!)"), re.IGNORECASE)


_BY_KIND: Final = {kind: tuple(_entries(kind)) for kind in {kind for entry in _TABLE["entries"] for kind in entry["kinds"]}}


def weaken(kind: str, reading: Reading) -> Reading:
    """Return a reading unchanged, or with weak keys only and the reason if its value tells nobody apart."""
    code = _reason(kind, reading.normalised)
    if code is None:
        return reading
    keys = tuple(replace(key, strength=Strength.WEAK) for key in reading.keys if key.strength > Strength.ASKS)
    return replace(reading, keys=keys, warnings=tuple(dict.fromkeys((*reading.warnings, code))))


def _reason(kind: str, normalised: str) -> str | None:
    text = _compared(normalised)
    if kind == "domain" and text.removeprefix("www.") in _DOMAINS:
        return "provider_domain"
    if kind == "url":
        found = _FRONT_PAGE.fullmatch(text)
        return "front_page" if found and found[1] in _DOMAINS else None
    found_codes = (code for code, values, pattern in _BY_KIND.get(kind, ()) if text in values or pattern.fullmatch(text))
    return next(found_codes, None)
