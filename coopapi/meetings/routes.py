"""Meetings over HTTP: convened, attended, moved along, read by calendars."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response

from coopapi.access import Action
from coopapi.cases.schemas import SharedCaseOut
from coopapi.http.api import Blueprint, database
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.meetings import calendar_feeds, calendars, case_sharing, convening, date_polls, presentation, transitions
from coopapi.meetings.models import CalendarFeed, Meeting, MeetingAnswer, MeetingParticipant
from coopapi.meetings.responses import (
    CalendarFeedOut,
    MeetingAnswerOut,
    MeetingBrief,
    MeetingOptionOut,
    MeetingOut,
    MeetingPlaceOut,
)
from coopapi.meetings.schemas import (
    MeetingAnswersIn,
    MeetingFilter,
    MeetingIn,
    MeetingPatch,
    MeetingPlaceIn,
    MeetingShareIn,
    MeetingStepIn,
)
from coopapi.shared import shared_cases
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork

blp = Blueprint("meetings", __name__, url_prefix="/api/v1", description="Coordination meetings and centres")
_ONE = "/meetings/<uuid:meeting_id>"
_PLACE = f"{_ONE}/participants/<uuid:place_id>"


@blp.route("/meetings", allow=Action.MEETING_READ, query=MeetingFilter, returns=MeetingBrief, page=True, show=presentation.brief)
def list_meetings(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the meetings that your authority hosts or was invited to, newest first."""
    return page(work, "meetings", presentation.select_meetings(work, wanted), Order((Meeting.id,)), wanted)


@blp.route(
    "/meetings",
    method="POST",
    allow=Action.MEETING_CONVENE,
    body=MeetingIn,
    returns=MeetingOut,
    status=HTTPStatus.CREATED,
    show=presentation.whole,
)
def convene_meeting(data: dict[str, Any], *, work: UnitOfWork) -> Meeting:
    """Propose a meeting about a case, an overlap or a request that you may see; a desk hosts it."""
    return convening.convene(work, data)


@blp.route(_ONE, allow=Action.MEETING_READ, returns=MeetingOut, show=presentation.whole)
def get_meeting(meeting_id: UUID, *, work: UnitOfWork) -> Meeting:
    """Show one meeting."""
    return work.one(Meeting, meeting_id)


@blp.route(
    _ONE, method="PATCH", allow=Action.MEETING_CONVENE, body=MeetingPatch, returns=MeetingOut, changes=True, show=presentation.whole
)
def update_meeting(data: dict[str, Any], *, meeting_id: UUID, version: int, work: UnitOfWork) -> Meeting:
    """Change the plan of a meeting, or extend access to it (host desk only)."""
    return convening.change(work, meeting_id, version, data)


blp.workflow(
    _ONE,
    transitions.MEETING,
    read=Action.MEETING_READ,
    act=Action.MEETING_WRITE,
    body=MeetingStepIn,
    returns=MeetingOut,
    show=presentation.whole,
    about="Poll dates, schedule, move, hold, cancel or close a meeting (host desk only), or agree to the current minutes.",
)


