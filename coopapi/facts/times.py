"""Times of facts: as precise as they are known, from a year to a second, with the offset and the time zone as they were stated."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from coopapi.errors import Unprocessable, fault

PRECISIONS: Final = ("year", "month", "day", "hour", "minute", "second")
SAID: Final = ("at", "until", "precision", "zone")
"""The fields of a fact that say when it happened."""
_TIME: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)?)?)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_FORMATS: Final = ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_FIRST: Final = (1900, 1, 1, 0, 0, 0)
_LAST_YEAR: Final = 2199
_MOST_MINUTES: Final = 14 * 60
_DAY, _HOUR, _MINUTE = (PRECISIONS.index(name) for name in ("day", "hour", "minute"))


@dataclass(frozen=True, slots=True)
class FactTime:
    """When a fact happened: both ends in UTC, the precision, and the offset (in minutes) and the zone as they were stated."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None
    precision: str | None = None
    utc_offset: int | None = None
    zone: str | None = None


class _Written(NamedTuple):
    """A time as it was written: how many of its parts are there, the parts, and the offset in minutes."""

    field: str
    depth: int
    parts: tuple[int, ...]
    offset: int | None


def read_time(said: Mapping[str, Any]) -> FactTime:
    """Read the time of a fact from its fields `at`, `until`, `precision` and `zone`. Without `at` the fact is undated.

    Raises `Unprocessable` with a pointer to the field that is wrong, does not exist in the zone, or contradicts another one.
    """
    if not said.get("at"):
        for name in ("until", "precision", "zone"):
            if said.get(name):
                raise fault(f"/{name}", "undated", "This needs the time at which the fact began (at).")
        return FactTime()
    begin = _written("at", said["at"])
    precision = said.get("precision") or PRECISIONS[begin.depth]
    zone = said.get("zone")
    if begin.depth < PRECISIONS.index(precision):
        raise fault("/precision", "precision", "The time that is given is less precise than this.")
    ends_at = None
    begins_at = _instant(begin, precision, zone)
    if said.get("until"):
        ends_at = _end(begin, _written("until", said["until"]), precision, zone)
        if ends_at < begins_at:
            raise fault("/until", "order_of_time", "The end must not be before the beginning.")
    return FactTime(begins_at, ends_at, precision, begin.offset, zone)


def _end(begin: _Written, end: _Written, precision: str, zone: str | None) -> datetime:
    """Return the end in UTC. It is as precise as the beginning."""
    place = PRECISIONS.index(precision)
    if end.depth < place:
        raise fault("/until", "precision", "The end must be as precise as the beginning.")
    exact = place >= _MINUTE or (zone is not None and place == _HOUR)
    if end.offset is None and not (exact and zone):
        end = end._replace(offset=begin.offset)
    if end.offset is not None and end.offset != begin.offset and (begin.offset is None or not exact):
        raise fault("/until", "offset", "The end must have the offset of the beginning.")
    return _instant(end, precision, zone)


def _written(field: str, text: str) -> _Written:
    """Read a time as it was written, such as 2026, 2026-03, 2026-03-05 or 2026-03-05T14:20+02:00."""
    found = _TIME.fullmatch(text.upper())
    parts = tuple(int(part) for part in found.groups()[:6] if part is not None) if found else ()
    try:
        datetime(*(parts + _FIRST[len(parts) :]))  # type: ignore[arg-type]  # noqa: DTZ001 (only whether the date exists)
    except ValueError:
        parts = ()
    if found is None or not parts or not _FIRST[0] <= parts[0] <= _LAST_YEAR:
        raise _not_a_time(field)
    return _Written(field, len(parts) - 1, parts, _minutes(field, found[7]))


def _minutes(field: str, text: str | None) -> int | None:
    if text is None:
        return None
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:])
    if minutes >= 60 or hours * 60 + minutes > _MOST_MINUTES:  # noqa: PLR2004 (minutes of an hour)
        raise _not_a_time(field)
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)


def _not_a_time(field: str) -> Unprocessable:
    return fault(
        f"/{field}",
        "time",
        "The value must be a time from 1900 to 2199 such as 2026, 2026-03, 2026-03-05 or 2026-03-05T14:20+02:00.",
    )


def _instant(written: _Written, precision: str, zone: str | None) -> datetime:
    """Return the start of the time in UTC, cut to its precision. Days and longer without offset and zone are counted in UTC."""
    place = PRECISIONS.index(precision)
    parts = written.parts[: place + 1]
    local = datetime(*(parts + _FIRST[len(parts) :]))  # type: ignore[arg-type]  # noqa: DTZ001 (the offset is added below)
    if written.offset is not None:
        exact = local.replace(tzinfo=timezone(timedelta(minutes=written.offset)))
        if zone and place > _DAY and exact.astimezone(ZoneInfo(zone)).utcoffset() != exact.utcoffset():
            raise fault(f"/{written.field}", "zone", "The time zone does not have this offset at this time.")
        return exact.astimezone(UTC)
    if zone is None and place > _DAY:
        raise fault(
            f"/{written.field}", "offset", "An hour needs its offset from UTC, such as +02:00 or Z, or the time zone (zone)."
        )
    return (_in_zone(written.field, local, zone, place) if zone else local.replace(tzinfo=UTC)).astimezone(UTC)


def _in_zone(field: str, local: datetime, zone: str, place: int) -> datetime:
    """Return a local time in its zone. Raises `Unprocessable` for an hour or less that the clock showed twice or never."""
    exact = local.replace(tzinfo=ZoneInfo(zone))
    if place > _DAY and exact.utcoffset() != exact.replace(fold=1).utcoffset():
        if exact.astimezone(UTC).astimezone(exact.tzinfo).replace(tzinfo=None) != local:
            raise fault(f"/{field}", "no_such_time", "The clock was put forward; this time did not exist in the time zone.")
        raise fault(
            f"/{field}", "ambiguous_time", "The clock was put back; give the offset, since the time zone had this time twice."
        )
    return exact


def as_stated(moment: datetime | None, time: Any) -> str | None:
    """Return an end of the time of a fact as it would be written. `time` has its precision, utc_offset and zone."""
    if moment is None:
        return None
    place = PRECISIONS.index(time.precision)
    by_zone = time.zone is not None and (time.utc_offset is None or place > _DAY)
    own = ZoneInfo(time.zone) if by_zone else timezone(timedelta(minutes=time.utc_offset or 0))
    local = moment.astimezone(own)
    offset = "" if time.utc_offset is None else offset_text(int((local.utcoffset() or timedelta()).total_seconds()) // 60)
    return local.strftime(_FORMATS[place]) + (offset or "")


def offset_text(minutes: int | None) -> str | None:
    """Return an offset from UTC in minutes as text, such as +02:00."""
    if minutes is None:
        return None
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
