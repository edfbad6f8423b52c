"""Decide on which side of a meeting a caller acts (host desk or invited authority) and which steps it may take."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from coopapi.errors import Forbidden, NotFound
from coopapi.meetings.models import Meeting, MeetingParticipant
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing
from coopapi.store.db import UnitOfWork
from coopapi.store.together import grouped, together
from coopapi.store.vault import key_of, seal, unseal

AT_ONCE: Final = timedelta(milliseconds=1)
"""Access that ends after this period still holds in the present transaction, so that everybody concerned is told that it ended."""


class NotAtTheTable(Forbidden):
    """The step is reserved for another side of the meeting.

    `transitions` lists the steps that your side may take now. If you were invited, accept the invitation first.
    """


def side(work: UnitOfWork, meeting: Meeting) -> Side | None:
    """Return the side on which the caller acts, or None if it may only read."""
    if not parties.acting_parts(work, meeting.id):
        return None
    return Side.HOST if meeting.host_id == work.actor.authority_id else Side.INVITED


def standing(work: UnitOfWork, meeting: Meeting) -> Standing:
    """Return the standing of a caller: the host desk, an invited authority, or on no side."""
    found = side(work, meeting)
    return Standing.on(found) if found else Standing(refusal="This is reserved for participants of the meeting.")


def standing_of_host(work: UnitOfWork, meeting: Meeting, *, absent: bool) -> Standing:
    """Return the standing of the host desk, which records the steps of participants without users here if there are any."""
    own = standing(work, meeting)
    return Standing(own.own, frozenset({Side.INVITED} if absent and Side.HOST in own.own else ()), own.refusal)


def put_recorded(work: UnitOfWork, meeting: Meeting, place: MeetingParticipant, what: str, recorded: Mapping[str, Any]) -> None:
    """Store how an answer or an agreement of an authority without users here is known."""
    key = key_of(work, meeting)
    said = {**unseal(key, place.recorded, place.id, "recorded"), what: dict(recorded)}
    place.recorded = seal(key, said, place.id, "recorded")


def require(work: UnitOfWork, meeting: Meeting, *, host: bool = False) -> Side:
    """Return the side of the caller; raise `NotAtTheTable` if it may not act in the meeting or, with `host`, is not the host."""
    found = side(work, meeting)
    if found is None or (host and found is not Side.HOST):
        raise NotAtTheTable("This is reserved for the host desk." if host else "This is reserved for participants of the meeting.")
    return found


def require_seat(work: UnitOfWork, meeting: Meeting) -> None:
    """Raise `NotAtTheTable` for an authority that was invited and has not accepted."""
    own = next((place for place in of_meeting(work, meeting.id) if place.authority_id == work.actor.authority_id), None)
    if own is not None and own.state != "accepted":
        raise NotAtTheTable("Accept the invitation first.")


def of_meeting(work: UnitOfWork, meeting_id: UUID) -> Sequence[MeetingParticipant]:
    """Return the participants of a meeting, in the order of the invitations."""
    return _of_meetings(work, meeting_id)


@together
def _of_meetings(work: UnitOfWork, meeting_ids: Sequence[UUID]) -> dict[UUID, list[MeetingParticipant]]:
    query = work.all(MeetingParticipant).where(MeetingParticipant.meeting_id.in_(meeting_ids))
    return grouped(meeting_ids, work.session.scalars(query.order_by(MeetingParticipant.id)), lambda row: row.meeting_id)


def place(work: UnitOfWork, meeting: Meeting, participant_id: UUID) -> MeetingParticipant:
    """Return one participant of this meeting; raise `NotFound` if it belongs to another meeting."""
    found = work.one(MeetingParticipant, participant_id)
    if found.meeting_id != meeting.id:
        raise NotFound
    return found


def tell(work: UnitOfWork, meeting: Meeting, act: str, **detail: Any) -> None:
    """Write what was done to the journal of every authority that takes part: only ids and figures, no text."""
    parties.tell(work, meeting, act, state=meeting.state, **detail)
