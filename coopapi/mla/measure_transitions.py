"""Steps in the life of a measure; the state of its request follows from them (D9, M1)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from coopapi.errors import NotFound, Unprocessable
from coopapi.mla import authorization, measures, notifications, transitions
from coopapi.mla.lifecycles import MEASURE_LIFECYCLE, ORDER_LIFECYCLE, derived_state
from coopapi.mla.models import Measure, Request
from coopapi.mla.notifications import Act
from coopapi.shared.lifecycle import IllegalMove
from coopapi.store.db import UnitOfWork

_ENDED: Final = frozenset({"executed", "partly_executed", "not_executed", "refused", "declined", "withdrawn"})
_GROUNDED: Final = frozenset({"refuse", "postpone"})


class ConditionsNeeded(Unprocessable):
    """An offer on conditions says on which.

    List the conditions in `conditions`.
    """


class OutcomeNeeded(Unprocessable):
    """What was not carried out, or not wholly, has a reason of the codelist non_execution_reasons.

    Give a code of the codelist `non_execution_reasons` as the reason of the outcome.
    """


def measure_of(work: UnitOfWork, request_id: UUID, measure_id: UUID) -> tuple[Request, Measure]:
    """One measure of one request."""
    request, measure = work.one(Request, request_id), work.one(Measure, measure_id)
    if measure.request_id != request.id:
        raise NotFound
    return request, measure


def take(work: UnitOfWork, request_id: UUID, measure_id: UUID, version: int, data: Mapping[str, Any]) -> Measure:
    """Take one step with a measure; the request is locked first, so that two measures move one after the other."""
    request, measure = measure_of(work, request_id, measure_id)
    if authorization.mine(work, request):
        request = work.one(Request, request_id, lock=True)
        measure = work.one(Measure, measure_id, version=version, lock=True)
    if request.state not in request.rules.acted_on:
        raise IllegalMove("the request is not at a point where measures are acted on", state=request.state, allowed=[])
    move = MEASURE_LIFECYCLE.move(measure.state, data["event"], data.get("reason"))
    taken = authorization.take(work, request, move, data.get("recorded"))
    _say_why(request, measure, data)
    measure.state = move.target
    measure.until = data.get("until")
    if move.event == "offer_on_conditions":
        measure.conditions = list(data["conditions"])
    measure.started_at = measure.started_at or taken.at
    _settle(measure, taken.at)
    work.session.flush()
    request.state = derived_state(
        (row.state for row in measures.of_request(work, request.id)), order=request.rules.life is ORDER_LIFECYCLE
    )
    request.updated_at = work.now
    notifications.step(work, request, Act(move.event, taken, data, measure))
    return measure


def _settle(measure: Measure, at: datetime) -> None:
    """When it ended; one that is taken up again has not."""
    if measure.state in _ENDED:
        measure.ended_at = measure.ended_at or at
    elif measure.state == "in_execution":
        measure.ended_at, measure.outcome_reason = None, None


def _say_why(request: Request, measure: Measure, data: Mapping[str, Any]) -> None:
    """Grounds for a refusal or postponement, conditions for an offer, a reason of the list for what was not carried out."""
    event = data["event"]
    if event in _GROUNDED:
        measure.grounds = transitions.check_grounds(request, data.get("grounds", ()), postponing=event == "postpone")
    if event == "offer_on_conditions" and not data.get("conditions"):
        raise ConditionsNeeded(errors=[_fault("/conditions", "say on which conditions: codes of use_conditions")])
    if event in {"not_execute", "execute_partly"}:
        if not data.get("outcome_reason"):
            raise OutcomeNeeded(errors=[_fault("/outcome_reason", "say why: a code of non_execution_reasons")])
        measure.outcome_reason = data["outcome_reason"]


def _fault(pointer: str, detail: str) -> dict[str, str]:
    return {"in": "body", "pointer": pointer, "rule": "required", "detail": detail}


def moves(work: UnitOfWork, request_id: UUID, measure_id: UUID) -> dict[str, Any]:
    """Say where a measure stands, and what the caller may do with it now."""
    request, measure = measure_of(work, request_id, measure_id)
    own = {part.side for part in authorization.mine(work, request)}
    recorded = authorization.recordable(work, request)
    open_ = MEASURE_LIFECYCLE.leaving(measure.state) if request.state in request.rules.acted_on else ()
    allowed = [
        m.to_dict()
        for m in open_
        if not authorization.off_duty(work, request.kind, request.urgency)
        and (transitions.open_to(work, m, own) or m.side in recorded)
    ]
    side = min(own) if own else "none"
    return {"state": measure.state, "allowed": allowed, "etag": measure.etag, "side": side, "recorded_for": recorded}
