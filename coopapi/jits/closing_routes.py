"""After the end of a team, over HTTP: evaluations, the public statement, and the public page, which needs no token."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.errors import NotFound
from coopapi.http.api import Blueprint, database
from coopapi.http.fields import Paged
from coopapi.http.paging import LIMIT, Order, Page, page
from coopapi.jits import evaluations, presentation, public_statements, signatures
from coopapi.jits.models import JitEvaluation, JitSignature, JitStatement
from coopapi.jits.responses import JitEvaluationOut, JitSignatureOut, JitStatementOut, PublicJitOut, PublicJitsOut
from coopapi.jits.schemas import JitEvaluationIn, JitSignatureIn, JitStatementIn, PublicFilter
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "jit_statements", __name__, url_prefix="/api/v1", description="Evaluations and public statements after the end of a team"
)
_ONE: Final = "/jits/<uuid:jit_id>"


@blp.route(f"{_ONE}/evaluations", allow=Action.JIT_READ, query=Paged, returns=JitEvaluationOut, page=True, show=evaluations.show)
def list_jit_evaluations(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the evaluations of the team: one by each State, and the joint evaluation."""
    return page(work, f"jit-evaluations/{jit_id}", evaluations.of_team(work, jit_id), Order((JitEvaluation.id,)), wanted)


@blp.route(
    f"{_ONE}/evaluations",
    method="POST",
    allow=Action.JIT_WRITE,
    body=JitEvaluationIn,
    returns=JitEvaluationOut,
    status=HTTPStatus.CREATED,
    show=evaluations.show,
)
def evaluate_jit(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitEvaluation:
    """Submit the evaluation of your State, or record that of a State without users in this register.

    `joint` submits the final evaluation of all States.
    """
    return evaluations.answer(work, jit_id, data)


@blp.route(f"{_ONE}/public-statement", allow=Action.JIT_READ, returns=JitStatementOut, show=public_statements.show)
def get_jit_statement(jit_id: UUID, *, work: UnitOfWork) -> JitStatement:
    """Show the proposed public statement and which States have approved it."""
    return public_statements.of_team(work, jit_id)


@blp.route(
    f"{_ONE}/public-statement",
    method="POST",
    allow=Action.JIT_WRITE,
    body=JitStatementIn,
    returns=JitStatementOut,
    status=HTTPStatus.CREATED,
    show=public_statements.show,
)
def propose_jit_statement(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitStatement:
    """Propose a public statement, or another text for it; approvals of an earlier text become void."""
    return public_statements.propose(work, jit_id, data)


@blp.route(
    f"{_ONE}/public-statement/approvals",
    method="POST",
    allow=Action.JIT_SIGN,
    body=JitSignatureIn,
    returns=JitSignatureOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_signatures,
)
def approve_jit_statement(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitSignature:
    """Approve the statement for your State, or record the approval of a State without users in this register.

    The statement becomes public when the last State has approved it.
    """
    return signatures.take_step(work, public_statements.STATEMENT, "approve", data, jit_id=jit_id)


@blp.route("/public/jits", allow=Action.PUBLIC, query=PublicFilter, returns=PublicJitsOut)
def list_public_jits(wanted: dict[str, Any]) -> dict[str, Any]:
    """List the public statements about teams, newest first.

    No token is needed. Only statements that all parties approved are listed.
    """
    limit = wanted.get("limit", LIMIT)
    with database().anonymous() as session:
        found = public_statements.public(session, {**wanted, "limit": limit + 1})
    return {"items": found[:limit], "next": found[limit - 1]["id"] if len(found) > limit else None}


@blp.route("/public/jits/<uuid:release_id>", allow=Action.PUBLIC, returns=PublicJitOut)
def get_public_jit(release_id: UUID) -> dict[str, Any]:
    """Show one public statement; its id is different from the id of the team."""
    with database().anonymous() as session:
        found = public_statements.public(session, {}, release_id)
    if not found:
        raise NotFound
    return found[0]
