"""The lifecycles of requests and of their measures, as tables: who may take which step, on which side."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from coopapi.access import Action
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition

_drafts = partial(Transition, by=Action.MLA_DRAFT, side=Side.REQUESTING)
_validates = partial(Transition, by=Action.MLA_VALIDATE, side=Side.REQUESTING, human=True)
_sends = partial(Transition, by=Action.MLA_TRANSMIT, side=Side.REQUESTING)
_answers = partial(Transition, by=Action.MLA_ANSWER, side=Side.EXECUTING)
_decides = partial(Transition, by=Action.MLA_DECIDE, side=Side.EXECUTING, human=True)
_executes = partial(Transition, by=Action.MLA_EXECUTE, side=Side.EXECUTING)
_enforces = partial(Transition, by=Action.MLA_DECIDE, side=Side.ENFORCING, human=True)

_SENDING: Final = (
    _drafts("submit", "draft", "validation_pending"),
    _drafts("ready", "draft", "ready"),
    _drafts("withdraw", "draft", "withdrawn", reason=True),
    _validates("validate", "validation_pending", "ready", awaited=Awaited.NOW),
    _drafts("revise", "validation_pending", "draft"),
    _drafts("withdraw", "validation_pending", "withdrawn", reason=True),
    _sends("transmit", "ready", "transmitted", awaited=Awaited.NOW),
    _drafts("revise", "ready", "draft"),
    _drafts("withdraw", "ready", "withdrawn", reason=True),
    _answers("receive", "transmitted", "received", awaited=Awaited.NOW),
    _drafts("withdraw", "transmitted", "withdrawn", reason=True),
)
_ROUTING: Final = (
    _answers("acknowledge", "received", "acknowledged", awaited=Awaited.NOW),
    _answers("forward", "received", "forwarded", reason=True),
    _answers("return", "received", "returned", reason=True),
    _answers("receive", "forwarded", "received", awaited=Awaited.NOW),
    _drafts("revise", "returned", "draft", awaited=Awaited.NOW),
    _drafts("close", "returned", "closed"),
    _answers("forward", "acknowledged", "forwarded", reason=True),
    _answers("ask", "acknowledged", "information_requested", reason=True),
    _drafts("supply", "information_requested", "acknowledged", reason=True, awaited=Awaited.NOW),
    _decides("refuse", "information_requested", "refused", reason=True),
    _decides("refuse", "acknowledged", "refused", reason=True),
    _drafts("close", "refused", "closed"),
)


def _withdrawable(*states: str) -> Iterable[Transition]:
    return (_drafts("withdraw", state, "withdrawn", reason=True) for state in states)


def _closable(*states: str) -> Iterable[Transition]:
    return (_drafts("close", state, "closed") for state in states)


LETTER_LIFECYCLE: Final = Lifecycle(
    "draft",
    *_SENDING,
    *_ROUTING,
    _decides("consult", "acknowledged", "consultation", reason=True),
    *(_decides("recognise", state, "recognised", awaited=Awaited.NOW) for state in ("acknowledged", "consultation")),
    _decides("recognise", "postponed", "recognised", awaited=Awaited.SOON),
    *(_decides("postpone", state, "postponed", reason=True) for state in ("acknowledged", "consultation")),
    *(_decides("refuse", state, "refused", reason=True) for state in ("consultation", "postponed")),
    *_withdrawable(
        "received",
        "forwarded",
        "acknowledged",
        "information_requested",
        "consultation",
        "postponed",
        "recognised",
        "in_execution",
    ),
    *_closable("executed", "partially_executed", "not_executed", "evidence_transferred"),
    derived=("in_execution", "executed", "partially_executed", "not_executed", "evidence_transferred", "refused", "withdrawn"),
)
"""A letter of request, an EIO or a similar request. Once it is recognised, its state follows from the states of its measures."""

_UNDER_WAY: Final = ("transmitted", "received", "clarification_requested", "in_execution", "executed", "partially_executed")
ORDER_LIFECYCLE: Final = Lifecycle(
    "draft",
    *_SENDING,
    *(_answers("ask_clarification", state, "clarification_requested", reason=True) for state in ("received", "in_execution")),
    _drafts("clarify", "clarification_requested", "received", reason=True, awaited=Awaited.NOW),
    *(_validates("validate_ex_post", state, state, awaited=Awaited.SOON) for state in _UNDER_WAY),
    *(_validates("deny_validation", state, "withdrawn", reason=True) for state in _UNDER_WAY),
    *(
        _enforces("raise_ground", state, "refused", reason=True, awaited=Awaited.SOON)
        for state in ("transmitted", "received", "clarification_requested", "in_execution")
    ),
    *(
        _sends("request_enforcement", state, "enforcement_requested", reason=True)
        for state in ("not_executed", "partially_executed")
    ),
    _enforces("enforce", "enforcement_requested", "in_execution", awaited=Awaited.NOW),
    _enforces("refuse_enforcement", "enforcement_requested", "refused", reason=True),
    *_withdrawable("received", "clarification_requested", "in_execution", "enforcement_requested"),
    *_closable("executed", "partially_executed", "not_executed", "evidence_transferred", "refused"),
    derived=("in_execution", "executed", "partially_executed", "not_executed", "evidence_transferred", "refused", "withdrawn"),
)
"""An order to a provider (Regulation (EU) 2023/1543; Budapest Art. 18).

