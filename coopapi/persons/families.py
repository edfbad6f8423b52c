"""The match keys of a person: texts that two records of the same person probably share, whatever the spelling.

Each text is digested before it is stored. A shared key is no evidence: it only selects two persons for comparison.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, permutations
from typing import Final, NamedTuple

from coopapi.persons.births import Birth, swapped
from coopapi.persons.profile import Profile, Word

_TELLING_PAIR: Final = 9
_BEGINNING: Final = 6
_LETTERS: Final = 3
_RARE: Final = 0.8
_WORD: Final = 2
"""Fewer sounds than these are no word."""


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


def texts(person: Profile) -> list[MatchText]:
    """Return each text of a person once. Their number grows with the square of the number of words."""
    found = list({word.latin: word for spelling in person.spellings for word in spelling}.values())
    dated = bool(person.births)
    genders = person.gender or "MF"
    pairs, parts, forms = set(_pairs(found)), set(_parts(found)), set(_forms(found))
    out = [MatchText("pair", pair, dated and len(pair) < _TELLING_PAIR) for pair in pairs]
    out += [MatchText("beginning", f"{text}|{gender}", dated) for text in set(_beginnings(found, _BEGINNING)) for gender in genders]
    out += [MatchText("form", form, dated) for form in forms]
    out += [MatchText("letters", text, dated) for text in set(_letters(found))]
    out += [MatchText("whole", whole) for whole in set(_wholes(person.spellings))]
    if person.places:
        out += _with("part+place", parts, person.places)
    if dated:
        years = {f"{birth.year}" for birth in person.births}
        out += _with("part+year", parts, years) + _with("form+year", forms, years)
        out += _with("word+year", set(_telling(person.spellings)), years)
        out += _with("letters+year", set(_beginnings(found, _LETTERS)), years)
        out += _with("pair+year", pairs, {f"{year}" for birth in person.births for year in _years(birth)})
    if whole := {birth for birth in person.births if birth.whole}:
        out += _with("part+day", parts, {f"{birth.month}-{birth.day}" for birth in whole}) + _of_dates(found, whole, genders)
    return out


def _of_dates(found: Iterable[Word], births: Iterable[Birth], genders: str) -> list[MatchText]:
    """Return the texts with a whole date and one word."""
    codes = {code for word in found for code in word.codes}
    dates = {f"{birth.year}-{birth.month}-{birth.day}" for birth in births}
    either = {"{}|{}-{}".format(birth.year, *swapped(birth)) for birth in births}
    return [
        *_with("word+date", [code for code in codes if len(code) >= _WORD], dates),
        *_with("word+swap", [code for code in codes if len(code) > _WORD], either),
        *_with("initial+date", {code[0] for code in codes}, {f"{date}|{gender}" for date in dates for gender in genders}),
    ]


def _with(family: str, names: Iterable[str], dates: Iterable[str]) -> list[MatchText]:
    return [MatchText(family, f"{name}|{date}") for date in dates for name in names]


def _years(birth: Birth) -> Sequence[int]:
    """Return the years of a date. A year without a day is often estimated, and 1 January often stands for one."""
    return range(birth.year - 1, birth.year + 2) if not birth.day or birth[1:] == (1, 1) else (birth.year,)


def _pairs(found: Iterable[Word]) -> Iterator[str]:
    """Yield the sounds of two words, if they are long enough together to be distinctive."""
    for one, other in combinations(found, 2):
        for a in one.codes:
            for b in other.codes:
                if len(a) + len(b) >= 4:  # noqa: PLR2004
                    yield f"{a} {b}" if a < b else f"{b} {a}"


def _parts(found: Iterable[Word]) -> Iterator[str]:
    """Yield the sound of one word with the first sound of another."""
    for one, other in permutations(found, 2):
        for a in one.codes:
            if len(a) >= _WORD:
                for head in other.heads:
                    yield f"{a} {head}"


def _beginnings(found: Iterable[Word], size: int) -> Iterator[str]:
    """Yield the first letters of a word with the first sound of another, to tolerate errors later in the word."""
    for one, other in permutations(found, 2):
        text = one.fine
        if len(text) >= size:
            start = text[:size]
            for head in other.heads:
                yield f"{start} {head}"


def _letters(found: Iterable[Word]) -> Iterator[str]:
    """Yield the first letters of two words, to tolerate errors later in both."""
    for one, other in combinations(found, 2):
        a, b = one.fine[:_LETTERS], other.fine[:_LETTERS]
        yield f"{a} {b}" if a < b else f"{b} {a}"


def _forms(found: Iterable[Word]) -> Iterator[str]:
    """Yield the base form of a given name (Aleksandr for Sasha) with the sound of another word."""
    for one, other in permutations(found, 2):
        for name in one.variants:
            for b in other.codes:
                if len(b) >= _WORD:
                    yield f"{name} {b}"


def _wholes(spellings: Iterable[Sequence[Word]]) -> Iterator[str]:
    """Yield all words of a name whose words are so short that no two of them together are distinctive."""
    for spelling in spellings:
        if len(spelling) > 1 and not any(_pairs(spelling)):
            yield " ".join(sorted(word.fine for word in spelling))


def _telling(spellings: Iterable[Sequence[Word]]) -> Iterator[str]:
    """Yield the sounds that find a person by the year alone: rare ones, and that of a name of one word."""
    for spelling in spellings:
        for word in spelling:
            if len(spelling) == 1 or word.rarity >= _RARE:
                yield from (code for code in word.codes if len(code) >= 3)  # noqa: PLR2004 (fewer sounds are no name)
