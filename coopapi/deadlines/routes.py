"""Deadlines over HTTP."""

from typing import Any

from coopapi.access import Action
from coopapi.deadlines import computation, presentation, rules, service, targets, transitions
from coopapi.deadlines.models import Deadline, ServiceTarget
from coopapi.deadlines.schemas import (
    DeadlineFilter,
    DeadlineOut,
    DeadlineRuleOut,
    DeadlineStepIn,
    HolidayOut,
    HolidaysIn,
    TargetFilter,
    TargetIn,
    TargetOut,
    TargetPatch,
)
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.http.paging import Order
from coopapi.store.db import UnitOfWork

blp = Blueprint("deadlines", __name__, url_prefix="/api/v1", description="Deadlines set by law")
_READ = Action.DEADLINE_READ

_DEADLINES = Collection(blp, "/deadlines", DeadlineOut, _READ, _READ, show=presentation.show, item="/<uuid:deadline_id>")
_DEADLINES.list(
    "list_deadlines",
    service.worklist,
    """List the deadlines of resources in which you take part, next deadline first.

    `overdue=true&side=mine` lists the overdue deadlines of your side.
    """,
    query=DeadlineFilter,
    embeds=transitions.DEADLINE,
    order=Order((Deadline.due_at, Deadline.id), descending=False),
)
_DEADLINES.get("get_deadline", Deadline, "Show one deadline, with its legal basis and what was done about it.")
_DEADLINES.steps(
    transitions.DEADLINE, "Extend a deadline that your side must meet, if its legal basis allows this.", body=DeadlineStepIn
)

_TARGETS = Collection(blp, "/service-targets", TargetOut, Action.DIRECTORY_READ, Action.DIRECTORY_KEEP, item="/<uuid:target_id>")
_TARGETS.list(
    "list_service_targets",
    targets.listed,
    "List within how many hours authorities want to answer.",
    query=TargetFilter,
)
_TARGETS.add("set_service_target", targets.add, "Set a target of your authority for requests of an urgency.", body=TargetIn)
_TARGETS.get("get_service_target", ServiceTarget, "Show one target.")
_TARGETS.update("update_service_target", targets.change, "Change or end a target of your authority.", body=TargetPatch)


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
