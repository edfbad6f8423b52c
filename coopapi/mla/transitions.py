"""The workflow of a request: what each step requires and what it changes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from coopapi.directory import codelists
from coopapi.directory.entries import known_authority
from coopapi.errors import Conflict, Forbidden, Unprocessable, broken, fault
from coopapi.mla import authorization, issuing, lifecycles, moments, notifications, preservation, readiness, transmission
from coopapi.mla.acts import Act
from coopapi.mla.issuing import Validator
from coopapi.mla.models import Request
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Step, Workflow


class GroundNeeded(Unprocessable):
    """A refusal or postponement must name a ground that the instrument provides for.

    Name at least one ground of the instrument in `grounds`. `/instruments/{code}` lists the grounds.
    """


class ValidationNeeded(Conflict):
    """A judge or a prosecutor must validate the request first.

    Send the event `submit`. The one whom `needs_validation` names can then validate the request.
    """


class NotTheValidator(Forbidden):
    """The law reserves this order for a judge, and you do not have the function of one.

    Ask a judge to validate the order. Two administrators give a person in the role prosecutor the function `judge`; people of a
    court have it.
    """


class FourEyesOnRequest(Conflict):
    """The person who drafted a request may not validate it.

    Ask another judge or prosecutor of your authority to validate it.
    """


NONE_STATED: Final = "none_stated"
"""The ground of a refusal that gave none which the law knows. Only the other side records it, for an authority without users."""
_REFUSALS: Final = frozenset({"refuse", "raise_ground", "refuse_enforcement"})


def known_grounds(event: str, request: Request) -> list[str]:
    """Return the grounds that the request's instrument has for a refusal or a postponement.

    Raises `GroundNeeded` if the instrument has none.
    """
    name = "postponement_grounds" if event == "postpone" else "mla_refusal_grounds"
    known = sorted(
        item.code
        for item in codelists.load(name).items
        if item.code != NONE_STATED
        and (not request.instrument or not item.extra.get("instruments") or request.instrument in item.extra["instruments"])
    )
    if not known:
        raise GroundNeeded(errors=[broken("/grounds", "ground", f"The codelist {name} has no ground for {request.instrument}.")])
    return known


def grounds_of(step: Step[Any], request: Request) -> list[str]:
    """Return the grounds that a step cites; raise `GroundNeeded` unless all are grounds of the request's instrument.

    A refusal of a side without users here is recorded as it was: without a ground that the law knows, it has `NONE_STATED`.
    """
    grounds = list(step.data.get("grounds", ()))
    if step.is_recorded and step.event in _REFUSALS and set(grounds) <= {NONE_STATED}:
        return [NONE_STATED]
    known = known_grounds(step.event, request)
    if not grounds or set(grounds) - set(known):
        detail = f"Name a ground that {request.instrument or 'the instrument'} provides for: {', '.join(known)}."
        raise GroundNeeded(errors=[broken("/grounds", "ground", detail)])
    return grounds


def _require_known_grounds(step: Step[Request]) -> None:
    if not (step.is_recorded and step.event in _REFUSALS):
        known_grounds(step.event, step.thing)


def _at(step: Step[Request]) -> datetime:
    return authorization.taken(step, step.thing).at


def _require_on_duty(step: Step[Request]) -> None:
    authorization.require_on_duty(step.work, step.thing.kind, step.thing.urgency)


def _require_complete(step: Step[Request]) -> None:
    """Raise `NotReady` unless the form is complete, notices are acknowledged and safeguards are stated."""
    readiness.require(step.work, step.thing)


def _require_validated(step: Step[Request]) -> None:
    by = readiness.needs_validation(step.work, step.thing)
    if by is not Validator.NONE:
        raise ValidationNeeded(state=step.thing.state, allowed=["submit"], needs_validation=by)


def _require_validator(step: Step[Request]) -> None:
    """Raise `NotTheValidator` unless the caller may validate this request: only a judge validates what only a judge may order."""
    rule = readiness.rule_of(step.work, step.thing)
    if rule is not None and not issuing.may_validate(rule, step.work.actor):
        raise NotTheValidator


def _require_another_person(step: Step[Request]) -> None:
    if step.thing.created_by == step.work.actor.id:
        raise FourEyesOnRequest


def _require_addressee(step: Step[Request]) -> None:
    transmission.addressee_of(step.work, step.thing)


def _ready(step: Step[Request]) -> None:
    """Record the validation if the sender is a judge or prosecutor who may issue the request."""
    rule = readiness.rule_of(step.work, step.thing)
    if rule is not None and issuing.may_validate(rule, step.work.actor):
        _validate(step)


def _validate(step: Step[Request]) -> None:
    by, request = step.work.actor, step.thing
    request.validated_by, request.validating_id, request.validated_at = by.id, by.authority_id, step.work.now
    request.validated_as = issuing.capacity(by)


def _revise(step: Step[Request]) -> None:
    """Return the request to draft and cancel its validation; those who returned or forwarded it no longer take part."""
    request = step.thing
    request.validated_by = request.validating_id = request.validated_as = request.validated_at = None
    if step.thing.state == "returned":
        for side in (Side.EXECUTING, Side.FORWARDING):
            parties.stop_acting(step.work, step.thing.id, side, until=step.work.now)


def _transmit(step: Step[Request]) -> None:
    if "transmission" not in step.data:
        raise fault("/transmission", "required", "Give the channel of transmission (Art. 25(3)).")
    transmission.transmit(step.work, step.thing, step.data["transmission"], _at(step))


def _receive(step: Step[Request]) -> None:
    step.thing.received_at = _at(step)
    preservation.begin(step)


def _forward(step: Step[Request]) -> None:
    """Give the competent authority a part; `_hand_over` then ends the part of the forwarding authority (EIO Art. 7(6)).

    Raises `Unprocessable` unless it is another authority of the same country.
    """
    request, target = step.thing, step.data.get("to_authority")
    if target is None or target in {request.executing_id, request.requesting_id}:
        raise fault("/to_authority", "another", "Name another authority to which the request is forwarded.")
    if known_authority(step.work, target, "/to_authority").country != request.executing_country:
        raise fault("/to_authority", "same_country", "A request can be forwarded only within the requested State.")
    parties.admit(step.work, request.id, target, Side.EXECUTING)


def _decide(step: Step[Request]) -> None:
    step.thing.decided_at = _at(step)


def _refuse(step: Step[Request]) -> None:
    step.thing.grounds = grounds_of(step, step.thing)
    _decide(step)


def _postpone(step: Step[Request]) -> None:
    step.thing.grounds, step.thing.until = grounds_of(step, step.thing), step.data.get("until")
    if step.transition.target == "postponed":
        step.thing.decided_at = None
    elif step.thing.until is None:
        detail = "Give the new date of the surrender (Framework Decision 2002/584/JHA Art. 23)."
        raise fault("/until", "required", detail)


def _finish(step: Step[Request]) -> None:
    work, request = step.work, step.thing
    if step.data.get("foreign_reference") and step.transition.side is Side.EXECUTING:
        request.foreign_reference = step.data["foreign_reference"]
    request.state, request.updated_at = step.transition.target, work.now
    taken = authorization.taken(step, request)
    time_id = moments.state(work, request, step.event, taken)
    notifications.step(
        work, request, Act(step.event, taken, step.data, facts=_facts(step), time_id=time_id, was=step.transition.source)
    )
    if step.event in _AFTERWARDS:
        _AFTERWARDS[step.event](step)


def _facts(step: Step[Request]) -> dict[str, Any]:
    """Return the facts that deadlines depend on: how a request was sent, who holds the data, until when to answer a question."""
    if step.event == "transmit":
        return transmission.facts(step.thing, step.data["transmission"])
    if step.event == "receive":
        return {"indirect": step.data.get("indirect", False)}
    return {"answer_by": step.data.get("until")} if step.event == "ask" else {}


def _hand_over(step: Step[Request]) -> None:
    """Make the new authority the executing one; the forwarding authority keeps a side on which it reads on.

    This runs after all were told.
    """
    request, own = step.thing, step.work.actor.authority_id
    forwarding = cast("UUID", request.executing_id)
    case_id = parties.case_of(step.work, request.id) if forwarding == own else None
    parties.admit(step.work, request.id, forwarding, Side.FORWARDING, case_id=case_id, acting=False)
    request.executing_id, request.received_at = step.data["to_authority"], None
    parties.stop_acting(step.work, request.id, Side.EXECUTING, keep=request.executing_id)


def _after_transmission(step: Step[Request]) -> None:
    moments.deliver(step.work, step.thing, step.data["transmission"])
    _follow_up(step)


def _follow_up(step: Step[Request]) -> None:
    """Take the step `follow_up` of the preservation that a transmitted request follows, if the caller may take it.

    The data are then preserved until a decision on the request is taken (Budapest Art. 29(7)).
    """
    work, request = step.work, step.thing
    if request.relation != "after_preservation" or not request.previous_id:
        return
    if authorization.acts_on(work, request.previous_id, Side.REQUESTING):
        earlier = work.one(Request, request.previous_id, lock=True)
        if "follow_up" in {one["event"] for one in REQUEST.options(work, request_id=earlier.id)["allowed"]}:
            REQUEST.take(work, earlier.version, {"event": "follow_up"}, request_id=earlier.id)


_AFTERWARDS: Final[dict[str, Callable[[Step[Request]], None]]] = {"forward": _hand_over, "transmit": _after_transmission}
REQUEST: Final = Workflow[Request](
    name="request",
    lifecycles=tuple(dict.fromkeys(kind.life for kind in lifecycles.KINDS.values())),
    lifecycle=lambda request: request.rules.life,
    find=lambda work, request_id: work.one(Request, request_id),
    standing=authorization.standing,
    always=(_require_on_duty,),
    guards={
        "submit": (_require_complete,),
        "ready": (_require_complete, _require_validated),
        "validate": (_require_another_person, _require_validator),
        "validate_ex_post": (_require_another_person, _require_validator),
        "transmit": (_require_complete, _require_addressee),
        "extend": (preservation.require_extensible,),
        **dict.fromkeys(("refuse", "postpone", "raise_ground", "refuse_enforcement"), (_require_known_grounds,)),
        "expire": (preservation.require_expired,),
        **dict.fromkeys(("receive_notification", "receive_enforcement"), (moments.require_unstated,)),
    },
    effects={
        "ready": _ready,
        "validate": _validate,
        "validate_ex_post": _validate,
        "revise": _revise,
        "transmit": _transmit,
        "receive": _receive,
        "forward": _forward,
        **dict.fromkeys(("recognise", "order_surrender", "accept_conditions", "decline_conditions"), _decide),
        "refuse": _refuse,
        "postpone": _postpone,
        "preserve": preservation.preserve,
        "extend": preservation.extend,
        "disclose_path": preservation.disclose_path,
        "expire": preservation.expire,
        "raise_ground": _refuse,
        "refuse_enforcement": _refuse,
    },
    finish=_finish,
    wrong_side=authorization.WrongSide,
    recorded_by=authorization.RECORDED_BY,
    details=lambda work, request, stands: authorization.details(work, request.id, stands),
)
