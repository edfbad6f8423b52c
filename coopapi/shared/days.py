"""Calendar days of authorities in all time zones."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from coopapi.errors import fault

_FIRST_ZONE: Final = timedelta(hours=14)
"""How much earlier than in UTC a day begins where it begins first."""


def latest_day(now: datetime) -> date:
    """Return the latest day that has begun anywhere by `now`, given in UTC. A day after it is in the future for every authority.

    The day in UTC would be too early: until nine in the morning in Tokyo, and for two hours after midnight in Bucharest (three in
    summer), it is still yesterday.
    """
    return (now + _FIRST_ZONE).date()


def require_begun(now: datetime, data: Mapping[str, Any], field: str) -> None:
    """Raise `Unprocessable` if this field has a day that has begun nowhere by `now`, given in UTC. The field may be absent."""
    if field in data and data[field] > latest_day(now):
        raise fault(f"/{field}", "order_of_time", "The date must not be in the future.")
