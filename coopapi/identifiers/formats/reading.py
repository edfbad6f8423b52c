"""What reading a value gives: its canonical form, the keys it is matched by, and what is doubtful about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from coopapi.errors import Unprocessable


class Strength(IntEnum):
    """One scale for everything; below it the match keys of persons, which are reasons to compare and no evidence."""

    ANSWERS = -1
    ASKS = 0
    WEAK = 1
    POSSIBLE = 2
    STRONG = 3


@dataclass(frozen=True, slots=True)
class MatchKey:
    """One thing a value is matched by: equal family and text make a match, of the weaker of both strengths.

    With `digest`, the text is what an authority made of it with k1, in hexadecimal.
    """

    family: str
    text: str
    strength: Strength = Strength.STRONG
    digest: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Where and when a value was seen."""

    platform: str | None = None
    country: str | None = None
    observed_at: datetime | None = None
    port: int | None = None
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A value that can exist: the first key is the value itself, where nothing else says what makes it the same."""

    normalised: str
    keys: tuple[MatchKey, ...]
    warnings: tuple[str, ...] = ()
    identity: str = ""
    strength: Strength | None = None


class ImpossibleValue(Unprocessable):
    """The value cannot exist under the standard of its kind.

    Check the value against its source; `errors` names the rule that it breaks.
    """

    def __init__(self, rule: str, detail: str, field: str = "value") -> None:
        super().__init__(detail)
        self.rule = rule
        self.field = field


def exact(family: str, text: str, *more: MatchKey, warnings: tuple[str, ...] = ()) -> Reading:
    """Read a value that is matched as it stands."""
    return Reading(text, (MatchKey(family, text), *more), warnings)


def require_country(context: Context) -> str:
    """Return the country without which the value says nothing."""
    if not context.country:
        raise ImpossibleValue("country_needed", "this kind needs the country that issued it", "context.country")
    return context.country
