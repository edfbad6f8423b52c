"""Teams over HTTP: proposed, agreed, signed, amended."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.cases.schemas import SharedCaseOut
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.jits import agreement, amendments, case_sharing, presentation, signatures, transitions
from coopapi.jits.models import Jit, JitAmendment, JitSignature
from coopapi.jits.responses import JitAmendmentOut, JitBrief, JitOut, JitSignatureOut, JitTransitionsOut
from coopapi.jits.schemas import AmendmentStepIn, CaseShareIn, JitAmendmentIn, JitFilter, JitIn, JitPatch, JitSignatureIn, JitStepIn
from coopapi.shared import shared_cases
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork

blp = Blueprint("jits", __name__, url_prefix="/api/v1", description="Joint investigation teams")
ONE = "/jits/<uuid:jit_id>"


@blp.route("/jits", allow=Action.JIT_READ, query=JitFilter, returns=JitBrief, page=True, show=presentation.brief)
def list_jits(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the teams in which you take part, newest first.

    `expires_within=60` lists the active teams that end within 60 days, so that they can be extended or wound up.
    """
    return page(work, "jits", presentation.select_jits(work, wanted), Order((Jit.id,)), wanted)


@blp.route("/cases/<uuid:case_id>/jits", allow=Action.JIT_READ, query=Paged, returns=JitBrief, page=True, show=presentation.brief)
def list_case_jits(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List the teams in which you take part and with which a case is shared."""
    return page(work, f"jits/{case_id}", case_sharing.of_case(work, case_id), Order((Jit.id,)), wanted)


@blp.route(
    "/jits", method="POST", allow=Action.JIT_WRITE, body=JitIn, returns=JitOut, status=HTTPStatus.CREATED, show=presentation.whole
)
def propose_jit(data: dict[str, Any], *, work: UnitOfWork) -> Jit:
    """Propose a team, optionally based on cases of yours; the other States can see the proposal from now on."""
    return agreement.propose(work, data)


@blp.route(ONE, allow=Action.JIT_READ, returns=JitOut, show=presentation.whole)
def get_jit(jit_id: UUID, *, work: UnitOfWork) -> Jit:
    """Show a team with its agreement."""
    return work.one(Jit, jit_id)


@blp.route(ONE, method="PATCH", allow=Action.JIT_WRITE, body=JitPatch, returns=JitOut, changes=True, show=presentation.whole)
def update_jit(data: dict[str, Any], *, jit_id: UUID, version: int, work: UnitOfWork) -> Jit:
    """Change the text of the agreement while it is open (proposed, drafting)."""
    return agreement.change(work, jit_id, version, data)


blp.workflow(
    ONE,
    transitions.TEAM,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    body=JitStepIn,
    returns=JitOut,
    options=JitTransitionsOut,
    show=presentation.whole,
    about="Draft, request signatures, sign, reopen, abandon, end, evaluate or close a team, or retract its public statement.",
)


@blp.route(
    f"{ONE}/signatures", allow=Action.JIT_READ, query=Paged, returns=JitSignatureOut, page=True, show=presentation.show_signatures
)
def list_jit_signatures(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List all signatures, and which of them became void because the text changed."""
    query = work.all(JitSignature).where(JitSignature.jit_id == work.one(Jit, jit_id).id)
    return page(work, f"jit-signatures/{jit_id}", query, Order((JitSignature.id,), descending=False), wanted)


@blp.route(
    f"{ONE}/signatures",
    method="POST",
    allow=Action.JIT_SIGN,
    body=JitSignatureIn,
    returns=JitSignatureOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_signatures,
)
def sign_jit(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitSignature:
    """Sign the agreement for your State, or record the signature of a State without users in this register.

    The team becomes active when the last party has signed.
    """
    return signatures.take_step(work, transitions.TEAM, "sign", data, jit_id=jit_id)


@blp.route(f"{ONE}/cases", allow=Action.JIT_READ, query=Paged, returns=SharedCaseOut, page=True, show=shared_cases.show)
def list_jit_cases(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the cases that are or were shared with a team."""
    return page(work, f"jit-cases/{jit_id}", case_sharing.of_team(work, jit_id), Order((SharedCase.id,)), wanted)


@blp.route(
    f"{ONE}/cases",
    method="POST",
    allow=Action.JIT_WRITE,
    body=CaseShareIn,
    returns=SharedCaseOut,
    status=HTTPStatus.CREATED,
    show=shared_cases.show,
)
def share_jit_case(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> SharedCase:
    """Share a case of yours with a team; its members have access while the team is active."""
    return case_sharing.share(work, jit_id, data)


blp.workflow(
    f"{ONE}/cases/<uuid:link_id>",
    case_sharing.JIT_SHARE,
    read=Action.JIT_READ,
    act=Action.CASE_SHARE,
    returns=SharedCaseOut,
    show=shared_cases.show,
    about="End the sharing of a case of yours (`end`); access through the team ends with the next request.",
)


@blp.route(
    f"{ONE}/amendments", allow=Action.JIT_READ, query=Paged, returns=JitAmendmentOut, page=True, show=presentation.show_amendments
)
def list_jit_amendments(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the amendments of a team."""
    return page(work, f"jit-amendments/{jit_id}", amendments.of_team(work, jit_id), Order((JitAmendment.id,)), wanted)


@blp.route(
    f"{ONE}/amendments",
    method="POST",
    allow=Action.JIT_WRITE,
    body=JitAmendmentIn,
    returns=JitAmendmentOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_amendments,
)
def propose_jit_amendment(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitAmendment:
    """Propose an amendment; it takes effect when all parties, and a State that joins, have signed it."""
    return amendments.propose(work, jit_id, data)


blp.workflow(
    f"{ONE}/amendments/<uuid:amendment_id>",
    amendments.AMENDMENT,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    body=AmendmentStepIn,
    returns=JitAmendmentOut,
    show=presentation.show_amendments,
    about="Sign or refuse an amendment for your State or for a State without users here, or withdraw your own proposal.",
)


@blp.route(
    f"{ONE}/amendments/<uuid:amendment_id>/signatures",
    method="POST",
    allow=Action.JIT_SIGN,
    body=JitSignatureIn,
    returns=JitSignatureOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_signatures,
)
def sign_jit_amendment(data: dict[str, Any], *, jit_id: UUID, amendment_id: UUID, work: UnitOfWork) -> JitSignature:
    """Sign an amendment for your State, or record the signature of a State without users in this register.

    An extension must be signed before the team expires.
    """
    return signatures.take_step(work, amendments.AMENDMENT, "sign", data, jit_id=jit_id, amendment_id=amendment_id)
