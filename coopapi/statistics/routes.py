"""Figures over HTTP."""

from typing import Any

from sqlalchemy import Select

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.http.paging import Order
from coopapi.statistics.models import RegistrationFigure
from coopapi.statistics.schemas import FigureFilter, RegistrationFigureOut
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching

blp = Blueprint("statistics", __name__, url_prefix="/api/v1/statistics", description="Statistics for auditors")


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
