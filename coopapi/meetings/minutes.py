"""The conclusions for each country, and the minutes, which the host writes and every participating State agrees to."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from coopapi.errors import Conflict, fault
from coopapi.meetings import authorization
from coopapi.meetings.lifecycles import LIVE
from coopapi.meetings.models import Meeting, MeetingConclusion, MeetingParticipant
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.parties import new_part, with_texts
from coopapi.shared.recording import moment_of
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal


class NotHeldYet(Conflict):
    """Conclusions and minutes are possible only after the meeting was held and before its minutes are agreed.

    Hold the meeting first. Nothing can be added after the minutes are agreed.
    """


class AgreedAlready(Conflict):
    """A participant has already agreed to the minutes, so no conclusion can be added to them.

    Ask the host desk to write the minutes again with the new conclusion. All participants then have to agree again.
    """


class NothingToAgree(Conflict):
    """There are no minutes to agree to, your authority did not take part, or it has already agreed.

    Read the meeting again, and check its state and the list of participants.
    """


def conclude(work: UnitOfWork, meeting_id: UUID, data: Mapping[str, Any]) -> MeetingConclusion:
    """Record a conclusion for a country: by the host for any country, by the others for their own.

    Raises `NotHeldYet`, `AgreedAlready` and `NotAtTheTable`.
    """
    meeting = work.one(Meeting, meeting_id)
    stands = authorization.require(work, meeting)
    if meeting.state != "held":
        raise NotHeldYet(state=meeting.state)
    if stands is not Side.HOST and data["country"] != work.actor.country:
        raise authorization.NotAtTheTable(
            "Each country may record only its own conclusions; the host desk may record conclusions for all countries."
        )
    if data["country"] not in meeting.countries:
        raise fault("/country", "at_the_table", "This must be a country that takes part in the meeting.")
    authorization.require_seat(work, meeting)
    if any(place.agreed_at and place.authority_id != meeting.host_id for place in authorization.of_meeting(work, meeting.id)):
        raise AgreedAlready
    about = {"country": data["country"], "authority_id": work.actor.authority_id}
    row = work.add(new_part(work, MeetingConclusion, meeting, {"text": data["text"]}, **about))
    authorization.tell(work, meeting, "concluded", country=row.country, conclusion=str(row.id))
    return row


def show(work: UnitOfWork, rows: Sequence[MeetingConclusion]) -> list[dict[str, Any]]:
    """Return conclusions with their text."""
    return [{**row.shown(), **said} for row, said in with_texts(work, rows)]


def write(work: UnitOfWork, meeting_id: UUID, version: int, data: Mapping[str, Any]) -> Meeting:
    """Write the minutes. After a change everybody except the host, who wrote them, has to agree again.

    Raises `NotHeldYet`, and `NotAtTheTable` unless the caller is the host.
    """
    meeting = work.one(Meeting, meeting_id)
    authorization.require(work, meeting, host=True)
    meeting = work.one(Meeting, meeting_id, version=version, lock=True)
    if meeting.state != "held":
        raise NotHeldYet(state=meeting.state)
    meeting.minutes = seal(key_of(work, meeting), {"minutes": data["text"]}, meeting.id, "minutes")
    meeting.updated_at = work.now
    for place in authorization.of_meeting(work, meeting.id):
        place.agreed_at = work.now if place.authority_id == meeting.host_id else None
    settle(work, meeting)
    authorization.tell(work, meeting, "minutes_written")
    return meeting


def agree(work: UnitOfWork, meeting: Meeting, recorded: Mapping[str, Any] | None) -> None:
    """Agree to the minutes for the caller's authority, or record the agreement of one without users here.

    Raises `NothingToAgree` if the agreement is not awaited, and `Unprocessable` if `recorded` names no such authority.
    """
    if recorded is None:
        require_awaited(work, meeting).agreed_at = work.now
        return
    place = next((p for p in recordable(work, meeting) if p.authority_id == recorded.get("authority_id")), None)
    if place is None:
        raise fault("/recorded/authority_id", "without_users", "Name a participant without users here that has not agreed yet.")
    place.agreed_at = moment_of(work, recorded, own=False)
    authorization.put_recorded(work, meeting, place, "agreement", recorded)


def recordable(work: UnitOfWork, meeting: Meeting) -> list[MeetingParticipant]:
    """Return the States without users here whose agreement to the minutes the host may record, also after all others agreed."""
    if meeting.minutes is None or meeting.state not in {"held", "minutes_agreed"}:
        return []
    return [p for p in _unagreed(work, meeting) if not parties.has_users(work, p.authority_id)]


def _unagreed(work: UnitOfWork, meeting: Meeting) -> list[MeetingParticipant]:
    return [p for p in authorization.of_meeting(work, meeting.id) if p.state in LIVE and p.country and p.agreed_at is None]


def require_awaited(work: UnitOfWork, meeting: Meeting) -> MeetingParticipant:
    """Return the caller's participant whose agreement is awaited; raise `NothingToAgree` if it is not."""
    own = next((p for p in awaited(work, meeting) if p.authority_id == work.actor.authority_id), None)
    if own is None:
        raise NothingToAgree(state=meeting.state)
    return own


def awaited(work: UnitOfWork, meeting: Meeting) -> list[MeetingParticipant]:
    """Return the States that have not agreed to the minutes yet, including those that did not answer.

    Organisations do not agree. States without users here are not waited for; the host records their agreement.
    """
    if meeting.minutes is None or meeting.state != "held":
        return []
    return [p for p in _unagreed(work, meeting) if parties.has_users(work, p.authority_id)]


def settle(work: UnitOfWork, meeting: Meeting) -> None:
    """Set the state `minutes_agreed` when the last State has agreed."""
    work.session.flush()
    if not awaited(work, meeting):
        meeting.state = "minutes_agreed"
