"""Steps that a caller records for a side that has nobody in this register: when it was done, how it was told, and the proof."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from coopapi.errors import fault
from coopapi.store.db import UnitOfWork


def moment_of(work: UnitOfWork, recorded: Mapping[str, Any] | None, *, own: bool, since: datetime | None = None) -> datetime:
    """Return when a step was taken: now if it is the caller's own, else the moment that `recorded` names.

    Raises `Unprocessable` at `/recorded` where it is missing for another side's step, or given for the caller's own; and at
    `/recorded/at` for a moment in the future or before `since`.
    """
    if own:
        if recorded:
            raise fault("/recorded", "own_side", "this is your own side's step: take it, there is nobody to record it for")
        return work.now
    if recorded is None:
        raise fault("/recorded", "recorded", "that side has nobody here: say when, how and by what proof it did this")
    at: datetime = recorded["at"]
    if not (since or at) <= at <= work.now:
        raise fault(
            "/recorded/at", "order_of_time", f"not before {since.isoformat()}, nor in the future" if since else "not in the future"
        )
    return at


def stands_in(work: UnitOfWork, object_id: UUID, authority_id: UUID) -> bool:
    """Tell whether the caller records what an authority of a shared thing does, because it has nobody here."""
    asked = {"object": object_id, "authority": authority_id}
    found: bool = work.session.scalar(text("select priv.stands_in(:object, :authority)"), asked)
    return found


def recorded_of(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read how a recorded step is known, as it was sealed."""
    found = content.get("recorded")
    return {**found, "at": datetime.fromisoformat(found["at"])} if found else None
