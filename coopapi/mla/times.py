"""Correct the time of a sending or a receipt, contest one that the other side stated, and show them all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from coopapi.approvals import service as approvals
from coopapi.approvals.models import Approval
from coopapi.deadlines import recomputation
from coopapi.deadlines.models import TIME_LIFECYCLE, StatedTime
from coopapi.directory.rights import ChangedSince
from coopapi.errors import Conflict, Forbidden, fault
from coopapi.mla import authorization, preservation, stages
from coopapi.mla.models import Request
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store import vault
from coopapi.store.db import UnitOfWork

KIND: Final = "time"
_HELD: Final = ("stated", "contested")


class NotYourTime(Forbidden):
    """Each side states its own times and may contest those of the other side.

    Correct a time of your own side, or contest this one.
    """


class CorrectionWaits(Conflict):
    """A correction of this time already waits for the approval of a second person.

    Let another person of your authority decide on it, or withdraw it. `existing` names the request for approval.
    """


@dataclass(slots=True)
class TimeOfRequest:
    """A stated time together with the request that it belongs to."""

    request: Request
    row: StatedTime


def of_request(work: UnitOfWork, request_id: UUID) -> Sequence[StatedTime]:
    """Return the times of a request that the caller sees, in the order in which they were stated."""
    query = work.all(StatedTime).where(StatedTime.object_id == work.one(Request, request_id).id)
    return work.session.scalars(query.order_by(StatedTime.stated_at, StatedTime.id)).all()


def _find(work: UnitOfWork, time_id: UUID) -> TimeOfRequest:
    row = work.one(StatedTime, time_id)
    return TimeOfRequest(work.one(Request, row.object_id), row)


def _lock(work: UnitOfWork, thing: TimeOfRequest, version: int) -> TimeOfRequest:
    request = work.one(Request, thing.request.id, lock=True)
    return TimeOfRequest(request, work.one(StatedTime, thing.row.id, version=version, lock=True))


def _standing(work: UnitOfWork, thing: TimeOfRequest) -> Standing:
    """Return the caller's standing: its own side corrects, the others contest. For a side without users here, another records."""
    stands = authorization.standing(work, thing.request)
    side = Side(thing.row.side)
    if side in stands.own:
        return Standing.on(Side.OWNER)
    if side in stands.recorded:
        return Standing.on(recorded=[Side.OWNER])
    return Standing.on(*([Side.RECEIVER] if stands.own else []))


def _require_on_duty(step: Step[TimeOfRequest]) -> None:
    authorization.require_on_duty(step.work, step.thing.request.kind, step.thing.request.urgency)
    step.work.require_person()


def _require_none_waiting(step: Step[TimeOfRequest]) -> None:
    for waiting in approvals.waiting_for(step.work, [step.thing.request.id]):
        if waiting.change["replaces"] == str(step.thing.row.id):
            raise CorrectionWaits(existing=f"/api/v1/approvals/{waiting.id}")


def _correct(step: Step[TimeOfRequest]) -> None:
    """State another time. If a deadline that was missed would no longer be, a second person has to approve it first."""
    work, request, old = step.work, step.thing.request, step.thing.row
    new = _corrected(step)
    _check_order(work, request, old, new.at)
    if any(change.relieves for change in recomputation.changes(work, old.id, new.at)):
        new.state = "proposed"
        work.add(new)
        change = {"time": new.id, "replaces": old.id, "at": new.at.astimezone(UTC), "was": old.at.astimezone(UTC)}
        told = {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in change.items()}
        approvals.ask(work, KIND, work.actor.authority_id, (request.id, old.version), told)
    else:
        work.add(new)
        _put(work, request, old, new)


def _corrected(step: Step[TimeOfRequest]) -> StatedTime:
    """Return the new time, not yet in the database. Raises `Unprocessable` if the time or its proof is missing."""
    work, old, data = step.work, step.thing.row, step.data
    for name in ("at", "proof"):
        if data.get(name) is None:
            raise fault(f"/{name}", "required", "Give the corrected time and its proof.")
    same = ("object_id", "object_type", "item_id", "what", "side", "authority_id")
    row_id = work.new_id()
    return StatedTime(
        id=row_id,
        **{name: getattr(old, name) for name in same},
        at=data["at"],
        channel=data.get("channel", old.channel),
        sealed=vault.seal(vault.kind_key(work, "times"), {"proof": data["proof"], "reason": data["reason"]}, row_id),
        state="stated",
        replaces=old.id,
        recorded_by=work.actor.authority_id,
        stated_by=work.actor.id,
        stated_at=work.now,
    )


