"""The result of parsing a value: its canonical form, its match keys and its warnings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, NamedTuple

from coopapi.errors import Unprocessable

_TWINS: Final = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408"  # Cyrillic
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",  # Greek
    "ABEKMHOPCTYXIJABEZHIKMNOPTYX",
)


class Strength(IntEnum):
    """The strength of evidence. Match keys of persons are below this scale: they select candidates and are no evidence."""

    ANSWERS = -1
    ASKS = 0
    WEAK = 1
    POSSIBLE = 2
    STRONG = 3


STRENGTH_NAMES: Final[Mapping[int, str]] = {strength: strength.name.lower() for strength in Strength if strength > Strength.ASKS}
"""The names of the strengths of evidence."""


class MatchKey(NamedTuple):
    """A key that a value is matched by. Equal family and text are a match, with the weaker strength of the two sides.

    With `digest`, the text is a digest that an authority made with k1, in hexadecimal. A `common` key tells nobody apart: it links
    two cases only beside other evidence.
    """

    family: str
    text: str
    strength: Strength = Strength.STRONG
    digest: bool = False
    common: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Where and when a value was seen."""

    platform: str | None = None
    country: str | None = None
    observed_at: datetime | None = None
    port: int | None = None
    quality: int | None = None


class Reading(NamedTuple):
    """A parsed value. Unless `identity` says otherwise, the text of the first key identifies the value within a case."""

    normalised: str
    keys: tuple[MatchKey, ...]
    warnings: tuple[str, ...] = ()
    identity: str = ""
    strength: Strength | None = None


class ImpossibleValue(Unprocessable):
    """The value is not valid under the standard for its kind.

    Compare the value with its source. `errors` names the rule that it breaks.
    """

    def __init__(self, rule: str, detail: str, field: str = "value") -> None:
        super().__init__(detail)
        self.rule = rule
        self.field = field


def exact(family: str, text: str, *more: MatchKey, warnings: tuple[str, ...] = ()) -> Reading:
    """Return a value that is matched exactly as it is written."""
    return Reading(text, (MatchKey(family, text), *more), warnings)


def require_country(context: Context) -> str:
    """Return the country. Raises `ImpossibleValue` if it is missing, because the value has no meaning without it."""
    if not context.country:
        raise ImpossibleValue(
            "country_needed", "This kind needs the country that issued the document or number.", "context.country"
        )
    return context.country


def look_alike(text: str) -> str:
    """Replace capital letters of Cyrillic and Greek script by the Latin ones that look the same (Vienna Convention 1968)."""
    return text.translate(_TWINS)


def twin_keys(family: str, before: str, text: str) -> tuple[MatchKey, ...]:
    """Return the key of a number as written, and a weaker one with Latin letters if all its letters look like Latin ones."""
    latin = look_alike(text)
    own = MatchKey(family, f"{before}{text}")
    return (own,) if latin == text or not latin.isascii() else (own, MatchKey(family, f"{before}{latin}", Strength.POSSIBLE))
