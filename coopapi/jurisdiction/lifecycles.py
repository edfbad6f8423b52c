"""The lifecycle of a consultation on jurisdiction (Framework Decision 2009/948/JHA, Art. 5 to 12)."""

from functools import partial
from typing import Final

from coopapi.access import Action
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition

_step = partial(Transition, by=Action.CONSULT, human=True)

CONSULTATION_LIFECYCLE: Final = Lifecycle(
    "opened",
    _step("reply", "opened", "opened", side=Side.EXECUTING, awaited=Awaited.NOW),
    _step("consult", "replied", "consulting"),
    _step("agree", "consulting", "consensus"),
    _step("fail", "consulting", "no_consensus", reason=True),
    _step("refer", "no_consensus", "referred_to_eurojust"),
    _step("agree", "no_consensus", "consensus"),
    _step("agree", "referred_to_eurojust", "consensus"),
    _step("close", "opened", "closed", reason=True, side=Side.REQUESTING),
    _step("close", "replied", "closed", reason=True, side=Side.REQUESTING),
    _step("close", "no_consensus", "closed", reason=True),
    _step("close", "referred_to_eurojust", "closed", reason=True),
    _step("close", "consensus", "closed"),
    derived=("replied",),
    parts="its_replies",
)
POSITIONS: Final = ("prosecute", "transfer", "end", "undecided")
SETTLED: Final = ("consensus", "closed")
"""States in which no conflict is open: there is consensus, or the consultation was closed."""
