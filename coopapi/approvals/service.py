"""Ask for a change, decide on it, and have it applied: the database holds every rule, this puts them in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, text

from coopapi.approvals.models import APPROVAL_LIFECYCLE, Approval
from coopapi.errors import Forbidden, Stale
from coopapi.shared.lifecycle import IllegalMove, Side, Transition
from coopapi.store.db import UnitOfWork, as_json

Apply = Callable[[UnitOfWork, Approval], None]
Kinds = Mapping[str, Apply]
"""For each kind of change, the function that applies an approved request; app.py makes the table."""


class AnotherMustDecide(Forbidden):
    """Another administrator has to decide: not who asked, nor an account that who asked named alone, nor whose rights change.

    Let a second administrator of the authority decide, or an administrator of the operator where the authority has no other.
    """


def ask(work: UnitOfWork, kind: str, authority_id: UUID, target: tuple[UUID, int], change: Mapping[str, Any]) -> Approval:
    """Ask for a change of the target (its id and version), which takes effect when another administrator approves it.

    The request ends after seven days. Raises the database's refusal (403) unless the caller administers the authority.
    """
    made = work.new_id()
    work.session.flush()
    work.session.execute(
        text("select priv.ask_approval(:id, :authority, :kind, :object, :version, cast(:change as jsonb), :request)"),
        {
            "id": made,
            "authority": authority_id,
            "kind": kind,
            "object": target[0],
            "version": target[1],
            "change": as_json(change),
            "request": work.request_id,
        },
    )
    row = work.one(Approval, made)
    work.note("approval.requested", row, kind=kind, object=str(target[0]), fields=sorted(change))
    return row


def waiting_for(work: UnitOfWork, object_ids: Sequence[UUID]) -> Sequence[Approval]:
    """Return the requests about these things that wait for a decision."""
    query = work.all(Approval).where(Approval.object_id.in_(object_ids), Approval.in_state("requested", work.now))
    return work.session.scalars(query.order_by(Approval.id)).all()


def listed(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Approval]:
    """Select requests by state and by what they are about."""
    query = work.all(Approval)
    if "state" in wanted:
        query = query.where(Approval.in_state(wanted["state"], work.now))
    if "object_id" in wanted:
        query = query.where(Approval.object_id == wanted["object_id"])
    return query


def decide(work: UnitOfWork, kinds: Kinds, approval_id: UUID, version: int, data: Mapping[str, Any]) -> Approval:
    """Approve a request and apply it, reject it, or withdraw one's own.

    Raises `AnotherMustDecide`, `IllegalMove` once it was decided or has expired, and what the kind of change raises when it no
    longer fits; then nothing is decided.
    """
    row = work.one(Approval, approval_id, version=version)
    move = APPROVAL_LIFECYCLE.move(row.state_at(work.now), data["event"], data.get("reason"))
    work.require(move.by, human=move.human)
    if not _may(work, row, move):
        raise AnotherMustDecide
    verdict = work.session.scalar(
        text("select priv.decide_approval(:id, :version, :event, :reason, :request)"),
        {"id": row.id, "version": version, "event": move.event, "reason": data.get("reason"), "request": work.request_id},
    )
    work.session.refresh(row)
    if verdict == "stale":
        raise Stale(version=row.etag)
    if verdict == "closed":
        raise IllegalMove(state=row.state_at(work.now), allowed=[])
    work.note(f"approval.{move.target}", row, kind=row.kind, object=str(row.object_id))
    if move.target == "approved":
        kinds[row.kind](work, row)
        work.session.refresh(row)
    return row


def moves(work: UnitOfWork, approval_id: UUID) -> dict[str, Any]:
    """Say where a request stands, and what the caller may do now."""
    row = work.one(Approval, approval_id)
    state = row.state_at(work.now)
    allowed = [
        move.to_dict()
        for move in APPROVAL_LIFECYCLE.leaving(state)
        if work.actor.may(move.by) and (work.actor.human or not move.human) and _may(work, row, move)
    ]
    return {"state": state, "allowed": allowed, "etag": row.etag}


def _may(work: UnitOfWork, row: Approval, move: Transition) -> bool:
    if move.side == Side.ASKING:
        return row.requested_by == work.actor.id
    return bool(work.session.scalar(text("select priv.may_decide(:id)"), {"id": row.id}))


def show(work: UnitOfWork, rows: Sequence[Approval]) -> list[dict[str, Any]]:
    """Show requests as they stand now; of a new secret only that there is one."""
    return [{**row.shown(), "state": row.state_at(work.now), "change": _shown(row.change)} for row in rows]


def _shown(change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in change.items() if key != "secret_digest"} | (
        {"client_secret": "a new one"} if "secret_digest" in change else {}
    )
