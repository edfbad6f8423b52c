"""Determine on which side of a request a caller acts, and for which other side it may record steps.

A caller acts for its own side. It also records the steps of an authority that does not use this register.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from coopapi.access import Action, Role
from coopapi.errors import Forbidden, fault
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.models import Request
from coopapi.shared import parties, recording
from coopapi.shared.lifecycle import Side
from coopapi.shared.parties import Party
from coopapi.shared.workflow import Standing, Step
from coopapi.store.db import UnitOfWork

RECORDED_BY: Final = Action.MLA_DRAFT
"""The action that a role needs to record the steps of an authority that does not use this register."""
_ACROSS: Final = {Side.REQUESTING: (Side.EXECUTING, Side.ENFORCING), Side.EXECUTING: (Side.REQUESTING,)}
"""For each side, the sides whose steps it may record when their authority does not use this register."""


class StatedMoment(NamedTuple):
    """What a step of sending or receipt states the time of, and the part of the body and its field that have this time."""

    what: str
    part: str
    field: str


STATED: Final[Mapping[str, StatedMoment]] = {
    "transmit": StatedMoment("sent", "transmission", "sent_at"),
    "delivered": StatedMoment("delivered", "transmission", "delivered_at"),
    "receive": StatedMoment("received", "receipt", "received_at"),
    "receive_notification": StatedMoment("notified", "receipt", "received_at"),
    "receive_enforcement": StatedMoment("enforcement_received", "receipt", "received_at"),
    "transfer": StatedMoment("transferred", "sending", "sent_at"),
}
"""The steps that state a time. `delivered` is no step of its own: it belongs to `transmit`."""


class WrongSide(Forbidden):
    """The step is reserved for the other side of the request.

    `transitions` lists the steps that your side may take now.
    """


class NotRoundTheClock(Forbidden):
    """A 24/7 point of contact may only handle preservation and emergencies (Budapest Convention, Art. 35).

    Ask the competent authority or the central authority of your country to take this step.
    """


@dataclass(frozen=True, slots=True)
class Taken:
    """Who took a step: the side, the authority and the time.

    `recorded` says how this is known if another side recorded the step. `stated` has the channel and the proof if the side itself
    states the time of a sending or a receipt.
    """

    side: Side
    authority_id: UUID
    at: datetime
    recorded: Mapping[str, Any] | None = None
    stated: Mapping[str, Any] = field(default_factory=dict)


def authority_on(request: Request, side: Side) -> UUID | None:
    """Return the authority on one side of a request."""
    return {
        Side.REQUESTING: request.requesting_id,
        Side.EXECUTING: request.executing_id,
        Side.ENFORCING: request.enforcing_id,
    }[side]


def standing(work: UnitOfWork, request: Request) -> Standing:
    """Return the sides on which the caller acts, and the sides outside this register for which it may record steps."""
    own = parties.acting_sides(work, request.id)
    others = {side: authority_on(request, side) for here in own for side in _ACROSS.get(here, ())}
    return Standing.on(*own, recorded=[side for side, other in others.items() if other and not parties.has_users(work, other)])


def acts_on(work: UnitOfWork, request_id: UUID, side: Side) -> bool:
    """Tell whether the caller acts on this side of a request."""
    return side in parties.acting_sides(work, request_id)


def require_requesting(work: UnitOfWork, request: Request, detail: str) -> None:
    """Raise `WrongSide` unless the caller acts on the requesting side."""
    if not acts_on(work, request.id, Side.REQUESTING):
        raise WrongSide(detail)


def require_on_duty(work: UnitOfWork, kind: str, urgency: str) -> None:
    """Raise `NotRoundTheClock` for a 24/7 point of contact, unless it is an emergency or a kind of request that it handles."""
    if work.actor.role is Role.CONTACT_POINT and urgency != "emergency" and not KINDS[kind].round_the_clock:
        raise NotRoundTheClock


def taken_by(work: UnitOfWork, request: Request, side: Side, stands: Standing, recorded: Mapping[str, Any] | None) -> Taken:
    """Return who acts on a side, and when: the caller itself, or the authority for which it records the step.

    Raises `Unprocessable` if `recorded` is missing, is not needed, or names a time before the request was transmitted.
    """
    own = stands.level(side) is not None
    at = recording.moment_of(work, recorded, own=own, since=request.transmitted_at)
    return Taken(side, work.actor.authority_id if own else cast("UUID", authority_on(request, side)), at, recorded)


def taken(step: Step[Any], request: Request) -> Taken:
    """Return who takes a step with a request or with one of its measures, and when.

    Raises `Unprocessable` as `taken_by` does, and for a stated time of sending or receipt that is out of order.
    """
    found = taken_by(step.work, request, step.transition.side, step.standing, step.data.get("recorded"))
    return found if found.recorded else _stated(step, request, found)


def _stated(step: Step[Any], request: Request, found: Taken) -> Taken:
    """Return the step with the time, channel and proof that the caller states for its own sending or receipt.

    Raises `Unprocessable` for a time in the future, and for one before the request was sent.
    """
    _, part, name = STATED.get(step.event, ("", "", ""))
    said = step.data.get(part) or {}
    at, since = said.get(name, found.at), None if step.event == "transmit" else request.transmitted_at
    if name in said and not (since or at) <= at <= step.work.now:
        before = f"before the request was sent ({since.isoformat()}) or " if since else ""
        raise fault(f"/{part}/{name}", "order_of_time", f"The time must not be {before}in the future.")
    stated = {"channel": said.get("channel"), "proof": said.get("proof") or said.get("receipt")}
    return replace(found, at=at, stated=stated)


def side_of(parts: Sequence[Party]) -> str | None:
    """Return the side of a caller with these parts in a request: where it acts, or else where it only reads."""
    placed = sorted(parts, key=lambda part: (not part.acting, part.side != Side.FORWARDING))
    return placed[0].side if placed else None


def details(work: UnitOfWork, request_id: UUID, stands: Standing) -> dict[str, Any]:
    """Return the side on which the caller acts or reads, and the sides for which it may record steps."""
    side = min(stands.own, default=None) or side_of(parties.parts(work, request_id))
    return {"side": side or "none", "recorded_for": sorted(stands.recorded)}
