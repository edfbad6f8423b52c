"""Meetings over HTTP: convened, attended, moved along, read by calendars."""

from uuid import UUID

from flask import Response

from coopapi.access import Action
from coopapi.cases.schemas import SharedCaseOut
from coopapi.http.api import Blueprint, database
from coopapi.http.collection import Collection, children
from coopapi.http.paging import Order
from coopapi.meetings import calendar_feeds, calendars, case_sharing, convening, date_polls, presentation, transitions
from coopapi.meetings.models import CalendarFeed, Meeting, MeetingParticipant
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
    PlaceStepIn,
)
from coopapi.shared import shared_cases
from coopapi.store.db import UnitOfWork

blp = Blueprint("meetings", __name__, url_prefix="/api/v1", description="Coordination meetings and centres")
_ACTIONS = Action.MEETING_READ, Action.MEETING_CONVENE
_ONE = "/meetings/<uuid:meeting_id>"

_MEETINGS = Collection(blp, "/meetings", MeetingOut, *_ACTIONS, presentation.whole, "/<uuid:meeting_id>")
_MEETINGS.list(
    "list_meetings",
    presentation.select_meetings,
    "List the meetings that your authority hosts or was invited to, newest first.",
    query=MeetingFilter,
    embeds=transitions.MEETING,
    returns=MeetingBrief,
    show=presentation.brief,
)
_MEETINGS.add(
    "convene_meeting",
    convening.convene,
    "Propose a meeting about a case, an overlap or a request that you may see; a desk hosts it.",
    body=MeetingIn,
)
_MEETINGS.get("get_meeting", Meeting, "Show one meeting.")
_MEETINGS.update(
    "update_meeting", convening.change, "Change the plan of a meeting, or extend access to it (host desk only).", body=MeetingPatch
)
_MEETINGS.steps(
    transitions.MEETING,
    "Poll dates, schedule, move, hold, cancel or close a meeting (host desk only), or agree to the current minutes.",
    act=Action.MEETING_WRITE,
    body=MeetingStepIn,
)

_PLACES = Collection(blp, f"{_ONE}/participants", MeetingPlaceOut, *_ACTIONS, presentation.participants, "/<uuid:place_id>")
_PLACES.list(
    "list_meeting_participants",
    children(Meeting, MeetingParticipant.meeting_id),
    "List the participants of a meeting.",
    embeds=transitions.PLACE,
    order=Order((MeetingParticipant.id,), descending=False),
)
_PLACES.add(
    "invite_meeting_participant", convening.invite, "Invite an authority or an organisation (host desk only).", body=MeetingPlaceIn
)
_PLACES.steps(
    transitions.PLACE,
    "Accept or decline an invitation (an authority that declines loses access), or remove a participant (host desk only).",
    act=Action.MEETING_WRITE,
    body=PlaceStepIn,
)

_MEETINGS.get(
    "list_meeting_options",
    date_polls.of_meeting,
    "List the times of the date poll, and which participants each time suits.",
    at="/options",
    returns=MeetingOptionOut,
    many="items",
    show=None,
)
_MEETINGS.act(
    "/answers",
    "answer_meeting_poll",
    date_polls.answer,
    "Answer which times of the date poll suit your authority.",
    allow=Action.MEETING_WRITE,
    body=MeetingAnswersIn,
    returns=MeetingAnswerOut,
    many="items",
    show=None,
)

_CASES = Collection(
    blp, f"{_ONE}/cases", SharedCaseOut, Action.MEETING_READ, Action.CASE_SHARE, shared_cases.show, "/<uuid:share_id>"
)
_CASES.list("list_meeting_cases", case_sharing.of_meeting, "List the cases that their owners share with the participants.")
_CASES.add(
    "share_meeting_case",
    case_sharing.share,
    "Share a case of yours with the participants for the duration of the meeting.",
    body=MeetingShareIn,
)
_CASES.steps(case_sharing.MEETING_SHARE, "End the sharing of a case of yours (`end`).")


@blp.route(f"{_ONE}/calendar.ics", allow=Action.MEETING_READ, also=(calendars.MEDIA_TYPE,))
def get_meeting_calendar(meeting_id: UUID, *, work: UnitOfWork) -> Response:
    """Show a meeting in calendar format (iCalendar), with its time and place but without names."""
    meeting = work.one(Meeting, meeting_id)
    return _calendar(
        calendars.write([meeting], work.settings.base_url, place=presentation.calendar_place(work, meeting), alone=True)
    )


_FEEDS = Collection(blp, "/calendar-feeds", CalendarFeedOut, Action.MEETING_READ, Action.MEETING_READ, item="/<uuid:feed_id>")
_FEEDS.list("list_calendar_feeds", lambda work: work.all(CalendarFeed), "List the private calendar feeds of your authority.")
_FEEDS.add(
    "create_calendar_feed", calendar_feeds.make, "Create a secret address for a calendar program; the address is shown once."
)
_FEEDS.steps(calendar_feeds.FEED, "Revoke the secret address of a calendar (`revoke`).")


@blp.route("/calendar-feeds/<string:token>.ics", allow=Action.PUBLIC, also=(calendars.MEDIA_TYPE,))
def get_calendar_feed(token: str) -> Response:
    """Show the meetings of an authority under its secret address, without a token: times and states, but no titles or names."""
    return _calendar(calendar_feeds.read(database(), token))


def _calendar(written: bytes) -> Response:
    return Response(written, content_type=f"{calendars.MEDIA_TYPE}; charset=utf-8")
