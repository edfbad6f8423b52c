"""The match keys of a person: texts that two records of the same person probably share, whatever the spelling.

Each text is digested before it is stored. A shared key is no evidence: it only selects two persons for comparison.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, permutations
from typing import Final, NamedTuple

from coopapi.persons.births import Birth, swapped
from coopapi.persons.latin import fold
from coopapi.persons.profile import Profile, Word

_TELLING_PAIR: Final = 9
_BEGINNING: Final = 6
_LETTERS: Final = 3
_RARE: Final = 0.8


FAMILIES: Final = (
    "word+date", "pair+year", "pair", "word+swap", "initial+date", "part+year", "part+day", "beginning", "form", "part+place",
    "whole", "word+year", "form+year", "letters", "letters+year",
)  # fmt: skip
DATED: Final = frozenset(
    {"word+date", "pair+year", "word+swap", "initial+date", "part+year", "part+day", "word+year", "form+year", "letters+year"}
)
"""Families whose texts contain a date of birth."""


class MatchText(NamedTuple):
    """A text to digest. Two texts with `answers_only` do not find each other: at least one must be without it."""

    family: str
    text: str
    answers_only: bool = False


def texts(person: Profile) -> Iterator[MatchText]:
    """Yield each text of a person once. Their number grows with the square of the number of words."""
    given: set[MatchText] = set()
    for text in _texts(person):
        if text not in given:
            given.add(text)
            yield text


def _texts(person: Profile) -> Iterator[MatchText]:
    found = list({word.latin: word for spelling in person.spellings for word in spelling}.values())
    dated = bool(person.births)
    genders = person.gender or "MF"
    pairs, parts = set(_pairs(found)), set(_parts(found))
    for pair in pairs:
        yield MatchText("pair", pair, dated and len(pair) < _TELLING_PAIR)
    forms = set(_forms(found))
    yield from (MatchText("beginning", f"{text}|{gender}", dated) for text in _beginnings(found, _BEGINNING) for gender in genders)
    yield from (MatchText("form", form, dated) for form in forms)
    yield from (MatchText("letters", text, dated) for text in _letters(found))
    yield from (MatchText("whole", whole) for whole in _wholes(person.spellings))
    yield from (MatchText("part+place", f"{part}|{place}") for place in person.places for part in parts)
    telling, starts = set(_telling(person.spellings)), set(_beginnings(found, _LETTERS))
    for birth in person.births:
        yield from _of_year(birth, pairs, parts, forms)
        yield from (MatchText("word+year", f"{code}|{birth.year}") for code in telling)
        yield from (MatchText("letters+year", f"{text}|{birth.year}") for text in starts)
        if birth.whole:
            yield from _of_date(birth, {code for word in found for code in word.codes}, parts, genders)


def _of_year(birth: Birth, pairs: Iterable[str], parts: Iterable[str], forms: Iterable[str]) -> Iterator[MatchText]:
    """Yield the texts with a year of birth. A year without a day is often estimated, and 1 January often stands for one."""
    years = range(birth.year - 1, birth.year + 2) if not birth.day or birth[1:] == (1, 1) else (birth.year,)
    for pair in pairs:
        for year in years:
            yield MatchText("pair+year", f"{pair}|{year}")
    for part in parts:
        yield MatchText("part+year", f"{part}|{birth.year}")
    for form in forms:
        yield MatchText("form+year", f"{form}|{birth.year}")


def _of_date(birth: Birth, codes: Iterable[str], parts: Iterable[str], genders: str) -> Iterator[MatchText]:
    date, day = "{}-{}-{}".format(*birth), "{1}-{2}".format(*birth)
    either = "{}|{}-{}".format(birth.year, *swapped(birth))
    for code in codes:
        if len(code) >= 2:  # noqa: PLR2004 (one sound is no word)
            yield MatchText("word+date", f"{code}|{date}")
        if len(code) >= 3:  # noqa: PLR2004 (the date is less certain)
            yield MatchText("word+swap", f"{code}|{either}")
        for gender in genders:
            yield MatchText("initial+date", f"{code[0]}|{date}|{gender}")
    for part in parts:
        yield MatchText("part+day", f"{part}|{day}")


def _pairs(found: Iterable[Word]) -> Iterator[str]:
    """Yield the sounds of two words, if they are long enough together to be distinctive."""
    for one, other in combinations(found, 2):
        for a in one.codes:
            for b in other.codes:
                if len(a) + len(b) >= 4:  # noqa: PLR2004
                    yield " ".join(sorted((a, b)))


def _parts(found: Iterable[Word]) -> Iterator[str]:
    """Yield the sound of one word with the first sound of another."""
    for one, other in permutations(found, 2):
        for a in one.codes:
            if len(a) >= 2:  # noqa: PLR2004
                for b in other.codes:
                    yield f"{a} {b[0]}"


def _beginnings(found: Iterable[Word], size: int) -> Iterator[str]:
    """Yield the first letters of a word with the first sound of another, to tolerate errors later in the word."""
    for one, other in permutations(found, 2):
        text = fold(one.latin)
        if len(text) >= size:
            for b in other.codes:
                yield f"{text[:size]} {b[0]}"


def _letters(found: Iterable[Word]) -> Iterator[str]:
    """Yield the first letters of two words, to tolerate errors later in both."""
    for one, other in combinations(found, 2):
        yield " ".join(sorted((fold(one.latin)[:_LETTERS], fold(other.latin)[:_LETTERS])))


def _forms(found: Iterable[Word]) -> Iterator[str]:
    """Yield the base form of a given name (Aleksandr for Sasha) with the sound of another word."""
    for one, other in permutations(found, 2):
        for name in one.variants:
            for b in other.codes:
                if len(b) >= 2:  # noqa: PLR2004
                    yield f"{name} {b}"


def _wholes(spellings: Iterable[Sequence[Word]]) -> Iterator[str]:
    """Yield all words of a name whose words are so short that no two of them together are distinctive."""
    for spelling in spellings:
        if len(spelling) > 1 and not any(_pairs(spelling)):
            yield " ".join(sorted(fold(word.latin) for word in spelling))


def _telling(spellings: Iterable[Sequence[Word]]) -> Iterator[str]:
    """Yield the sounds that find a person by the year alone: rare ones, and that of a name of one word."""
    for spelling in spellings:
        for word in spelling:
            if len(spelling) == 1 or word.rarity >= _RARE:
                yield from (code for code in word.codes if len(code) >= 3)  # noqa: PLR2004 (fewer sounds are no name)
