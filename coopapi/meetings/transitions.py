"""The workflows of a meeting (poll, schedule, hold, cancel, close) and of a participant (accept, decline, remove)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from coopapi.errors import Conflict, fault
from coopapi.meetings import authorization, case_sharing, convening, date_polls, minutes
from coopapi.meetings.authorization import AT_ONCE
from coopapi.meetings.lifecycles import AHEAD, MEETING_LIFECYCLE, PLACE_LIFECYCLE
from coopapi.meetings.models import Meeting, MeetingOption, MeetingParticipant
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.recording import moment_of
from coopapi.shared.shared_cases import end_shares
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal


class NotBegunYet(Conflict):
    """A meeting can be recorded as held only after its start time.

    Wait until the meeting begins, or ask the host desk to set another time.
    """


@dataclass(slots=True)
class Place:
    """A participant together with the meeting."""

    meeting: Meeting
    row: MeetingParticipant

    @property
    def is_the_hosts(self) -> bool:
        """Tell whether this is the host's own place, which can neither be declined nor removed."""
        return self.row.authority_id == self.meeting.host_id


def _find_meeting(work: UnitOfWork, meeting_id: UUID) -> Meeting:
    return work.one(Meeting, meeting_id)


def _require_begun(step: Step[Meeting]) -> None:
    meeting = step.thing
    if meeting.starts_at is None or meeting.starts_at > step.work.now:
        raise NotBegunYet(state="scheduled")


def _require_minutes(step: Step[Meeting]) -> None:
    if not step.is_recorded:
        minutes.require_awaited(step.work, step.thing)


def _standing_in_meeting(work: UnitOfWork, meeting: Meeting) -> Standing:
    return authorization.standing_of_host(work, meeting, absent=bool(minutes.recordable(work, meeting)))


def _poll(step: Step[Meeting]) -> None:
    latest = date_polls.offer(step.work, step.thing, step.data.get("options", ()))
    convening.last(step.work, step.thing, max(step.thing.access_until, latest + convening.AFTERWARDS))


def _schedule(step: Step[Meeting]) -> None:
    """Set the time, from an option of the poll or another one. Access ends thirty days after the meeting."""
    work, meeting = step.work, step.thing
    starts, ends = _times(step)
    if not work.now < starts < ends:
        raise fault("/starts_at", "order_of_time", "The start must be in the future and before the end.")
    if ends > work.now + convening.LONGEST:
        raise fault("/ends_at", "order_of_time", "The end must be at most three years from now.")
    again = meeting.starts_at is not None
    meeting.starts_at, meeting.ends_at = starts, ends
    meeting.sequence += again
    convening.last(work, meeting, ends + convening.AFTERWARDS)


def _times(step: Step[Meeting]) -> tuple[datetime, datetime]:
    if option_id := step.data.get("option_id"):
        option = step.work.one(MeetingOption, option_id)
        if option.meeting_id != step.thing.id:
            raise fault("/option_id", "same_meeting", "This time is not part of the date poll of the meeting.")
        return option.starts_at, option.ends_at
    starts, ends = step.data.get("starts_at"), step.data.get("ends_at")
    if starts is None or ends is None:
        raise fault("/starts_at", "required", "Give the start and the end, or a time of the date poll.")
    return starts, ends


def _cancel(step: Step[Meeting]) -> None:
    """Raise the sequence number, so that calendars remove the meeting."""
    step.thing.sequence += 1


def _agree(step: Step[Meeting]) -> None:
    recorded = step.data.get("recorded")
    if step.is_recorded and recorded is None:
        raise fault("/recorded", "recorded", "Name the participant, and give the time, channel and proof of its agreement.")
    if not step.is_recorded and recorded is not None:
        raise fault("/recorded", "own_side", "This is a step of your own side. Take it without `recorded`.")
    minutes.agree(step.work, step.thing, recorded)


