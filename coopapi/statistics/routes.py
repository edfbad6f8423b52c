"""Figures over HTTP."""

from typing import Any

from sqlalchemy import Select

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, serve
from coopapi.http.paging import Order
from coopapi.statistics import service
from coopapi.statistics.models import RegistrationFigure
from coopapi.statistics.request_schemas import RequestFigureFilter, RequestFigureTableOut, StageFigureTableOut
from coopapi.statistics.schemas import FigureFilter, RegistrationFigureOut
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching

blp = Blueprint("statistics", __name__, url_prefix="/api/v1/statistics", description="Figures about cooperation, and about the use of the register")


def _figures(work: UnitOfWork, wanted: dict[str, Any]) -> Select[RegistrationFigure]:
    work.note("figures.consulted", object_type="figures", consultation=True)
    return matching(work.all(RegistrationFigure), wanted, client_id=RegistrationFigure.principal_id)


_REGISTRATIONS = Collection(blp, "/registrations", RegistrationFigureOut, Action.STATISTICS_READ, Action.STATISTICS_READ)
_REGISTRATIONS.list(
    "list_registration_figures",
    _figures,
    """List how many identifiers each client of your authority registered per day, newest first.

    Auditors of the operator see the figures of all authorities.
    """,
    query=FigureFilter,
    order=Order((RegistrationFigure.day, RegistrationFigure.principal_id)),
)

_EXACT = {"allow": Action.FIGURES_READ}
serve(
    blp,
    "/requests",
    "get_request_figures",
    service.requests,
    """Count the requests for assistance that your authority may read, in groups of your choice.

    `by=year,kind,requesting_country` groups by up to three dimensions. These figures are exact: do not publish groups of few.
    """,
    query=RequestFigureFilter,
    returns=RequestFigureTableOut,
    **_EXACT,
)
serve(
    blp,
    "/stages",
    "get_stage_figures",
    service.stages,
    "Count how long the requests that your authority may read were in each state, in groups of your choice.",
    query=RequestFigureFilter,
    returns=StageFigureTableOut,
    **_EXACT,
)
