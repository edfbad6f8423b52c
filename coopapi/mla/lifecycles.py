"""The lifecycles of requests and of their measures, as tables: who may take which step, on which side."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from coopapi.mla.moves import (
    ENFORCING,
    SENDING,
    answers,
    closable,
    decides,
    drafts,
    enforced,
    executes,
    notified,
    sends,
    validated_later,
    validates,
    withdrawable,
)
from coopapi.shared.lifecycle import Awaited, Lifecycle

BEFORE: Final = ("draft", "validation_pending", "ready")
"""The states before a request is transmitted."""

_ROUTING: Final = (
    answers("acknowledge", "received", "acknowledged", awaited=Awaited.NOW),
    answers("forward", "received", "forwarded", reason=True),
    answers("return", "received", "returned", reason=True),
    answers("receive", "forwarded", "received", awaited=Awaited.NOW),
    drafts("revise", "returned", "draft", awaited=Awaited.NOW),
    drafts("close", "returned", "closed"),
    answers("forward", "acknowledged", "forwarded", reason=True),
    answers("ask", "acknowledged", "information_requested", reason=True),
    drafts("supply", "information_requested", "acknowledged", reason=True, awaited=Awaited.NOW),
    decides("refuse", "information_requested", "refused", reason=True),
    decides("refuse", "acknowledged", "refused", reason=True),
    drafts("close", "refused", "closed"),
)


LETTER_LIFECYCLE: Final = Lifecycle(
    "draft",
    *SENDING,
    *_ROUTING,
    decides("consult", "acknowledged", "consultation", reason=True),
    *(decides("recognise", state, "recognised", awaited=Awaited.NOW) for state in ("acknowledged", "consultation")),
    decides("recognise", "postponed", "recognised", awaited=Awaited.SOON),
    *(decides("postpone", state, "postponed", reason=True) for state in ("acknowledged", "consultation")),
    *(decides("refuse", state, "refused", reason=True) for state in ("consultation", "postponed")),
    *withdrawable(
        "received",
        "forwarded",
        "acknowledged",
        "information_requested",
        "consultation",
        "postponed",
        "recognised",
        "in_execution",
    ),
    *closable("executed", "partially_executed", "not_executed", "evidence_transferred"),
    *notified("transmitted", "received", "acknowledged", "recognised", "in_execution"),
    derived=("in_execution", "executed", "partially_executed", "not_executed", "evidence_transferred", "refused", "withdrawn"),
)
"""A letter of request, an EIO or a similar request. Once it is recognised, its state follows from the states of its measures.

An authority that is notified of an interception (EIO Art. 31) may object to it.
"""

_UNDER_WAY: Final = ("transmitted", "received", "clarification_requested", "in_execution", "executed", "partially_executed")
ORDER_LIFECYCLE: Final = Lifecycle(
    "draft",
    *SENDING,
    *(answers("ask_clarification", state, "clarification_requested", reason=True) for state in ("received", "in_execution")),
    drafts("clarify", "clarification_requested", "received", reason=True, awaited=Awaited.NOW),
    *validated_later(*_UNDER_WAY),
    *notified("transmitted", "received", "clarification_requested", "in_execution"),
    *(answers("object_conflict", state, "conflict_review", reason=True) for state in ("received", "in_execution")),
    validates("uphold", "conflict_review", "received", reason=True, awaited=Awaited.NOW),
    *enforced("in_execution", "not_executed", "partially_executed"),
    *withdrawable("received", "clarification_requested", "conflict_review", "in_execution", *ENFORCING),
    *closable("executed", "partially_executed", "not_executed", "evidence_transferred", "refused"),
    derived=("in_execution", "executed", "partially_executed", "not_executed", "evidence_transferred", "refused", "withdrawn"),
)
"""An order to a provider (Regulation (EU) 2023/1543; Budapest Art. 18).

