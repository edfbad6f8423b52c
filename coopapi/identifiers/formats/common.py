"""Values that tell nobody apart, such as the hash of an empty file. Alone they link no cases."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from coopapi.identifiers.formats.reading import MatchKey, Reading, Strength

_TABLE: Final[Mapping[str, Any]] = json.loads((files("coopapi.identifiers") / "data/common_values.json").read_text("utf-8"))
REASONS: Final[Mapping[str, str]] = _TABLE["reasons"]
"""Why a value tells nobody apart, by the code that stands among the warnings of an identifier."""
_VERSIONS: Final = tuple(_TABLE["versions"])
_NO_END: Final = "~"
_FRONT_PAGE: Final = re.compile(r"https?://(?:www\.)?([^/?#]+)/?")


def _compared(text: str) -> str:
    return text.lower().replace(" ", "")


def in_force(part: str, version: str = _VERSIONS[-1]["version"]) -> list[Mapping[str, Any]]:
    """Return the entries of a part of the list (`entries` or `domains`) in one of its versions, by default the newest."""
    return [entry for entry in _TABLE[part] if entry["since"] <= version < entry.get("until", _NO_END)]


def list_version(readers: int) -> str:
    """Return the version of the list that readers of this version used."""
    version: str = max(entry["version"] for entry in _VERSIONS if entry["readers"] <= max(readers, _VERSIONS[0]["readers"]))
    return version


_DOMAINS: Final = frozenset(name for group in in_force("domains") for name in group["names"])


def _entries(kind: str) -> Iterator[tuple[str, frozenset[str], re.Pattern[str]]]:
    for entry in in_force("entries"):
        if kind in entry["kinds"]:
            values = frozenset(_compared(value) for value in entry.get("values", ()))
            yield entry["code"], values, re.compile(entry.get("pattern", "(?!)"), re.IGNORECASE)


_BY_KIND: Final = {kind: tuple(_entries(kind)) for kind in {kind for entry in in_force("entries") for kind in entry["kinds"]}}


def weaken(kind: str, reading: Reading) -> Reading:
    """Return a reading with the keys marked that tell nobody apart: all of them, with the reason, if its value is listed."""
    code = _reason(kind, reading.normalised) or next((code for code in reading.warnings if code in REASONS), None)
    if code is None:
        if not any(map(_is_common, reading.keys)):
            return reading
        return reading._replace(keys=tuple(key._replace(common=True) if _is_common(key) else key for key in reading.keys))
    keys = tuple(key._replace(strength=Strength.WEAK, common=True) for key in reading.keys if key.strength > Strength.ASKS)
    return reading._replace(keys=keys, warnings=tuple(dict.fromkeys((*reading.warnings, code))))


def _is_common(key: MatchKey) -> bool:
    """Tell whether a key is the domain of a large provider, such as the host of an address on its site."""
    return key.family == "domain" and key.text.removeprefix("www.") in _DOMAINS


def _reason(kind: str, normalised: str) -> str | None:
    text = _compared(normalised)
    if kind == "domain" and text.removeprefix("www.") in _DOMAINS:
        return "provider_domain"
    if kind == "url":
        found = _FRONT_PAGE.fullmatch(text)
        return "front_page" if found and found[1] in _DOMAINS else None
    found_codes = (code for code, values, pattern in _BY_KIND.get(kind, ()) if text in values or pattern.fullmatch(text))
    return next(found_codes, None)
