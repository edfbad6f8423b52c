"""When a period ends: Regulation 1182/71 for acts of the Union, hours around the clock, holidays of the country that owes."""

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
"""The zone of each country's capital; elsewhere the day is that of UTC, and the deadline says so."""


def zone_of(country: str | None) -> str:
    """Return the time zone in which a country's days end."""
    return ZONES.get(country or "", "UTC")


@cache
def days_off(country: str, year: int) -> dict[date, str]:
    """Return the public holidays of a country in a year; none where they are not known here."""
    if country not in holidays.list_supported_countries():
        return {}
    return dict(sorted(holidays.country_holidays(country, years=year, language="en_US").items()))


def calendar_of(country: str | None) -> str:
    """Say what a period was computed with."""
    return "holidays" if country in holidays.list_supported_countries() else "weekends only"


def is_working_day(day: date, country: str | None) -> bool:
    """Tell whether a day is neither Saturday, Sunday nor a public holiday."""
    return day.weekday() < _SATURDAY and not (country and day in days_off(country, day.year))


def due(length: int, unit: str, start: datetime, country: str | None, *, moves: bool) -> datetime:
    """When a period ends that an event at `start` begins, in UTC.

    Units: hours, days, weeks, months, working_days. The day of the event is not counted (Reg. 1182/71 Art. 3(1)); the last day
    counts to its last hour (Art. 3(2)); with `moves`, a last day that is no working day moves on (Art. 3(4)), hours never do.
    """
    if unit == "hours":
        return start.astimezone(UTC) + timedelta(hours=length)
    zone = ZoneInfo(zone_of(country))
    first = start.astimezone(zone).date()
    last = _last_day(first, length, unit, country)
    while moves and not is_working_day(last, country):
        last += timedelta(days=1)
    return datetime.combine(last + timedelta(days=1), time.min, zone).astimezone(UTC)


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
    """The same date, or the last day of a month that has no such date (Reg. 1182/71 Art. 3(2)(c))."""
    year, month = divmod(first.year * _MONTHS + first.month - 1 + months, _MONTHS)
    following = date(year + (month + 1) // _MONTHS, (month + 1) % _MONTHS + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=first.day - 1), following - timedelta(days=1))