It is not recognised by an authority, but the enforcing authority may raise a ground for refusal. If a provider objects because of
the law of a third country, its deadlines stand still until the issuing side has upheld the order (Art. 17).
"""

PRESERVATION_LIFECYCLE: Final = Lifecycle(
    "draft",
    *SENDING,
    *_ROUTING,
    *(executes("preserve", state, "preserved", awaited=Awaited.NOW) for state in ("received", "acknowledged")),
    executes("not_preserve", "acknowledged", "not_executed", reason=True),
    answers("notify_insufficient", "acknowledged", "insufficiency_notified", reason=True),
    drafts("go_on", "insufficiency_notified", "acknowledged", awaited=Awaited.NOW),
    executes("disclose_path", "preserved", "preserved"),
    drafts("ask_extension", "preserved", "extension_requested", reason=True),
    executes("extend", "preserved", "preserved"),
    executes("extend", "extension_requested", "preserved", awaited=Awaited.NOW),
    decides("decline_extension", "extension_requested", "preserved", reason=True),
    *(sends("follow_up", state, "mla_submitted", awaited=Awaited.SOON) for state in ("preserved", "extension_requested")),
    drafts("release", "preserved", "released", reason=True),
    answers("release", "mla_submitted", "released", reason=True),
    *(answers("expire", state, "expired") for state in ("preserved", "extension_requested")),
    *withdrawable("received", "forwarded", "acknowledged", "information_requested", "insufficiency_notified"),
    *closable("not_executed"),
)
"""Preservation (Budapest Art. 29 and 30): data are kept at least until a date, and longer once they are requested."""

_HELD: Final = ("received", "preserved")
PRESERVATION_ORDER_LIFECYCLE: Final = Lifecycle(
    "draft",
    *SENDING,
    executes("preserve", "received", "preserved", awaited=Awaited.NOW),
    executes("not_preserve", "received", "not_executed", reason=True),
    *(answers("ask_clarification", state, "clarification_requested", reason=True) for state in _HELD),
    drafts("clarify", "clarification_requested", "received", reason=True, awaited=Awaited.NOW),
    *validated_later("transmitted", *_HELD, "clarification_requested"),
    *(drafts("extend", state, state, reason=True) for state in _HELD),
    *(sends("follow_up", state, "mla_submitted", awaited=Awaited.SOON) for state in _HELD),
    *(drafts("release", state, "released", reason=True) for state in (*_HELD, "mla_submitted")),
    *(answers("expire", state, "expired") for state in _HELD),
    *enforced("received", "not_executed"),
    *withdrawable("received", "clarification_requested", "preserved", *ENFORCING),
    *closable("not_executed", "refused"),
)
"""An order to preserve (Regulation (EU) 2023/1543 Art. 11): sixty days from receipt; the issuing side may add thirty."""

_JUDGED: Final = ("received", "arrested", "consent_given", "consent_refused")
WARRANT_LIFECYCLE: Final = Lifecycle(
    "draft",
    *SENDING,
    answers("forward", "received", "forwarded", reason=True),
    answers("return", "received", "returned", reason=True),
    answers("receive", "forwarded", "received", awaited=Awaited.NOW),
    drafts("revise", "returned", "draft", awaited=Awaited.NOW),
    executes("arrest", "received", "arrested", awaited=Awaited.NOW),
    decides("consent", "arrested", "consent_given", awaited=Awaited.NOW),
    decides("no_consent", "arrested", "consent_refused"),
    *(decides("order_surrender", state, "surrender_ordered") for state in _JUDGED[:2]),
    *(decides("order_surrender", state, "surrender_ordered", awaited=Awaited.NOW) for state in _JUDGED[2:]),
    *(decides("refuse", state, "refused", reason=True) for state in _JUDGED),
    *(decides("postpone", f"surrender_{was}", "surrender_postponed", reason=True) for was in ("ordered", "postponed")),
    executes("surrender", "surrender_ordered", "surrendered", awaited=Awaited.NOW),
    executes("surrender", "surrender_postponed", "surrendered", awaited=Awaited.SOON),
    *withdrawable("received", "forwarded", *_JUDGED[1:], "surrender_ordered", "surrender_postponed"),
    *closable("returned", "refused", "surrendered"),
)
"""A European arrest warrant (Framework Decision 2002/584/JHA): arrest, consent or none, decision, surrender."""

DIRECT_LIFECYCLE: Final = Lifecycle(
    "draft",
    *(move for move in SENDING if "validation_pending" not in {move.source, move.target}),
    answers("forward", "received", "forwarded", reason=True),
    answers("receive", "forwarded", "received", awaited=Awaited.NOW),
    *(answers("ask", state, "information_requested", reason=True) for state in ("received", "in_execution")),
    drafts("supply", "information_requested", "received", reason=True, awaited=Awaited.NOW),
    *(decides("refuse", state, "refused", reason=True) for state in ("received", "information_requested")),
    *withdrawable("received", "forwarded", "information_requested", "in_execution"),
    *closable("executed", "partially_executed", "not_executed", "evidence_transferred", "refused"),
    derived=("in_execution", "executed", "partially_executed", "not_executed", "evidence_transferred", "refused", "withdrawn"),
)
"""A request that is answered without a decision to recognise it: of police, or to a provider that cooperates voluntarily."""

INFORMATION_LIFECYCLE: Final = Lifecycle(
    "draft",
    *(move for move in SENDING if move.event in {"ready", "withdraw", "transmit", "revise"} and move.source in {"draft", "ready"}),
    *(decides("accept_conditions", state, "accepted", awaited=Awaited.NOW) for state in ("transmitted", "received")),
    answers("receive", "transmitted", "received", awaited=Awaited.NOW),
    *(decides("decline_conditions", state, "declined", reason=True) for state in ("transmitted", "received")),
    drafts("withdraw", "transmitted", "withdrawn", reason=True),
    *closable("accepted"),
)
"""Spontaneous information (Budapest Art. 26): the receiver accepts the conditions before it may read the content."""

_OPEN: Final = ("pending", "in_execution")
MEASURE_LIFECYCLE: Final = Lifecycle(
    "pending",
    executes("start", "pending", "in_execution"),
    *(executes("execute", state, "executed", awaited=Awaited.NOW) for state in _OPEN),
    *(executes("execute_partly", state, "partly_executed", reason=True) for state in _OPEN),
    *(executes("not_execute", state, "not_executed", reason=True) for state in _OPEN),
    *(decides("refuse", state, "refused", reason=True) for state in _OPEN),
    *(decides("postpone", state, "postponed", reason=True) for state in _OPEN),
    *(decides("offer_on_conditions", state, "conditions_offered", reason=True) for state in _OPEN),
    *(decides("propose_other", state, "other_proposed", reason=True) for state in _OPEN),
    executes("resume", "postponed", "in_execution", awaited=Awaited.SOON),
    *(executes("resume", state, "in_execution") for state in ("not_executed", "refused")),
    drafts("accept_conditions", "conditions_offered", "executed", awaited=Awaited.NOW),
    drafts("decline_conditions", "conditions_offered", "declined", reason=True),
    drafts("accept_other", "other_proposed", "in_execution", awaited=Awaited.NOW),
    *(
        drafts("withdraw", state, "withdrawn", reason=True)
        for state in (*_OPEN, "postponed", "other_proposed", "conditions_offered")
    ),
    executes("transfer", "executed", "transferred", awaited=Awaited.NOW),
    executes("transfer", "partly_executed", "partly_transferred", awaited=Awaited.NOW),
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

    `life` is its lifecycle and `acted_on` are the states in which its measures may move. A 24/7 contact may handle
    `round_the_clock` kinds. `to_provider` kinds are addressed to a provider. Who may issue a kind is in `issuing`.
    """

    life: Lifecycle
    acted_on: frozenset[str] = frozenset()
    round_the_clock: bool = False
    to_provider: bool = False

    @property
    def direct(self) -> bool:
        """Tell whether measures are carried out on receipt, without a decision to recognise the request."""
        return "received" in self.acted_on


