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
from coopapi.exports.timelines.entries import FILTERS, KEPT_BACK, CaseHead, Entry, Head
from coopapi.exports.timelines.sources import Found, mark_entries, read_duties, read_entries
from coopapi.exports.timelines.table import AT_ONCE, IN_PORTIONS

_PIECE: Final = 1024 * 1024
_MOST_READ: Final = 50
"""How many times entries are read for a file that is made at once: about 100,000 entries if a text is looked for in them."""


class TooManyEntries(Exception):
    """A file that is made at once has more entries than its format may have, or not all entries were looked at after 50 reads."""


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
    cases, terms, wanted = timeline.cases, timeline.terms, timeline.wanted
    by = UUID(wanted["authority_id"]) if "authority_id" in wanted else None
    named = authorities_of(timeline.work, {case.authority_id for case in cases} | ({by} if by else set()))
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
    told = FILTERS if terms.internal else [name for name in FILTERS if name not in KEPT_BACK]
    filters = {name: wanted[name] if name in told else None for name in FILTERS if name in wanted}
    filters |= {"authority_id": named[by].name} if by in named else {}
    return Head(timeline.about, wanted["language"], heads, duties, filters)


def _portion(timeline: Timeline) -> None:
    work, job = timeline.work, timeline.job
    form, head = IN_PORTIONS[job.format], _head(timeline)
    begun = b"" if job.pieces else form.head(head)
    chosen, job.place = _read(timeline, job.place, selecting.MOST_ROWS)
    pieces.add(work, job, begun + form.portion(head, _marked(timeline, chosen)))
    if job.place is None:
        pieces.add(work, job, form.tail(head, counted(job)))
        job.stage = "end"


def _whole(timeline: Timeline) -> None:
    """Make a file of all entries. Filters can leave few entries of many, and the reading of these is bounded, too."""
    work, job = timeline.work, timeline.job
    form, calendar = AT_ONCE[job.format], job.format == "timeline-ics"
    chosen: list[Found] = []
    more, after = timeline.wanted.get("entries", not calendar), None
    for _ in range(_MOST_READ if more else 0):
        read, after = _read(timeline, after, form.most + 1)
        chosen += read
        if len(chosen) > form.most:
            raise TooManyEntries
        if after is None:
            break
    else:
        if more:
            raise TooManyEntries
    head = _head(timeline, _duties(timeline) if calendar else ())
    written = form.write(head, _marked(timeline, chosen), counted(job))
    for at in range(0, len(written), _PIECE):
        pieces.add(work, job, written[at : at + _PIECE])
    job.stage = "end"


def _read(timeline: Timeline, after: str | None, most: int) -> tuple[list[Found], str | None]:
    """Return the next entries that may be in the file, each with its row, and count what is left out."""
    job = timeline.job
    found, place = read_entries(timeline.work, job.case_ids, timeline.wanted, after, most)
    choice, rows = Choice(timeline, [entry for _, entry in found]), {entry["id"]: row for row, entry in found}
    job.entries += len(choice.kept)
    job.codes = sorted({*job.codes, *choice.codes})
    _leave_out(job, choice.left_out)
    return [(rows[entry["id"]], entry) for entry in choice.kept], place


def _marked(timeline: Timeline, chosen: Sequence[Found]) -> list[Entry]:
    """Return entries that were chosen, with what coincides, so that no mark tells of something that is not in the file."""
    wanted = timeline.wanted
    mark_entries(timeline.work, chosen, timeline.job.case_ids, wanted, lambda partners: Choice(timeline, partners).kept)
    return [entry for _, entry in chosen]


def _leave_out(job: Export, more: Mapping[tuple[str, str], int]) -> None:
    every = Counter(job.left_out)
    every.update({f"{what} {why}": n for (what, why), n in more.items()})
    job.left_out = dict(every)


def _duties(timeline: Timeline) -> list[dict[str, Any]]:
    """Return the duties of the cases with a date. They concern other authorities, and so are for the own authority only."""
    job, terms = timeline.job, timeline.terms
    references: dict[UUID, str] = {case.id: case.reference for case in timeline.cases}
    found = read_duties(timeline.work, list(references), timeline.wanted["language"])
    if not terms.internal:
        _leave_out(job, {("duty", "of_others"): len(found)} if found else {})
        return []
    job.codes = sorted({*job.codes, *(terms.code(case.handling_code) for case in timeline.cases)})
    return [{**one, "case_reference": references[one["case_id"]]} for one in found]
