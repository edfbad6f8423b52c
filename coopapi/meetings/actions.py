"""Actions that authorities agreed to take at a meeting: by whom, by when, and whether they are done, dropped or overdue."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, or_

from coopapi.deadlines import service as deadlines
from coopapi.deadlines.computation import zone_of
from coopapi.deadlines.service import Occasion
from coopapi.errors import Conflict, Forbidden, fault
from coopapi.meetings import authorization
from coopapi.meetings.lifecycles import ACTION_LIFECYCLE
from coopapi.meetings.models import Meeting, MeetingAction
from coopapi.shared.lifecycle import Side
from coopapi.shared.recording import moment_of, recorded_of
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.statements import Statement
from coopapi.store.together import together
from coopapi.store.vault import seal, unseal

_LATEST: Final = date(2200, 1, 1)


class NotYourAction(Forbidden):
    """Only the authority that is responsible for an action may change its status.

    Ask the authority that the action names.
    """


class NothingUndertakenYet(Conflict):
    """Actions can be recorded only for a meeting that was held and is not closed.

    Hold the meeting first. If the meeting is closed, convene another one.
    """


def _key(work: UnitOfWork) -> vault.SealKey:
    """Return the key that encrypts actions.

    The responsible authority can still read its action when its access to the meeting ended.
    """
    return vault.kind_key(work, "meeting-actions")


def undertake(work: UnitOfWork, meeting_id: UUID, data: Mapping[str, Any]) -> MeetingAction:
    """Record an action and the day by which it is due: the host for every authority, the others for themselves.

    Raises `NothingUndertakenYet` before the meeting was held, `NotAtTheTable` for another authority's action, and `Unprocessable`.
    """
    meeting = work.one(Meeting, meeting_id)
    stands = authorization.require(work, meeting)
    if meeting.state not in {"held", "minutes_agreed"}:
        raise NothingUndertakenYet(state=meeting.state)
    owner_id = data.get("owner", work.actor.authority_id)
    if stands is not Side.HOST and owner_id != work.actor.authority_id:
        raise authorization.NotAtTheTable(
            "Each authority may record only its own actions; the host desk may record actions of all participants."
        )
    places = {p.authority_id: p for p in authorization.of_meeting(work, meeting.id) if p.state == "accepted"}
    if owner_id not in places:
        raise fault("/owner", "at_the_table", "This must be an authority that took part in the meeting.")
    country = places[owner_id].country
    if not work.now.astimezone(ZoneInfo(zone_of(country))).date() <= data["due_on"] < _LATEST:
        raise fault("/due_on", "order_of_time", "The date must not be in the past, and must be before the year 2200.")
    due_at = end_of(data["due_on"], country)
    row_id = work.new_id()
    row = work.add(
        MeetingAction(
            id=row_id,
            meeting_id=meeting.id,
            owner_id=owner_id,
            country=country,
            due_at=due_at,
            sealed=seal(_key(work), {"text": data["text"]}, row_id),
            created_by=work.actor.id,
            created_at=work.now,
        )
    )
    _clock(work, meeting.id, row, "action.agree", work.now)
    authorization.tell(work, meeting, "action_undertaken", item=str(row.id), owner=str(owner_id), due=due_at.isoformat())
    return row


def end_of(day: date, country: str | None) -> datetime:
    """Return the end of a day in the time zone of a country."""
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone_of(country))).astimezone(UTC)


_HOSTS_FOR: Final = Statement(
    "select a.meeting, a.owner, priv.hosts_for(a.meeting, a.owner)"
    " from unnest(cast(:meetings as uuid[]), cast(:owners as uuid[])) a (meeting, owner)"
)


@together
def _hosts_for(work: UnitOfWork, pairs: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], bool]:
    """Tell for which authorities of meetings the caller hosts and records, because they have no users here."""
    meetings, owners = zip(*pairs, strict=True)
    rows = _HOSTS_FOR.rows(work.session, meetings=list(meetings), owners=list(owners))
    return {(meeting_id, owner_id): hosts for meeting_id, owner_id, hosts in rows}


def _standing(work: UnitOfWork, row: MeetingAction) -> Standing:
    if row.owner_id == work.actor.authority_id:
        return Standing.on(Side.OWNER)
    if not _hosts_for(work, (row.meeting_id, row.owner_id)):
        return Standing()
    return Standing.on(Side.HOST, recorded=[Side.OWNER])


def _finish(step: Step[MeetingAction]) -> None:
    """Mark an action as done, dropped or open again."""
    work, row, state = step.work, step.thing, step.transition.target
    recorded = step.data.get("recorded")
    at = moment_of(work, recorded, own=not step.is_recorded)
    row.state, row.ended_at = state, None if state == "open" else at
    row.reason = seal(_key(work), {"reason": step.data.get("reason"), "recorded": recorded}, row.id, "reason")
    _clock(work, row.meeting_id, row, {"done": "action.done", "dropped": "action.drop"}.get(state, "action.agree"), at)
    meeting = work.session.scalar(work.all(Meeting).where(Meeting.id == row.meeting_id))
    if meeting is not None:
        authorization.tell(work, meeting, f"action_{state}", item=str(row.id))
    else:
        work.note(f"action.{state}", row, event=True)


ACTION: Final = Workflow[MeetingAction](
    name="action",
    lifecycles=(ACTION_LIFECYCLE,),
    find=lambda work, action_id: work.one(MeetingAction, action_id),
    standing=_standing,
    finish=_finish,
    wrong_side=NotYourAction,
)


def _clock(work: UnitOfWork, meeting_id: UUID, row: MeetingAction, event: str, at: datetime) -> None:
    """Start or stop the deadline of the authority that is responsible for an action."""
    owes = {Side.INVITED: (row.owner_id, row.country)}
    occasion = Occasion(meeting_id, "meeting", "meeting", "", "", event, at, owes, item_id=row.id, facts={"due": row.due_at})
    deadlines.happened(work, occasion)


def worklist(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[MeetingAction]:
    """Select actions by responsible authority, meeting and state; `within` is a number of hours."""
    query = matching(work.all(MeetingAction), wanted, owner=MeetingAction.owner_id, meeting_id=MeetingAction.meeting_id)
    if side := wanted.get("side"):
        watched = func.priv.hosts_for(MeetingAction.meeting_id, MeetingAction.owner_id)
        mine = or_(MeetingAction.owner_id == work.actor.authority_id, watched)
        query = query.where(mine if side == "mine" else ~mine)
    overdue = and_(MeetingAction.state == "open", MeetingAction.due_at <= work.now)
    if state := wanted.get("state"):
        query = query.where(overdue if state == "overdue" else MeetingAction.state == state)
    if wanted.get("overdue"):
        query = query.where(overdue)
    if hours := wanted.get("within"):
        soon = work.now + timedelta(hours=hours)
        query = query.where(MeetingAction.state == "open", MeetingAction.due_at > work.now, MeetingAction.due_at <= soon)
    return query


def show(work: UnitOfWork, rows: Sequence[MeetingAction]) -> list[dict[str, Any]]:
    """Return actions with their text. An open action is overdue when its day is over."""
    return [_show(work, row) for row in rows]


def _show(work: UnitOfWork, row: MeetingAction) -> dict[str, Any]:
    key = _key(work)
    told = unseal(key, row.reason, row.id, "reason")
    last_moment = row.due_at.astimezone(ZoneInfo(zone_of(row.country))) - timedelta(microseconds=1)
    return {
        **row.shown(),
        "text": unseal(key, row.sealed, row.id)["text"],
        "reason": told.get("reason"),
        "recorded": recorded_of(told),
        "due_on": last_moment.date(),
        "zone": zone_of(row.country),
        "state": "overdue" if row.state == "open" and row.due_at <= work.now else row.state,
    }