@blp.route(
    f"{_ONE}/participants",
    allow=Action.MEETING_READ,
    query=Paged,
    returns=MeetingPlaceOut,
    page=True,
    show=presentation.participants,
)
def list_meeting_participants(wanted: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> Page:
    """List the participants of a meeting."""
    order = Order((MeetingParticipant.id,), descending=False)
    return page(work, f"participants/{meeting_id}", presentation.places(work, meeting_id), order, wanted)


@blp.route(
    f"{_ONE}/participants",
    method="POST",
    allow=Action.MEETING_CONVENE,
    body=MeetingPlaceIn,
    returns=MeetingPlaceOut,
    status=HTTPStatus.CREATED,
    show=presentation.participants,
)
def invite_meeting_participant(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> MeetingParticipant:
    """Invite an authority or an organisation (host desk only)."""
    return convening.invite(work, meeting_id, data)


blp.workflow(
    _PLACE,
    transitions.PLACE,
    read=Action.MEETING_READ,
    act=Action.MEETING_WRITE,
    returns=MeetingPlaceOut,
    show=presentation.participants,
    about="Accept or decline an invitation (an authority that declines loses access), or remove a participant (host desk only).",
)


@blp.route(f"{_ONE}/options", allow=Action.MEETING_READ, returns=MeetingOptionOut, many="items")
def list_meeting_options(meeting_id: UUID, *, work: UnitOfWork) -> list[dict[str, Any]]:
    """List the times of the date poll, and which participants each time suits."""
    return date_polls.of_meeting(work, meeting_id)


@blp.route(
    f"{_ONE}/answers", method="POST", allow=Action.MEETING_WRITE, body=MeetingAnswersIn, returns=MeetingAnswerOut, many="items"
)
def answer_meeting_poll(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> list[MeetingAnswer]:
    """Answer which times of the date poll suit your authority."""
    return date_polls.answer(work, meeting_id, data["answers"])


@blp.route(f"{_ONE}/cases", allow=Action.MEETING_READ, query=Paged, returns=SharedCaseOut, page=True, show=shared_cases.show)
def list_meeting_cases(wanted: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> Page:
    """List the cases that their owners share with the participants."""
    return page(work, f"shared/{meeting_id}", case_sharing.of_meeting(work, meeting_id), Order((SharedCase.id,)), wanted)


@blp.route(
    f"{_ONE}/cases",
    method="POST",
    allow=Action.CASE_SHARE,
    body=MeetingShareIn,
    returns=SharedCaseOut,
    status=HTTPStatus.CREATED,
    show=shared_cases.show,
)
def share_meeting_case(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> SharedCase:
    """Share a case of yours with the participants for the duration of the meeting."""
    return case_sharing.share(work, meeting_id, data)


blp.workflow(
    f"{_ONE}/cases/<uuid:share_id>",
    case_sharing.MEETING_SHARE,
    read=Action.MEETING_READ,
    act=Action.CASE_SHARE,
    returns=SharedCaseOut,
    show=shared_cases.show,
    about="End the sharing of a case of yours (`end`).",
)


@blp.route(f"{_ONE}/calendar.ics", allow=Action.MEETING_READ, also=(calendars.MEDIA_TYPE,))
def get_meeting_calendar(meeting_id: UUID, *, work: UnitOfWork) -> Response:
    """Show a meeting in calendar format (iCalendar), with its time and place but without names."""
    meeting = work.one(Meeting, meeting_id)
    return _calendar(
        calendars.write([meeting], work.settings.base_url, place=presentation.calendar_place(work, meeting), alone=True)
    )


@blp.route("/calendar-feeds", allow=Action.MEETING_READ, query=Paged, returns=CalendarFeedOut, page=True)
def list_calendar_feeds(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the private calendar feeds of your authority."""
    return page(work, "calendar-feeds", calendar_feeds.feeds(work), Order((CalendarFeed.id,)), wanted)


@blp.route("/calendar-feeds", method="POST", allow=Action.MEETING_READ, returns=CalendarFeedOut, status=HTTPStatus.CREATED)
def create_calendar_feed(*, work: UnitOfWork) -> CalendarFeed:
    """Create a secret address for a calendar program; the address is shown once."""
    return calendar_feeds.make(work)


blp.workflow(
    "/calendar-feeds/<uuid:feed_id>",
    calendar_feeds.FEED,
    read=Action.MEETING_READ,
    act=Action.MEETING_READ,
    returns=CalendarFeedOut,
    about="Revoke the secret address of a calendar (`revoke`).",
)


@blp.route("/calendar-feeds/<string:token>.ics", allow=Action.PUBLIC, also=(calendars.MEDIA_TYPE,))
def get_calendar_feed(token: str) -> Response:
    """Show the meetings of an authority under its secret address, without a token: times and states, but no titles or names."""
    return _calendar(calendar_feeds.read(database(), token))


def _calendar(written: bytes) -> Response:
    return Response(written, content_type=f"{calendars.MEDIA_TYPE}; charset=utf-8")
