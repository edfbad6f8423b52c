"""The workflow of a measure. The state of its request follows from the states of its measures."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coopapi.errors import NotFound, Unprocessable, broken
from coopapi.mla import authorization, measures, moments, notifications, transitions
from coopapi.mla.acts import Act
from coopapi.mla.lifecycles import MEASURE_LIFECYCLE, derived_state
from coopapi.mla.models import Measure, Request
from coopapi.shared.lifecycle import IllegalMove
from coopapi.shared.workflow import Step, Workflow
from coopapi.store.db import UnitOfWork

_ENDED: Final = frozenset({"executed", "partly_executed", "not_executed", "refused", "declined", "withdrawn"})


class ConditionsNeeded(Unprocessable):
    """An offer on conditions must name the conditions.

    List the conditions in `conditions`.
    """


class OutcomeNeeded(Unprocessable):
    """A measure that was not carried out, or only in part, needs a reason from the codelist non_execution_reasons.

    Send a code of the codelist `non_execution_reasons` as the reason of the outcome.
    """


@dataclass(slots=True)
class Asked:
    """A measure together with the request that it belongs to."""

    request: Request
    row: Measure


def _find(work: UnitOfWork, request_id: UUID, measure_id: UUID) -> Asked:
    request, measure = work.one(Request, request_id), work.one(Measure, measure_id)
    if measure.request_id != request.id:
        raise NotFound
    return Asked(request, measure)


def _lock(work: UnitOfWork, asked: Asked, version: int) -> Asked:
    """Lock the request before the measure, so that steps on two measures of one request are taken one after the other."""
    request = work.one(Request, asked.request.id, lock=True)
    return Asked(request, work.one(Measure, asked.row.id, version=version, lock=True))


def _require_on_duty(step: Step[Asked]) -> None:
    authorization.require_on_duty(step.work, step.thing.request.kind, step.thing.request.urgency)


def _require_acted_on(step: Step[Asked]) -> None:
    request = step.thing.request
    if request.state not in request.rules.acted_on:
        raise IllegalMove("The current state of the request does not allow steps on its measures.", state=request.state, allowed=[])


def _require_known_grounds(step: Step[Asked]) -> None:
    if not (step.is_recorded and step.event == "refuse"):
        transitions.known_grounds(step.event, step.thing.request)


def _cite_grounds(step: Step[Asked]) -> None:
    step.thing.row.grounds = transitions.grounds_of(step, step.thing.request)


def _offer(step: Step[Asked]) -> None:
    if not step.data.get("conditions"):
        raise ConditionsNeeded(
            errors=[broken("/conditions", "required", "Give the conditions as codes of the codelist use_conditions.")]
        )
    step.thing.row.conditions = list(step.data["conditions"])


def _explain(step: Step[Asked]) -> None:
    if not step.data.get("outcome_reason"):
        raise OutcomeNeeded(
            errors=[broken("/outcome_reason", "required", "Give the reason as a code of the codelist non_execution_reasons.")]
        )
    step.thing.row.outcome_reason = step.data["outcome_reason"]


def _finish(step: Step[Asked]) -> None:
    work, request, measure = step.work, step.thing.request, step.thing.row
    taken = authorization.taken(step, request)
    measure.state, measure.until = step.transition.target, step.data.get("until")
    measure.started_at = measure.started_at or taken.at
    if measure.state in _ENDED:
        measure.ended_at = measure.ended_at or taken.at
    elif measure.state == "in_execution":
        measure.ended_at, measure.outcome_reason = None, None
    work.session.flush()
    states = [row.state for row in measures.of_request(work, request.id)]
    request.state = derived_state(states, order=request.rules.direct)
    request.updated_at = work.now
    time_id = moments.state(work, request, step.event, taken, measure.id)
    notifications.step(work, request, Act(step.event, taken, step.data, measure, time_id=time_id, was=step.transition.source))


MEASURE: Final = Workflow[Asked](
    name="measure",
    lifecycles=(MEASURE_LIFECYCLE,),
    find=_find,
    lock=_lock,
    row=lambda asked: asked.row,
    state=lambda _, asked: asked.row.state,
    standing=lambda work, asked: authorization.standing(work, asked.request),
    always=(_require_on_duty, _require_acted_on),
    guards={"refuse": (_require_known_grounds,), "postpone": (_require_known_grounds,)},
    effects={
        "refuse": _cite_grounds,
        "postpone": _cite_grounds,
        "offer_on_conditions": _offer,
        "not_execute": _explain,
        "execute_partly": _explain,
    },
    finish=_finish,
    wrong_side=authorization.WrongSide,
    recorded_by=authorization.RECORDED_BY,
    details=lambda work, asked, stands: authorization.details(work, asked.request.id, stands),
)
