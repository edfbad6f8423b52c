"""Deadlines over HTTP."""

from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.deadlines import computation, rules, service, transitions
from coopapi.deadlines.models import Deadline
from coopapi.deadlines.schemas import DeadlineFilter, DeadlineOut, DeadlineRuleOut, DeadlineStepIn, HolidayOut, HolidaysIn
from coopapi.http.api import Blueprint
from coopapi.http.paging import Order, Page, page
from coopapi.store.db import UnitOfWork

blp = Blueprint("deadlines", __name__, url_prefix="/api/v1", description="Deadlines set by law")


@blp.route("/deadlines", allow=Action.DEADLINE_READ, query=DeadlineFilter, returns=DeadlineOut, page=True, show=service.show)
def list_deadlines(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the deadlines of resources in which you take part, next deadline first.

    `overdue=true&side=mine` lists the overdue deadlines of your side.
    """
    order = Order((Deadline.due_at, Deadline.id), descending=False)
    return page(work, "deadlines", service.worklist(work, wanted), order, wanted)


@blp.route("/deadlines/<uuid:deadline_id>", allow=Action.DEADLINE_READ, returns=DeadlineOut, show=service.show)
def get_deadline(deadline_id: UUID, *, work: UnitOfWork) -> Deadline:
    """Show one deadline, with its legal basis and what was done about it."""
    return work.one(Deadline, deadline_id)


blp.workflow(
    "/deadlines/<uuid:deadline_id>",
    transitions.DEADLINE,
    read=Action.DEADLINE_READ,
    act=Action.DEADLINE_READ,
    body=DeadlineStepIn,
    returns=DeadlineOut,
    show=service.show,
    about="Extend a deadline that your side must meet, if its legal basis allows this.",
)


@blp.route("/deadline-rules", allow=Action.DIRECTORY_READ, returns=DeadlineRuleOut, many="items")
def list_deadline_rules(*, work: UnitOfWork) -> list[rules.DeadlineRule]:
    """List the rules for deadlines, each with its legal basis."""
    del work
    return list(rules.load().values())


@blp.route("/holidays", allow=Action.DIRECTORY_READ, query=HolidaysIn, returns=HolidayOut, many="items")
def list_holidays(wanted: dict[str, Any], *, work: UnitOfWork) -> list[dict[str, Any]]:
    """List the public holidays of a country that are used to compute periods."""
    del work
    return [{"date": day, "name": name} for day, name in computation.days_off(wanted["country"], wanted["year"]).items()]
