"""iCalendar (RFC 5545): the dated duties of cases, and if wanted their dated entries."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from icalendar import Calendar, Event, Timezone

from coopapi.exports.formats.common import in_words
from coopapi.exports.timelines.entries import WHOLE_DAYS, Entry, Head, case_of, span
from coopapi.exports.timelines.words import Labels

MOST_EVENTS: Final = 3_000
"""The most entries of a calendar."""
_CONTROLS: Final = {**dict.fromkeys((*range(32), *range(127, 160)), " "), 10: "\n"}


def plain(text: Any) -> str:
    """Return a text without control characters, which a calendar must not have; line breaks stay and are escaped."""
    return str(text).replace("\r\n", "\n").translate(_CONTROLS)


class Ics:
    """An event for each duty, at the moment when it is due, and for each dated entry if entries are wanted."""

    version = "1"
    media_type = "text/calendar; charset=utf-8"
    suffix = "ics"
    most = MOST_EVENTS

    def write(self, head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
        """Return the calendar. What it says of itself is in its description, and its class is confidential."""
        words, about = Labels(head.language), head.about
        calendar: Any = Calendar()
        calendar.add("prodid", "-//coopapi//timeline//EN")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.calendar_name = plain(words.title_of(head)).replace("\n", " ")
        told = [*words.about(head), f"{words.label('left_out')}: {in_words(counted)}"]
        calendar.description = plain(". ".join(told)).replace("\n", " ")
        found = [self._duty(head, words, one) for one in head.duties]
        found += [self._entry(head, entry) for entry in entries if entry.get("begins_at")]
        for event in found:
            event.add("dtstamp", about.made_at)
            event.add("class", "CONFIDENTIAL")
            event.add("transp", "TRANSPARENT")
            calendar.add_component(event)
        if not found:  # a calendar needs a component
            calendar.add_component(Timezone.from_tzid("UTC"))
        written: bytes = calendar.to_ical()
        return written

    def _duty(self, head: Head, words: Labels, duty: Mapping[str, Any]) -> Any:
        event: Any = Event()
        event.add("uid", f"{duty['id']}@coopapi")
        event.add("summary", plain(f"{duty['title']} ({duty['case_reference']})"))
        event.add("dtstart", duty["due_at"].astimezone(UTC))
        code = next(case.handling_code for case in head.cases if case.id == str(duty["case_id"]))
        event.add("description", plain(f"{words.label('duty')}: {duty['article']}\n{words.label('handling')}: {code}"))
        event.add("categories", ["duty"])
        return event

    def _entry(self, head: Head, entry: Entry) -> Any:
        words, event = Labels(head.language), Event()
        event.add("uid", f"{entry['id']}@coopapi")
        event.add("summary", plain(f"{entry['sentence']} ({case_of(entry)})"))
        begins, ends = span(entry) or (head.about.made_at, head.about.made_at)
        days = entry.get("precision") in WHOLE_DAYS
        event.add("dtstart", begins.date() if days else begins)
        if ends > begins:
            event.add("dtend", _last(ends) if days else ends)
        text = [entry.get("text") or "", f"{words.label('handling')}: {entry['handling_code']}"]
        event.add("description", plain("\n".join(filter(None, text))))
        event.add("categories", [entry["kind"]])
        return event


def _last(ends: datetime) -> Any:
    """Return the day after the last one, as DTEND has it."""
    return (ends if ends.time() == datetime.min.time() else ends + timedelta(days=1)).date()
