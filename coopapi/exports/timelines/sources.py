"""Where entries and duties come from. The features that know them are above this one, and register here how they are read."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from coopapi.exports.timelines.entries import Entry
from coopapi.store.db import UnitOfWork


class ReadEntries(Protocol):
    """Reads a portion of the timeline of cases, as the caller sees it, in the order of time; undated facts come last."""

    def __call__(
        self, work: UnitOfWork, case_ids: Sequence[UUID], wanted: Mapping[str, Any], after: str | None, most: int
    ) -> tuple[Sequence[Entry], str | None]:
        """Return at most so many entries after a place, and the place behind them, or None if there are no more.

        `wanted` has `language`, and may have `since`, `until` (RFC 3339) and `kind` (`act` or `fact`).
        """


class ReadDuties(Protocol):
    """Reads the dated duties of cases, as the caller sees them."""

    def __call__(self, work: UnitOfWork, case_ids: Sequence[UUID], language: str) -> Sequence[Mapping[str, Any]]:
        """Return duties that still run: `id`, `due_at`, `title`, `article`, `case_id`, `object_type` and `object_id`."""


SOURCES: Final[dict[str, Any]] = {}
"""`entries` (a `ReadEntries`) and `duties` (a `ReadDuties`)."""


def read_entries(
    work: UnitOfWork, case_ids: Sequence[UUID], wanted: Mapping[str, Any], after: str | None, most: int
) -> tuple[Sequence[Entry], str | None]:
    """Return a portion of the timeline of cases."""
    read: ReadEntries = SOURCES["entries"]
    return read(work, case_ids, wanted, after, most)


def read_duties(work: UnitOfWork, case_ids: Sequence[UUID], language: str) -> Sequence[Mapping[str, Any]]:
    """Return the dated duties of cases."""
    read: ReadDuties = SOURCES["duties"]
    return read(work, case_ids, language)