def _finish_meeting(step: Step[Meeting]) -> None:
    work, meeting = step.work, step.thing
    meeting.state, meeting.updated_at = step.transition.target, work.now
    if reason := step.data.get("reason"):
        meeting.reason = seal(key_of(work, meeting), {"reason": reason}, meeting.id, "reason")
    if step.event == "agree" and meeting.state == "held":
        minutes.settle(work, meeting)
    case_sharing.update_access(work, meeting)
    authorization.tell(work, meeting, step.event, sequence=meeting.sequence)


MEETING: Final = Workflow[Meeting](
    name="meeting",
    lifecycles=(MEETING_LIFECYCLE,),
    find=_find_meeting,
    standing=_standing_in_meeting,
    guards={"hold": (_require_begun,), "agree": (_require_minutes,)},
    effects={"poll": _poll, "schedule": _schedule, "reschedule": _schedule, "cancel": _cancel, "agree": _agree},
    finish=_finish_meeting,
    wrong_side=authorization.NotAtTheTable,
)


def _find_place(work: UnitOfWork, meeting_id: UUID, place_id: UUID) -> Place:
    meeting = work.one(Meeting, meeting_id)
    return Place(meeting, authorization.place(work, meeting, place_id))


def _lock_place(work: UnitOfWork, place: Place, version: int) -> Place:
    """Lock the meeting before the participant, so that two answers for one meeting are handled one after the other."""
    meeting = work.one(Meeting, place.meeting.id, lock=True)
    return Place(meeting, work.one(MeetingParticipant, place.row.id, version=version, lock=True))


def _standing_at_place(work: UnitOfWork, place: Place) -> Standing:
    """Return the standing: each authority answers for itself, and the host desk may remove every participant but the host.

    The host desk also records the answers of an authority without users here.
    """
    side = authorization.side(work, place.meeting)
    if side is Side.HOST and not place.is_the_hosts and not parties.has_users(work, place.row.authority_id):
        return authorization.standing_of_host(work, place.meeting, absent=True)
    if place.is_the_hosts or (side is Side.INVITED and place.row.authority_id != work.actor.authority_id):
        side = None
    return (
        Standing.on(side)
        if side
        else Standing(
            refusal="Each authority answers its own invitation. The host desk may remove other participants before the meeting."
        )
    )


def _require_answerable(step: Step[Place]) -> None:
    """Raise `MeetingIsOver` after the meeting.

    Once it was held, an authority may still accept, and the host may record who did not come.
    """
    meeting, place = step.thing.meeting, step.thing.row
    if meeting.state in AHEAD or (meeting.state == "held" and (step.event == "accept" or place.state == "invited")):
        return
    raise convening.MeetingIsOver(state=meeting.state)


def _require_invitation(_step: Step[Place]) -> None:
    raise fault("/event", "invite", "To invite the authority again, use `/meetings/{id}/participants`.")


def _finish_place(step: Step[Place]) -> None:
    work, meeting, place = step.work, step.thing.meeting, step.thing.row
    recorded, invited = step.data.get("recorded"), step.transition.side is Side.INVITED
    place.answered_at = moment_of(work, recorded, own=not step.is_recorded) if invited else work.now
    if recorded and step.is_recorded:
        authorization.put_recorded(work, meeting, place, "answer", recorded)
    place.state = step.transition.target
    if place.state in {"declined", "removed"}:
        parties.admit(work, meeting.id, place.authority_id, Side.INVITED, until=work.now + AT_ONCE)
        end_shares(work, meeting.id, place.authority_id)
        case_sharing.update_access(work, meeting)
        if meeting.minutes:
            minutes.settle(work, meeting)
    authorization.tell(work, meeting, f"place_{place.state}", participant=str(place.id))


PLACE: Final = Workflow[Place](
    name="meeting_place",
    lifecycles=(PLACE_LIFECYCLE,),
    find=_find_place,
    lock=_lock_place,
    row=lambda place: place.row,
    state=lambda _, place: place.row.state,
    standing=_standing_at_place,
    guards={"invite": (_require_invitation,)},
    always=(_require_answerable,),
    finish=_finish_place,
    wrong_side=authorization.NotAtTheTable,
)
