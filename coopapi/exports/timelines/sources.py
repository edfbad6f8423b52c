"""Where entries and duties come from. The features that know them are above this one, and register here how they are read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from coopapi.exports.timelines.entries import Entry
from coopapi.store.db import UnitOfWork

MOST_CASES: Final = 100
"""Up to how many cases a timeline of several has."""
THINGS: Final = ("overlap_id", "jit_id", "meeting_id")
"""The things whose cases can be asked for together."""
Found = tuple[Any, Entry]
"""A row of a timeline, which only the feature knows that read it, and its entry."""
Choose = Callable[[Sequence[Entry]], Sequence[Entry]]
"""Returns those of some entries that may be in the file, each with the identifiers that it may name."""


class ReadCases(Protocol):
    """Finds the cases of an overlap, a team or a meeting that the caller may read."""

    def __call__(self, work: UnitOfWork, wanted: Mapping[str, Any]) -> Sequence[UUID]:
        """Return the ids of the cases of the thing that `wanted` names in `overlap_id`, `jit_id` or `meeting_id`.

        Raises `NotFound` for a thing that the caller does not see, and `Unprocessable` for more cases than a timeline may have.
        """


class ReadEntries(Protocol):
    """Reads a portion of the timeline of cases, as the caller sees it, in the order of time; undated facts come last."""

    def __call__(
        self, work: UnitOfWork, case_ids: Sequence[UUID], wanted: Mapping[str, Any], after: str | None, most: int
    ) -> tuple[Sequence[Found], str | None]:
        """Return at most so many entries after a place, each with its row, and the place behind them, or None if there are no more.

        `wanted` has `language`, and may have the filters of reading a timeline, with times in RFC 3339 and ids as text.
        """


class MarkEntries(Protocol):
    """Marks in entries of a file what coincides in two cases."""

    def __call__(
        self, work: UnitOfWork, found: Sequence[Found], case_ids: Sequence[UUID], wanted: Mapping[str, Any], choose: Choose
    ) -> None:
        """Fill `co_occurrences` of entries that are in the file with others of which `choose` says that they are in it, too."""


class ReadDuties(Protocol):
    """Reads the dated duties of cases, as the caller sees them."""

    def __call__(self, work: UnitOfWork, case_ids: Sequence[UUID], language: str) -> Sequence[Mapping[str, Any]]:
        """Return duties that still run: `id`, `due_at`, `title`, `article`, `case_id`, `object_type` and `object_id`."""


SOURCES: Final[dict[str, Any]] = {}
"""`cases` (a `ReadCases`), `entries` (a `ReadEntries`), `marks` (a `MarkEntries`) and `duties` (a `ReadDuties`)."""


def read_cases(work: UnitOfWork, wanted: Mapping[str, Any]) -> Sequence[UUID]:
    """Return the cases of a thing that the caller may read."""
    read: ReadCases = SOURCES["cases"]
    return read(work, wanted)


def read_entries(
    work: UnitOfWork, case_ids: Sequence[UUID], wanted: Mapping[str, Any], after: str | None, most: int
) -> tuple[Sequence[Found], str | None]:
    """Return a portion of the timeline of cases."""
    read: ReadEntries = SOURCES["entries"]
    return read(work, case_ids, wanted, after, most)


def mark_entries(
    work: UnitOfWork, found: Sequence[Found], case_ids: Sequence[UUID], wanted: Mapping[str, Any], choose: Choose
) -> None:
    """Mark in entries of a file what coincides in two cases."""
    mark: MarkEntries = SOURCES["marks"]
    mark(work, found, case_ids, wanted, choose)


def read_duties(work: UnitOfWork, case_ids: Sequence[UUID], language: str) -> Sequence[Mapping[str, Any]]:
    """Return the dated duties of cases."""
    read: ReadDuties = SOURCES["duties"]
    return read(work, case_ids, language)
