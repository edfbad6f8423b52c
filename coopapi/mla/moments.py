"""Record when something was sent or received, with channel and proof, as the side concerned states it."""

from typing import Final
from uuid import UUID

from coopapi.deadlines.models import StatedTime
from coopapi.mla.authorization import Taken
from coopapi.mla.models import Request
from coopapi.store import vault
from coopapi.store.db import UnitOfWork

WHAT: Final = {"transmit": "sent", "receive": "received", "transfer": "transferred"}
"""What each step of sending or receipt states the time of."""


def state(work: UnitOfWork, request: Request, event: str, taken: Taken, item_id: UUID | None = None) -> UUID | None:
    """Record the time of a step of sending or receipt and return its id, or None for any other step."""
    if event not in WHAT:
        return None
    row_id, how = work.new_id(), taken.recorded or taken.stated
    row = StatedTime(
        id=row_id,
        object_id=request.id,
        object_type="request",
        item_id=item_id,
        what=WHAT[event],
        side=taken.side,
        authority_id=taken.authority_id,
        at=taken.at,
        channel=how.get("channel"),
        sealed=vault.seal(vault.kind_key(work, "times"), {"proof": how.get("proof")}, row_id),
        state="stated",
        recorded_by=work.actor.authority_id,
        stated_by=work.actor.id,
        stated_at=work.now,
    )
    return work.add(row).id