_ACTED_ON: Final = frozenset({"recognised", "in_execution", "executed", "partially_executed", "not_executed"})
_LETTER: Final = RequestKind(LETTER_LIFECYCLE, _ACTED_ON)
_ON_RECEIPT: Final = (_ACTED_ON - {"recognised"}) | {"received"}
KINDS: Final[Mapping[str, RequestKind]] = {
    "mla_letter": _LETTER,
    "eio": _LETTER,
    "subscriber_information": _LETTER,
    "expedited_disclosure": RequestKind(LETTER_LIFECYCLE, _ACTED_ON, round_the_clock=True),
    "service_of_documents": RequestKind(LETTER_LIFECYCLE, _ACTED_ON),
    "extradition": _LETTER,
    "eaw": RequestKind(WARRANT_LIFECYCLE),
    "freezing_certificate": _LETTER,
    "confiscation_certificate": _LETTER,
    "police_information": RequestKind(DIRECT_LIFECYCLE, _ON_RECEIPT, round_the_clock=True),
    "voluntary_cooperation": RequestKind(DIRECT_LIFECYCLE, _ON_RECEIPT, to_provider=True),
    "transfer_of_proceedings": _LETTER,
    "jit_setup": RequestKind(LETTER_LIFECYCLE, _ACTED_ON),
    "preservation": RequestKind(PRESERVATION_LIFECYCLE, round_the_clock=True),
    "epoc_pr": RequestKind(PRESERVATION_ORDER_LIFECYCLE, round_the_clock=True, to_provider=True),
    "epoc": RequestKind(ORDER_LIFECYCLE, _ON_RECEIPT, to_provider=True),
    "production_order": RequestKind(ORDER_LIFECYCLE, _ON_RECEIPT, to_provider=True),
    "spontaneous_information": RequestKind(INFORMATION_LIFECYCLE, round_the_clock=True),
}
EVENTS: Final = tuple(dict.fromkeys(event for kind in KINDS.values() for event in kind.life.events))
STATES: Final = tuple(dict.fromkeys(state for kind in KINDS.values() for state in kind.life.states))