def _check_order(work: UnitOfWork, request: Request, old: StatedTime, at: datetime) -> None:
    """Raise `Unprocessable` unless sending <= receipt <= decision, and all of them <= now."""
    rows = [row for row in of_request(work, request.id) if row.state in _HELD and row.id != old.id]
    if old.what == "sent":
        earliest, latest = None, min([work.now, *(row.at for row in rows)])
    else:
        earliest = max((row.at for row in rows if row.what == "sent"), default=None)
        decided = request.decided_at if old.what == "received" and old.authority_id == request.executing_id else None
        latest = decided or work.now
    if at > latest:
        raise fault("/at", "order_of_time", f"The time must not be later than {latest.isoformat()}.")
    if earliest and at < earliest:
        raise fault("/at", "order_of_time", f"The time must not be before the request was sent ({earliest.isoformat()}).")


def _put(work: UnitOfWork, request: Request, old: StatedTime, new: StatedTime) -> None:
    """Replace a time, compute its deadlines again, and tell every party."""
    old.state, new.state = "replaced", "stated"
    if new.what == "sent":
        request.transmitted_at = new.at
    elif new.what == "received" and new.authority_id == request.executing_id:
        request.received_at = new.at
    work.session.flush()
    recomputation.correct(work, old.id, new.id, new.at)
    preservation.move(work, request)
    stages.move(work, old.id, new.id, new.at)
    detail = {"what": new.what, "side": new.side, "was": old.at.isoformat(), "at": new.at.isoformat()}
    parties.tell(work, request, "time_corrected", time=str(new.id), replaces=str(old.id), **detail)


def apply(work: UnitOfWork, approval: Approval) -> None:
    """Apply a correction that a second person approved. Raises `ChangedSince` if the time was corrected in the meantime."""
    work.session.execute(text("select priv.take_correction(:id)"), {"id": approval.id})
    request = work.one(Request, approval.object_id, lock=True)
    new, old = (work.one(StatedTime, UUID(approval.change[name]), lock=True) for name in ("time", "replaces"))
    if old.version != approval.object_version or old.state not in _HELD:
        raise ChangedSince
    _check_order(work, request, old, new.at)
    _put(work, request, old, new)


def dismiss(work: UnitOfWork, approval: Approval) -> None:
    """Mark a correction that was rejected or withdrawn."""
    work.one(StatedTime, UUID(approval.change["time"]), lock=True).state = "rejected"


def _contest(step: Step[TimeOfRequest]) -> None:
    """Record that the other side contests a time, and why. The time and the one before stay visible to both sides."""
    work, row = step.work, step.thing.row
    row.objection = vault.seal(vault.kind_key(work, "times"), {"reason": step.data["reason"]}, row.id, "objection")
    row.contested_by, row.contested_at = work.actor.authority_id, work.now


def _accept(step: Step[TimeOfRequest]) -> None:
    step.thing.row.objection = step.thing.row.contested_by = step.thing.row.contested_at = None


def _finish(step: Step[TimeOfRequest]) -> None:
    row = step.thing.row
    if step.event != "correct":
        row.state = step.transition.target
        parties.tell(step.work, step.thing.request, f"time_{row.state}", time=str(row.id), what=row.what, side=row.side)


TIME: Final = Workflow[TimeOfRequest](
    name="time",
    lifecycles=(TIME_LIFECYCLE,),
    find=_find,
    lock=_lock,
    row=lambda thing: thing.row,
    state=lambda _, thing: thing.row.state,
    standing=_standing,
    always=(_require_on_duty,),
    guards={"correct": (_require_none_waiting,)},
    effects={"correct": _correct, "contest": _contest, "accept": _accept},
    finish=_finish,
    wrong_side=NotYourTime,
)


def show(work: UnitOfWork, rows: Sequence[StatedTime]) -> list[dict[str, Any]]:
    """Return times with their proofs and reasons, what replaced them, and the request for approval that a correction waits for."""
    key, ids = vault.kind_key(work, "times"), {row.id for row in rows}
    later = work.all(StatedTime).where(StatedTime.replaces.in_(ids), StatedTime.state.not_in(("proposed", "rejected")))
    newer = {row.replaces: row.id for row in work.session.scalars(later)}
    asked = approvals.waiting_for(work, list({row.object_id for row in rows}))
    waiting = {one.change["time"]: one.id for one in asked}
    return [_show(key, row, newer.get(row.id), waiting) for row in rows]


def _show(key: vault.SealKey, row: StatedTime, newer: UUID | None, waiting: Mapping[str, UUID]) -> dict[str, Any]:
    words = vault.unseal(key, row.sealed, row.id)
    return {
        **row.shown(),
        "proof": words.get("proof"),
        "reason": words.get("reason"),
        "objection": vault.unseal(key, row.objection, row.id, "objection").get("reason"),
        "replaced_by": newer,
        "approval_id": waiting.get(str(row.id)),
    }