It is not recognised by an authority, but the enforcing authority may raise a ground for refusal.
"""

PRESERVATION_LIFECYCLE: Final = Lifecycle(
    "draft",
    *_SENDING,
    *_ROUTING,
    *(_executes("preserve", state, "preserved", awaited=Awaited.NOW) for state in ("received", "acknowledged")),
    _executes("not_preserve", "acknowledged", "not_executed", reason=True),
    _answers("notify_insufficient", "acknowledged", "insufficiency_notified", reason=True),
    _drafts("go_on", "insufficiency_notified", "acknowledged", awaited=Awaited.NOW),
    _executes("disclose_path", "preserved", "preserved"),
    _drafts("ask_extension", "preserved", "extension_requested", reason=True),
    _executes("extend", "preserved", "preserved"),
    _executes("extend", "extension_requested", "preserved", awaited=Awaited.NOW),
    _decides("decline_extension", "extension_requested", "preserved", reason=True),
    *(_sends("follow_up", state, "mla_submitted", awaited=Awaited.SOON) for state in ("preserved", "extension_requested")),
    _drafts("release", "preserved", "released", reason=True),
    _answers("release", "mla_submitted", "released", reason=True),
    *(_answers("expire", state, "expired") for state in ("preserved", "extension_requested")),
    *_withdrawable("received", "forwarded", "acknowledged", "information_requested", "insufficiency_notified"),
    *_closable("not_executed"),
)
"""Preservation (Budapest Art. 29 and 30, EPOC-PR): data are kept at least until a date, and longer once they are requested."""

INFORMATION_LIFECYCLE: Final = Lifecycle(
    "draft",
    *(move for move in _SENDING if move.event in {"ready", "withdraw", "transmit", "revise"} and move.source in {"draft", "ready"}),
    *(_decides("accept_conditions", state, "accepted", awaited=Awaited.NOW) for state in ("transmitted", "received")),
    _answers("receive", "transmitted", "received", awaited=Awaited.NOW),
    *(_decides("decline_conditions", state, "declined", reason=True) for state in ("transmitted", "received")),
    _drafts("withdraw", "transmitted", "withdrawn", reason=True),
    *_closable("accepted"),
)
"""Spontaneous information (Budapest Art. 26): the receiver accepts the conditions before it may read the content."""

_OPEN: Final = ("pending", "in_execution")
MEASURE_LIFECYCLE: Final = Lifecycle(
    "pending",
    _executes("start", "pending", "in_execution"),
    *(_executes("execute", state, "executed", awaited=Awaited.NOW) for state in _OPEN),
    *(_executes("execute_partly", state, "partly_executed", reason=True) for state in _OPEN),
    *(_executes("not_execute", state, "not_executed", reason=True) for state in _OPEN),
    *(_decides("refuse", state, "refused", reason=True) for state in _OPEN),
    *(_decides("postpone", state, "postponed", reason=True) for state in _OPEN),
    *(_decides("offer_on_conditions", state, "conditions_offered", reason=True) for state in _OPEN),
    *(_decides("propose_other", state, "other_proposed", reason=True) for state in _OPEN),
    _executes("resume", "postponed", "in_execution", awaited=Awaited.SOON),
    *(_executes("resume", state, "in_execution") for state in ("not_executed", "refused")),
    _drafts("accept_conditions", "conditions_offered", "executed", awaited=Awaited.NOW),
    _drafts("decline_conditions", "conditions_offered", "declined", reason=True),
    _drafts("accept_other", "other_proposed", "in_execution", awaited=Awaited.NOW),
    *(
        _drafts("withdraw", state, "withdrawn", reason=True)
        for state in (*_OPEN, "postponed", "other_proposed", "conditions_offered")
    ),
    _executes("transfer", "executed", "transferred", awaited=Awaited.NOW),
    _executes("transfer", "partly_executed", "partly_transferred", awaited=Awaited.NOW),
)
"""The lifecycle of one measure. Outcome, grounds and dates are kept on the measure, not on the request."""

_GOOD: Final = frozenset({"executed", "transferred"})
_PARTLY: Final = frozenset({"partly_executed", "partly_transferred"})
_SENT: Final = frozenset({"transferred", "partly_transferred"})
_UNDECIDED: Final = frozenset({"pending", "in_execution", "postponed", "conditions_offered", "other_proposed"})


def derived_state(measures: Iterable[str], *, order: bool = False) -> str:
    """Return the state of a request that follows from the states of its measures.

    With `order`, a request whose measures were all refused is `not_executed` instead of `refused`.
    """
    states = set(measures)
    if states == {"pending"}:
        return "recognised"
    if states & _UNDECIDED:
        return "in_execution"
    if states & (_GOOD | _PARTLY):
        whole = not (states & _PARTLY or states - _GOOD - _PARTLY - {"withdrawn"})
        return ("evidence_transferred" if not states & {"executed"} else "executed") if whole else "partially_executed"
    if states == {"withdrawn"}:
        return "withdrawn"
    return "refused" if states <= {"refused", "withdrawn"} and not order else "not_executed"


@dataclass(frozen=True, slots=True)
class RequestKind:
    """What distinguishes a kind of request.

    `life` is its lifecycle and `acted_on` are the states in which its measures may move. `judicial` kinds need a judge or
    prosecutor. A 24/7 contact may handle `round_the_clock` kinds. `to_provider` kinds are addressed to a provider.
    """

    life: Lifecycle
    acted_on: frozenset[str] = frozenset()
    judicial: bool = True
    round_the_clock: bool = False
    to_provider: bool = False


_ACTED_ON: Final = frozenset({"recognised", "in_execution", "executed", "partially_executed", "not_executed"})
_LETTER: Final = RequestKind(LETTER_LIFECYCLE, _ACTED_ON)
KINDS: Final[Mapping[str, RequestKind]] = {
    "mla_letter": _LETTER,
    "eio": _LETTER,
    "subscriber_information": _LETTER,
    "expedited_disclosure": RequestKind(LETTER_LIFECYCLE, _ACTED_ON, judicial=False, round_the_clock=True),
    "service_of_documents": RequestKind(LETTER_LIFECYCLE, _ACTED_ON, judicial=False),
    "extradition": _LETTER,
    "eaw": _LETTER,
    "transfer_of_proceedings": _LETTER,
    "jit_setup": RequestKind(LETTER_LIFECYCLE, _ACTED_ON, judicial=False),
    "preservation": RequestKind(PRESERVATION_LIFECYCLE, judicial=False, round_the_clock=True),
    "epoc_pr": RequestKind(PRESERVATION_LIFECYCLE, round_the_clock=True, to_provider=True),
    "epoc": RequestKind(ORDER_LIFECYCLE, (_ACTED_ON - {"recognised"}) | {"received"}, to_provider=True),
    "production_order": RequestKind(ORDER_LIFECYCLE, (_ACTED_ON - {"recognised"}) | {"received"}, to_provider=True),
    "spontaneous_information": RequestKind(INFORMATION_LIFECYCLE, judicial=False, round_the_clock=True),
}
EVENTS: Final = tuple(dict.fromkeys(event for kind in KINDS.values() for event in kind.life.events))
STATES: Final = tuple(dict.fromkeys(state for kind in KINDS.values() for state in kind.life.states))
