"""Write meetings as iCalendar (RFC 5545, 5546): times in UTC, changes with a higher sequence number, no names of persons."""

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
    """A meeting can be shown in calendars only after its time has been set.

    Ask the host desk to set a time.
    """


class Timed(Protocol):
    """The data of a meeting that a calendar needs."""

    id: UUID
    reference: str
    level: str
    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    sequence: int
    updated_at: datetime


def write(meetings: Iterable[Timed], organizer: str, *, place: str | None = None, alone: bool = False) -> bytes:
    """Return meetings as iCalendar. A cancelled meeting is announced as cancelled if it is the only one asked for.

    `organizer` is the address of this service, because the methods PUBLISH and CANCEL require an organizer. A calendar without
    meetings has no method and contains the time zone UTC, because a calendar needs at least one component. Raises `NotScheduledYet`
    for one meeting without a time.
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
