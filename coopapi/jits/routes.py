"""Teams over HTTP: proposed, agreed, signed, amended."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.cases.schemas import SharedCaseOut
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, children
from coopapi.http.paging import Order
from coopapi.jits import agreement, amendments, case_sharing, presentation, signatures, transitions
from coopapi.jits.models import Jit, JitAmendment, JitSignature
from coopapi.jits.responses import JitAmendmentOut, JitBrief, JitOut, JitSignatureOut, JitTransitionsOut
from coopapi.jits.schemas import AmendmentStepIn, CaseShareIn, JitAmendmentIn, JitFilter, JitIn, JitPatch, JitSignatureIn, JitStepIn
from coopapi.shared import shared_cases
from coopapi.store.db import UnitOfWork

blp = Blueprint("jits", __name__, url_prefix="/api/v1", description="Joint investigation teams")
ONE = "/jits/<uuid:jit_id>"
_ACTIONS = Action.JIT_READ, Action.JIT_WRITE

_JITS = Collection(blp, "/jits", JitOut, *_ACTIONS, presentation.whole, "/<uuid:jit_id>")
_JITS.list(
    "list_jits",
    presentation.select_jits,
    """List the teams in which you take part, newest first.

    `expires_within=60` lists the active teams that end within 60 days, so that they can be extended or wound up.
    """,
    query=JitFilter,
    embeds=transitions.TEAM,
    returns=JitBrief,
    show=presentation.brief,
)
_OF_CASE = Collection(blp, "/cases/<uuid:case_id>/jits", JitBrief, *_ACTIONS, presentation.brief)
_OF_CASE.list("list_case_jits", case_sharing.of_case, "List the teams in which you take part and with which a case is shared.")
_JITS.add(
    "propose_jit",
    agreement.propose,
    "Propose a team, optionally based on cases of yours; the other States can see the proposal from now on.",
    body=JitIn,
)
_JITS.get("get_jit", Jit, "Show a team with its agreement.")
_JITS.update(
    "update_jit", agreement.change, "Change the text of the agreement while it is open (proposed, drafting).", body=JitPatch
)
_JITS.steps(
    transitions.TEAM,
    "Draft, request signatures, sign, reopen, abandon, end, evaluate or close a team, or retract its public statement.",
    body=JitStepIn,
    options=JitTransitionsOut,
)


def _sign(work: UnitOfWork, data: dict[str, Any], jit_id: UUID) -> JitSignature:
    return signatures.take_step(work, transitions.TEAM, "sign", data, jit_id=jit_id)


def _sign_amendment(work: UnitOfWork, data: dict[str, Any], jit_id: UUID, amendment_id: UUID) -> JitSignature:
    return signatures.take_step(work, amendments.AMENDMENT, "sign", data, jit_id=jit_id, amendment_id=amendment_id)


_SIGNATURES = Collection(blp, f"{ONE}/signatures", JitSignatureOut, Action.JIT_READ, Action.JIT_SIGN, presentation.show_signatures)
_SIGNATURES.list(
    "list_jit_signatures",
    children(Jit, JitSignature.jit_id),
    "List all signatures, and which of them became void because the text changed.",
    order=Order((JitSignature.id,), descending=False),
)
_SIGNATURES.add(
    "sign_jit",
    _sign,
    """Sign the agreement for your State, or record the signature of a State without users in this register.

    The team becomes active when the last party has signed.
    """,
    body=JitSignatureIn,
)

_CASES = Collection(blp, f"{ONE}/cases", SharedCaseOut, *_ACTIONS, shared_cases.show, "/<uuid:link_id>")
_CASES.list("list_jit_cases", case_sharing.of_team, "List the cases that are or were shared with a team.")
_CASES.add(
    "share_jit_case",
    case_sharing.share,
    "Share a case of yours with a team; its members have access while the team is active.",
    body=CaseShareIn,
)
_CASES.steps(
    case_sharing.JIT_SHARE,
    "End the sharing of a case of yours (`end`); access through the team ends with the next request.",
    act=Action.CASE_SHARE,
)

_AMENDMENTS = Collection(blp, f"{ONE}/amendments", JitAmendmentOut, *_ACTIONS, presentation.show_amendments, "/<uuid:amendment_id>")
_AMENDMENTS.list(
    "list_jit_amendments", children(Jit, JitAmendment.jit_id), "List the amendments of a team.", embeds=amendments.AMENDMENT
)
_AMENDMENTS.add(
    "propose_jit_amendment",
    amendments.propose,
    "Propose an amendment; it takes effect when all parties, and a State that joins, have signed it.",
    body=JitAmendmentIn,
)
_AMENDMENTS.steps(
    amendments.AMENDMENT,
    "Sign or refuse an amendment for your State or for a State without users here, or withdraw your own proposal.",
    body=AmendmentStepIn,
)
_AMENDMENTS.act(
    "/signatures",
    "sign_jit_amendment",
    _sign_amendment,
    """Sign an amendment for your State, or record the signature of a State without users in this register.

    An extension must be signed before the team expires.
    """,
    allow=Action.JIT_SIGN,
    body=JitSignatureIn,
    returns=JitSignatureOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_signatures,
)
