"""Finds values that may be identifiers in the cells of a table."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from coopapi.identifiers.extracting.finder import Finder, Proposal, Read, found_as
from coopapi.identifiers.extracting.labels import KindLabel
from coopapi.identifiers.extracting.texts import find_in_text
from coopapi.identifiers.kinds import KINDS, Context

_PART: Final = re.compile(r"[^;|\n,/]+(?:[,/](?! )[^;|\n,/]*)*")
_COUNTRY: Final = re.compile("[A-Z]{2}")
_ON_PLATFORMS: Final = frozenset({"username", "platform_user_id", "payment_handle", "group"})


def find_in_table(finder: Finder, rows: Sequence[Sequence[str]], headers: Sequence[KindLabel | None]) -> None:
    """Find the values in the cells of a table. A column whose header names a kind is read as that kind, others as text."""
    for number, row in enumerate(rows):
        context = _context_of(row, headers)
        for column, cell in enumerate(row):
            if finder.full:
                return
            label = headers[column] if column < len(headers) else None
            if label and (label.kinds or label.platform):
                finder.add([replace(f, row=number, column=column) for f in _in_cell(finder, label, cell, context)])
            elif not (label and label.field):
                find_in_text(finder, cell, number, column)


def _context_of(row: Sequence[str], headers: Sequence[KindLabel | None]) -> dict[str, Any]:
    """Return what the columns for platform, country and time say about the values of a row."""
    said: dict[str, Any] = {}
    for label, cell in zip(headers, row, strict=False):
        value = cell.strip()
        if label and label.field == "platform" and value:
            said["platform"] = value[:100]
        if label and label.field == "country" and _COUNTRY.fullmatch(value):
            said["country"] = value
        if label and label.field == "observed_at":
            said |= _moment(value)
    return said


def _moment(text: str) -> dict[str, datetime]:
    try:
        moment = datetime.fromisoformat(text.upper().removesuffix(" UTC") + ("+00:00" if text.upper().endswith(" UTC") else ""))
    except ValueError:
        return {}
    return {"observed_at": moment} if moment.tzinfo and 1900 < moment.year < 2200 else {}  # noqa: PLR2004 (as in requests)


def _in_cell(finder: Finder, label: KindLabel, cell: str, said: Mapping[str, Any]) -> Iterator[Proposal]:
    """Read a cell as what its header names: as one value, or as several if a list of them is read."""
    start, end = len(cell) - len(cell.lstrip()), len(cell.rstrip())
    if start >= end:
        return
    parts = [(m.start() + len(m[0]) - len(m[0].lstrip()), m.start() + len(m[0].rstrip())) for m in _PART.finditer(cell)]
    parts = [(begin, stop) for begin, stop in parts if begin < stop]
    each = [_read_as(finder, label, cell[begin:stop], said) for begin, stop in parts] if len(parts) > 1 else []
    if not each or not all(each):
        parts, each = [(start, end)], [_read_as(finder, label, cell[start:end], said)]
    for (begin, stop), made in zip(parts, each, strict=True):
        unread = (label.kinds or ("username",))[0], Read(Context(), (), None), ("unreadable",)
        kind, reading, doubt = made or unread
        yield found_as(kind, reading, cell, (begin, stop), doubt)


def _read_as(finder: Finder, label: KindLabel, text: str, said: Mapping[str, Any]) -> tuple[str, Read, tuple[str, ...]] | None:
    """Read one value as the first of the kinds that the header names. Return also whether it could be another of them."""
    kinds = label.kinds or (label.platform if label.platform in KINDS else "username",)
    platform = {"platform": label.platform} if label.platform and not label.kinds else {}
    made = [pair for kind in kinds for pair in finder.attempt((kind,), text, Context(**_useful(kind, {**said, **platform})))]
    several = len(made) > 1 and made[0][0] != label.platform
    return (*made[0], ("several_kinds",) if several else ()) if made else None


def _useful(kind: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a context that a kind uses."""
    used = {"platform"} if kind in _ON_PLATFORMS else {"country"} if "country" in KINDS[kind].needs or kind == "phone" else set()
    used |= {"observed_at"} if kind == "ip" else set()
    return {name: value for name, value in said.items() if name in used}
