"""The lifecycles of a team, its amendments, its public statement and the people named in it, as tables."""

from functools import partial
from typing import Final

from coopapi.access import Action
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition

_writes = partial(Transition, by=Action.JIT_WRITE, side=Side.NEGOTIATING)
_signs = partial(Transition, by=Action.JIT_SIGN, side=Side.NEGOTIATING, human=True)

JIT_LIFECYCLE: Final = Lifecycle(
    "proposed",
    _writes("draft", "proposed", "drafting"),
    _writes("request_signatures", "drafting", "signature_pending"),
    _signs("sign", "signature_pending", "signature_pending", awaited=Awaited.NOW),
    _writes("reopen", "signature_pending", "drafting", reason=True),
    _writes("abandon", "proposed", "abandoned", reason=True),
    _writes("abandon", "drafting", "abandoned", reason=True),
    _writes("abandon", "signature_pending", "abandoned", reason=True),
    _signs("end", "active", "ended", reason=True, awaited=Awaited.SOON),
    _writes("evaluate", "ended", "evaluation"),
    _writes("close", "ended", "closed", reason=True),
    _writes("close", "evaluation", "closed"),
    _signs("retract", "public_statement", "closed", reason=True),
    derived=("active", "public_statement"),
    parts="its_signatures",
)
AMENDMENT_LIFECYCLE: Final = Lifecycle(
    "proposed",
    _signs("sign", "proposed", "proposed", awaited=Awaited.NOW),
    _signs("refuse", "proposed", "refused", reason=True),
    _writes("withdraw", "proposed", "withdrawn", reason=True),
    derived=("applied",),
    parts="its_signatures",
)
STATEMENT_LIFECYCLE: Final = Lifecycle(
    "proposed",
    _signs("approve", "proposed", "proposed", awaited=Awaited.NOW),
    _signs("retract", "approved", "proposed", reason=True),
    derived=("approved",),
    parts="its_approvals",
)
PARTY_LIFECYCLE: Final = Lifecycle(
    "party",
    _writes("lead", "party", "party"),
    _writes("remove", "party", "removed"),
    derived=("left",),
    parts="an_amendment",
)
PLACE_LIFECYCLE: Final = Lifecycle("serving", _writes("end", "serving", "ended"))

TWO: Final = 2
"""A team has at least two States."""
OPEN: Final = ("proposed", "drafting")
"""The states in which the text is open, so that the negotiating parties may change it."""
BEFORE: Final = (*OPEN, "signature_pending")
AFTER: Final = ("ended", "evaluation", "closed", "public_statement")
CLAUSES: Final = ("disclosure", "media", "use_of_information")
TEXTS: Final = ("facts", "objectives", "further_terms")
"""Terms outside the clauses that an amendment can reword."""
END_REASONS: Final = ("expiry", "goal", "withdrawal")
TERMS: Final = ("purpose", "facts", "objectives", "clauses", "appendices", "further_terms")
QUESTIONS: Final = (
    "legal_issues",
    "operational_issues",
    "practical_issues",
    "role_of_europol",
    "role_of_eurojust",
    "funding",
    "outcome",
    "lessons",
)
