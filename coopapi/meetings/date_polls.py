"""Find a date for a meeting: the host offers several, and each authority answers which ones suit it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from coopapi.errors import Conflict, fault
from coopapi.meetings import authorization
from coopapi.meetings.models import Meeting, MeetingAnswer, MeetingOption
from coopapi.store.db import UnitOfWork


class NoPollOpen(Conflict):
    """There is no open date poll for this meeting.

    Ask the host desk to start a date poll, or read the time that was set.
    """


def offer(work: UnitOfWork, meeting: Meeting, options: Sequence[Mapping[str, Any]]) -> datetime:
    """Offer times and return the end of the latest; raise `Unprocessable` for a time in the past or out of order."""
    if not options:
        raise fault("/options", "required", "Offer at least one time.")
    for number, option in enumerate(options):
        if not work.now < option["starts_at"] < option["ends_at"]:
            raise fault(f"/options/{number}/starts_at", "order_of_time", "The start must be in the future and before the end.")
        work.session.add(MeetingOption(meeting_id=meeting.id, starts_at=option["starts_at"], ends_at=option["ends_at"]))
    work.session.flush()
    latest: datetime = max(option["ends_at"] for option in options)
    return latest


def answer(work: UnitOfWork, meeting_id: UUID, data: Mapping[str, Any]) -> list[MeetingAnswer]:
    """Record which times suit the caller's authority. A new answer replaces the old one.

    Raises `NoPollOpen` unless dates are being polled.
    """
    meeting = work.one(Meeting, meeting_id)
    authorization.require(work, meeting)
    if meeting.state != "dates_polled":
        raise NoPollOpen(state=meeting.state)
    there = {option.id for option in options(work, meeting)}
    query = work.all(MeetingAnswer).where(
        MeetingAnswer.meeting_id == meeting.id, MeetingAnswer.authority_id == work.actor.authority_id
    )
    before = {row.option_id: row for row in work.session.scalars(query)}
    said = []
    for number, one in enumerate(data["answers"]):
        if one["option_id"] not in there:
            raise fault(f"/answers/{number}/option_id", "same_meeting", "This time is not part of the date poll of the meeting.")
        row = before.get(one["option_id"])
        if row is None:
            row = MeetingAnswer(meeting_id=meeting.id, option_id=one["option_id"], authority_id=work.actor.authority_id)
            before[row.option_id] = row
        row.answer, row.at = one["answer"], work.now
        work.add(row)
        said.append(row)
    authorization.tell(work, meeting, "dates_answered", count=len(said))
    return said


def options(work: UnitOfWork, meeting: Meeting) -> Sequence[MeetingOption]:
    """Return the offered times, the earliest first."""
    query = work.all(MeetingOption).where(MeetingOption.meeting_id == meeting.id)
    return work.session.scalars(query.order_by(MeetingOption.starts_at, MeetingOption.id)).all()


def of_meeting(work: UnitOfWork, meeting_id: UUID) -> list[dict[str, Any]]:
    """Return the times of a poll, each with the answers of the authorities."""
    meeting = work.one(Meeting, meeting_id)
    query = work.all(MeetingAnswer).where(MeetingAnswer.meeting_id == meeting.id).order_by(MeetingAnswer.id)
    answers: dict[UUID, list[MeetingAnswer]] = {}
    for row in work.session.scalars(query):
        answers.setdefault(row.option_id, []).append(row)
    offered = options(work, meeting)
    return [{"id": o.id, "starts_at": o.starts_at, "ends_at": o.ends_at, "answers": answers.get(o.id, [])} for o in offered]
