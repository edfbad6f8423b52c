"""Durations over HTTP."""

from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.durations import service
from coopapi.durations.schemas import (
    CaseWaitingOut,
    DurationFigureFilter,
    DurationFigureTableOut,
    DurationOut,
    DurationsFilter,
    WaitingFilter,
)
from coopapi.http.api import Blueprint
from coopapi.http.collection import serve
from coopapi.http.paging import Page
from coopapi.store.db import UnitOfWork

blp = Blueprint("durations", __name__, url_prefix="/api/v1", description="Time in each state, and on whom a case waits")


@blp.route("/cases/<uuid:case_id>/durations", allow=Action.TIMELINE_READ, query=DurationsFilter, returns=DurationOut, page=True)
def list_case_durations(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List how long the requests, measures, overlaps, disclosures, meetings and teams of a case were in each state.

    You see the things that your role and your part in them let you see. For comparison, `/statistics/durations` has medians and
    percentiles of everything that your authority may read.
    """
    return service.of_case(work, case_id, wanted)


serve(
    blp,
    "/cases/<uuid:case_id>/waiting",
    "get_case_waiting",
    service.waiting,
    """Show on whom a case waited and waits: your own authority, another one, a provider, a court or a Eurojust desk.

    Each thing that waits now is listed with the step that is awaited and its deadline.
    """,
    allow=Action.TIMELINE_READ,
    query=WaitingFilter,
    returns=CaseWaitingOut,
)
serve(
    blp,
    "/statistics/durations",
    "get_duration_figures",
    service.figures,
    "Count how long the things that your authority may read were in each state: number, mean, median and 90th percentile.",
    allow=Action.FIGURES_READ,
    query=DurationFigureFilter,
    returns=DurationFigureTableOut,
)
