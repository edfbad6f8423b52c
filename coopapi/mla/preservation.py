"""The steps of a preservation: preserve until a date, extend, expire, and disclose data that lead to the next State."""

from datetime import datetime, timedelta
from typing import Final

from coopapi.deadlines import computation
from coopapi.deadlines.models import Deadline
from coopapi.errors import Conflict, Unprocessable, fault
from coopapi.mla import authorization, notifications
from coopapi.mla.models import Request
from coopapi.mla.notifications import Turn
from coopapi.shared.workflow import Step
from coopapi.store.db import UnitOfWork

PRESERVED_AT_LEAST: Final = 60
"""Days. Budapest Art. 29(7): not less than sixty days, each counted to its last hour."""
_EXTENSION: Final = timedelta(days=30)


class NotYetExpired(Conflict):
    """The preservation has not expired yet.

    Wait until the preservation expires, or extend it.
    """


def require_expired(step: Step[Request]) -> None:
    """Raise `NotYetExpired` before the day until which the data are preserved."""
    if step.thing.until is None or step.thing.until > step.work.now:
        raise NotYetExpired


def require_extensible(step: Step[Request]) -> None:
    """Raise `Unprocessable` for an order to preserve that has already been extended by thirty days."""
    request = step.thing
    if request.kind == "epoc_pr" and request.until and request.until >= _latest(request, request.until):
        raise _thirty_days()


def _sixty_days(request: Request, at: datetime) -> datetime:
    """Return the end of the sixty days.

    They run from the preservation (Budapest Art. 29(7)), or from the receipt of an order (Reg. (EU) 2023/1543 Art. 11(1)).
    """
    eu = request.kind == "epoc_pr"
    begun = request.received_at if eu and request.received_at else at
    return computation.due(PRESERVED_AT_LEAST, "days", begun, request.executing_country, moves=eu)


def _latest(request: Request, until: datetime) -> datetime:
    """Return the latest time until which an order to preserve that now ends at `until` may be extended."""
    return _sixty_days(request, until) + _EXTENSION


def _thirty_days() -> Unprocessable:
    return fault("/until", "thirty_days", "An extension may be at most thirty days (Regulation (EU) 2023/1543 Art. 11(1)).")


def begin(step: Step[Request]) -> None:
    """Set the end of the sixty days of an order to preserve, which run from its receipt without any further step."""
    if step.thing.kind == "epoc_pr":
        step.thing.until = _sixty_days(step.thing, step.thing.received_at or step.work.now)


def preserve(step: Step[Request]) -> None:
    """Set until when the data are preserved: at least sixty days under the Convention.

    The sixty days of an order under the Regulation run from its receipt. Raises `Unprocessable` for any other date.
    """
    eu, at = step.thing.kind == "epoc_pr", authorization.taken(step, step.thing).at
    least = _sixty_days(step.thing, at)
    until: datetime = step.data.get("until") or least
    if until < least:
        raise fault("/until", "at_least_60_days", "The preservation must last at least sixty days (Budapest Art. 29(7)).")
    if eu and "until" in step.data and until > least:
        raise fault(
            "/until",
            "sixty_days",
            "The preservation lasts sixty days, unless it is extended or confirmed (Regulation (EU) 2023/1543 Art. 11(1)).",
        )
    step.thing.decided_at = at
    if not eu:
        step.thing.until = until


def extend(step: Step[Request]) -> None:
    """Preserve the data for longer: until the given date, or for thirty days more.

    Raises `Unprocessable` for a date out of range.
    """
    request = step.thing
    old = request.until or authorization.taken(step, step.thing).at
    until: datetime = step.data.get("until") or old + _EXTENSION
    if until <= old:
        raise fault("/until", "later", "The new date must be later than the current one.")
    if request.kind == "epoc_pr" and until > _latest(request, old):
        raise _thirty_days()
    request.until = until


def disclose_path(step: Step[Request]) -> None:
    """Record through which countries a communication passed, and which other providers took part in it (Budapest Art. 30).

    Raises `Unprocessable` if `path` is missing.
    """
    path = step.data.get("path")
    if path is None:
        raise fault("/path", "path", "Name the countries through which the communication passed (Budapest Art. 30).")
    step.thing.path_countries = sorted({*step.thing.path_countries, *path["countries"]})
    words = "; ".join([*path.get("providers", ()), path.get("text", "")]).strip("; ")
    turn = Turn("disclose_path", words or ", ".join(path["countries"]))
    notifications.say(step.work, step.thing, authorization.taken(step, step.thing), turn)


def expire(step: Step[Request]) -> None:
    """Raise `Unprocessable` if the expiry is recorded for a time before the end of the preservation."""
    if step.thing.until and step.thing.until > authorization.taken(step, step.thing).at:
        raise fault("/recorded/at", "order_of_time", "The time must not be before the preservation expires.")


def move(work: UnitOfWork, request: Request) -> None:
    """Let the preservation of an order end with its deadline, after its receipt was corrected."""
    query = work.all(Deadline).where(Deadline.object_id == request.id, Deadline.rule == "epocpr")
    if row := work.session.scalar(query):
        request.until = row.due_at
