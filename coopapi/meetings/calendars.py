"""Meetings as calendars read them (RFC 5545): times with their zones, changes by sequence, and nothing that names anybody."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from coopapi.errors import Conflict

MEDIA_TYPE: Final = "text/calendar"
_TITLES: Final = {
    "I": "Coordination meeting (level I)",
    "II": "Coordination meeting (level II)",
    "III": "Coordination meeting (level III)",
    "bilateral": "Coordination meeting (bilateral)",
    "coordination_centre": "Coordination centre",
}


class NotScheduledYet(Conflict):
    """A meeting is in calendars once its time was set.

    Ask the host to set a time.
    """


class Timed(Protocol):
    """What a calendar needs to know of a meeting."""

    id: UUID
    reference: str
    level: str
    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    time_zone: str
    sequence: int
    updated_at: datetime


def write(meetings: Iterable[Timed], *, place: str | None = None, alone: bool = False) -> bytes:
    """Write a calendar; one meeting alone that was cancelled is announced as cancelled."""
    timed = [meeting for meeting in meetings if meeting.starts_at and meeting.ends_at]
    if alone and not timed:
        raise NotScheduledYet
    calendar: Any = Calendar()
    calendar.add("prodid", "-//coopapi//coordination meetings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if alone and timed[0].state == "cancelled" else "PUBLISH")
    for meeting in timed:
        calendar.add_component(_event(meeting, place))
    if timed:
        years = [moment.year for meeting in timed for moment in (meeting.starts_at, meeting.ends_at) if moment]
        calendar.add_missing_timezones(
            first_date=datetime(min(years) - 1, 1, 1).date(),  # noqa: DTZ001 (a date, of the calendar)
            last_date=datetime(max(years) + 2, 1, 1).date(),  # noqa: DTZ001
        )
    written: bytes = calendar.to_ical()
    return written


def _event(meeting: Timed, place: str | None) -> Any:
    event: Any = Event()
    event.add("uid", f"{meeting.id}@coopapi")
    event.add("summary", f"{_TITLES[meeting.level]} {meeting.reference}")
    event.add("dtstamp", meeting.updated_at)
    event.add("last-modified", meeting.updated_at)
    for name, moment in zip(("dtstart", "dtend"), _local(meeting), strict=True):
        event.add(name, moment)
    event.add("sequence", meeting.sequence)
    event.add("status", "CANCELLED" if meeting.state == "cancelled" else "CONFIRMED")
    event.add("class", "CONFIDENTIAL")
    if place:
        event.add("location", place)
    return event


def _local(meeting: Timed) -> list[datetime]:
    """Beginning and end in the zone of the meeting; in UTC where the clocks go back and a local time would come twice."""
    moments = [moment.astimezone(ZoneInfo(meeting.time_zone)) for moment in (meeting.starts_at, meeting.ends_at) if moment]
    twice = any(moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset() for moment in moments)
    return [moment.astimezone(UTC) for moment in moments] if twice else moments
