"""Make the file of a timeline: in portions if the format allows it, and otherwise at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.directory.entries import authorities_of
from coopapi.exports import pieces, selecting
from coopapi.exports.models import Export
from coopapi.exports.selecting import ConsentMissing
from coopapi.exports.service import left_out
from coopapi.exports.timelines.choosing import Choice, Timeline
from coopapi.exports.timelines.entries import CaseHead, Entry, Head
from coopapi.exports.timelines.sources import mark_entries, read_duties, read_entries
from coopapi.exports.timelines.table import AT_ONCE, IN_PORTIONS

_PIECE: Final = 1024 * 1024


class TooManyEntries(Exception):
    """A drawing has more entries than its format may have."""


def advance(timeline: Timeline) -> None:
    """Make the next portion of a timeline, or the whole of it. Raises `ConsentMissing` or `TooManyEntries`."""
    if any(timeline.terms.needs_consent(case.id, case.handling_code) for case in timeline.cases):
        raise ConsentMissing
    if timeline.job.format in IN_PORTIONS:
        _portion(timeline)
    else:
        _whole(timeline)


def counted(job: Export) -> dict[str, Any]:
    """Return what a timeline has and what was left out of it."""
    return {"entries": job.entries, "handling_codes": job.codes, "left_out": left_out(job)}


def _head(timeline: Timeline, duties: Sequence[Mapping[str, Any]] = ()) -> Head:
    cases, terms = timeline.cases, timeline.terms
    named = authorities_of(timeline.work, {case.authority_id for case in cases})
    wanted = timeline.job.timeline or {}
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
    return Head(timeline.about, wanted["language"], heads, duties)


def _portion(timeline: Timeline) -> None:
    work, job = timeline.work, timeline.job
    form, head = IN_PORTIONS[job.format], _head(timeline)
    begun = b"" if job.pieces else form.head(head)
    chosen, job.place = _read(timeline, job.place, selecting.MOST_ROWS)
    pieces.add(work, job, begun + form.portion(head, chosen))
    if job.place is None:
        pieces.add(work, job, form.tail(head, counted(job)))
        job.stage = "end"


def _whole(timeline: Timeline) -> None:
    work, job = timeline.work, timeline.job
    form, calendar = AT_ONCE[job.format], job.format == "timeline-ics"
    entries: list[Entry] = []
    more, after = (job.timeline or {}).get("entries", not calendar), None
    while more:
        chosen, after = _read(timeline, after, form.most + 1)
        entries += chosen
        more = after is not None
        if len(entries) > form.most:
            raise TooManyEntries
    head = _head(timeline, _duties(timeline) if calendar else ())
    written = form.write(head, entries, counted(job))
    for at in range(0, len(written), _PIECE):
        pieces.add(work, job, written[at : at + _PIECE])
    job.stage = "end"


def _read(timeline: Timeline, after: str | None, most: int) -> tuple[list[dict[str, Any]], str | None]:
    """Return the next entries that may be in the file, and count what is left out.

    What coincides is marked after they were chosen, so that no mark tells of something that is not in the file.
    """
    work, job, wanted = timeline.work, timeline.job, timeline.job.timeline or {}
    found, place = read_entries(work, job.case_ids, wanted, after, most)
    choice, rows = Choice(timeline, [entry for _, entry in found]), {entry["id"]: row for row, entry in found}
    kept = [(rows[entry["id"]], entry) for entry in choice.kept]
    mark_entries(work, kept, job.case_ids, wanted, lambda partners: Choice(timeline, partners).kept)
    job.entries += len(choice.kept)
    job.codes = sorted({*job.codes, *choice.codes})
    _leave_out(job, choice.left_out)
    return choice.kept, place


def _leave_out(job: Export, more: Mapping[tuple[str, str], int]) -> None:
    every = Counter(job.left_out)
    every.update({f"{what} {why}": n for (what, why), n in more.items()})
    job.left_out = dict(every)


def _duties(timeline: Timeline) -> list[dict[str, Any]]:
    """Return the duties of the cases with a date. They concern other authorities, and so are for the own authority only."""
    job, terms = timeline.job, timeline.terms
    references: dict[UUID, str] = {case.id: case.reference for case in timeline.cases}
    found = read_duties(timeline.work, list(references), (job.timeline or {})["language"])
    if not terms.internal:
        _leave_out(job, {("duty", "of_others"): len(found)} if found else {})
        return []
    job.codes = sorted({*job.codes, *(terms.code(case.handling_code) for case in timeline.cases)})
    return [{**one, "case_reference": references[one["case_id"]]} for one in found]
