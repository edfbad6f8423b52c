"""Make the file of a timeline: in portions if the format allows it, and otherwise at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.cases.models import Case
from coopapi.directory.entries import authorities_of
from coopapi.exports import pieces
from coopapi.exports.formats.common import About
from coopapi.exports.lines import Terms
from coopapi.exports.models import Export
from coopapi.exports.selecting import MOST_ROWS, ConsentMissing
from coopapi.exports.service import left_out
from coopapi.exports.timelines.choosing import Choice
from coopapi.exports.timelines.entries import CaseHead, Entry, Head
from coopapi.exports.timelines.sources import read_duties, read_entries
from coopapi.exports.timelines.table import AT_ONCE, IN_PORTIONS
from coopapi.store.db import UnitOfWork

_PIECE: Final = 1024 * 1024


class TooManyEntries(Exception):
    """A drawing has more entries than its format may have."""


def advance(work: UnitOfWork, job: Export, cases: Sequence[Case], terms: Terms, about: About) -> None:
    """Make the next portion of a timeline, or the whole of it. Raises `ConsentMissing` or `TooManyEntries`."""
    if any(terms.needs_consent(case.handling_code) for case in cases):
        raise ConsentMissing
    head = _head(work, job, cases, terms, about)
    if job.format in IN_PORTIONS:
        _portion(work, job, cases, terms, head)
    else:
        _whole(work, job, cases, terms, head)


def counted(job: Export) -> dict[str, Any]:
    """Return what a timeline has and what was left out of it."""
    return {"entries": job.entries, "handling_codes": job.codes, "left_out": left_out(job)}


def _head(work: UnitOfWork, job: Export, cases: Sequence[Case], terms: Terms, about: About) -> Head:
    named = authorities_of(work, {case.authority_id for case in cases})
    wanted = job.timeline or {}
    heads = [
        CaseHead(
            id=str(case.id),
            reference=case.reference,
            title=case.title,
            authority=named[case.authority_id].name,
            country=named[case.authority_id].country,
            handling_code=terms.code(case.handling_code),
        )
        for case in cases
    ]
    return Head(about, wanted["language"], heads, wanted.get("entries", job.format != "timeline-ics"))


def _portion(work: UnitOfWork, job: Export, cases: Sequence[Case], terms: Terms, head: Head) -> None:
    form = IN_PORTIONS[job.format]
    begun = b"" if job.pieces else form.head(head)
    chosen, after = _read(work, job, cases, terms, job.place)
    pieces.add(work, job, begun + form.portion(head, chosen))
    job.place = after
    if after is None:
        pieces.add(work, job, form.tail(head, counted(job)))
        job.stage = "end"


def _whole(work: UnitOfWork, job: Export, cases: Sequence[Case], terms: Terms, head: Head) -> None:
    form = AT_ONCE[job.format]
    entries: list[Entry] = []
    more, after = head.with_entries, None
    while more:
        chosen, after = _read(work, job, cases, terms, after)
        entries += chosen
        more = after is not None
        if len(entries) > form.most:
            raise TooManyEntries
    if job.format == "timeline-ics":
        head = Head(head.about, head.language, head.cases, head.with_entries, _duties(work, job, cases, terms))
    written = form.write(head, entries, counted(job))
    for at in range(0, len(written), _PIECE):
        pieces.add(work, job, written[at : at + _PIECE])
    job.stage = "end"


def _read(
    work: UnitOfWork, job: Export, cases: Sequence[Case], terms: Terms, after: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the next entries that may be in the file, and count what is left out."""
    found, place = read_entries(work, [case.id for case in cases], job.timeline or {}, after, MOST_ROWS)
    choice = Choice(work, job, terms, {case.id: case for case in cases}, found)
    job.entries += len(choice.kept)
    job.codes = sorted({*job.codes, *choice.codes})
    _leave_out(job, choice.left_out)
    return choice.kept, place


def _leave_out(job: Export, more: Mapping[tuple[str, str], int]) -> None:
    every = Counter(job.left_out)
    every.update({f"{what} {why}": n for (what, why), n in more.items()})
    job.left_out = dict(every)


def _duties(work: UnitOfWork, job: Export, cases: Sequence[Case], terms: Terms) -> list[dict[str, Any]]:
    """Return the duties of the cases with a date. They concern other authorities, and so are for the own authority only."""
    references: dict[UUID, str] = {case.id: case.reference for case in cases}
    found = read_duties(work, list(references), (job.timeline or {})["language"])
    if not terms.internal:
        _leave_out(job, {("duty", "of_others"): len(found)} if found else {})
        return []
    job.codes = sorted({*job.codes, *(terms.code(case.handling_code) for case in cases)})
    return [{**one, "case_reference": references[one["case_id"]]} for one in found]
