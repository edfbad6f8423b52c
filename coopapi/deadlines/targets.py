"""The service targets of authorities: within how many hours each wants to answer. They are shown as targets and never as law."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, or_

from coopapi.deadlines.models import ServiceTarget
from coopapi.errors import Conflict, Forbidden
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching

EMERGENCY: Final = 24
"""Hours: the target for a risk to life, and for preservation in an emergency, if the authority has set none itself."""


class TargetSet(Conflict):
    """Your authority already has a target for this kind of request and this urgency.

    Change or end the target that `existing` names.
    """


def listed(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[ServiceTarget]:
    """Select targets, also ended ones, of one authority or of all."""
    return matching(work.all(ServiceTarget), wanted, authority=ServiceTarget.authority_id)


def add(work: UnitOfWork, data: Mapping[str, Any]) -> ServiceTarget:
    """Set a target of the caller's authority. Raises `TargetSet` if it has one for the same requests."""
    kind, urgency = data.get("kind"), data["urgency"]
    for row in _of(work, work.actor.authority_id, urgency):
        if row.kind == kind:
            raise TargetSet(existing=f"/api/v1/service-targets/{row.id}")
    made = {"authority_id": work.actor.authority_id, "set_by": work.actor.id, "set_at": work.now}
    row = work.add(ServiceTarget(kind=kind, urgency=urgency, hours=data["hours"], counts_as_due=data["counts_as_due"], **made))
    work.note("service_target.set", row, kind=kind, urgency=urgency, hours=row.hours, counts_as_due=row.counts_as_due)
    return row


def change(work: UnitOfWork, target_id: UUID, version: int, data: Mapping[str, Any]) -> ServiceTarget:
    """Change or end a target of the caller's authority. Raises `Forbidden` for that of another one."""
    if work.one(ServiceTarget, target_id).authority_id != work.actor.authority_id:
        raise Forbidden("This is the target of another authority.")
    row = work.one(ServiceTarget, target_id, version=version, lock=True)
    row.set({name: data[name] for name in ("hours", "counts_as_due") if name in data})
    row.ended_at = work.now if data.get("ended") else row.ended_at
    work.note("service_target.changed", row, hours=row.hours, counts_as_due=row.counts_as_due, ended=row.ended_at is not None)
    return row


def facts(work: UnitOfWork, authority_id: UUID | None, kind: str, urgency: str, at: datetime) -> dict[str, Any]:
    """Return by when an authority wants to answer what it received at this time, and whether that counts as its time limit.

    The end is None if there is no target.
    """
    rows = _of(work, authority_id, urgency)
    best = min((row for row in rows if row.kind in {kind, None}), key=lambda row: row.kind is None, default=None)
    hours = best.hours if best else EMERGENCY if urgency == "emergency" else None
    due = at + timedelta(hours=hours) if hours else None
    return {"target_due": due, "target_counts": best is not None and best.counts_as_due}


def _of(work: UnitOfWork, authority_id: UUID | None, urgency: str) -> list[ServiceTarget]:
    query = work.all(ServiceTarget).where(
        ServiceTarget.authority_id == authority_id,
        ServiceTarget.urgency == urgency,
        or_(ServiceTarget.ended_at.is_(None), ServiceTarget.ended_at > work.now),
    )
    return list(work.session.scalars(query))
