"""Who stands where at a meeting: the host desk, those invited, and who may take which step."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.errors import Forbidden, NotFound
from coopapi.meetings.models import Meeting, MeetingParticipant
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side, Transition
from coopapi.shared.parties import Party
from coopapi.store.db import UnitOfWork

AT_ONCE: Final = timedelta(milliseconds=1)
"""An access that ends now still holds in this transaction, so that the end of it is told to everybody concerned."""


class NotAtTheTable(Forbidden):
    """That step is for another side of the meeting.

    See `transitions` for the steps that your side may take now; a place that was offered is accepted first.
    """


def mine(work: UnitOfWork, meeting: Meeting) -> Sequence[Party]:
    """The caller's own parts in a meeting, those in which it acts."""
    return [
        part
        for part in parties.parts(work, meeting.id)
        if part.acting
        and part.authority_id == work.actor.authority_id
        and (part.case_id is None or cases.reaches(work, part.case_id, Level.CONTRIBUTE))
    ]


def side(work: UnitOfWork, meeting: Meeting) -> Side | None:
    """On which side the caller acts; nobody's side if it only reads."""
    if not mine(work, meeting):
        return None
    return Side.HOST if meeting.host_id == work.actor.authority_id else Side.INVITED


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


def take(work: UnitOfWork, meeting: Meeting, move: Transition) -> None:
    """Stop here unless the step belongs to the caller's side, role, and kind."""
    if side(work, meeting) is not move.side:
        raise NotAtTheTable(f"this is for the {move.side} side")
    work.require(move.by)
    if move.human and not work.actor.human:
        raise Forbidden("a person convenes and hosts, not a machine client")


def open_to(work: UnitOfWork, meeting: Meeting, move: Transition) -> bool:
    """Tell whether the caller may take a step."""
    return side(work, meeting) is move.side and work.actor.may(move.by) and (work.actor.human or not move.human)


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
    own = (part.case_id for part in parties.parts(work, meeting.id) if part.authority_id == work.actor.authority_id)
    case_id = next((case_id for case_id in own if case_id), None)
    work.note(f"meeting.{act}", meeting, case_id=case_id, parties=meeting.id, event=True, state=meeting.state, **detail)
