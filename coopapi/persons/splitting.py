"""Splits a name into words where scripts and writers differ: Chinese and Korean syllables, and words that some write as one."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from coopapi.persons.data import load
from coopapi.persons.latin import latin, words

_LONGEST: Final = 4
_FAITH: Final = frozenset({"din", "dine", "deen", "dyn", "addin", "eddin", "eddine", "uddin", "uddeen", "aldin", "eldin", "aldyn"})
_ARTICLES: Final = frozenset({"al", "ul", "el", "ud", "ad", "ed", "u", "id"})
_MOHAMMAD: Final = re.compile("^(محمد|[Mm]oham+ad|[Mm]uham+ad|MOHAM+AD|MUHAM+AD)(?=[^aeiouyAEIOUYايیو].{2})")


def splittings(name: str) -> list[list[str]]:
    """Return the ways to split a name into words: two for a Chinese or Korean name, by syllable and by family and given name."""
    found = [part for word in words(name) for part in (_MOHAMMAD.sub(r"\1 ", word).split() if word[0] in "Mmم" else (word,))]
    if not any(map(_is_syllabic, found)):
        return [_joined(found)]
    parts = [part for word in found for part in _family_and_given(word)]
    apart = [unit for part in parts for unit in ([part] if part in _families() or not _is_syllabic(part) else part)]
    return [apart] if apart == parts else [apart, parts]


def _is_syllabic(word: str) -> bool:
    return "\u4e00" <= word[0] <= "\u9fff" or "\uac00" <= word[0] <= "\ud7a3"


def _family_and_given(word: str) -> list[str]:
    """Split a Chinese or Korean name. The family name comes first, and has one syllable or is in the list."""
    if not _is_syllabic(word) or len(word) > _LONGEST:
        return [word]
    size = 2 if word[:2] in _families() or len(word) == _LONGEST else 1
    return [word[:size], word[size:]] if word[size:] else [word]


@cache
def _families() -> frozenset[str]:
    """Return the Chinese and Korean family names of two syllables."""
    return frozenset(load("names")["families"])


@cache
def _endings() -> frozenset[str]:
    """Return words that end a name and that some write as one with the word before: Fathi Zadeh, Fathizadeh."""
    return frozenset(load("names")["endings"])


def _joined(found: Sequence[str]) -> list[str]:
    """Join words that are one name, however they are written: Khair ul Din and Khairuddin."""
    endings = [latin(word) for word in found]
    if _FAITH.isdisjoint(endings) and _endings().isdisjoint(endings):
        return list(found)
    out: list[str] = []
    for word, ending in zip(found, endings, strict=True):
        if out and ending in _FAITH:
            while len(out) > 1 and latin(out[-1]) in _ARTICLES:
                out.pop()
            out[-1] += word.removeprefix("ال")
        elif out and ending in _endings():
            out[-1] += word
        else:
            out.append(word)
    return out
