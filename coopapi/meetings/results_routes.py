"""What a meeting leaves behind, over HTTP: conclusions, minutes, actions, outcomes, the log of a coordination centre."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
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
from coopapi.meetings.schemas import ActionFilter, CentreEntryIn, MeetingActionIn, MeetingConclusionIn, MeetingOutcomeIn, MinutesIn
from coopapi.store.db import UnitOfWork

blp = Blueprint("meeting_papers", __name__, url_prefix="/api/v1", description="Conclusions, actions and outcomes of meetings")
_ONE = "/meetings/<uuid:meeting_id>"


@blp.route(
    f"{_ONE}/conclusions", allow=Action.MEETING_READ, query=Paged, returns=MeetingConclusionOut, page=True, show=minutes.show
)
def list_meeting_conclusions(wanted: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> Page:
    """List the conclusions of a meeting by country."""
    order = Order((MeetingConclusion.country, MeetingConclusion.id), descending=False)
    return page(work, f"conclusions/{meeting_id}", minutes.conclusions(work, meeting_id), order, wanted)


@blp.route(
    f"{_ONE}/conclusions",
    method="POST",
    allow=Action.MEETING_WRITE,
    body=MeetingConclusionIn,
    returns=MeetingConclusionOut,
    status=HTTPStatus.CREATED,
    show=minutes.show,
)
def add_meeting_conclusion(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> MeetingConclusion:
    """Record a conclusion for a country."""
    return minutes.conclude(work, meeting_id, data)


@blp.route(
    f"{_ONE}/minutes",
    method="POST",
    allow=Action.MEETING_CONVENE,
    body=MinutesIn,
    returns=MeetingOut,
    changes=True,
    show=presentation.whole,
)
def write_meeting_minutes(data: dict[str, Any], *, meeting_id: UUID, version: int, work: UnitOfWork) -> Meeting:
    """Write the minutes (host desk only); participants must agree again to a changed text."""
    return minutes.write(work, meeting_id, version, data["text"])


@blp.route("/actions", allow=Action.MEETING_READ, query=ActionFilter, returns=MeetingActionOut, page=True, show=actions.show)
def list_actions(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List actions, next due date first.

    `side=mine&overdue=true` lists the overdue actions of your authority.
    """
    order = Order((MeetingAction.due_at, MeetingAction.id), descending=False)
    return page(work, "actions", actions.worklist(work, wanted), order, wanted)


@blp.route(f"{_ONE}/actions", allow=Action.MEETING_READ, query=Paged, returns=MeetingActionOut, page=True, show=actions.show)
def list_meeting_actions(wanted: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> Page:
    """List the actions that were agreed at a meeting."""
    query = actions.worklist(work, {"meeting_id": work.one(Meeting, meeting_id).id})
    order = Order((MeetingAction.due_at, MeetingAction.id), descending=False)
    return page(work, f"actions/{meeting_id}", query, order, wanted)


@blp.route(
    f"{_ONE}/actions",
    method="POST",
    allow=Action.MEETING_WRITE,
    body=MeetingActionIn,
    returns=MeetingActionOut,
    status=HTTPStatus.CREATED,
    show=actions.show,
)
def add_meeting_action(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> MeetingAction:
    """Record what an authority will do and by when."""
    return actions.undertake(work, meeting_id, data)


@blp.route("/actions/<uuid:action_id>", allow=Action.MEETING_READ, returns=MeetingActionOut, show=actions.show)
def get_action(action_id: UUID, *, work: UnitOfWork) -> MeetingAction:
    """Show one action."""
    return work.one(MeetingAction, action_id)


blp.workflow(
    "/actions/<uuid:action_id>",
    actions.ACTION,
    read=Action.MEETING_READ,
    act=Action.MEETING_WRITE,
    returns=MeetingActionOut,
    show=actions.show,
    about="Record that an action is done, or why it is dropped (responsible authority only).",
)


@blp.route(f"{_ONE}/outcomes", allow=Action.MEETING_READ, query=Paged, returns=MeetingOutcomeOut, page=True, show=outcomes.show)
def list_meeting_outcomes(wanted: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> Page:
    """List the follow-up that was started from a meeting."""
    return page(work, f"outcomes/{meeting_id}", outcomes.of_meeting(work, meeting_id), Order((MeetingOutcome.id,)), wanted)


@blp.route(
    f"{_ONE}/outcomes",
    method="POST",
    allow=Action.MEETING_WRITE,
    body=MeetingOutcomeIn,
    returns=MeetingOutcomeOut,
    status=HTTPStatus.CREATED,
    show=outcomes.show,
)
def begin_meeting_outcome(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> MeetingOutcome:
    """Start the follow-up of a meeting: a team, a request, a consultation on jurisdiction or a request for disclosure."""
    return outcomes.begin(work, meeting_id, data)


@blp.route(f"{_ONE}/log", allow=Action.MEETING_READ, query=Paged, returns=CentreEntryOut, page=True, show=coordination_centre.show)
def list_meeting_log(wanted: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> Page:
    """List the log of an action day in chronological order."""
    order = Order((CentreEntry.at, CentreEntry.id), descending=False)
    return page(work, f"log/{meeting_id}", coordination_centre.entries(work, meeting_id), order, wanted)


@blp.route(
    f"{_ONE}/log",
    method="POST",
    allow=Action.MEETING_WRITE,
    body=CentreEntryIn,
    returns=CentreEntryOut,
    status=HTTPStatus.CREATED,
    show=coordination_centre.show,
)
def add_meeting_log_entry(data: dict[str, Any], *, meeting_id: UUID, work: UnitOfWork) -> CentreEntry:
    """Record a measure of an action day, with its figures."""
    return coordination_centre.log(work, meeting_id, data)


@blp.route(f"{_ONE}/results", allow=Action.MEETING_READ, returns=CentreResultsOut)
def get_meeting_results(meeting_id: UUID, *, work: UnitOfWork) -> dict[str, Any]:
    """Show the total figures of an action day, by country and overall."""
    return coordination_centre.results(work, meeting_id)
