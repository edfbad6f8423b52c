"""What every format of a timeline needs of an entry: when it was, as it was stated, and what it names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from coopapi.exports.formats.common import About

Entry = Mapping[str, Any]
"""An entry of a timeline as `GET /cases/{id}/timeline` returns it, with the `handling_code` of its case."""
WHOLE_DAYS: Final = ("day", "month", "year")
"""The precisions of a date without a time of day."""
FILTERS: Final = ("since", "until", "kind", "type", "subject_id", "identifier_id", "authority_id", "text", "as_known_on")
"""The filters of a timeline that a file says of itself, as `GET /timelines` names them."""
KEPT_BACK: Final = frozenset({"subject_id", "identifier_id", "text"})
"""The filters whose values can name people. A file for another recipient says only that there was one more filter."""
TIMES: Final = ("since", "until", "as_known_on")
"""Those of the filters that are times."""
_LENGTHS: Final = {"second": 16, "minute": 16, "hour": 13, "day": 10, "month": 7, "year": 4}
"""How many characters of an ISO 8601 time are shown, by precision. Seconds are shown if there are any."""


@dataclass(frozen=True, slots=True)
class CaseHead:
    """A case of the file: its reference, whose it is, and its handling code."""

    id: str
    reference: str
    title: str
    authority: str
    country: str | None
    handling_code: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of itself: who made it for whom, its language, its cases, their duties with a date, and its filters.

    A filter by an authority has its name. A duty has `id`, `due_at`, `title`, `object_type`, `object_id`, `article`, `case_id`,
    `case_reference` and `changed_at`.
    """

    about: About
    language: str
    cases: Sequence[CaseHead]
    duties: Sequence[Mapping[str, Any]] = field(default=())
    filters: Mapping[str, Any] = field(default_factory=dict)


class TimelineFormat(Protocol):
    """A format of timelines that is written in portions."""

    version: str
    media_type: str
    suffix: str

    def head(self, head: Head) -> bytes:
        """Return the beginning of a file."""

    def portion(self, head: Head, entries: Iterable[Entry]) -> bytes:
        """Return the next entries."""

    def tail(self, head: Head, counted: Mapping[str, Any]) -> bytes:
        """Return the end of a file: what it has, and what was left out and why."""


class WholeFormat(Protocol):
    """A format of timelines that is written at once, because it places all entries together."""

    version: str
    media_type: str
    suffix: str
    most: int
    """The most entries that a file of this format has."""

    def write(self, head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
        """Return the file."""


def moment_of(value: Any) -> datetime | None:
    """Return a time of an entry, which may be text (RFC 3339)."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def as_stated(entry: Entry, value: Any) -> datetime | None:
    """Return a time of an entry with the offset, or in the zone, in which it was stated, or in UTC if neither is known."""
    at = moment_of(value)
    if at is None:
        return None
    offset = entry.get("offset")
    if not offset:
        return at.astimezone(ZoneInfo(entry["zone"]) if entry.get("zone") else UTC)
    sign, hours, minutes = offset[0], int(offset[1:3]), int(offset[4:6])
    return at.astimezone(timezone((-1 if sign == "-" else 1) * timedelta(hours=hours, minutes=minutes)))


def written(entry: Entry, name: str = "begins_at") -> str:
    """Return a time of an entry as it was stated, as exact as it is known: `2026`, `2026-03-05`, `2026-03-05 14:07 +02:00`."""
    at, precision = as_stated(entry, entry.get(name)), entry.get("precision") or "second"
    if at is None:
        return ""
    length = 19 if precision == "second" and at.second else _LENGTHS[precision]
    text = at.isoformat(" ")[:length]
    return text if precision in WHOLE_DAYS else f"{text}{' h' if precision == 'hour' else ''} {_offset(at)}"


def _offset(at: datetime) -> str:
    text = at.strftime("%z")
    return "UTC" if text == "+0000" else f"{text[:3]}:{text[3:]}"


def span(entry: Entry) -> tuple[datetime, datetime] | None:
    """Return where an entry begins and ends on an axis in UTC, or None if it has no date.

    A date without a time of day stands at its day in the calendar, wherever it was stated, and takes the whole day, month or year.
    """
    at, until = moment_of(entry.get("begins_at")), moment_of(entry.get("ends_at"))
    if at is None:
        return None
    precision = entry.get("precision") or "second"
    begins = _start_of(entry, at, precision)
    ends = _end_of(begins if until is None else _start_of(entry, until, precision), precision)
    return begins, max(begins, ends)


def _start_of(entry: Entry, at: datetime, precision: str) -> datetime:
    if precision not in WHOLE_DAYS:
        return at.astimezone(UTC)
    local = as_stated(entry, at) or at
    month, day = (1 if precision == "year" else local.month), (local.day if precision == "day" else 1)
    return datetime(local.year, month, day, tzinfo=UTC)


def _end_of(begins: datetime, precision: str) -> datetime:
    if precision == "hour":
        return begins + timedelta(hours=1)
    if precision == "day":
        return begins + timedelta(days=1)
    if precision == "month":
        return begins.replace(year=begins.year + begins.month // 12, month=begins.month % 12 + 1)
    return begins.replace(year=begins.year + 1) if precision == "year" else begins


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries in the order of time; those without a date come last, in the order in which they came."""
    every = list(entries)
    dated = [(found, n, entry) for n, entry in enumerate(every) if (found := span(entry))]
    return [entry for *_, entry in sorted(dated, key=lambda one: (one[0][0], one[1]))] + [
        entry for entry in every if entry.get("begins_at") is None
    ]


def subjects_of(entry: Entry) -> str:
    """Return the pseudonyms of the subjects of an entry with their categories."""
    return "; ".join(f"{one.get('pseudonym') or one['id']} ({one['category']})" for one in entry.get("subjects") or ())


def kinds_of(entry: Entry) -> str:
    """Return the kinds of the identifiers of an entry."""
    return "; ".join(one["kind"] for one in entry.get("identifiers") or ())


def place_of(entry: Entry) -> str:
    """Return the place of an entry in words: its name and its country."""
    place = entry.get("place") or {}
    return ", ".join(part for part in (place.get("name"), place.get("country")) if part)


def partners_of(entry: Entry) -> list[tuple[str, str]]:
    """Return the kind and the entry of each co-occurrence."""
    return [(one["kind"], str(other)) for one in entry.get("co_occurrences") or () for other in one["with"]]


def authority_of(entry: Entry) -> str:
    """Return the name and the country of the authority of an entry."""
    found = entry.get("authority") or {}
    country = f" ({found['country']})" if found.get("country") else ""
    return f"{found.get('name') or ''}{country}"


def case_of(entry: Entry) -> str:
    """Return the reference of the case of an entry, or its id if the reader does not see the reference."""
    found = entry.get("case") or {}
    return str(found.get("reference") or found.get("id") or "")
