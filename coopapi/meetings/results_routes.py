"""What a meeting leaves behind, over HTTP: conclusions, minutes, actions, outcomes, the log of a coordination centre."""

from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, children, serve
from coopapi.http.paging import Order
from coopapi.meetings import actions, coordination_centre, minutes, outcomes, presentation
from coopapi.meetings.models import CentreEntry, Meeting, MeetingAction, MeetingConclusion, MeetingOutcome
from coopapi.meetings.responses import (
    CentreEntryOut,
    CentreResultsOut,
    MeetingActionOut,
    MeetingConclusionOut,
    MeetingOut,
    MeetingOutcomeOut,
)
from coopapi.meetings.schemas import (
    ActionFilter,
    CentreEntryIn,
    MeetingActionIn,
    MeetingConclusionIn,
    MeetingOutcomeIn,
    MinutesIn,
    PlaceStepIn,
)
from coopapi.store.db import UnitOfWork

blp = Blueprint("meeting_papers", __name__, url_prefix="/api/v1", description="Conclusions, actions and outcomes of meetings")
_ACTIONS = Action.MEETING_READ, Action.MEETING_WRITE
_ONE = "/meetings/<uuid:meeting_id>"
_NEXT_DUE_FIRST = Order((MeetingAction.due_at, MeetingAction.id), descending=False)

_CONCLUSIONS = Collection(blp, f"{_ONE}/conclusions", MeetingConclusionOut, *_ACTIONS, minutes.show)
_CONCLUSIONS.list(
    "list_meeting_conclusions",
    children(Meeting, MeetingConclusion.meeting_id),
    "List the conclusions of a meeting by country.",
    order=Order((MeetingConclusion.country, MeetingConclusion.id), descending=False),
)
_CONCLUSIONS.add("add_meeting_conclusion", minutes.conclude, "Record a conclusion for a country.", body=MeetingConclusionIn)

serve(
    blp,
    f"{_ONE}/minutes",
    "write_meeting_minutes",
    minutes.write,
    "Write the minutes (host desk only); participants must agree again to a changed text.",
    method="POST",
    allow=Action.MEETING_CONVENE,
    body=MinutesIn,
    returns=MeetingOut,
    changes=True,
    show=presentation.whole,
)


def _of_meeting(work: UnitOfWork, meeting_id: UUID) -> Select[MeetingAction]:
    return actions.worklist(work, {"meeting_id": work.one(Meeting, meeting_id).id})


_ALL = Collection(blp, "/actions", MeetingActionOut, *_ACTIONS, actions.show, "/<uuid:action_id>")
_ALL.list(
    "list_actions",
    actions.worklist,
    """List actions, next due date first.

    `side=mine&overdue=true` lists the overdue actions of your authority.
    """,
    query=ActionFilter,
    embeds=actions.ACTION,
    order=_NEXT_DUE_FIRST,
)
_AGREED = Collection(blp, f"{_ONE}/actions", MeetingActionOut, *_ACTIONS, actions.show)
_AGREED.list("list_meeting_actions", _of_meeting, "List the actions that were agreed at a meeting.", order=_NEXT_DUE_FIRST)
_AGREED.add("add_meeting_action", actions.undertake, "Record what an authority will do and by when.", body=MeetingActionIn)
_ALL.get("get_action", MeetingAction, "Show one action.")
_ALL.steps(
    actions.ACTION,
    "Record that an action is done, or why it is dropped; the host desk records it for an authority without users here.",
    body=PlaceStepIn,
)

_OUTCOMES = Collection(blp, f"{_ONE}/outcomes", MeetingOutcomeOut, *_ACTIONS, outcomes.show)
_OUTCOMES.list(
    "list_meeting_outcomes", children(Meeting, MeetingOutcome.meeting_id), "List the follow-up that was started from a meeting."
)
_OUTCOMES.add(
    "begin_meeting_outcome",
    outcomes.begin,
    "Start the follow-up of a meeting: a team, a request, a consultation on jurisdiction or a request for disclosure.",
    body=MeetingOutcomeIn,
)

_LOG = Collection(blp, f"{_ONE}/log", CentreEntryOut, *_ACTIONS, coordination_centre.show)
_LOG.list(
    "list_meeting_log",
    children(Meeting, CentreEntry.meeting_id),
    "List the log of an action day in chronological order.",
    order=Order((CentreEntry.at, CentreEntry.id), descending=False),
)
_LOG.add(
    "add_meeting_log_entry", coordination_centre.log, "Record a measure of an action day, with its figures.", body=CentreEntryIn
)
serve(
    blp,
    f"{_ONE}/results",
    "get_meeting_results",
    coordination_centre.results,
    "Show the total figures of an action day, by country and overall.",
    allow=Action.MEETING_READ,
    returns=CentreResultsOut,
)
