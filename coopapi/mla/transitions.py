"""Steps in the life of a request: what each needs, and what it sets (DOMAIN 3.5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from coopapi.deadlines import computation
from coopapi.directory import codelists
from coopapi.errors import Conflict, Unprocessable
from coopapi.mla import authorization, drafts, measures, notifications, readiness, transmission
from coopapi.mla.authorization import Taken
from coopapi.mla.models import Measure, Request
from coopapi.mla.notifications import Act, Turn
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side, Transition
from coopapi.store.db import UnitOfWork

PRESERVED_AT_LEAST: Final = 60
"""Budapest Art. 29(7): not less than sixty days, each to its last hour."""
_EXTENSION: Final = timedelta(days=30)


class GroundNeeded(Unprocessable):
    """A refusal or postponement cites its ground, one of the instrument.

    Name in `grounds` at least one ground that the instrument of the request knows; `/instruments/{code}` lists them.
    """


class ValidationNeeded(Conflict):
    """A judge or a prosecutor has to approve the request first.

    Send the event `submit`; a judge or a prosecutor then validates it.
    """


class FourEyesOnRequest(Conflict):
    """The person who drafted a request does not validate it.

    Let another judge or prosecutor of your authority validate it.
    """


class NotYetExpired(Conflict):
    """What is preserved has not expired.

    Wait until the day on which it expires, or extend it.
    """


@dataclass(slots=True)
class Step:
    """One step that is being taken, and what it leaves to be told."""

    work: UnitOfWork
    request: Request
    move: Transition
    data: Mapping[str, Any]
    taken: Taken
    facts: dict[str, Any] = field(default_factory=dict)
    afterwards: Callable[[], object] | None = None


def take(work: UnitOfWork, request_id: UUID, version: int, data: Mapping[str, Any]) -> Request:
    """Take one step, if the table, the side and the role allow it."""
    request = work.one(Request, request_id)
    if authorization.mine(work, request):
        request = work.one(Request, request_id, version=version, lock=True)
    move = request.rules.life.move(request.state, data["event"], data.get("reason"))
    return _carry_out(work, request, move, data, authorization.take(work, request, move, data.get("recorded")))


def _carry_out(work: UnitOfWork, request: Request, move: Transition, data: Mapping[str, Any], taken: Taken) -> Request:
    step = Step(work, request, move, data, taken)
    if move.event in GROUNDED:
        request.grounds = check_grounds(request, data.get("grounds", ()), postponing=move.event == "postpone")
    if data.get("foreign_reference") and move.side is Side.EXECUTING:
        request.foreign_reference = data["foreign_reference"]
    EFFECTS.get(move.event, _nothing)(step)
    request.state, request.updated_at = move.target, work.now
    notifications.step(work, request, Act(move.event, taken, data, facts=step.facts))
    if step.afterwards:
        step.afterwards()
    return request


def check_grounds(request: Request, grounds: Any, *, postponing: bool) -> list[str]:
    """Check that grounds are given, and that they are grounds of the instrument."""
    name = "postponement_grounds" if postponing else "mla_refusal_grounds"
    known = {
        item.code
        for item in codelists.load(name).items
        if not request.instrument or not item.extra.get("instruments") or request.instrument in item.extra["instruments"]
    }
    if not grounds or set(grounds) - known:
        detail = f"cite a ground of {name} that {request.instrument or 'the instrument'} knows: {', '.join(sorted(known))}"
        raise GroundNeeded(errors=[{"in": "body", "pointer": "/grounds", "rule": "ground", "detail": detail}])
    return list(grounds)


def _nothing(step: Step) -> None:
    del step


def _ready(step: Step) -> None:
    """Form complete, notices acknowledged, safeguards there; validated where the law asks for it."""
    readiness.require(step.work, step.request)
    rows = measures.of_request(step.work, step.request.id)
    unvalidated = readiness.needs_validation(step.work, step.request, rows)
    if unvalidated and not _in_emergency(step.request, rows):
        raise ValidationNeeded(state=step.request.state, allowed=["submit"])
    if step.work.actor.human and step.request.rules.judicial and not unvalidated:
        step.request.validated_by, step.request.validated_at = step.work.actor.id, step.work.now


def _in_emergency(request: Request, rows: Sequence[Measure]) -> bool:
    """In an emergency, orders for subscriber data, or to identify a user, are validated within 48 hours after (Art. 4(5))."""
    harmless = all(row.code in {"subscriber", "identification", "preservation"} for row in rows)
    return request.kind in {"epoc", "epoc_pr"} and request.urgency == "emergency" and harmless


def _submit(step: Step) -> None:
    readiness.require(step.work, step.request)


def _validate(step: Step) -> None:
    if step.request.created_by == step.work.actor.id:
        raise FourEyesOnRequest
    step.request.validated_by, step.request.validated_at = step.work.actor.id, step.work.now


def _revise(step: Step) -> None:
    """Back to a draft: what was approved is to be approved again, and who gave it back does not read along."""
    step.request.validated_by = step.request.validated_at = None
    if step.request.state == "returned":
        parties.part_company(step.work, step.request.id, Side.EXECUTING, until=step.work.now)


def _receive(step: Step) -> None:
    step.request.received_at = step.taken.at


def _forward(step: Step) -> None:
    """Pass it on to the competent authority; who forwarded reads on and acts no more (EIO Art. 7(6))."""
    request, work = step.request, step.work
    target = step.data.get("to_authority")
    if target is None or target in {request.executing_id, request.requesting_id}:
        raise _fault("/to_authority", "another", "say to which other authority it is forwarded")
    if drafts.known(work, target, "/to_authority").country != request.executing_country:
        raise _fault("/to_authority", "same_country", "a request is forwarded within the State that was asked")
    parties.admit(work, request.id, target, Side.EXECUTING)
    step.afterwards = lambda: parties.part_company(work, request.id, Side.EXECUTING, keep=target)
    request.executing_id, request.received_at = target, None


def _ask(step: Step) -> None:
    """A question may say by when it is to be answered."""
    step.facts["answer_by"] = step.data.get("until")


def _decide(step: Step) -> None:
    step.request.decided_at = step.taken.at


def _postpone(step: Step) -> None:
    step.request.decided_at = None
    step.request.until = step.data.get("until")


def _sixty_days(request: Request, at: datetime) -> datetime:
    """Sixty days: from the preservation (Budapest Art. 29(7)), or from receipt of an order (Reg. (EU) 2023/1543 Art. 11(1))."""
    eu = request.kind == "epoc_pr"
    begun = request.received_at if eu and request.received_at else at
    return computation.due(PRESERVED_AT_LEAST, "days", begun, request.executing_country, moves=eu)


def _preserve(step: Step) -> None:
    """At least sixty days under the Convention, sixty unless confirmed under the Regulation (M4)."""
    eu = step.request.kind == "epoc_pr"
    least = _sixty_days(step.request, step.taken.at)
    until: datetime = step.data.get("until") or least
    if until < least:
        raise _fault("/until", "at_least_60_days", "not less than sixty days (Budapest Art. 29(7))")
    if eu and until > least:
        raise _fault("/until", "sixty_days", "sixty days, unless extended or confirmed (Regulation (EU) 2023/1543 Art. 11(1))")
    step.request.until, step.request.decided_at = until, step.taken.at


def _extend(step: Step) -> None:
    old = step.request.until or step.taken.at
    until: datetime = step.data.get("until") or old + _EXTENSION
    if until <= old:
        raise _fault("/until", "later", "an extension ends later than what it extends")
    if step.request.kind == "epoc_pr" and until > _sixty_days(step.request, old) + _EXTENSION:
        raise _fault("/until", "thirty_days", "thirty days more (Regulation (EU) 2023/1543 Art. 11(1))")
    step.request.until = until


def _disclose_path(step: Step) -> None:
    """Another provider took part: as much as it takes to find it is disclosed, and the next State is named (Budapest Art. 30)."""
    path = step.data.get("path")
    if path is None:
        raise _fault("/path", "path", "say through which countries the communication went (Budapest Art. 30)")
    step.request.path_countries = sorted({*step.request.path_countries, *path["countries"]})
    words = "; ".join([*path.get("providers", ()), path.get("text", "")]).strip("; ")
    notifications.say(step.work, step.request, step.taken, Turn("disclose_path", words or ", ".join(path["countries"])))
    step.facts["countries"] = path["countries"]


def _expire(step: Step) -> None:
    if step.request.until is None or step.request.until > step.taken.at:
        raise NotYetExpired


def _fault(pointer: str, rule: str, detail: str) -> Unprocessable:
    return Unprocessable(errors=[{"in": "body", "pointer": pointer, "rule": rule, "detail": detail}])


def follow_up(work: UnitOfWork, earlier: Request) -> None:
    """The request for what was preserved has gone out: the data stay until it is decided on (Budapest Art. 29(7))."""
    move = earlier.rules.life.move(earlier.state, "follow_up", None)
    _carry_out(work, earlier, move, {}, Taken(Side.REQUESTING, work.actor.authority_id, work.now))


def _transmit(step: Step) -> None:
    earlier = transmission.transmit(step.work, step.request, step.data, step.facts)
    if earlier is not None:
        step.afterwards = lambda: follow_up(step.work, earlier)


GROUNDED: Final = frozenset({"refuse", "postpone", "raise_ground", "refuse_enforcement"})
EFFECTS: Final[Mapping[str, Callable[[Step], None]]] = {
    "submit": _submit,
    "ready": _ready,
    "validate": _validate,
    "validate_ex_post": _validate,
    "revise": _revise,
    "transmit": _transmit,
    "receive": _receive,
    "forward": _forward,
    "ask": _ask,
    "recognise": _decide,
    "refuse": _decide,
    "postpone": _postpone,
    "preserve": _preserve,
    "extend": _extend,
    "disclose_path": _disclose_path,
    "expire": _expire,
    "accept_conditions": _decide,
    "decline_conditions": _decide,
    "raise_ground": _decide,
    "refuse_enforcement": _decide,
}


def moves(work: UnitOfWork, request_id: UUID) -> dict[str, Any]:
    """Say where a request stands, on which side the caller is, and what it may do now."""
    request = work.one(Request, request_id)
    own = {part.side for part in authorization.mine(work, request)}
    recorded = authorization.recordable(work, request)
    allowed = [
        m.to_dict()
        for m in request.rules.life.leaving(request.state)
        if not authorization.off_duty(work, request.kind, request.urgency) and (open_to(work, m, own) or m.side in recorded)
    ]
    side = min(own) if own else "none"
    return {"state": request.state, "allowed": allowed, "etag": request.etag, "side": side, "recorded_for": recorded}


def open_to(work: UnitOfWork, move: Transition, own: set[str]) -> bool:
    """Tell whether the caller may take a step for its own side."""
    return move.side in own and work.actor.may(move.by) and (work.actor.human or not move.human)
