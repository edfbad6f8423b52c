"""Files for Timesketch, which needs `message`, `datetime` (ISO 8601) and `timestamp_desc` in each event."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from coopapi.exports.formats.common import compact, in_words
from coopapi.exports.timelines.entries import Entry, Head, moment_of
from coopapi.exports.timelines.rows import cells_of, directed
from coopapi.exports.timelines.words import sentences
from coopapi.http.files import csv_line

_FACTS: Final = {
    "second": "Fact, known to the second",
    "minute": "Fact, known to the minute",
    "hour": "Fact, known to the hour",
    "day": "Fact, known to the day",
    "month": "Fact, known to the month",
    "year": "Fact, known to the year",
}
_FIRST: Final = ("message", "timestamp", "datetime", "timestamp_desc")
_MORE: Final = (
    "kind", "precision", "offset", "zone", "ends_at", "recorded_at", "type", "entry_id", "case_id", "case_reference", "authority",
    "authority_country", "role", "object_type", "object_id", "object_name", "subjects", "identifiers", "place", "place_country",
    "latitude", "longitude", "text", "basis", "confidence", "source_grading", "information_grading", "co_occurrences",
    "handling_code", "tag",
)  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS: Final = ("latitude", "longitude")


def event_of(entry: Entry) -> dict[str, Any]:
    """Return a dated entry as an event. Times are written alike, in UTC with microseconds, because the importer drops others."""
    at = moment_of(entry["begins_at"])
    cells = cells_of(entry)
    desc = _FACTS[entry.get("precision") or "second"] if entry["kind"] == "fact" else "Act in the register"
    more = {"entry_id": entry["id"], "tag": [one for one in (entry["kind"], entry.get("basis")) if one]}
    place = entry.get("place") or {}
    found = {**cells, **more, **{name: place.get(name) for name in _NUMBERS}}
    return {**_first(entry["sentence"], at or datetime.min.replace(tzinfo=UTC), desc), **{name: found.get(name) for name in _MORE}}


def _first(message: str, at: datetime, desc: str) -> dict[str, Any]:
    zulu = at.astimezone(UTC)
    micros = (zulu - _EPOCH) // datetime.resolution
    return {"message": message, "timestamp": micros, "datetime": zulu.isoformat(timespec="microseconds"), "timestamp_desc": desc}


def _about(head: Head, message: str) -> dict[str, Any]:
    event = _first(message, head.about.made_at, "Export made")
    return {**event, **dict.fromkeys(_MORE), "kind": "export", "handling_code": head.about.handling_code, "tag": ["export"]}


def _opening(head: Head) -> dict[str, Any]:
    about = head.about
    cases = ", ".join(case.reference for case in head.cases)
    said = f"Timeline of {cases} for {about.recipient}; purpose: {about.purpose}; made by {about.authority} ({about.country})."
    return _about(head, f"{said}{sentences(head)}")


def _closing(head: Head, counted: Mapping[str, Any]) -> dict[str, Any]:
    return _about(head, f"Left out of this timeline: {in_words(counted)}.")


class TimesketchJsonl:
    """An event on each line as JSON. The first and the last event say what the file is and what was left out."""

    version = "1"
    media_type = "application/x-ndjson"
    suffix = "jsonl"

    def head(self, head: Head) -> bytes:
        """Return the event about the file."""
        return self._line(_opening(head))

    def portion(self, head: Head, entries: Iterable[Entry]) -> bytes:
        """Return an event for each entry."""
        del head
        return b"".join(self._line(event_of(entry)) for entry in entries)

    def tail(self, head: Head, counted: Mapping[str, Any]) -> bytes:
        """Return the event about what was left out."""
        return self._line(_closing(head, counted))

    def _line(self, event: Mapping[str, Any]) -> bytes:
        return compact({name: value for name, value in event.items() if value not in (None, "")}) + b"\n"


class TimesketchCsv:
    """The same events as CSV, in which no cell can be read as a formula."""

    version = "1"
    media_type = "text/csv; charset=utf-8; header=present"
    suffix = "csv"

    def head(self, head: Head) -> bytes:
        """Return the names of the columns, and the event about the file. The importer would not skip a byte order mark."""
        return (csv_line((*_FIRST, *_MORE)) + self._line(_opening(head))).encode()

    def portion(self, head: Head, entries: Iterable[Entry]) -> bytes:
        """Return an event for each entry."""
        del head
        return "".join(self._line(event_of(entry)) for entry in entries).encode()

    def tail(self, head: Head, counted: Mapping[str, Any]) -> bytes:
        """Return the event about what was left out."""
        return self._line(_closing(head, counted)).encode()

    def _line(self, event: Mapping[str, Any]) -> str:
        cells = cells_of_csv(event)
        return csv_line(cells[name] for name in (*_FIRST, *_MORE))


def cells_of_csv(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of an event: no number begins with a sign, and tags are a list of JSON.

    Coordinates have their direction, and times before 1970 have no `timestamp`, which the importer computes from `datetime`.
    """
    signs = {"latitude": "NS", "longitude": "EW"}
    return {
        **event,
        **{name: directed(event[name], *signs[name]) for name in _NUMBERS},
        "tag": compact(event["tag"]).decode(),
        "timestamp": event["timestamp"] if event["timestamp"] >= 0 else None,
    }
