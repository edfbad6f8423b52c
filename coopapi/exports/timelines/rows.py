"""CSV for spreadsheets (RFC 4180), in which no cell can be read as a formula."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from coopapi.exports.formats.common import in_words, moment
from coopapi.exports.timelines.entries import Entry, Head, kinds_of, moment_of, partners_of, subjects_of
from coopapi.exports.timelines.words import sentences
from coopapi.http.files import csv_line

COLUMNS: Final = (
    "record", "id", "kind", "begins_at", "ends_at", "precision", "offset", "zone", "recorded_at", "type", "sentence", "case_id",
    "case_reference", "authority", "authority_country", "role", "object_type", "object_id", "object_name", "subjects",
    "identifiers", "place", "place_country", "latitude", "longitude", "text", "basis", "confidence", "source_grading",
    "information_grading", "co_occurrences", "handling_code",
)  # fmt: skip
"""The columns. `record` is `export` for the first row, `entry`, or `left_out` for the rows at the end."""


class Csv:
    """A row for each entry, between a row about the file and rows about what was left out."""

    version = "1"
    media_type = "text/csv; charset=utf-8; header=present"
    suffix = "csv"

    def head(self, head: Head) -> bytes:
        """Return the byte order mark, by which spreadsheets know UTF-8, the names of the columns and the row about the file."""
        about = head.about
        said = f"For {about.recipient}; purpose: {about.purpose}; made by {about.authority} ({about.country}).{sentences(head)}"
        first = {"record": "export", "id": about.id, "begins_at": moment(about.made_at), "sentence": said}
        return ("\ufeff" + csv_line(COLUMNS) + _row({**first, "handling_code": about.handling_code})).encode()

    def portion(self, head: Head, entries: Iterable[Entry]) -> bytes:
        """Return a row for each entry."""
        del head
        return "".join(_row(cells_of(entry)) for entry in entries).encode()

    def tail(self, head: Head, counted: Mapping[str, Any]) -> bytes:
        """Return a row with what was left out and why."""
        return _row({"record": "left_out", "id": head.about.id, "sentence": f"Left out: {in_words(counted)}."}).encode()


def _row(cells: Mapping[str, Any]) -> str:
    return csv_line(cells.get(name) for name in COLUMNS)


def cells_of(entry: Entry) -> dict[str, Any]:
    """Return the cells of an entry, by column. Offsets begin with `UTC`, and coordinates end with their direction."""
    place = entry.get("place") or {}
    authority, case, about = (entry.get(name) or {} for name in ("authority", "case", "object"))
    times = {name: _time(entry.get(name)) for name in ("begins_at", "ends_at", "recorded_at")}
    return {
        "record": "entry",
        **{name: entry.get(name) for name in COLUMNS if name in entry},
        **times,
        "offset": f"UTC{entry['offset']}" if entry.get("offset") else None,
        "case_id": case.get("id"),
        "case_reference": case.get("reference"),
        "authority": authority.get("name"),
        "authority_country": authority.get("country"),
        "object_type": about.get("type"),
        "object_id": about.get("id"),
        "object_name": about.get("name"),
        "subjects": subjects_of(entry),
        "identifiers": kinds_of(entry),
        "place": place.get("name"),
        "place_country": place.get("country"),
        "latitude": directed(place.get("latitude"), "N", "S"),
        "longitude": directed(place.get("longitude"), "E", "W"),
        "co_occurrences": "; ".join(f"{kind} {other}" for kind, other in partners_of(entry)),
    }


def _time(value: Any) -> str | None:
    at = moment_of(value)
    return at.isoformat() if at else None


def directed(value: float | None, positive: str, negative: str) -> str | None:
    """Return a coordinate with its direction in place of a sign, such as 33.4 S."""
    return None if value is None else f"{abs(value)} {negative if value < 0 else positive}"
