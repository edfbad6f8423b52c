"""Who stands where at a meeting: the host desk, those invited, and who may take which step."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from coopapi.errors import Forbidden, NotFound
from coopapi.meetings.models import Meeting, MeetingParticipant
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing
from coopapi.store.db import UnitOfWork

AT_ONCE: Final = timedelta(milliseconds=1)
"""An access that ends now still holds in this transaction, so that the end of it is told to everybody concerned."""


class NotAtTheTable(Forbidden):
    """That step is for another side of the meeting.

    See `transitions` for the steps that your side may take now; a place that was offered is accepted first.
    """


def side(work: UnitOfWork, meeting: Meeting) -> Side | None:
    """Return the side on which the caller acts, or None if it only reads."""
    if not parties.acting_parts(work, meeting.id):
        return None
    return Side.HOST if meeting.host_id == work.actor.authority_id else Side.INVITED


def standing(work: UnitOfWork, meeting: Meeting) -> Standing:
    """Return where the caller stands in a meeting: the host desk, or one of those invited."""
    found = side(work, meeting)
    return Standing.on(found) if found else Standing(refusal="this is for those who take part")


def require(work: UnitOfWork, meeting: Meeting, *, host: bool = False) -> Side:
    """Stop here unless the caller acts in the meeting, as its host if need be."""
    found = side(work, meeting)
    if found is None or (host and found is not Side.HOST):
        raise NotAtTheTable("this is for the host desk" if host else "this is for those who take part")
    return found


def require_seat(work: UnitOfWork, meeting: Meeting) -> None:
    """Stop at whoever was invited and has not accepted."""
    own = next((place for place in of_meeting(work, meeting.id) if place.authority_id == work.actor.authority_id), None)
    if own is not None and own.state != "accepted":
        raise NotAtTheTable("accept your place first")


def of_meeting(work: UnitOfWork, meeting_id: UUID) -> Sequence[MeetingParticipant]:
    """The places at a meeting, in the order of the invitations."""
    query = work.all(MeetingParticipant).where(MeetingParticipant.meeting_id == meeting_id)
    return work.session.scalars(query.order_by(MeetingParticipant.id)).all()


def place(work: UnitOfWork, meeting: Meeting, participant_id: UUID) -> MeetingParticipant:
    """One place at this meeting."""
    found = work.one(MeetingParticipant, participant_id)
    if found.meeting_id != meeting.id:
        raise NotFound
    return found


def tell(work: UnitOfWork, meeting: Meeting, act: str, **detail: Any) -> None:
    """Say in the journal of everybody who takes part what was done: ids and figures, no words."""
    work.session.flush()
    case_id = parties.case_of(work, meeting.id)
    work.note(f"meeting.{act}", meeting, case_id=case_id, parties=meeting.id, event=True, state=meeting.state, **detail)
