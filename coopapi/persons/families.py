"""The match keys of a person: texts that two records of the same person probably share, whatever the spelling.

Each text is digested before it is stored. A shared key is no evidence: it only selects two persons for comparison.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, permutations
from typing import Final, NamedTuple

from coopapi.persons.births import Birth, swapped
from coopapi.persons.profile import SOUNDED, Profile, Word

_TELLING_PAIR: Final = 9
_BEGINNING: Final = 6
_LETTERS: Final = 3
_RARE: Final = 0.8
_DISTINCTIVE: Final = 4
"""Sounds that two words must have together to tell people apart."""


FAMILIES: Final = (
    "word+date", "pair+year", "pair", "word+swap", "initial+date", "part+year", "part+day", "beginning", "form", "part+place",
    "whole", "word+year", "form+year", "letters", "letters+year",
)  # fmt: skip
DATED: Final = frozenset(
    {"word+date", "pair+year", "word+swap", "initial+date", "part+year", "part+day", "word+year", "form+year", "letters+year"}
)
"""Families whose texts contain a date of birth."""


DIGESTS_VERSION: Final = 2
"""The version of the rules that make texts. Raised whenever the texts of a person change, together with `NORMALISER_VERSION`."""


class MatchTexts(NamedTuple):
    """The texts of one family to digest. Two texts with `answers_only` do not find each other: at least one must be without it."""

    family: str
    texts: Sequence[str]
    answers_only: bool = False


def texts(person: Profile) -> list[MatchTexts]:
    """Return each text of a person once. Their number grows with the square of the number of words."""
    found = list({word.latin: word for spelling in person.spellings if not spelling[0].guessed for word in spelling}.values())
    of_two = _of_two(found)
    for spelling in person.spellings:
        if spelling[0].guessed:
            _add_guessed(spelling, of_two)
    dated = bool(person.births)
    out = _of_names(person, of_two, dated=dated)
    if dated:
        out += _of_years(person, of_two)
    if whole := {birth for birth in person.births if birth.whole}:
        out.append(_with("part+day", of_two.parts, {f"{birth.month}-{birth.day}" for birth in whole}))
        out += _of_dates(found, whole, person.gender or "MF")
    return [group for group in out if group.texts]


def _of_names(person: Profile, of_two: "_OfTwo", *, dated: bool) -> list[MatchTexts]:
    """Return the texts without a date."""
    short = [pair for pair in of_two.pairs if len(pair) < _TELLING_PAIR]
    long = [pair for pair in of_two.pairs if len(pair) >= _TELLING_PAIR]
    return [
        MatchTexts("pair", long),
        MatchTexts("pair", short, dated),
        MatchTexts("beginning", [f"{text}|{gender}" for text in of_two.beginnings for gender in person.gender or "MF"], dated),
        MatchTexts("form", [*of_two.forms], dated),
        MatchTexts("letters", [*of_two.letters], dated),
        MatchTexts("whole", [*{*_wholes(person.spellings)}]),
        _with("part+place", of_two.parts, person.places),
    ]


def _of_years(person: Profile, of_two: "_OfTwo") -> list[MatchTexts]:
    """Return the texts with a year."""
    years = {f"{birth.year}" for birth in person.births}
    return [
        _with("part+year", of_two.parts, years),
        _with("form+year", of_two.forms, years),
        _with("word+year", {*_telling(person.spellings)}, years),
        _with("letters+year", of_two.starts, years),
        _with("pair+year", of_two.pairs, {f"{year}" for birth in person.births for year in _years(birth)}),
    ]


class _OfTwo(NamedTuple):
    """The texts of two words of a name.

    `pairs` are the sounds of both, if they are long enough together to be distinctive, and `parts` those of one with the first
    sound of the other. To tolerate errors, `beginnings` have the first letters of a long word, and `starts` fewer of any word, with
    the first sound of the other; `letters` have the first letters of both. `forms` have the base form of a given name (Aleksandr
    for Sasha) with the sound of the other.
    """

    pairs: set[str]
    parts: set[str]
    forms: set[str]
    beginnings: set[str]
    starts: set[str]
    letters: set[str]


def _of_two(found: Sequence[Word]) -> _OfTwo:
    pairs: list[str] = []
    parts, forms, beginnings, starts, letters = [*pairs], [*pairs], [*pairs], [*pairs], [*pairs]
    for one, other in permutations(found, 2):
        heads, fine = other.heads, one.fine
        parts += [f"{a} {head}" for a in one.sounded for head in heads]
        starts += [f"{fine[:_LETTERS]} {head}" for head in heads if len(fine) >= _LETTERS]
        beginnings += [f"{fine[:_BEGINNING]} {head}" for head in heads if len(fine) >= _BEGINNING]
        if one.variants:
            forms += [f"{name} {b}" for name in one.variants for b in other.sounded]
    for one, other in combinations(found, 2):
        pairs += _pairs(one, other)
        a, b = one.fine[:_LETTERS], other.fine[:_LETTERS]
        letters.append(f"{a} {b}" if a < b else f"{b} {a}")
    return _OfTwo(set(pairs), set(parts), set(forms), set(beginnings), set(starts), set(letters))


def _pairs(one: Word, other: Word) -> list[str]:
    return [f"{a} {b}" if a < b else f"{b} {a}" for a in one.codes for b in other.codes if len(a) + len(b) >= _DISTINCTIVE]


def _add_guessed(spelling: Sequence[Word], of_two: _OfTwo) -> None:
    """Add the texts of a guessed reading. It has none of one word and a date, without which digests alone are never strong."""
    for one, other in combinations(spelling, 2):
        of_two.pairs.update(_pairs(one, other))
        of_two.parts.update([f"{a} {head}" for x, y in ((one, other), (other, one)) for a in x.sounded for head in y.heads])


def _of_dates(found: Iterable[Word], births: Iterable[Birth], genders: str) -> list[MatchTexts]:
    """Return the texts with a whole date and one word."""
    codes = {code for word in found for code in word.codes}
    dates = [f"{birth.year}-{birth.month}-{birth.day}" for birth in births]
    either = {"{}|{}-{}".format(birth.year, *swapped(birth)) for birth in births}
    return [
        _with("word+date", [code for code in codes if len(code) >= SOUNDED], dates),
        _with("word+swap", [code for code in codes if len(code) > SOUNDED], either),
        _with("initial+date", {code[0] for code in codes}, [f"{date}|{gender}" for date in dates for gender in genders]),
    ]


def _with(family: str, names: Iterable[str], dates: Iterable[str]) -> MatchTexts:
    return MatchTexts(family, [f"{name}|{date}" for date in dates for name in names])


def _years(birth: Birth) -> Sequence[int]:
    """Return the years of a date. A year without a day is often estimated, and 1 January often stands for one."""
    return range(birth.year - 1, birth.year + 2) if not birth.day or birth[1:] == (1, 1) else (birth.year,)


def _wholes(spellings: Iterable[Sequence[Word]]) -> Iterator[str]:
    """Yield all words of a name whose words are so short that no two of them together are distinctive."""
    for spelling in spellings:
        if len(spelling) > 1 and not any(_pairs(one, other) for one, other in combinations(spelling, 2)):
            yield " ".join(sorted([word.fine for word in spelling]))


def _telling(spellings: Iterable[Sequence[Word]]) -> Iterator[str]:
    """Yield the sounds that find a person by the year alone: rare ones, and that of a name of one word."""
    for spelling in spellings:
        for word in spelling:
            if (len(spelling) == 1 or word.rarity >= _RARE) and not word.guessed:
                yield from (code for code in word.codes if len(code) > SOUNDED)
