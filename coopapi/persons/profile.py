"""A person in the form for comparison: the words of its names with their sounds, and its dates of birth."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

from coopapi.persons.births import Birth, read_birth
from coopapi.persons.data import load
from coopapi.persons.latin import fold, latin, words
from coopapi.persons.sound import MOST_READINGS, sounds
from coopapi.persons.splitting import splittings

_SERVANT: Final = re.compile("^abd[aeiou]?(?:l|r(?=r)|s(?=s)|n(?=n)|d(?=d)|t(?=t)|z(?=z)|j(?=j))(?=.{4})")
_ARTICLE: Final = re.compile("^(?:[ae]l(?=[^aeiou].{3})|mac(?=[^aeiou].{3})|mc(?=.{3}))")
_PATRONYMIC: Final = re.compile(
    ".{3,}(?:[oeiy][vw]y?(?:ič|ich|itch|itsch|icz|ycz|ych|ic|yč|it)|(?:[oei]v|[oei]w|yiv|iv|yv)n[ao]|i[cč]h?na)$"
)
_SON_OF: Final = frozenset({"bin", "ben", "ibn", "bint", "bent", "ould", "bn"})
_LONG: Final = 6
STEPS: Final = 4
"""Classes of rarity for each factor of ten in the share of people who bear a name of that sound."""
RAREST: Final = 24
"""The class of all sounds that fewer than one in a million people bear, and of those that are not in the table."""


class Name(NamedTuple):
    """A name as it was recorded: the full name, and its given and family parts if they are known."""

    full: str
    given: str = ""
    family: str = ""


class Word(NamedTuple):
    """One word of a name.

    `fine` is its form without the differences between romanisations, and `heads` are the first sounds of its codes.
    """

    latin: str
    fine: str
    script: str
    codes: tuple[str, ...]
    heads: tuple[str, ...]
    initials: frozenset[str]
    variants: frozenset[str]
    patronymic: bool
    weight: float
    rarity: float
    part: str = ""
    father: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """The data of a person that is compared."""

    spellings: tuple[tuple[Word, ...], ...]
    births: tuple[Birth, ...] = ()
    gender: str = ""
    nationalities: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()


@cache
def _idle() -> frozenset[str]:
    """Return words that are often added to names or left out: particles (al, van, de) and titles (general, dr)."""
    return frozenset((*load("names")["particles"], *load("names")["titles"]))


@cache
def _variants() -> Mapping[str, frozenset[str]]:
    """Return for every given name the names of which it is a form."""
    found: dict[str, set[str]] = {}
    for group in load("names")["groups"]:
        for name in group:
            found.setdefault(name, set()).add(group[0])
    return {name: frozenset(forms) for name, forms in found.items()}


@cache
def _classes() -> Mapping[str, int]:
    """Return the class of rarity of each sound in the table, which does not depend on what the register holds."""
    return {code: int(n) for n, codes in load("rarity")["classes"].items() for code in codes.split()}


def rarity(code: str) -> float:
    """Return how rare names of this sound are: 0 if every tenth person has one, 1 if fewer than one in a million."""
    return max(0.0, _classes().get(code, RAREST) - STEPS) / (RAREST - STEPS)


@lru_cache(maxsize=65_536)
def word(text: str) -> Word | None:
    """Return the features of one word, or None if it has no letters."""
    written = _SERVANT.sub("", latin(text))
    if not written.strip("0123456789"):
        return None
    bare = _ARTICLE.sub("", written)
    codes = sounds(written) if bare == written else tuple(dict.fromkeys((*sounds(written), *sounds(bare))))[:MOST_READINGS]
    codes = codes or (written[0].upper(),)
    variants = _variants().get(written, frozenset())
    weight = (0.35 + 0.65 * min(len(codes[0]), _LONG) / _LONG) * (0.75 if variants else 1.0)
    script = unicodedata.name(text[0], "?").split()[0]
    heads = tuple(dict.fromkeys([code[0] for code in codes]))
    initials = frozenset({written[0], *heads})
    patronymic, rare = bool(_PATRONYMIC.match(written)), min(map(rarity, codes))
    return Word(written, fold(written), script, codes, heads, initials, variants, patronymic, weight, rare)


@lru_cache(maxsize=65_536)
def word_in_name(text: str, part: str, *, father: bool) -> Word | None:
    """Return the features of one word of a known part of a name. `father` tells whether it follows bin, ibn or ben."""
    found = word(text)
    return found._replace(part=part, father=father) if found and (part or father) else found


def spellings(name: Name) -> list[tuple[Word, ...]]:
    """Return the words of a name, each marked as given or family name if that is shown, for each way to split the name."""
    parts = _parts(name)
    return [tuple(_named(texts, parts, loud=name.full.isupper())) for texts in splittings(name.full)]


def _named(texts: Sequence[str], parts: Mapping[str, str], *, loud: bool) -> list[Word]:
    """Return the words of a name without particles and titles, but with them if it has no other words."""
    read = [
        (text, found)
        for before, text in zip(("", *texts), texts, strict=False)
        if (found := word_in_name(text, parts.get(text, ""), father=latin(before) in _SON_OF))
    ]
    kept = [found for text, found in read if found.latin not in _idle() or (_is_initial(text) and not loud)]
    return kept or [found for _, found in read]


def _is_initial(text: str) -> bool:
    return len(text) == 1 and text.isascii() and text.isupper()


def _parts(name: Name) -> dict[str, str]:
    """Return the part of the name for each word: as recorded, or as shown by a comma or capital letters."""
    family, _, given = (name.family, "", name.given) if name.family and name.given else name.full.partition(",")
    if given:
        return dict.fromkeys(words(family), "family") | dict.fromkeys(words(given), "given")
    loud = {text: text.isupper() for text in words(name.full) if len(text) > 1}
    return {text: "family" if is_loud else "given" for text, is_loud in loud.items()} if len(set(loud.values())) > 1 else {}


def place(text: str) -> str:
    """Return a place in a form that does not depend on its spelling."""
    return " ".join(fold(latin(part)) or part for part in words(text))


def profile(
    names: Iterable[Name],
    births: Iterable[str] = (),
    gender: str = "",
    nationalities: Iterable[str] = (),
    places: Iterable[str] = (),
) -> Profile:
    """Return the profile of a person from names in any script and order, and complete or partial dates of birth."""
    found = tuple(split for name in names for split in spellings(name) if split)
    found = tuple(dict.fromkeys(found)) if len(found) > 1 else found
    dates = tuple(dict.fromkeys(read_birth(birth) for birth in births))
    return Profile(found, dates, gender, frozenset(nationalities), frozenset(filter(None, map(place, places))))
