"""The worklist over HTTP."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import current_app, json, request

from coopapi.access import Action
from coopapi.http import idempotency
from coopapi.http.api import Blueprint
from coopapi.http.paging import Page
from coopapi.http.transactions import separately
from coopapi.shared.assignments import Assignment
from coopapi.store.db import UnitOfWork
from coopapi.worklist import assignments, service, steps
from coopapi.worklist.schemas import (
    AssignmentIn,
    AssignmentOut,
    WorklistFilter,
    WorklistPageOut,
    WorklistStepOut,
    WorklistStepsIn,
)

blp = Blueprint("worklist", __name__, url_prefix="/api/v1", description="What waits for you or your authority")


@blp.route("/worklist", allow=Action.WORKLIST_READ, query=WorklistFilter, returns=WorklistPageOut, page=True)
def get_worklist(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List what waits for you or your authority, of every kind: what is due first, and last what no deadline runs for.

    Each item has the steps that you may take now and the ETag to send with them.
    """
    counted = wanted.pop("counts", False)
    found = service.items(work, wanted)
    return replace(found, counts=service.counts(work, wanted)) if counted else found


@blp.route(
    "/worklist/assignments",
    method="POST",
    allow=Action.WORKLIST_STEP,
    body=AssignmentIn,
    returns=AssignmentOut,
    status=HTTPStatus.OK,
    show=assignments.show,
)
def assign_item(data: dict[str, Any], *, work: UnitOfWork) -> Assignment:
    """Assign a thing to a person of your authority who may see it, or to nobody.

    Prosecutors and desks assign anybody; others assign themselves. Only your authority knows of it, and the ETag of the thing
    stays the same.
    """
    return assignments.assign(work, data)


@blp.route(
    "/worklist/steps",
    method="POST",
    allow=Action.WORKLIST_STEP,
    body=WorklistStepsIn,
    returns=WorklistStepOut,
    many="items",
    apart=True,
)
def take_worklist_steps(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Take up to 100 steps, each as if it had been sent alone, in a transaction of its own.

    The response lists in the same order what became of each: the new ETag, or the problem. One that fails does not stop the others.
    With an `Idempotency-Key`, a request that is sent again takes only those steps that were not taken before.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        asked = f"POST {request.path} {json.dumps(data, sort_keys=True, default=str)}".encode()
        separately(lambda work: idempotency.claim(work, key, asked))
    return [_outcome(step, steps.key_of(key, number) if key else None) for number, step in enumerate(data["steps"])]


def _outcome(step: dict[str, Any], key: str | None) -> dict[str, Any]:
    try:
        etag = separately(lambda work: steps.take(work, step, key))
    except Exception as error:  # noqa: BLE001 (it becomes the problem of this step, as the error handlers of the service make it)
        answer = current_app.make_response(current_app.handle_user_exception(error))
        return {"id": step["id"], "status": answer.status_code, "problem": answer.get_json()}
    return {"id": step["id"], "status": int(HTTPStatus.OK), "etag": etag}
