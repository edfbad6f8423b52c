"""Meetings as calendars read them (RFC 5545, 5546): times in UTC, changes by sequence, and nothing that names anybody."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from icalendar import Calendar, Event, Timezone, vCalAddress

from coopapi.errors import Conflict

MEDIA_TYPE: Final = "text/calendar"
_NAME: Final = "Coordination meetings"
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
    sequence: int
    updated_at: datetime


def write(meetings: Iterable[Timed], organizer: str, *, place: str | None = None, alone: bool = False) -> bytes:
    """Write a calendar; one meeting alone that was cancelled is announced as cancelled.

    `organizer` is the address of this service: the scheduling messages PUBLISH and CANCEL must name an organizer. A calendar
    without meetings is no such message, and holds the time zone UTC, because a calendar must hold something.
    """
    timed = [meeting for meeting in meetings if meeting.starts_at and meeting.ends_at]
    if alone and not timed:
        raise NotScheduledYet
    calendar: Any = Calendar()
    calendar.add("prodid", "-//coopapi//coordination meetings//EN")
    calendar.add("version", "2.0")
    calendar.calendar_name = _NAME
    if timed:
        calendar.add("method", "CANCEL" if alone and timed[0].state == "cancelled" else "PUBLISH")
    else:
        calendar.add_component(Timezone.from_tzid("UTC"))
    for meeting in timed:
        calendar.add_component(_event(meeting, organizer, place))
    written: bytes = calendar.to_ical()
    return written


def _event(meeting: Timed, organizer: str, place: str | None) -> Any:
    event: Any = Event()
    event.add("uid", f"{meeting.id}@coopapi")
    event.add("summary", f"{_TITLES[meeting.level]} {meeting.reference}")
    event.add("organizer", vCalAddress(organizer, params={"CN": "coopapi"}))
    event.add("dtstamp", meeting.updated_at)
    event.add("last-modified", meeting.updated_at)
    for name, moment in (("dtstart", meeting.starts_at), ("dtend", meeting.ends_at)):
        event.add(name, moment and moment.astimezone(UTC))
    event.add("sequence", meeting.sequence)
    event.add("status", "CANCELLED" if meeting.state == "cancelled" else "CONFIRMED")
    event.add("class", "CONFIDENTIAL")
    if place:
        event.add("location", place)
    return event
