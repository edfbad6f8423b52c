"""Which cases a timeline is about: one, several that are named, or those of an overlap, a team or a meeting that are read."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action, Role
from coopapi.cases import views
from coopapi.cases.views import CaseView
from coopapi.errors import Forbidden, NotFound, fault
from coopapi.exports.timelines.sources import MOST_CASES
from coopapi.jits.models import Jit
from coopapi.meetings.models import Meeting
from coopapi.overlaps.models import Overlap
from coopapi.shared.parties import Party
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork

_THINGS: Final = {"overlap_id": Action.OVERLAP_READ, "jit_id": Action.JIT_READ, "meeting_id": Action.MEETING_READ}


def named(work: UnitOfWork, case_ids: Iterable[UUID]) -> dict[UUID, CaseView]:
    """Return these cases. Raises `NotFound` if the caller does not see one, and `Forbidden` if it may not read one."""
    wanted = list(case_ids)
    found = views.seen(work, wanted)
    if len(found) < len(wanted):
        raise NotFound
    if not all(_reads(work, case) for case in found.values()):
        raise Forbidden("This needs read access to the case.")
    return {case_id: found[case_id] for case_id in wanted}


def chosen(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[UUID, CaseView]:
    """Return the cases of a merged timeline: those that are named, or those of a thing that the caller may read.

    A case of the thing that the caller may not read is left out without a trace. Raises `NotFound` for a thing that it does not
    see.
    """
    if "case_id" in wanted:
        return named(work, wanted["case_id"])
    name = next(name for name in _THINGS if name in wanted)
    work.require(_THINGS[name])
    found = views.seen(work, sorted(_cases_of(work, name, wanted[name])))
    read = {case_id: case for case_id, case in sorted(found.items()) if _reads(work, case)}
    if len(read) > MOST_CASES:
        raise fault(f"/{name}", "most", f"You read more than {MOST_CASES} of its cases. Name the ones that you need as case_id.")
    return read


def _reads(work: UnitOfWork, case: CaseView) -> bool:
    """Tell whether the caller may read the timeline of a case. A desk reads what the index of its State shows."""
    return case["level"] != "index" or work.actor.role is Role.DESK


def _cases_of(work: UnitOfWork, name: str, thing_id: UUID) -> set[UUID]:
    if name == "overlap_id":
        overlap = work.session.scalar(work.all(Overlap).where(Overlap.id == thing_id))
        if overlap is None:
            raise NotFound
        return {overlap.case_a, overlap.case_b}
    work.one(Jit if name == "jit_id" else Meeting, thing_id)
    shared = work.all(SharedCase).where(SharedCase.object_id == thing_id, SharedCase.ended_at.is_(None))
    through = work.all(Party).where(Party.object_id == thing_id, Party.case_id.is_not(None))
    own = {part.case_id for part in work.session.scalars(through) if part.case_id}
    return own | {row.case_id for row in work.session.scalars(shared)}
