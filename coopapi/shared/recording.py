"""Steps that a caller records for a side that has nobody in this register: when it was done, how it was told, and the proof."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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
