"""How long a request was in each state, counted from the times that the sides state for sending and receipt."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from coopapi.mla.models import Request, Stage
from coopapi.store.db import UnitOfWork


def enter(work: UnitOfWork, request: Request, at: datetime, time_id: UUID | None) -> None:
    """Record that a request has been in its present state since this time, unless that is recorded already."""
    last = work.all(Stage).where(Stage.request_id == request.id).order_by(Stage.id.desc()).limit(1)
    there = work.session.scalar(last)
    if there is None or there.state != request.state:
        work.add(Stage(request_id=request.id, state=request.state, since=at, time_id=time_id))


def move(work: UnitOfWork, old_id: UUID, new_id: UUID, at: datetime) -> None:
    """Let the stages that began with a stated time begin with the time that replaces it."""
    for row in work.session.scalars(work.all(Stage).where(Stage.time_id == old_id)):
        row.since, row.time_id = at, new_id


def of_request(work: UnitOfWork, request_id: UUID) -> list[dict[str, Any]]:
    """Return the stages of a request that the caller sees: each with its start, its end and its length in hours."""
    rows = work.session.scalars(work.all(Stage).where(Stage.request_id == request_id).order_by(Stage.id)).all()
    found = [_stage(row, row.since, after.since) for row, after in pairwise(rows)]
    return [*found, *({**_stage(row, row.since, work.now), "until": None} for row in rows[-1:])]


def _stage(row: Stage, since: datetime, until: datetime) -> dict[str, Any]:
    """Return one stage. What was sent on paper before it was entered here has stages of no length."""
    hours = max(until - since, timedelta()) / timedelta(hours=1)
    return {"state": row.state, "since": since, "until": until, "hours": round(hours, 1)}
