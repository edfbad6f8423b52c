"""Dates of birth as files record them (complete, partial, swapped, mistyped or invented), and how two of them relate."""

import re
from collections.abc import Iterable
from itertools import product
from typing import Final, NamedTuple

_WRITTEN: Final = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?")
_FIRST: Final = (1, 1)
"""Month and day of 1 January, which is often written if only the year is known."""


class Birth(NamedTuple):
    """A date of birth. Month and day are 0 if they are not known."""

    year: int
    month: int
    day: int

    @property
    def whole(self) -> bool:
        """Tell whether the day is known."""
        return bool(self.day)


def read_birth(text: str) -> Birth:
    """Parse YYYY, YYYY-MM or YYYY-MM-DD, also without leading zeros (ICAO 9303 writes unknown parts as 00)."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Birth(*(int(part or 0) for part in found.groups()))


# The relations of two dates, strongest first.
RELATIONS: Final = (
    "same_date", "same_first_of_january",
    "same_month", "same_year", "day_month_swapped", "digit_of_day", "digit_of_month", "digit_of_year", "year_beside",
    "first_of_january", "same_day_other_year", "month_as_day",
    "year_and_month", "year_only", "unknown", "decade_beside", "different",
)  # fmt: skip


def relation(ours: Iterable[Birth], theirs: Iterable[Birth]) -> str:
    """Return the strongest relation between any date of one person and any date of the other."""
    found = min((RELATIONS.index(_relation(a, b)) for a, b in product(ours, theirs)), default=None)
    return "unknown" if found is None else RELATIONS[found]


def _relation(a: Birth, b: Birth) -> str:
    if a == b:
        return _same(a)
    if not (a.whole and b.whole):
        return _partial(a, b)
    if a.year == b.year:
        return _within_year(a, b)
    if (a.month, a.day) == (b.month, b.day):
        return "year_beside" if abs(a.year - b.year) == 1 else "digit_of_year" if _one_digit(a, b) else "same_day_other_year"
    return "decade_beside" if abs(a.year - b.year) <= 1 and _FIRST in {a[1:], b[1:]} else "different"


def _same(birth: Birth) -> str:
    if birth.whole:
        return "same_first_of_january" if birth[1:] == _FIRST else "same_date"
    return "same_month" if birth.month else "same_year"


def _partial(a: Birth, b: Birth) -> str:
    if a.year != b.year:
        return "decade_beside" if abs(a.year - b.year) == 1 else "different"
    if a.month and b.month:
        return "same_month" if a.month == b.month else _months(a, b)
    return "same_year"


def _months(a: Birth, b: Birth) -> str:
    """Relate a whole date to another month of its year: the month may be the day of a date whose day and month were swapped."""
    if _FIRST in {a[1:], b[1:]}:
        return "first_of_january"
    return "month_as_day" if a.day == b.month or b.day == a.month else "year_only"


def _within_year(a: Birth, b: Birth) -> str:
    if (a.month, a.day) == (b.day, b.month):
        return "day_month_swapped"
    if _one_digit(a, b):
        return "digit_of_day" if a.month == b.month else "digit_of_month"
    if _FIRST in {a[1:], b[1:]}:
        return "first_of_january"
    return "year_and_month" if a.month == b.month else "year_only"


def _one_digit(a: Birth, b: Birth) -> bool:
    """Tell whether exactly one of the eight digits differs, as after a typing or reading error."""
    return sum(x != y for x, y in zip(_digits(a), _digits(b), strict=True)) == 1


def _digits(birth: Birth) -> str:
    return f"{birth.year:04}{birth.month:02}{birth.day:02}"


def swapped(birth: Birth) -> tuple[int, int]:
    """Return day and month in ascending order, so that swapped dates are equal."""
    return (min(birth.month, birth.day), max(birth.month, birth.day))
