"""Readings of names in Chinese characters in other languages, and of names in Wade-Giles in pinyin.

A reading in Japanese or Cantonese is a guess, because the characters do not tell the language. So it only adds match keys, and a
match that rests on it is never strong.
"""

import re
from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Final

from coopapi.persons.data import load
from coopapi.persons.latin import words

_MOST: Final = 4
"""How many Japanese readings of one name are kept."""
_LONGEST: Final = 7
_FAMILY_SIZES: Final = (2, 1, 3, 4)
"""Numbers of characters of Japanese family names, the most frequent one first."""
_CANTONESE: Final = (2, 4)

_SYLLABLE: Final = re.compile(
    "(?:[ptk]'?|ch'?|ts'?|tz'?|sh|hs|ss|[mfnlhjsywbdgzcxqr]|zh)?"
    "(?:a|ai|an|ang|ao|e|en|eng|ei|er|erh|eh|i|ia|iao|ian|iang|ie|ieh|ien|ih|in|ing|io|iu|iung|iong|o|ou|ong"
    "|u|ua|uai|uan|uang|uei|ueh|ui|un|ung|uo|ue)"
)
_MARKS: Final = re.compile("^(?:[ptk]'|ch'|ts|tz|hs|ss)|(?:ung|ien|ieh|ueh|erh|ih)$")
"""What only Wade-Giles writes."""
_SMALL: Final = re.compile("-[a-z]")
_GIVEN: Final = 2
"""The number of syllables of a given name."""
_TO_PINYIN: Final = tuple(
    (re.compile(written), letters)
    for written, letters in (
        ("^(?:ts|tz)'", "c"), ("^(?:ts|tz)(?=.)", "z"), ("^hs", "x"), ("^ss", "s"), ("^j(?=[aeou])", "r"), ("^jih", "ri"),
        ("^ch(?=i(?!h)|u(?:an|n|eh)?$)", "j"), ("^ch'(?=i(?!h))", "q"), ("^ch(?!')", "zh"), ("^p(?!')", "b"), ("^t(?!')", "d"),
        ("^k(?!')", "g"), ("ung$", "ong"), ("ien$", "ian"), ("eh$", "e"), ("erh$", "er"), ("ih$", "i"), ("^(g|k|h)o$", r"\1e"),
        ("'", ""),
    )
)  # fmt: skip


def guessed(name: str) -> list[list[str]]:
    """Return Japanese readings of a name in Chinese characters, and its Cantonese reading by syllable; none for other names."""
    if name.isascii() or not any("\u4e00" <= sign <= "\u9fff" for sign in name):
        return []
    written = "".join(words(name))
    found = [list(read) for read in _japanese(written)[:_MOST]]
    spoken = [_cantonese().get(sign, "") for sign in written]
    return [*found, spoken] if all(spoken) and _CANTONESE[0] <= len(written) <= _CANTONESE[1] else found


def _japanese(written: str) -> list[tuple[str, str]]:
    """Return family and given name, the most frequent readings first, for the first way to split a name that the table knows."""
    families, given = _names("families"), _names("given")
    for size in _FAMILY_SIZES if len(written) <= _LONGEST else ():
        first, second = families.get(written[:size]), given.get(written[size:])
        if first and second:
            return sorted(product(first, second), key=lambda read: first.index(read[0]) + second.index(read[1]))
    return []


def pinyin(name: str) -> list[str]:
    """Return the words of a Chinese name in pinyin that is written in Wade-Giles (Chang Tse-hua); none for other names."""
    if not name.isascii():
        return []
    parts = [part.lower().split("-") for part in name.replace(",", " ").split()]
    syllables = [syllable for part in parts for syllable in part]
    if max(map(len, parts)) != _GIVEN or not all(map(_SYLLABLE.fullmatch, syllables)):
        return []
    if not _SMALL.search(name) and not any(map(_MARKS.search, syllables)):
        return []
    return ["".join(map(_in_pinyin, part)).capitalize() for part in parts]


def _in_pinyin(syllable: str) -> str:
    for written, letters in _TO_PINYIN:
        syllable = written.sub(letters, syllable)
    return syllable


@cache
def _names(part: str) -> Mapping[str, tuple[str, ...]]:
    """Return the Japanese readings of family or given names, the most frequent ones first."""
    found: dict[str, tuple[str, ...]] = {}
    for rank in load("readings")["japanese"]:
        for reading, names in rank[part].items():
            for name in names.split():
                found[name] = (*found.get(name, ()), reading)
    return found


@cache
def _cantonese() -> Mapping[str, str]:
    """Return the Cantonese reading of each character."""
    return {sign: reading for reading, signs in load("readings")["cantonese"].items() for sign in signs.split()}
