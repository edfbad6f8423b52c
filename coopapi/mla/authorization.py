"""On which side a caller stands, and for whom it may act: each side for itself, and for one that has nobody here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from coopapi.access import Action, Level, Role
from coopapi.errors import Forbidden, Unprocessable
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.models import Request
from coopapi.shared import parties
from coopapi.shared.grants import reaches
from coopapi.shared.lifecycle import Side, Transition
from coopapi.shared.parties import Party
from coopapi.store.db import UnitOfWork


class WrongSide(Forbidden):
    """That step is the other side's.

    See `transitions` for the steps that your side may take now.
    """


class NotRoundTheClock(Forbidden):
    """A 24/7 point of contact preserves and handles emergencies; it is no authority for mutual assistance (Budapest Art. 35).

    Let the competent or central authority of your country take this step.
    """


@dataclass(frozen=True, slots=True)
class Taken:
    """Who took a step: on which side, for which authority, when; and how that is known, if somebody recorded it for them."""

    side: Side
    authority_id: UUID
    at: datetime
    recorded: Mapping[str, Any] | None = None


def mine(work: UnitOfWork, request: Request) -> Sequence[Party]:
    """The caller's own parts in a request, those in which it acts."""
    return [
        part
        for part in parties.parts(work, request.id)
        if part.acting
        and part.authority_id == work.actor.authority_id
        and (part.case_id is None or reaches(work, part.case_id, Level.CONTRIBUTE))
    ]


def authority_on(request: Request, side: Side) -> UUID | None:
    """Which authority a side belongs to."""
    return {
        Side.REQUESTING: request.requesting_id,
        Side.EXECUTING: request.executing_id,
        Side.ENFORCING: request.enforcing_id,
    }[side]


def take(work: UnitOfWork, request: Request, move: Transition, recorded: Mapping[str, Any] | None) -> Taken:
    """Stop unless the caller may take the step, for itself or, with `recorded`, for a side that has nobody here."""
    own = mine(work, request)
    if move.side in {part.side for part in own}:
        if recorded:
            detail = "this is your own side's step: take it, there is nobody to record it for"
            raise Unprocessable(errors=[{"in": "body", "pointer": "/recorded", "rule": "own_side", "detail": detail}])
        work.require(move.by, human=move.human)
        on_duty(work, request.kind, request.urgency)
        return Taken(move.side, work.actor.authority_id, work.now)
    if not own:
        raise WrongSide(f"this is for the {move.side} side")
    return _recorded(work, request, move.side, recorded)


def _recorded(work: UnitOfWork, request: Request, side: Side, recorded: Mapping[str, Any] | None) -> Taken:
    """What the other side did, recorded for it by the one that was told."""
    other = authority_on(request, side)
    if other is None or side not in recordable(work, request):
        raise WrongSide(f"this is for the {side} side")
    if recorded is None:
        raise WrongSide(f"the {side} side has nobody here: say with `recorded` when, how and by what proof it did this")
    work.require(Action.MLA_DRAFT)
    on_duty(work, request.kind, request.urgency)
    if not (request.transmitted_at or recorded["at"]) <= recorded["at"] <= work.now:
        detail = "after the request was transmitted, and not in the future"
        raise Unprocessable(errors=[{"in": "body", "pointer": "/recorded/at", "rule": "order_of_time", "detail": detail}])
    return Taken(side, other, recorded["at"], recorded)


def on_duty(work: UnitOfWork, kind: str, urgency: str) -> None:
    """Keep a 24/7 point of contact to what it is for (M7)."""
    if off_duty(work, kind, urgency):
        raise NotRoundTheClock


def off_duty(work: UnitOfWork, kind: str, urgency: str) -> bool:
    """Tell whether the caller is a 24/7 point of contact, and such a request none of its business."""
    round_the_clock = urgency == "emergency" or KINDS[kind].round_the_clock
    return work.actor.role is Role.CONTACT_POINT and not round_the_clock


def recordable(work: UnitOfWork, request: Request) -> list[Side]:
    """The sides that have nobody here, for which the caller records what they do: both ends for each other, the third for none."""
    own = {part.side for part in mine(work, request)}
    across = {Side.REQUESTING: (Side.EXECUTING, Side.ENFORCING), Side.EXECUTING: (Side.REQUESTING,)}
    others = [(side, authority_on(request, side)) for here, there in across.items() if here in own for side in there]
    return [side for side, other in others if other is not None and not parties.joined(work, other)]
