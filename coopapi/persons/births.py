"""Dates of birth as files record them (complete, partial, swapped, mistyped or invented), and how two of them relate."""

import re
from collections.abc import Iterable
from itertools import product
from typing import Final, NamedTuple

_WRITTEN: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_MONTHS: Final = 12


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
    """Parse YYYY, YYYY-MM or YYYY-MM-DD (ICAO 9303 writes unknown parts as 00)."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Birth(*(int(part or 0) for part in found.groups()))


# The relations of two dates, strongest first.
RELATIONS: Final = (
    "same_date", "same_month", "same_year", "day_month_swapped", "digit_of_day", "digit_of_month", "digit_of_year", "year_beside",
    "first_of_january", "same_day_other_year", "year_and_month", "year_only", "unknown", "decade_beside", "different",
)  # fmt: skip


def relation(ours: Iterable[Birth], theirs: Iterable[Birth]) -> str:
    """Return the strongest relation between any date of one person and any date of the other."""
    found = min((RELATIONS.index(_relation(a, b)) for a, b in product(ours, theirs)), default=None)
    return "unknown" if found is None else RELATIONS[found]


def _relation(a: Birth, b: Birth) -> str:
    if a == b:
        return "same_date" if a.whole else "same_month" if a.month else "same_year"
    if not (a.whole and b.whole):
        return _partial(a, b)
    if a.year == b.year:
        return _within_year(a, b)
    if (a.month, a.day) == (b.month, b.day):
        return "year_beside" if abs(a.year - b.year) == 1 else "digit_of_year" if _one_digit(a, b) else "same_day_other_year"
    return "decade_beside" if abs(a.year - b.year) <= 1 and (1, 1) in {a[1:], b[1:]} else "different"


def _partial(a: Birth, b: Birth) -> str:
    if a.year != b.year:
        return "decade_beside" if abs(a.year - b.year) == 1 else "different"
    if a.month and b.month:
        return "same_month" if a.month == b.month else "year_only"
    return "same_year"


def _within_year(a: Birth, b: Birth) -> str:
    if (a.month, a.day) == (b.day, b.month):
        return "day_month_swapped"
    if _one_digit(a, b):
        return "digit_of_day" if a.month == b.month else "digit_of_month"
    if (1, 1) in {a[1:], b[1:]}:
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
