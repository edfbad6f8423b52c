"""Requesting, deciding and applying changes that need approval. The database enforces the rules."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, text

from coopapi.approvals.models import APPROVAL_LIFECYCLE, Approval
from coopapi.errors import Forbidden, Stale
from coopapi.shared.lifecycle import IllegalMove, Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.rows import matching
from coopapi.store.statements import Statement
from coopapi.store.together import together

Apply = Callable[[UnitOfWork, Approval], None]
APPLY: Final[dict[str, Apply]] = {}
"""The function that applies an approved request, for each kind of change. features.py registers them."""
DISMISS: Final[dict[str, Apply]] = {}
"""The function that is called when a request is rejected or withdrawn, for kinds that need one. features.py registers them."""


class AnotherMustDecide(Forbidden):
    """Another person must decide on this request for approval.

    You cannot decide if you made the request, if only the requester named your account, or if the request changes your own
    rights. Ask another administrator to decide, or, for the correction of a time, another person of your authority. If you made the
    request, you may withdraw it.
    """


def ask(work: UnitOfWork, kind: str, authority_id: UUID, target: tuple[UUID, int], change: Mapping[str, Any]) -> Approval:
    """Request a change of the target (its id and version), which takes effect when another administrator approves it.

    The request expires after seven days. The database refuses it (403) unless the caller administers the authority, or, for the
    correction of a time, is a person who acts in the object, or, for a legal instrument, a person of the central authority that
    entered it.
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
    """Return the pending requests about these objects."""
    query = work.all(Approval).where(Approval.object_id.in_(object_ids), Approval.in_state("requested", work.now))
    return work.session.scalars(query.order_by(Approval.id)).all()


def listed(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Approval]:
    """Select requests by state and by their object."""
    query = matching(work.all(Approval), wanted, object_id=Approval.object_id)
    return query.where(Approval.in_state(wanted["state"], work.now)) if "state" in wanted else query


def _standing(work: UnitOfWork, row: Approval) -> Standing:
    """Return the caller's standing: the requester may withdraw; the database tells who may decide."""
    sides = [Side.ASKING] if row.requested_by == work.actor.id else []
    if _may_decide(work, row.id):
        sides.append(Side.DECIDING)
    return Standing.on(*sides)


_MAY_DECIDE: Final = Statement("select a.id, priv.may_decide(a.id) from unnest(cast(:ids as uuid[])) a (id)")


@together
def _may_decide(work: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, bool]:
    return dict(_MAY_DECIDE.rows(work.session, ids=list(ids)))


def _read_again(work: UnitOfWork, row: Approval, version: int) -> Approval:
    """Read a request at the caller's version. `priv.decide_approval` locks it and compares the version again."""
    return work.one(Approval, row.id, version=version)


def _decide(step: Step[Approval]) -> None:
    """Let the database decide and apply an approved change. If applying it fails, the problem is raised and nothing is decided."""
    work, row = step.work, step.thing
    verdict = work.session.scalar(
        text("select priv.decide_approval(:id, :version, :event, :reason, :request)"),
        {
            "id": row.id,
            "version": row.version,
            "event": step.event,
            "reason": step.data.get("reason"),
            "request": work.request_id,
        },
    )
    work.session.refresh(row)
    if verdict == "stale":
        raise Stale(version=row.etag)
    if verdict == "closed":
        raise IllegalMove(state=row.state_at(work.now), allowed=[])
    target = step.transition.target
    work.note(f"approval.{target}", row, kind=row.kind, object=str(row.object_id))
    if target == "approved":
        APPLY[row.kind](work, row)
        work.session.refresh(row)
    elif row.kind in DISMISS:
        DISMISS[row.kind](work, row)


APPROVAL: Final = Workflow[Approval](
    name="approval",
    lifecycles=(APPROVAL_LIFECYCLE,),
    find=lambda work, approval_id: work.one(Approval, approval_id),
    lock=_read_again,
    state=lambda work, row: row.state_at(work.now),
    standing=_standing,
    finish=_decide,
    wrong_side=AnotherMustDecide,
)


def show(work: UnitOfWork, rows: Sequence[Approval]) -> list[dict[str, Any]]:
    """Return requests in their present state. Of a new secret, only its existence is shown."""
    return [{**row.shown(), "state": row.state_at(work.now), "change": _shown(row.change)} for row in rows]


def _shown(change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in change.items() if key != "secret_digest"} | (
        {"client_secret": "a new one"} if "secret_digest" in change else {}
    )
