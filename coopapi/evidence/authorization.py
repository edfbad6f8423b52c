"""On which side of an item a caller stands, and for whom it may act: for itself, and for one that has nobody here."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.errors import Forbidden, NotFound
from coopapi.shared import parties
from coopapi.shared.recording import moment_of, stands_in
from coopapi.store.db import UnitOfWork


class OtherSide(Forbidden):
    """That step is for the other side of the item.

    See `transitions` for the steps that your side may take now.
    """


def acts(work: UnitOfWork, object_id: UUID) -> bool:
    """Tell whether the caller acts in a shared thing and does not merely read it."""
    return bool(parties.acting_parts(work, object_id))


def require_part(work: UnitOfWork, object_id: UUID) -> None:
    """Raise `NotFound` for a caller that has no part in the shared thing."""
    if not parties.parts(work, object_id):
        raise NotFound


def require_acting(work: UnitOfWork, object_id: UUID) -> None:
    """Stop here unless the caller acts in the shared thing; for whoever has no part in it, it is not there."""
    require_part(work, object_id)
    if not acts(work, object_id):
        raise Forbidden("you may read what is shared here, but not act in it")


def speak_for(
    work: UnitOfWork,
    object_id: UUID,
    authority_id: UUID,
    recorded: Mapping[str, Any] | None,
    by: Action = Action.EVIDENCE_WRITE,
) -> None:
    """Stop unless the caller acts for the authority: as its own, or with `recorded` for one that has nobody here."""
    own = authority_id == work.actor.authority_id
    if not own and not stands_in(work, object_id, authority_id):
        raise OtherSide("that authority acts for itself, or takes no part")
    if not own:
        work.require(by)
    moment_of(work, recorded, own=own)
