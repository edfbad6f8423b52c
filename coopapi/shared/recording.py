"""Steps that a caller records for a side that has no users in this register: when, how it was communicated, and the proof."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from coopapi.errors import fault
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.store.together import together


def moment_of(work: UnitOfWork, recorded: Mapping[str, Any] | None, *, own: bool, since: datetime | None = None) -> datetime:
    """Return when a step was taken: now for the caller's own step, otherwise the time in `recorded`.

    Raises `Unprocessable` at `/recorded` if it is missing for a step of another side or present for the caller's own step, and at
    `/recorded/at` if the time is in the future or before `since`.
    """
    if own:
        if recorded:
            raise fault("/recorded", "own_side", "This is a step of your own side. Take it without `recorded`.")
        return work.now
    if recorded is None:
        raise fault(
            "/recorded", "recorded", "This side has no users in this register. Give the time, channel and proof of its step."
        )
    at: datetime = recorded["at"]
    if not (since or at) <= at <= work.now:
        raise fault(
            "/recorded/at",
            "order_of_time",
            f"The time must not be before {since.isoformat()} or in the future."
            if since
            else "The time must not be in the future.",
        )
    return at


def may_record_for(work: UnitOfWork, object_id: UUID, authority_id: UUID) -> bool:
    """Tell whether the caller records the steps of an authority of a shared object because that authority has no users here."""
    return _may_record(work, (object_id, authority_id))


_MAY_RECORD: Final = Statement(
    "select a.object, a.authority, priv.may_record_for(a.object, a.authority)"
    " from unnest(cast(:objects as uuid[]), cast(:authorities as uuid[])) a (object, authority)"
)


@together
def _may_record(work: UnitOfWork, pairs: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], bool]:
    objects, authorities = zip(*pairs, strict=True)
    rows = _MAY_RECORD.rows(work.session, objects=list(objects), authorities=list(authorities))
    return {(object_id, authority_id): may for object_id, authority_id, may in rows}


def recorded_of(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the record of a step from its unsealed content, or None if the step was not recorded for another side."""
    found = content.get("recorded")
    return {**found, "at": datetime.fromisoformat(found["at"])} if found else None
