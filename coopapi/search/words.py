"""The words by which things are found: folded to Latin letters and digits, and the codes whose labels begin with a word."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from anyascii import anyascii
from rapidfuzz.distance import OSA

from coopapi.directory import codelists
from coopapi.unicode_text import fold

MOST_WORDS: Final = 8
"""How many different words one search may have."""
_LONGEST: Final = 40
_MOST_CODES: Final = 30
_APART: Final = re.compile("[^a-z0-9]+")
CODED: Final = frozenset({"state", "category", "type", "country", "further_country"})
"""The fields with codes."""
_LISTS: Final = ("countries", "crime_categories", "case_types", "request_kinds", "measures", "urgency_levels", "meeting_levels")
_SHORTEST_LABEL: Final = 3
_LONG: Final = 8
"""From this length on, a word may have two typing errors."""


def words_of(text: str) -> list[str]:
    """Return the different words of a text in their order: lower case, in Latin letters and digits, without accents."""
    plain = _APART.split(anyascii(fold(text)).lower())
    return list(dict.fromkeys(word[:_LONGEST] for word in plain if word))


def words_in(said: Mapping[str, Sequence[str | None]], fields: Iterable[str]) -> list[tuple[str, str]]:
    """Return the words of some fields of a thing, each behind its field. A code is also one word as a whole."""
    found = []
    for name in fields:
        for value in filter(None, said.get(name) or ()):
            every = [*words_of(value), _whole(value)] if name in CODED else words_of(value)
            found += [(name, word) for word in every]
    return found


def _whole(code: str) -> str:
    return f"={code.lower()}"


def codes_of(word: str) -> list[str]:
    """Return the codes, as whole words, of which a label in one of the four languages has a word that begins with this one."""
    if len(word) < _SHORTEST_LABEL:
        return []
    found = {code for label, codes in _labels().items() if label.startswith(word) for code in codes}
    return sorted(found)[:_MOST_CODES]


@cache
def _labels() -> dict[str, list[str]]:
    """Return the words of the labels of all codes that things can be searched by, each with its codes."""
    labels: dict[str, list[str]] = {}
    for item in (item for name in _LISTS for item in codelists.load(name).items):
        for word in {word for text in item.labels.values() for word in words_of(text) if len(word) >= _SHORTEST_LABEL}:
            labels.setdefault(word, []).append(_whole(item.code))
    return labels


def differ_by_typing(one: str, other: str) -> bool:
    """Tell whether two words differ by one wrong, missing, additional or swapped letter; by two if they are long."""
    most = 1 if min(len(one), len(other)) < _LONG else 2
    return bool(OSA.distance(one, other, score_cutoff=most) <= most)


def asked(text: str) -> dict[str, Any]:
    """Return the words of a search and the codes that each may stand for."""
    every = words_of(text)
    return {"words": every, "codes": [codes_of(word) for word in every]}
