"""After the end of a team, over HTTP: evaluations, the public statement, and the public page, which needs no token."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.errors import NotFound
from coopapi.http.api import Blueprint, database
from coopapi.http.collection import Collection, children
from coopapi.http.paging import LIMIT
from coopapi.jits import evaluations, presentation, public_statements, signatures
from coopapi.jits.models import Jit, JitEvaluation, JitSignature
from coopapi.jits.responses import JitEvaluationOut, JitSignatureOut, JitStatementOut, PublicJitOut, PublicJitsOut
from coopapi.jits.schemas import JitEvaluationIn, JitSignatureIn, JitStatementIn, PublicFilter
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "jit_statements", __name__, url_prefix="/api/v1", description="Evaluations and public statements after the end of a team"
)
_ACTIONS: Final = Action.JIT_READ, Action.JIT_WRITE
_ONE: Final = "/jits/<uuid:jit_id>"


def _approve(work: UnitOfWork, data: dict[str, Any], jit_id: UUID) -> JitSignature:
    return signatures.take_step(work, public_statements.STATEMENT, "approve", data, jit_id=jit_id)


_EVALUATIONS = Collection(blp, f"{_ONE}/evaluations", JitEvaluationOut, *_ACTIONS, evaluations.show)
_EVALUATIONS.list(
    "list_jit_evaluations",
    children(Jit, JitEvaluation.jit_id),
    "List the evaluations of the team: one by each State, and the joint evaluation.",
)
_EVALUATIONS.add(
    "evaluate_jit",
    evaluations.answer,
    """Submit the evaluation of your State, or record that of a State without users in this register.

    `joint` submits the final evaluation of all States.
    """,
    body=JitEvaluationIn,
)

_STATEMENT = Collection(blp, f"{_ONE}/public-statement", JitStatementOut, *_ACTIONS, public_statements.show)
_STATEMENT.get(
    "get_jit_statement", public_statements.of_team, "Show the proposed public statement and which States have approved it."
)
_STATEMENT.add(
    "propose_jit_statement",
    public_statements.propose,
    "Propose a public statement, or another text for it; approvals of an earlier text become void.",
    body=JitStatementIn,
)
_STATEMENT.act(
    "/approvals",
    "approve_jit_statement",
    _approve,
    """Approve the statement for your State, or record the approval of a State without users in this register.

    The statement becomes public when the last State has approved it.
    """,
    allow=Action.JIT_SIGN,
    body=JitSignatureIn,
    returns=JitSignatureOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_signatures,
)


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
