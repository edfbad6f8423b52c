"""The steps that lifecycles of requests are made of: who may take each, on which side."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from coopapi.access import Action
from coopapi.shared.lifecycle import Awaited, Side, Transition

drafts = partial(Transition, by=Action.MLA_DRAFT, side=Side.REQUESTING)
validates = partial(Transition, by=Action.MLA_VALIDATE, side=Side.REQUESTING, human=True)
sends = partial(Transition, by=Action.MLA_TRANSMIT, side=Side.REQUESTING)
answers = partial(Transition, by=Action.MLA_ANSWER, side=Side.EXECUTING)
decides = partial(Transition, by=Action.MLA_DECIDE, side=Side.EXECUTING, human=True)
executes = partial(Transition, by=Action.MLA_EXECUTE, side=Side.EXECUTING)
notes = partial(Transition, by=Action.MLA_ANSWER, side=Side.ENFORCING)
enforces = partial(Transition, by=Action.MLA_DECIDE, side=Side.ENFORCING, human=True)

SENDING: Final = (
    drafts("submit", "draft", "validation_pending"),
    drafts("ready", "draft", "ready"),
    drafts("withdraw", "draft", "withdrawn", reason=True),
    validates("validate", "validation_pending", "ready", awaited=Awaited.NOW),
    drafts("revise", "validation_pending", "draft"),
    drafts("withdraw", "validation_pending", "withdrawn", reason=True),
    sends("transmit", "ready", "transmitted", awaited=Awaited.NOW),
    drafts("revise", "ready", "draft"),
    drafts("withdraw", "ready", "withdrawn", reason=True),
    answers("receive", "transmitted", "received", awaited=Awaited.NOW),
    drafts("withdraw", "transmitted", "withdrawn", reason=True),
)


def withdrawable(*states: str) -> Iterable[Transition]:
    """Return the steps with which the requesting side withdraws a request in these states."""
    return (drafts("withdraw", state, "withdrawn", reason=True) for state in states)


def closable(*states: str) -> Iterable[Transition]:
    """Return the steps with which the requesting side closes a request in these states."""
    return (drafts("close", state, "closed") for state in states)


def notified(*states: str) -> Iterable[Transition]:
    """Return the steps of a notified authority: it states the receipt of the notification, and may raise a ground for refusal."""
    yield from (notes("receive_notification", state, state, awaited=Awaited.NOW) for state in states)
    yield from (enforces("raise_ground", state, "refused", reason=True, awaited=Awaited.SOON) for state in states)


ENFORCING: Final = ("enforcement_requested", "enforcement_consulted")


def validated_later(*states: str) -> Iterable[Transition]:
    """Return the steps that validate an order after it was sent in an emergency (Regulation (EU) 2023/1543 Art. 4(5))."""
    yield from (validates("validate_ex_post", state, state, awaited=Awaited.SOON) for state in states)
    yield from (validates("deny_validation", state, "withdrawn", reason=True) for state in states)


def enforced(enforced: str, *states: str) -> Iterable[Transition]:
    """Return the steps of enforcement by the authority of the provider's State (Regulation (EU) 2023/1543 Art. 16)."""
    yield from (sends("request_enforcement", state, "enforcement_requested", reason=True) for state in states)
    yield notes("receive_enforcement", "enforcement_requested", "enforcement_requested", awaited=Awaited.NOW)
    yield enforces("consult_enforcement", "enforcement_requested", "enforcement_consulted", reason=True)
    yield drafts("supply_enforcement", "enforcement_consulted", "enforcement_requested", reason=True, awaited=Awaited.NOW)
    yield from (enforces("enforce", state, enforced, awaited=Awaited.NOW) for state in ENFORCING)
    yield from (enforces("refuse_enforcement", state, "refused", reason=True) for state in ENFORCING)
