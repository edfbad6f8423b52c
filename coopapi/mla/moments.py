"""Record when something was sent or received, with channel and proof, as the side concerned states it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from coopapi.deadlines.models import StatedTime
from coopapi.errors import Conflict, fault
from coopapi.mla import notifications
from coopapi.mla.acts import Act
from coopapi.mla.authorization import STATED, Taken
from coopapi.mla.models import Request
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Step
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.together import together


class ReceiptStated(Conflict):
    """The receipt was already stated.

    If the time is wrong, correct it at `/times/{id}`. `/mla-requests/{id}/times` lists the times.
    """


def require_unstated(step: Step[Request]) -> None:
    """Raise `ReceiptStated` if the time of this step was already stated."""
    if STATED[step.event].what in _stated(step.work, step.thing.id):
        raise ReceiptStated


@together
def _stated(work: UnitOfWork, request_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Return of what the times were stated, for each request."""
    found: dict[UUID, set[str]] = {request_id: set() for request_id in request_ids}
    for row in work.session.scalars(work.all(StatedTime).where(StatedTime.object_id.in_(request_ids))):
        found[row.object_id].add(row.what)
    return found


def state(work: UnitOfWork, request: Request, event: str, taken: Taken, item_id: UUID | None = None) -> UUID | None:
    """Record the time of a step of sending or receipt and return its id, or None for any other step."""
    if event not in STATED:
        return None
    row_id, how = work.new_id(), taken.recorded or taken.stated
    row = StatedTime(
        id=row_id,
        object_id=request.id,
        object_type="request",
        item_id=item_id,
        what=STATED[event].what,
        side=taken.side,
        authority_id=taken.authority_id,
        at=taken.at,
        channel=how.get("channel"),
        sealed=vault.seal(vault.kind_key(work, "times"), {"proof": how.get("proof")}, row_id),
        state="stated",
        recorded_by=work.actor.authority_id,
        stated_by=work.actor.id,
        stated_at=work.now,
    )
    return work.add(row).id


def deliver(work: UnitOfWork, request: Request, sent: Mapping[str, Any]) -> None:
    """Start the clocks of a notified authority from the delivery that can be proved, until its receipt is stated.

    An authority with users here has the notification from now on. For one without, delivery must be stated with its proof in
    `delivered_at`; otherwise no clock runs, because a right must not lapse before anybody can prove that the period began.

    Raises `Unprocessable` for a delivery in the future or before the request was sent.
    """
    if request.enforcing_id is None:
        return
    at: datetime | None = sent.get("delivered_at") or (work.now if parties.has_users(work, request.enforcing_id) else None)
    if at is None:
        return
    if not (request.transmitted_at or at) <= at <= work.now:
        raise fault(
            "/transmission/delivered_at", "order_of_time", "The time must not be before the request was sent or in the future."
        )
    how = {"channel": sent["channel"], "proof": sent.get("receipt") if "delivered_at" in sent else None}
    taken = Taken(Side.REQUESTING, work.actor.authority_id, at, stated=how)
    notifications.set_clocks(work, request, Act("delivered", taken, {}, time_id=state(work, request, "delivered", taken)))
