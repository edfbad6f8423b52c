"""Decide for which authority a caller may act on an item: for its own, or for one that does not use this register."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.errors import Forbidden, NotFound
from coopapi.shared import parties
from coopapi.shared.recording import may_record_for, moment_of
from coopapi.store.db import UnitOfWork


class OtherSide(Forbidden):
    """The step is reserved for the other side of the exchange of evidence.

    `transitions` lists the steps that your side may take now.
    """


def acts(work: UnitOfWork, object_id: UUID) -> bool:
    """Tell whether the caller's authority may act in a shared object, rather than only read it."""
    return bool(parties.acting_parts(work, object_id))


def require_part(work: UnitOfWork, object_id: UUID) -> None:
    """Raise `NotFound` if the caller's authority does not take part in the shared object."""
    if not parties.parts(work, object_id):
        raise NotFound


def require_acting(work: UnitOfWork, object_id: UUID) -> None:
    """Raise `Forbidden` unless the caller may act in the shared object, and `NotFound` if it does not take part in it."""
    require_part(work, object_id)
    if not acts(work, object_id):
        raise Forbidden("You may read this, but your authority may not act in it.")


def require_acting_for(
    work: UnitOfWork,
    object_id: UUID,
    authority_id: UUID,
    recorded: Mapping[str, Any] | None,
    by: Action = Action.EVIDENCE_WRITE,
) -> None:
    """Raise `OtherSide` unless the authority is the caller's own, or one outside this register whose act is recorded.

    Raises `Forbidden` if the caller's role does not include `by`, and `Unprocessable` for a fault of `recorded`.
    """
    own = authority_id == work.actor.authority_id
    if not own and not may_record_for(work, object_id, authority_id):
        raise OtherSide("You may not record a step for this authority: it uses the register itself, or it does not take part.")
    if not own:
        work.require(by)
    moment_of(work, recorded, own=own)
