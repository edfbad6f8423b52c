"""What owners share for a meeting: read access to their cases, for those who take part, until the meeting's end of access."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi import parties, sharing
from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.db import Work
from coopapi.errors import Conflict, NotFound
from coopapi.lifecycle import Side
from coopapi.meetings import sides
from coopapi.meetings.lives import SHARING_LIFE
from coopapi.meetings.models import Meeting
from coopapi.sharing import SharedCase

_AT_THE_TABLE: Final = (Side.HOST, Side.INVITED)


class SharedHereAlready(Conflict):
    """The case is shared with this meeting already."""


class NothingToMeetFor(Conflict):
    """The meeting was cancelled or closed: nothing more is shared for it."""


def align(work: Work, meeting: Meeting) -> None:
    """Bring access to what is shared in line with who takes part; a cancelled meeting gives none."""
    at_the_table = () if meeting.state == "cancelled" else _AT_THE_TABLE
    sharing.reshare(work, meeting.id, at_the_table, f"meeting {meeting.reference}")


def share(work: Work, meeting_id: UUID, data: Mapping[str, Any]) -> SharedCase:
    """Share a case of one's own with those who take part, to read, for the time of the meeting."""
    sides.require(work, work.one(Meeting, meeting_id))
    meeting = work.one(Meeting, meeting_id, lock=True)
    own = sides.mine(work, meeting)
    sides.require(work, meeting)
    if meeting.state in {"cancelled", "closed"}:
        raise NothingToMeetFor(state=meeting.state)
    case = cases.usable(work, data["case_id"], Level.OWN)
    level = Level[data.get("level", "read").upper()]
    before = work.session.scalar(
        work.all(SharedCase).where(SharedCase.object_id == meeting.id, SharedCase.case_id == case.id).with_for_update()
    )
    if before is not None and before.ended_at is None:
        raise SharedHereAlready(existing=str(before.id))
    if before is not None:
        before.ended_at, before.level, before.shared_by, before.shared_at = None, level, work.actor.id, work.now
    row = before or SharedCase(
        object_id=meeting.id, case_id=case.id, owner_id=case.authority_id, level=level, shared_by=work.actor.id, shared_at=work.now
    )
    work.add(row)
    if all(part.case_id is None for part in own):
        part = next(part for part in own if part.side in _AT_THE_TABLE)
        parties.admit(work, meeting.id, part.authority_id, Side(part.side), case_id=case.id, until=part.until)
    align(work, meeting)
    sides.tell(work, meeting, "case_shared", shared=str(row.id), level=level.name.lower())
    return row


def end(work: Work, meeting_id: UUID, share_id: UUID, version: int, event: str) -> SharedCase:
    """Take back what was shared: access is gone at the next request."""
    meeting = work.one(Meeting, meeting_id)
    row = work.one(SharedCase, share_id)
    if row.object_id != meeting.id:
        raise NotFound
    move = SHARING_LIFE.move(state(row), event, None)
    if row.owner_id != work.actor.authority_id:
        raise sides.NotAtTheTable("the owner of a case takes back what it shared")
    cases.may_move(work, row.case_id, move.by, Level.OWN)
    row = work.one(SharedCase, share_id, version=version, lock=True)
    row.ended_at = work.now
    align(work, meeting)
    sides.tell(work, meeting, "case_taken_back", shared=str(row.id))
    return row


def state(row: SharedCase) -> str:
    """Shared, or taken back."""
    return "ended" if row.ended_at else "shared"


def of_meeting(work: Work, meeting_id: UUID) -> Select[SharedCase]:
    """Select the cases that are or were shared with a meeting."""
    return work.all(SharedCase).where(SharedCase.object_id == work.one(Meeting, meeting_id).id)


def show(work: Work, rows: Sequence[SharedCase]) -> list[dict[str, Any]]:
    """Show shared cases: whose they are, how far they are shared, whether they still are."""
    del work
    return [
        {
            **row.shown(),
            "level": Level(row.level).name.lower(),
            "state": state(row),
        }
        for row in rows
    ]
