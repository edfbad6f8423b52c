"""A person as it is compared: the words of its names with their sounds, and its dates of birth."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final, NamedTuple

from coopapi.persons.births import Birth, read_birth
from coopapi.persons.data import load
from coopapi.persons.latin import fold, latin, words
from coopapi.persons.sound import MOST_READINGS, sounds

_SERVANT: Final = re.compile("^abd[aeiou]?(?:l|r(?=r)|s(?=s)|n(?=n)|d(?=d)|t(?=t)|z(?=z)|j(?=j))(?=.{4})")
_ARTICLE: Final = re.compile("^[ae]l(?=[^aeiou].{3})")
_PATRONYMIC: Final = re.compile(
    ".{3,}(?:[oeiy][vw]y?(?:ič|ich|itch|itsch|icz|ycz|ych|ic|yč|it)|(?:[oei]v|[oei]w|yiv|iv|yv)n[ao]|i[cč]h?na)$"
)
_LONG: Final = 6


class Name(NamedTuple):
    """A name as a file has it: whole, and its parts where they are known."""

    full: str
    given: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a name."""

    latin: str
    script: str
    codes: tuple[str, ...]
    initials: frozenset[str]
    variants: frozenset[str]
    patronymic: bool
    weight: float
    part: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """What comparing needs to know of a person."""

    spellings: tuple[tuple[Word, ...], ...]
    births: tuple[Birth, ...] = ()
    gender: str = ""
    nationalities: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()


@cache
def _particles() -> frozenset[str]:
    """Words that come and go in front of names: al, van, de ..."""
    return frozenset(load("names")["particles"])


@cache
def _variants() -> Mapping[str, frozenset[str]]:
    """Every given name with the names it is a form of."""
    found: dict[str, set[str]] = {}
    for group in load("names")["groups"]:
        for name in group:
            found.setdefault(name, set()).add(group[0])
    return {name: frozenset(forms) for name, forms in found.items()}


@lru_cache(maxsize=65_536)
def word(text: str) -> Word | None:
    """Read one word as it is written, or nothing if it is a particle that comes and goes."""
    written = _SERVANT.sub("", latin(text))
    if written in _particles() or not written.strip("0123456789"):
        return None
    bare = _ARTICLE.sub("", written)
    codes = tuple(dict.fromkeys((*sounds(written), *sounds(bare))))[:MOST_READINGS] or (written[0].upper(),)
    variants = _variants().get(written, frozenset())
    weight = (0.35 + 0.65 * min(len(codes[0]), _LONG) / _LONG) * (0.75 if variants else 1.0)
    script = unicodedata.name(text[0], "?").split()[0]
    initials = frozenset({written[0], *(code[0] for code in codes)})
    return Word(written, script, codes, initials, variants, bool(_PATRONYMIC.match(written)), weight)


def spelling(name: Name) -> tuple[Word, ...]:
    """Read a name into its words, each known as part of the given or the family name where the writing shows it."""
    parts = _parts(name)
    read = ((word(text), parts.get(text, "")) for text in words(name.full))
    return tuple(replace(found, part=part) if part else found for found, part in read if found)


def _parts(name: Name) -> dict[str, str]:
    """Of which part each word is: told, or shown by a comma or by capitals."""
    family, _, given = (name.family, "", name.given) if name.family and name.given else name.full.partition(",")
    if given:
        return dict.fromkeys(words(family), "family") | dict.fromkeys(words(given), "given")
    loud = {text: text.isupper() for text in words(name.full) if len(text) > 1}
    return {text: "family" if is_loud else "given" for text, is_loud in loud.items()} if len(set(loud.values())) > 1 else {}


def place(text: str) -> str:
    """Write a place so that its spellings are one."""
    return " ".join(fold(latin(part)) or part for part in words(text))


def profile(
    names: Iterable[Name],
    births: Iterable[str] = (),
    gender: str = "",
    nationalities: Iterable[str] = (),
    places: Iterable[str] = (),
) -> Profile:
    """Read a person: names in any script and order, dates of birth whole or in part."""
    spellings = tuple(dict.fromkeys(found for name in names if (found := spelling(name))))
    dates = tuple(dict.fromkeys(read_birth(birth) for birth in births))
    return Profile(spellings, dates, gender, frozenset(nationalities), frozenset(filter(None, map(place, places))))
