"""Cases that their owners share for a meeting: the participants may read them until access to the meeting ends."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.errors import Conflict
from coopapi.meetings import authorization
from coopapi.meetings.models import Meeting
from coopapi.shared import parties, shared_cases
from coopapi.shared.lifecycle import Side
from coopapi.shared.shared_cases import CaseShare, SharedCase
from coopapi.shared.workflow import Step
from coopapi.store.db import UnitOfWork

_AT_THE_TABLE: Final = (Side.HOST, Side.INVITED)


class NothingToMeetFor(Conflict):
    """The meeting was cancelled or closed, so cases can no longer be shared for it.

    Convene a new meeting and share the case there.
    """


def update_access(work: UnitOfWork, meeting: Meeting) -> None:
    """Update the access to the shared cases after the participants or the state changed. A cancelled meeting gives no access."""
    shared_cases.reshare(work, meeting.id, f"meeting {meeting.reference}")


def share(work: UnitOfWork, meeting_id: UUID, data: Mapping[str, Any]) -> SharedCase:
    """Share a case that the caller answers for with the participants for the time of the meeting.

    Raises `NothingToMeetFor` once the meeting was cancelled or closed.
    """
    authorization.require(work, work.one(Meeting, meeting_id))
    meeting = work.one(Meeting, meeting_id, lock=True)
    own = parties.acting_parts(work, meeting.id)
    authorization.require(work, meeting)
    if meeting.state in {"cancelled", "closed"}:
        raise NothingToMeetFor(state=meeting.state)
    case = cases.answered_for(work, data["case_id"])
    level = Level[data.get("level", "read").upper()]
    row = shared_cases.offer(work, meeting.id, case.id, case.authority_id, level)
    if meeting.origin_id is not None and all(part.case_id is None for part in own):
        part = next(part for part in own if part.side in _AT_THE_TABLE)
        parties.admit(work, meeting.id, part.authority_id, Side(part.side), case_id=case.id, until=part.until)
    update_access(work, meeting)
    authorization.tell(work, meeting, "case_shared", shared=str(row.id), level=level.name.lower())
    return row


def _find(work: UnitOfWork, meeting_id: UUID, share_id: UUID) -> CaseShare[Meeting]:
    meeting = work.one(Meeting, meeting_id)
    return CaseShare(meeting, shared_cases.one_of(work, meeting.id, share_id))


def _lock(work: UnitOfWork, shared: CaseShare[Meeting], version: int) -> CaseShare[Meeting]:
    return CaseShare(shared.thing, work.one(SharedCase, shared.row.id, version=version, lock=True))


def _end(step: Step[CaseShare[Meeting]]) -> None:
    """End the sharing of a case: access is gone at the next request."""
    work, meeting, row = step.work, step.thing.thing, step.thing.row
    row.ended_at = work.now
    update_access(work, meeting)
    authorization.tell(work, meeting, "case_taken_back", shared=str(row.id))


MEETING_SHARE: Final = shared_cases.workflow("meeting_case", _find, _lock, _end)


def of_meeting(work: UnitOfWork, meeting_id: UUID) -> Select[SharedCase]:
    """Select the cases that are or were shared with a meeting."""
    return shared_cases.with_thing(work, work.one(Meeting, meeting_id).id)
