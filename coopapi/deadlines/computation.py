"""Compute when a period ends: Regulation 1182/71 for acts of the Union, hours without breaks, holidays of the owing country."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

_SATURDAY: Final = 5
_MONTHS: Final = 12
ZONES: Final = {
    "AL": "Europe/Tirane", "AT": "Europe/Vienna", "AU": "Australia/Sydney", "BA": "Europe/Sarajevo", "BE": "Europe/Brussels",
    "BG": "Europe/Sofia", "BR": "America/Sao_Paulo", "CA": "America/Toronto", "CH": "Europe/Zurich", "CO": "America/Bogota",
    "CY": "Asia/Nicosia", "CZ": "Europe/Prague", "DE": "Europe/Berlin", "DK": "Europe/Copenhagen", "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid", "FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London", "GE": "Asia/Tbilisi",
    "GR": "Europe/Athens", "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "IE": "Europe/Dublin", "IS": "Atlantic/Reykjavik",
    "IT": "Europe/Rome", "JP": "Asia/Tokyo", "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "LV": "Europe/Riga",
    "MD": "Europe/Chisinau", "ME": "Europe/Podgorica", "MK": "Europe/Skopje", "MT": "Europe/Malta", "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo", "PH": "Asia/Manila", "PL": "Europe/Warsaw", "PT": "Europe/Lisbon", "RO": "Europe/Bucharest",
    "RS": "Europe/Belgrade", "SE": "Europe/Stockholm", "SI": "Europe/Ljubljana", "SK": "Europe/Bratislava",
    "TH": "Asia/Bangkok", "TR": "Europe/Istanbul", "UA": "Europe/Kyiv", "US": "America/New_York", "XK": "Europe/Belgrade",
}  # fmt: skip
"""The time zone of each country's capital. For other countries days end in UTC, and the deadline says so."""


def zone_of(country: str | None) -> str:
    """Return the time zone in which a country's days end, or `UTC`."""
    return ZONES.get(country or "", "UTC")


@cache
def days_off(country: str, year: int) -> dict[date, str]:
    """Return the public holidays of a country in a year; none if they are not known."""
    if country not in holidays.list_supported_countries():
        return {}
    return dict(sorted(holidays.country_holidays(country, years=year, language="en_US").items()))


def calendar_of(country: str | None) -> str:
    """Return which calendar a period is computed with: `holidays` or `weekends only`."""
    return "holidays" if country in holidays.list_supported_countries() else "weekends only"


def is_working_day(day: date, country: str | None) -> bool:
    """Tell whether a day is neither Saturday, Sunday nor a public holiday."""
    return day.weekday() < _SATURDAY and not (country and day in days_off(country, day.year))


def due(  # noqa: PLR0913 (one period, all of it)
    length: int, unit: str, start: datetime, country: str | None, *, moves: bool, whole_hours: bool = False
) -> datetime:
    """Return, in UTC, the end of a period that an event at `start` begins.

    Units: hours, days, weeks, months, working_days. The day of the event is not counted (Reg. 1182/71 Art. 3(1)), and the last day
    counts to its end (Art. 3(2)). With `moves`, a period that would end on a non-working day ends on the next working day (Art.
    3(4)), and a period of two days or more contains at least two working days (Art. 3(5)). Periods in hours never move. With
    `whole_hours`, the hour of the event is not counted (Art. 3(1)), so that a right does not lapse too soon; without it, the period
    ends up to an hour earlier than the law says, which is the safe side for a duty.
    """
    if unit == "hours":
        moment = start.astimezone(UTC)
        begins = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1) if whole_hours else moment
        return begins + timedelta(hours=length)
    first = start.astimezone(ZoneInfo(zone_of(country))).date()
    last = _last_day(first, length, unit, country)
    return _end_of(_moved(first, last, country) if moves else last, country)


def resumed(due_at: datetime, stood: tuple[datetime, datetime], country: str | None, *, hours: bool, moves: bool) -> datetime:
    """Return the end of a period after a suspension: later by its duration, again at the end of a day.

    `stood` is the start and the end of the suspension. Days are counted in local time, so that a change to or from summer time adds
    no day.
    """
    if hours:
        return due_at + (stood[1] - stood[0])
    zone = ZoneInfo(zone_of(country))
    end, stop, go = (moment.astimezone(zone).replace(tzinfo=None) for moment in (due_at, *stood))
    last = (end + (go - stop) - timedelta(microseconds=1)).date()
    return _end_of(_moved(last - timedelta(days=1), last, country) if moves else last, country)


def _end_of(day: date, country: str | None) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone_of(country))).astimezone(UTC)


def _moved(first: date, last: date, country: str | None) -> date:
    """Return the last day of a period, moved to a working day. A period of two days or more must contain two working days."""
    needed = min((last - first).days, 2)
    while not is_working_day(last, country) or _working_days(first, last, country) < needed:
        last += timedelta(days=1)
    return last


def _working_days(first: date, last: date, country: str | None) -> int:
    """Return how many working days are after the first day, up to and including the last."""
    return sum(is_working_day(first + timedelta(days=n + 1), country) for n in range((last - first).days))


def _last_day(first: date, length: int, unit: str, country: str | None) -> date:
    if unit == "months":
        return _months_later(first, length)
    if unit != "working_days":
        return first + timedelta(days=length * {"days": 1, "weeks": 7}[unit])
    last = first
    while length:
        last += timedelta(days=1)
        length -= is_working_day(last, country)
    return last


def _months_later(first: date, months: int) -> date:
    """Return the same day of a later month, or its last day if it has no such day (Reg. 1182/71 Art. 3(2)(c))."""
    year, month = divmod(first.year * _MONTHS + first.month - 1 + months, _MONTHS)
    following = date(year + (month + 1) // _MONTHS, (month + 1) % _MONTHS + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=first.day - 1), following - timedelta(days=1))
