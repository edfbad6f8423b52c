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
from coopapi.http.transitions import TransitionIn, TransitionsOut
from coopapi.meetings import calendar_feeds, calendars, case_sharing, convening, date_polls, presentation, transitions
from coopapi.meetings.models import CalendarFeed, Meeting, MeetingAnswer, MeetingParticipant
from coopapi.meetings.responses import AnswerOut, FeedOut, MeetingBrief, MeetingOut, MeetingPlaceOut, OptionOut
from coopapi.meetings.schemas import AnswersIn, GuestIn, MeetingFilter, MeetingIn, MeetingPatch, MeetingShareIn, MeetingStepIn
from coopapi.shared import shared_cases
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork

blp = Blueprint("meetings", __name__, url_prefix="/api/v1", description="Coordination meetings and centres")
_ONE = "/meetings/<uuid:meeting_id>"
_PLACE = f"{_ONE}/participants/<uuid:place_id>"


@blp.route("/meetings", allow=Action.MEETING_READ, query=MeetingFilter, returns=MeetingBrief, page=True, show=presentation.brief)
def index(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
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
def convene(data: dict[str, Any], *, work: UnitOfWork) -> Meeting:
    """Propose a meeting about a case, an overlap or a request that you see; a desk hosts it."""
    return convening.convene(work, data)


@blp.route(_ONE, allow=Action.MEETING_READ, returns=MeetingOut, show=presentation.whole)
def show(meeting_id: UUID, *, work: UnitOfWork) -> Meeting:
    """Show one meeting."""
    return work.one(Meeting, meeting_id)


@blp.route(
    _ONE, method="PATCH", allow=Action.MEETING_CONVENE, body=MeetingPatch, returns=MeetingOut, changes=True, show=presentation.whole
)
def change(data: dict[str, Any], *, meeting_id: UUID, version: int, work: UnitOfWork) -> Meeting:
    """Change what is planned, or extend access to the meeting (the host desk)."""
    return convening.change(work, meeting_id, version, data)


@blp.route(f"{_ONE}/transitions", allow=Action.MEETING_READ, returns=TransitionsOut)
def moves(meeting_id: UUID, *, work: UnitOfWork) -> dict[str, Any]:
    """Say where a meeting stands, and what you may do now."""
    return transitions.moves(work, meeting_id)


@blp.route(
    f"{_ONE}/transitions",
    method="POST",
    allow=Action.MEETING_WRITE,
    body=MeetingStepIn,
    returns=MeetingOut,
    changes=True,
    show=presentation.whole,
)
def step(data: dict[str, Any], *, meeting_id: UUID, version: int, work: UnitOfWork) -> Meeting:
    """Poll dates, schedule, move, hold, cancel, close (the host desk); agree to the minutes as you have read them."""
    return transitions.take(work, meeting_id, version, data)


@blp.route(
    f"{_ONE}/participants",
    allow=Action.MEETING_READ,
    query=Paged,
    returns=MeetingPlaceOut,
    page=True,
    show=presentation.participants,
)
def participants(wanted: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> Page:
    """List who takes part."""
    order = Order((MeetingParticipant.id,), descending=False)
    return page(work, f"participants/{meeting_id}", presentation.places(work, meeting_id), order, wanted)


@blp.route(
    f"{_ONE}/participants",
    method="POST",
    allow=Action.MEETING_CONVENE,
    body=GuestIn,
    returns=MeetingPlaceOut,
    status=HTTPStatus.CREATED,
    show=presentation.participants,
)
def invite(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> MeetingParticipant:
    """Invite an authority or an organisation (the host desk)."""
    return convening.invite(work, meeting_id, data)


@blp.route(f"{_PLACE}/transitions", allow=Action.MEETING_READ, returns=TransitionsOut)
def place_moves(meeting_id: UUID, place_id: UUID, *, work: UnitOfWork) -> dict[str, Any]:
    """Say where a place stands, and what you may do about it now."""
    return transitions.place_moves(work, meeting_id, place_id)


@blp.route(
    f"{_PLACE}/transitions",
    method="POST",
    allow=Action.MEETING_WRITE,
    body=TransitionIn,
    returns=MeetingPlaceOut,
    changes=True,
    show=presentation.participants,
)
def answer(data: dict[str, Any], *, meeting_id: UUID, place_id: UUID, version: int, work: UnitOfWork) -> MeetingParticipant:
    """Accept or decline; whoever declines sees the meeting no more."""
    return transitions.answer(work, meeting_id, place_id, version, data)


@blp.route(f"{_ONE}/options", allow=Action.MEETING_READ, returns=OptionOut, many="items")
def options(meeting_id: UUID, *, work: UnitOfWork) -> list[dict[str, Any]]:
    """List the times of the poll, and whom each suits."""
    return date_polls.of_meeting(work, meeting_id)


@blp.route(f"{_ONE}/answers", method="POST", allow=Action.MEETING_WRITE, body=AnswersIn, returns=AnswerOut, many="items")
def answer_poll(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> list[MeetingAnswer]:
    """Say which times suit your authority."""
    return date_polls.answer(work, meeting_id, data["answers"])


@blp.route(f"{_ONE}/cases", allow=Action.MEETING_READ, query=Paged, returns=SharedCaseOut, page=True, show=shared_cases.show)
def shared(wanted: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> Page:
    """List the cases that their owners share with those who take part."""
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
def share(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> SharedCase:
    """Share a case of yours with those who take part, for the time of the meeting."""
    return case_sharing.share(work, meeting_id, data)


@blp.route(
    f"{_ONE}/cases/<uuid:share_id>/transitions",
    method="POST",
    allow=Action.CASE_SHARE,
    body=TransitionIn,
    returns=SharedCaseOut,
    changes=True,
    show=shared_cases.show,
)
def take_back(data: dict[str, Any], *, meeting_id: UUID, share_id: UUID, version: int, work: UnitOfWork) -> SharedCase:
    """Take back what you shared (`end`)."""
    return case_sharing.end(work, meeting_id, share_id, version, data["event"])


@blp.route(f"{_ONE}/calendar.ics", allow=Action.MEETING_READ, also=(calendars.MEDIA_TYPE,))
def calendar(meeting_id: UUID, *, work: UnitOfWork) -> Response:
    """Read a meeting as a calendar does: its time, its place, and no names."""
    meeting = work.one(Meeting, meeting_id)
    return _calendar(
        calendars.write([meeting], work.settings.base_url, place=presentation.calendar_place(work, meeting), alone=True)
    )


@blp.route("/calendar-feeds", allow=Action.MEETING_READ, query=Paged, returns=FeedOut, page=True)
def feed_index(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the private calendars of your authority."""
    return page(work, "calendar-feeds", calendar_feeds.feeds(work), Order((CalendarFeed.id,)), wanted)


@blp.route("/calendar-feeds", method="POST", allow=Action.MEETING_READ, returns=FeedOut, status=HTTPStatus.CREATED)
def make_feed(*, work: UnitOfWork) -> CalendarFeed:
    """Make a secret address for a calendar program, shown once."""
    return calendar_feeds.make(work)


@blp.route("/calendar-feeds/<uuid:feed_id>/transitions", allow=Action.MEETING_READ, returns=TransitionsOut)
def feed_moves(feed_id: UUID, *, work: UnitOfWork) -> dict[str, Any]:
    """Say whether an address is live."""
    return calendar_feeds.moves(work, feed_id)


@blp.route(
    "/calendar-feeds/<uuid:feed_id>/transitions",
    method="POST",
    allow=Action.MEETING_READ,
    body=TransitionIn,
    returns=FeedOut,
    changes=True,
)
def revoke_feed(data: dict[str, Any], *, feed_id: UUID, version: int, work: UnitOfWork) -> CalendarFeed:
    """Take an address back (`revoke`)."""
    return calendar_feeds.revoke(work, feed_id, version, data)


@blp.route("/calendar-feeds/<string:token>.ics", allow=Action.PUBLIC, also=(calendars.MEDIA_TYPE,))
def feed(token: str) -> Response:
    """Read an authority's meetings under its secret address, without a token: times and states, no words, no names."""
    return _calendar(calendar_feeds.read(database(), token))


def _calendar(written: bytes) -> Response:
    return Response(written, content_type=f"{calendars.MEDIA_TYPE}; charset=utf-8")
