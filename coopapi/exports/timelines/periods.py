"""Divide the entries of a timeline into periods that can be read, and place the ticks of an axis."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Final, TypeVar

T = TypeVar("T")
_UNITS: Final[tuple[Callable[[datetime], tuple[int, ...]], ...]] = (
    lambda at: (at.year,),
    lambda at: (at.year, at.month),
    lambda at: (at.year, at.month, at.day),
    lambda at: (at.year, at.month, at.day, at.hour),
    lambda at: (at.year, at.month, at.day, at.hour, at.minute),
)
_STEPS: Final = (1, 5, 15, 30, 60, 180, 360, 720, 1440, 2 * 1440, 5 * 1440, 10 * 1440)
"""The steps of ticks within months, in minutes."""
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)
"""The steps of ticks beyond that, in months."""
_MOST_TICKS: Final = 9


def divided(entries: Sequence[T], begins: Callable[[T], datetime], most: int) -> list[list[T]]:
    """Divide entries in the order of time into periods with at most so many.

    They are divided by years, and what is too much for one period by months, days, hours and minutes. Periods beside each other
    that are small enough together stay one. Entries of one minute that are too many are divided by their number.
    """
    if len(entries) <= most:
        return [list(entries)] if entries else []
    for unit in _UNITS:
        groups = [list(group) for _, group in groupby(entries, partial(_period, unit, begins))]
        if len(groups) > 1:
            return _joined([part for group in groups for part in divided(group, begins, most)], most)
    return [list(entries[at : at + most]) for at in range(0, len(entries), most)]


def _period(unit: Callable[[datetime], tuple[int, ...]], begins: Callable[[T], datetime], one: T) -> tuple[int, ...]:
    return unit(begins(one))


def _joined(parts: Sequence[list[T]], most: int) -> list[list[T]]:
    made: list[list[T]] = []
    for part in parts:
        if made and len(made[-1]) + len(part) <= most:
            made[-1] = made[-1] + part
        else:
            made.append(part)
    return made


def bounds(spans: Sequence[tuple[datetime, datetime]]) -> tuple[datetime, datetime]:
    """Return where an axis begins and ends on which these spans are shown, with a margin.

    A month or year of which the day is not known does not stretch the axis beyond a third of it, and is cut at its end.
    """
    first, last = min(begins for begins, _ in spans), max(begins for begins, _ in spans)
    room = max((last - first) / 2, timedelta(days=1))
    last = max(last, *(min(ends, last + room) for _, ends in spans)) if spans else last
    margin = max((last - first) / 50, timedelta(minutes=1))
    return first - margin, last + margin


def ticks(first: datetime, last: datetime) -> list[tuple[datetime, str]]:
    """Return the ticks of an axis with the unit in which each is labelled: `minute`, `day`, `month` or `year`."""
    minutes = (last - first) / timedelta(minutes=1)
    for step in _STEPS:
        if minutes / step <= _MOST_TICKS:
            return [(at, _unit(at, step)) for at in _by_minutes(first, last, step)]
    for step in _MONTHS:
        found = list(_by_months(first, last, step))
        if len(found) <= _MOST_TICKS or step == _MONTHS[-1]:
            return [(at, "month" if step < _MONTHS_OF_YEAR else "year") for at in found]
    return []


_MONTHS_OF_YEAR: Final = 12
_MINUTES_OF_DAY: Final = 1440
_LAST: Final = 30
"""The last day of a month that has a tick if not every day has one: the next is the first of the month."""


def _unit(at: datetime, step: int) -> str:
    midnight = at.hour == 0 and at.minute == 0
    return "day" if step >= _MINUTES_OF_DAY or midnight else "minute"


def _by_minutes(first: datetime, last: datetime, step: int) -> Iterator[datetime]:
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= last:
        if step <= _MINUTES_OF_DAY or (day.day <= _LAST and (day.day - 1) % (step // _MINUTES_OF_DAY) == 0):
            for at in range(0, _MINUTES_OF_DAY, min(step, _MINUTES_OF_DAY)):
                if first <= (found := day + timedelta(minutes=at)) <= last:
                    yield found
        day += timedelta(days=1)


def _by_months(first: datetime, last: datetime, step: int) -> Iterator[datetime]:
    number = (first.year * 12 + first.month - 1) // step * step
    while number <= last.year * 12 + last.month - 1:
        at = first.replace(year=max(number // 12, 1), month=number % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
        if first <= at <= last:
            yield at
        number += step
