"""Figures over HTTP."""

from typing import Any

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.paging import Order, Page, page
from coopapi.statistics.models import RegistrationFigure
from coopapi.statistics.schemas import FigureFilter, RegistrationFigureOut
from coopapi.store.db import UnitOfWork

blp = Blueprint("statistics", __name__, url_prefix="/api/v1/statistics", description="Statistics for auditors")
_NEWEST = Order((RegistrationFigure.day, RegistrationFigure.principal_id))


@blp.route("/registrations", allow=Action.STATISTICS_READ, query=FigureFilter, returns=RegistrationFigureOut, page=True)
def list_registration_figures(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List how many identifiers each client of your authority registered per day, newest first.

    Auditors of the operator see the figures of all authorities.
    """
    query = work.all(RegistrationFigure)
    if "client_id" in wanted:
        query = query.where(RegistrationFigure.principal_id == wanted["client_id"])
    work.note("figures.consulted", object_type="figures", consultation=True)
    return page(work, "statistics/registrations", query, _NEWEST, wanted)
