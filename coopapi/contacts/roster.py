"""The roster of a point of contact: who is on duty when, and whether an office can be reached now."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select

from coopapi.contacts.models import ContactPoint, DutyShift
from coopapi.directory.entries import require_keeper
from coopapi.directory.models import Principal
from coopapi.errors import fault
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

STALE: Final = timedelta(days=180)
REACHABLE: Final = ("yes", "unverified", "no")
"""Whether an office can be reached, in the order in which offices are tried."""
_LONGEST: Final = timedelta(days=31)
_MANNED: Final = Statement("select * from priv.manned(cast(:points as uuid[]))")


def add_shift(work: UnitOfWork, point_id: UUID, data: Mapping[str, Any]) -> DutyShift:
    """Enter for which time a person of the caller's authority is on duty for its point of contact. Raises `Unprocessable`."""
    point = work.one(ContactPoint, point_id)
    require_keeper(work, point.authority_id)
    person = work.session.scalar(work.all(Principal).where(Principal.id == data["person_id"], Principal.active))
    if person is None or person.authority_id != point.authority_id or point.authority_id != work.actor.authority_id:
        raise fault("/person_id", "own_person", "This must be an active person of your authority, whose point of contact it is.")
    _check_times(data["since"], data["until"])
    about = {"authority_id": point.authority_id, "principal_id": person.id, "since": data["since"], "until": data["until"]}
    row = work.add(DutyShift(contact_point_id=point.id, created_by=work.actor.id, created_at=work.now, **about))
    work.note("contact_point.shift_entered", point, shift=str(row.id))
    return row


def change_shift(work: UnitOfWork, point_id: UUID, shift_id: UUID, version: int, data: Mapping[str, Any]) -> DutyShift:
    """Change the times of a shift. To cancel it, let it end when it begins."""
    point, row = work.one(ContactPoint, point_id), work.one(DutyShift, shift_id, version=version)
    require_keeper(work, point.authority_id)
    if row.contact_point_id != point.id:
        raise fault("/since", "point", "The shift belongs to another point of contact.")
    row.set(data)
    _check_times(row.since, row.until)
    work.note("contact_point.shift_changed", point, shift=str(row.id), fields=sorted(data))
    return row


def _check_times(since: datetime, until: datetime) -> None:
    if not timedelta() <= until - since <= _LONGEST:
        raise fault("/until", "order_of_time", "The end must not be before the start, nor more than 31 days after it.")


def shifts(work: UnitOfWork, point_id: UUID) -> Select[DutyShift]:
    """Select the shifts of a point of contact of the caller's authority."""
    return work.all(DutyShift).where(DutyShift.contact_point_id == work.one(ContactPoint, point_id).id)


def show_shifts(work: UnitOfWork, rows: Sequence[DutyShift]) -> list[dict[str, Any]]:
    """Return shifts as they are shown."""
    del work
    return [{**row.shown(), "person_id": row.principal_id} for row in rows]


def is_open(point: ContactPoint, now: datetime) -> bool:
    """Tell whether the office is open now, in its own time zone."""
    local = now.astimezone(ZoneInfo(point.time_zone))
    clock = local.strftime("%H:%M")
    return point.always or any(h["weekday"] == local.weekday() and h["opens"] <= clock < h["closes"] for h in point.hours)


def is_stale(point: ContactPoint, now: datetime) -> bool:
    """Tell whether the entry was not verified for 180 days."""
    return point.last_verified_at is None or now - point.last_verified_at > STALE


def reachable(work: UnitOfWork, points: Sequence[ContactPoint]) -> dict[UUID, str]:
    """Return of each office whether it can be reached now: `yes`, `no`, or `unverified`.

    It cannot be reached outside its hours. It is unverified if its entry is stale, or if it keeps a roster on which nobody is on
    duty now.
    """
    kept = _MANNED.rows(work.session, points=[point.id for point in points])
    manned: dict[UUID, bool] = {row.contact_point_id: row.now for row in kept}
    doubtful = {point.id for point in points if is_stale(point, work.now) or not manned.get(point.id, True)}
    return {point.id: "no" if not is_open(point, work.now) else "unverified" if point.id in doubtful else "yes" for point in points}
