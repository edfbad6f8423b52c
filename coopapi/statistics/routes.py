"""Figures over HTTP."""

from typing import Any, Final

from sqlalchemy import Select

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, serve
from coopapi.http.files import Printed
from coopapi.http.paging import Order
from coopapi.statistics import formats, published, reports, service
from coopapi.statistics.case_schemas import (
    CaseFigureFilter,
    CaseFigureTableOut,
    MeetingFigureFilter,
    MeetingFigureTableOut,
    OverlapFigureFilter,
    OverlapFigureTableOut,
    TeamFigureFilter,
    TeamFigureTableOut,
)
from coopapi.statistics.fields import GroupedOut
from coopapi.statistics.models import RegistrationFigure
from coopapi.statistics.published_schemas import PublishedFiguresOut, PublishedFilter, PublishedPeriodOut
from coopapi.statistics.report_schemas import EEvidenceReportOut, EurojustReportOut, YearFilter
from coopapi.statistics.request_schemas import RequestFigureFilter, RequestFigureTableOut, StageFigureTableOut
from coopapi.statistics.schemas import FigureFilter, RegistrationFigureOut
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching

blp = Blueprint(
    "statistics",
    __name__,
    url_prefix="/api/v1/statistics",
    description="Figures about cooperation, and about the use of the register",
)


def _figures(work: UnitOfWork, wanted: dict[str, Any]) -> Select[RegistrationFigure]:
    work.note("figures.consulted", object_type="figures", consultation=True)
    return matching(work.all(RegistrationFigure), wanted, client_id=RegistrationFigure.principal_id)


def _published(work: UnitOfWork, wanted: dict[str, Any], period: str, name: str) -> dict[str, Any] | Printed:
    return formats.as_asked(f"{name}-{period}", published.table(work, period, name), wanted.get("format", "json"))


def _figures_of(table: type[GroupedOut]) -> list[str]:
    """Return the names of the figures of a table, in the order in which the API document has them."""
    rows: Any = table().fields["rows"]
    return list(rows.inner.schema.fields)


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

_COUNTED: Final = (
    (
        "requests",
        service.requests,
        RequestFigureFilter,
        RequestFigureTableOut,
        """Count the requests for assistance that your authority may read, in groups of your choice.

        `by=year,kind,requesting_country` groups by up to three dimensions. These figures are exact: do not publish groups of few.
        """,
    ),
    (
        "stages",
        service.stages,
        RequestFigureFilter,
        StageFigureTableOut,
        "Count how long the requests that your authority may read were in each state, in groups of your choice.",
    ),
    (
        "overlaps",
        service.overlaps,
        OverlapFigureFilter,
        OverlapFigureTableOut,
        "Count the overlaps that your authority sees, what your side made of them and what was disclosed, in groups.",
    ),
    (
        "cases",
        service.cases,
        CaseFigureFilter,
        CaseFigureTableOut,
        """Count the cases that your authority sees, and how far their proceedings came, in groups of your choice.

        What your access to a case does not show counts as `not_shown`.
        """,
    ),
    (
        "meetings",
        service.meetings,
        MeetingFigureFilter,
        MeetingFigureTableOut,
        "Count the coordination meetings and centres in which your authority takes part, in groups of your choice.",
    ),
    (
        "teams",
        service.teams,
        TeamFigureFilter,
        TeamFigureTableOut,
        "Count the joint investigation teams in which your authority takes part, in groups of your choice.",
    ),
)
for _name, _count, _query, _returns, _about in _COUNTED:
    single = _name.removesuffix("s")
    serve(
        blp,
        f"/{_name}",
        f"get_{single}_figures",
        formats.in_formats(_name, _count, _figures_of(_returns)),
        _about,
        allow=Action.FIGURES_READ,
        query=_query,
        returns=_returns,
        also=formats.MEDIA_TYPES,
    )
serve(
    blp,
    "/e-evidence",
    "get_e_evidence_report",
    reports.e_evidence,
    """Report on the orders to providers that your authority issued in a year, as the Member States report to the Commission.

    The report follows Regulation (EU) 2023/1543 Art. 28(2). An order for several categories of data counts under each.
    """,
    allow=Action.FIGURES_READ,
    query=YearFilter,
    returns=EEvidenceReportOut,
)
serve(
    blp,
    "/eurojust",
    "get_eurojust_report",
    reports.eurojust,
    "Show what your authority sees in the figures of Eurojust's annual report: casework, crime categories, meetings, teams.",
    allow=Action.FIGURES_READ,
    query=YearFilter,
    returns=EurojustReportOut,
)
serve(
    blp,
    "/published",
    "list_published_figures",
    published.periods,
    "List the quarters and years whose figures are published, with the tables that each has.",
    allow=Action.PUBLISHED_READ,
    returns=PublishedPeriodOut,
    many="items",
)
serve(
    blp,
    "/published/<string:period>/<string:name>",
    "get_published_figures",
    _published,
    """Show a published table: rounded figures of all authorities, without hidden cases and evidence about victims.

    Each number is a multiple of five, and below five it is `<5`. `/statistics/published` lists periods and tables.
    """,
    allow=Action.PUBLISHED_READ,
    query=PublishedFilter,
    returns=PublishedFiguresOut,
    also=formats.MEDIA_TYPES,
)
