"""Timelines, events and the audit log over HTTP."""

from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Page
from coopapi.store.db import UnitOfWork
from coopapi.timelines import line, service
from coopapi.timelines.schemas import (
    CaseConsultationOut,
    EventOut,
    EventsFilter,
    JournalEntryOut,
    JournalFilter,
    MergedTimelinePageOut,
    TimelineFilter,
    TimelinePageOut,
    TimelinesFilter,
)

blp = Blueprint("timelines", __name__, url_prefix="/api/v1", description="Timelines, events and the journal")


@blp.route("/cases/<uuid:case_id>/timeline", allow=Action.TIMELINE_READ, query=TimelineFilter, returns=TimelinePageOut, page=True)
def list_case_timeline(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List what was done in a case and what happened in the world, newest first."""
    return line.of_case(work, case_id, wanted)


@blp.route("/timelines", allow=Action.TIMELINE_READ, query=TimelinesFilter, returns=MergedTimelinePageOut, page=True)
def list_timelines(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the timelines of several cases as one, and mark what coincides in two of them.

    Name the cases, or an overlap, a team or a meeting. Of its cases, those that you may not read are left out without a trace.
    """
    return line.of_cases(work, wanted)


@blp.route(
    "/cases/<uuid:case_id>/consultations",
    allow=Action.CONSULTATIONS_READ,
    query=Paged,
    returns=CaseConsultationOut,
    page=True,
    show=service.show_consultations,
)
def list_case_consultations(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List who looked at a case of yours, and why."""
    return service.consultations(work, case_id, wanted)


@blp.route("/events", allow=Action.EVENTS_READ, query=EventsFilter, returns=EventOut, page=True, polls=True)
def list_events(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the events in the cases that you may see, or the alarms of your authority.

    Keep `next` and send it as `cursor` to get newer events. With `wait`, the response comes when there is a new event, or after
    these seconds; one request of yours waits at a time, and further ones are answered at once with `Retry-After`.
    """
    return service.events(work, wanted)


@blp.route("/journal", allow=Action.JOURNAL_READ, query=JournalFilter, returns=JournalEntryOut, page=True, show=service.show_audit)
def list_journal(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the journal of your authority (auditors only)."""
    return service.audit(work, wanted)
