"""Steps in the life of a meeting and of a place at it: polled, scheduled, moved, held, cancelled, closed."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from coopapi.errors import Conflict, fault
from coopapi.meetings import authorization, case_sharing, convening, date_polls, minutes
from coopapi.meetings.authorization import AT_ONCE
from coopapi.meetings.lifecycles import AHEAD, MEETING_LIFECYCLE, PLACE_LIFECYCLE
from coopapi.meetings.models import Meeting, MeetingOption, MeetingParticipant
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.shared_cases import end_shares
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal


class NotBegunYet(Conflict):
    """A meeting has been held once its time has come.

    Wait until the meeting begins, or ask the host to set another time.
    """


def take(work: UnitOfWork, meeting_id: UUID, version: int, data: Mapping[str, Any]) -> Meeting:
    """Take one step with a meeting, if the table, the side and the role allow it."""
    meeting = work.one(Meeting, meeting_id)
    if authorization.mine(work, meeting):
        meeting = work.one(Meeting, meeting_id, version=version, lock=True)
    move = MEETING_LIFECYCLE.move(meeting.state, data["event"], data.get("reason"))
    authorization.take(work, meeting, move)
    _EFFECTS.get(move.event, _nothing)(work, meeting, data)
    meeting.state, meeting.updated_at = move.target, work.now
    if data.get("reason"):
        meeting.reason = seal(key_of(work, meeting), {"reason": data["reason"]}, meeting.id, "reason")
    if move.event == "agree":
        minutes.settle(work, meeting)
    case_sharing.align(work, meeting)
    authorization.tell(work, meeting, move.event, sequence=meeting.sequence)
    return meeting


def _nothing(work: UnitOfWork, meeting: Meeting, data: Mapping[str, Any]) -> None:
    del work, meeting, data


def _poll(work: UnitOfWork, meeting: Meeting, data: Mapping[str, Any]) -> None:
    latest = date_polls.offer(work, meeting, data.get("options", ()))
    convening.last(work, meeting, max(meeting.access_until, latest + convening.AFTERWARDS))


def _schedule(work: UnitOfWork, meeting: Meeting, data: Mapping[str, Any]) -> None:
    """Set the time, that of an option or another; access lasts a while beyond it."""
    starts, ends = data.get("starts_at"), data.get("ends_at")
    if option_id := data.get("option_id"):
        option = work.one(MeetingOption, option_id)
        if option.meeting_id != meeting.id:
            raise fault("/option_id", "same_meeting", "not a time of this meeting's poll")
        starts, ends = option.starts_at, option.ends_at
    if starts is None or ends is None:
        raise fault("/starts_at", "required", "say when it begins and ends, or which time of the poll it is")
    if not work.now < starts < ends:
        raise fault("/starts_at", "order_of_time", "in the future, and before its end")
    if ends > work.now + convening.LONGEST:
        raise fault("/ends_at", "order_of_time", "not beyond three years")
    again = meeting.starts_at is not None
    meeting.starts_at, meeting.ends_at = starts, ends
    meeting.sequence += again
    convening.last(work, meeting, ends + convening.AFTERWARDS)


def _hold(work: UnitOfWork, meeting: Meeting, data: Mapping[str, Any]) -> None:
    del data
    if meeting.starts_at is None or meeting.starts_at > work.now:
        raise NotBegunYet(state="scheduled")


def _cancel(work: UnitOfWork, meeting: Meeting, data: Mapping[str, Any]) -> None:
    """Calendars learn of it."""
    del work, data
    meeting.sequence += 1


def _agree(work: UnitOfWork, meeting: Meeting, data: Mapping[str, Any]) -> None:
    del data
    minutes.agree(work, meeting)


_EFFECTS: Final[Mapping[str, Callable[[UnitOfWork, Meeting, Mapping[str, Any]], None]]] = {
    "poll": _poll,
    "schedule": _schedule,
    "reschedule": _schedule,
    "hold": _hold,
    "cancel": _cancel,
    "agree": _agree,
}


def moves(work: UnitOfWork, meeting_id: UUID) -> dict[str, Any]:
    """Say where a meeting stands, and what the caller may do now."""
    meeting = work.one(Meeting, meeting_id)
    allowed = [
        m.to_dict()
        for m in MEETING_LIFECYCLE.leaving(meeting.state)
        if authorization.open_to(work, meeting, m) and (m.event != "agree" or minutes.is_awaited(work, meeting))
    ]
    return {"state": meeting.state, "allowed": allowed, "etag": meeting.etag}


def answer(work: UnitOfWork, meeting_id: UUID, participant_id: UUID, version: int, data: Mapping[str, Any]) -> MeetingParticipant:
    """Accept or decline one's own place; or, as the host, take somebody off the list before the meeting."""
    meeting = work.one(Meeting, meeting_id)
    place = authorization.place(work, meeting, participant_id)
    move = PLACE_LIFECYCLE.move(place.state, data["event"], data.get("reason"))
    if move.event == "invite":
        raise fault("/event", "invite", "invite again at /meetings/{id}/participants")
    _take(work, meeting, place, move.side)
    work.require(move.by)
    meeting = work.one(Meeting, meeting_id, lock=True)
    if not _answerable(meeting, place, move.event):
        raise convening.MeetingIsOver(state=meeting.state)
    place = work.one(MeetingParticipant, participant_id, version=version, lock=True)
    place.state, place.answered_at = move.target, work.now
    if move.target in {"declined", "removed"}:
        parties.admit(work, meeting.id, place.authority_id, Side.INVITED, until=work.now + AT_ONCE)
        end_shares(work, meeting.id, place.authority_id)
        case_sharing.align(work, meeting)
        if meeting.minutes:
            minutes.settle(work, meeting)
    authorization.tell(work, meeting, f"place_{move.target}", participant=str(place.id))
    return place


def _answerable(meeting: Meeting, place: MeetingParticipant, event: str) -> bool:
    """Before the meeting; once it was held, whoever had not answered still may, and the host notes who did not come."""
    return meeting.state in AHEAD or (meeting.state == "held" and (event == "accept" or place.state == "invited"))


def _take(work: UnitOfWork, meeting: Meeting, place: MeetingParticipant, side: Side) -> None:
    """A place is answered for by its own authority; the host's own place is not given up."""
    mine = place.authority_id == work.actor.authority_id
    stands = authorization.require(work, meeting)
    hosted = place.authority_id == meeting.host_id
    if hosted or (side is Side.HOST and stands is not Side.HOST) or (side is Side.INVITED and not mine):
        raise authorization.NotAtTheTable("each answers for its own place; the host desk removes before the meeting")


def place_moves(work: UnitOfWork, meeting_id: UUID, participant_id: UUID) -> dict[str, Any]:
    """Say where a place stands, and what the caller may do about it now."""
    meeting = work.one(Meeting, meeting_id)
    place = authorization.place(work, meeting, participant_id)
    stands, mine = authorization.side(work, meeting), place.authority_id == work.actor.authority_id
    allowed = [
        m.to_dict()
        for m in PLACE_LIFECYCLE.leaving(place.state)
        if place.authority_id != meeting.host_id
        and work.actor.may(m.by)
        and ((m.side is Side.HOST and stands is Side.HOST) or (m.side is Side.INVITED and mine and stands is Side.INVITED))
        and m.event != "invite"
        and _answerable(meeting, place, m.event)
    ]
    return {"state": place.state, "allowed": allowed, "etag": place.etag}
