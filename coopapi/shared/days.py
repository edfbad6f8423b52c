"""Calendar days of authorities in all time zones."""

from datetime import date, datetime, timedelta
from typing import Final

_FIRST_ZONE: Final = timedelta(hours=14)
"""How much earlier than in UTC a day begins where it begins first."""


def latest_day(now: datetime) -> date:
    """Return the latest day that has begun anywhere by `now`, given in UTC. A day after it is in the future for every authority.

    The day in UTC would be too early: until nine in the morning in Tokyo, and for two hours after midnight in Bucharest, it is
    still yesterday.
    """
    return (now + _FIRST_ZONE).date()
