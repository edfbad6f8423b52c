"""On which side of an item a caller stands, and for whom it may act: for itself, and for one that has nobody here."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.errors import Forbidden, NotFound, fault
from coopapi.evidence.models import Evidence, EvidenceUse
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side, Transition
from coopapi.shared.parties import Party
from coopapi.store.db import UnitOfWork


class OtherSide(Forbidden):
    """That step is for the other side of the item.

    See `transitions` for the steps that your side may take now.
    """


def mine(work: UnitOfWork, object_id: UUID) -> Sequence[Party]:
    """The parts of the caller's own authority in a shared thing."""
    return [part for part in parties.parts(work, object_id) if part.authority_id == work.actor.authority_id]


def case_of(work: UnitOfWork, object_id: UUID) -> UUID | None:
    """The case through which the caller's authority takes part, if there is one."""
    return next((part.case_id for part in mine(work, object_id) if part.case_id), None)


def acts(work: UnitOfWork, object_id: UUID) -> bool:
    """Tell whether the caller acts in a shared thing and does not merely read it."""
    acting = [part for part in mine(work, object_id) if part.acting]
    return any(part.case_id is None or cases.reaches(work, part.case_id, Level.CONTRIBUTE) for part in acting)


def require_acting(work: UnitOfWork, object_id: UUID) -> None:
    """Stop here unless the caller acts in the shared thing; for whoever has no part in it, it is not there."""
    if not parties.parts(work, object_id):
        raise NotFound
    if not acts(work, object_id):
        raise Forbidden("you may read what is shared here, but not act in it")


def check_about(work: UnitOfWork, object_id: UUID, object_type: str, item_id: UUID | None) -> None:
    """Stop unless an item is given through a request or a team, as it says, and about a measure of that request, if about one."""
    query = """select exists (select from jits where id = :object) as jit,
            exists (select from mla_requests where id = :object) as request,
            exists (select from mla_measures where id = :item and request_id = :object) as measure"""
    found = work.session.execute(text(query), {"object": object_id, "item": item_id}).one()
    if not getattr(found, object_type):
        raise fault("/object_type", "kind", f"that is no {object_type}")
    if item_id is not None and not found.measure:
        raise fault("/item_id", "measure", "that is no measure of the request")


def stands_in(work: UnitOfWork, object_id: UUID, authority_id: UUID) -> bool:
    """Tell whether the caller records what an authority of the shared thing does, because it has nobody here."""
    found: bool = work.session.scalar(
        text("select priv.stands_in(:object, :authority)"), {"object": object_id, "authority": authority_id}
    )
    return found


def speak_for(
    work: UnitOfWork,
    object_id: UUID,
    authority_id: UUID,
    recorded: Mapping[str, Any] | None,
    by: Action = Action.EVIDENCE_WRITE,
) -> None:
    """Stop unless the caller acts for the authority: as its own, or with `recorded` for one that has nobody here."""
    if authority_id == work.actor.authority_id:
        if recorded:
            raise fault("/recorded", "own_side", "this is your own side's step: take it, there is nobody to record it for")
        return
    if not stands_in(work, object_id, authority_id):
        raise OtherSide("that authority acts for itself, or takes no part")
    work.require(by)
    if recorded is None:
        raise fault("/recorded", "recorded", "it has nobody here: say when, how and by what proof it did this")
    if recorded["at"] > work.now:
        raise fault("/recorded/at", "order_of_time", "not in the future")


def own_side(work: UnitOfWork, item: Evidence | EvidenceUse) -> Side:
    """Where the caller stands about an item: it gave it, it verifies it, or it receives it."""
    if isinstance(item, Evidence) and item.state == "to_verify" and item.verifier_id == work.actor.authority_id:
        return Side.VERIFIER
    return Side.PROVIDER if item.provider_id == work.actor.authority_id else Side.RECEIVER


def take(work: UnitOfWork, move: Transition, item: Evidence | EvidenceUse, recorded: Mapping[str, Any] | None) -> None:
    """Stop unless the caller may take the step: on its own side, or recorded for an authority that has nobody here."""
    if move.side == own_side(work, item):
        work.require(move.by, human=move.human)
        speak_for(work, item.object_id, work.actor.authority_id, recorded)
        return
    if move.side == Side.VERIFIER:
        raise OtherSide("the space administrator verifies itself, and nobody for it")
    other = item.provider_id if move.side == Side.PROVIDER else (recorded or {}).get("authority_id")
    if other is None or other == work.actor.authority_id:
        raise OtherSide(f"this is for the {move.side}")
    speak_for(work, item.object_id, other, recorded)


def may_take(work: UnitOfWork, move: Transition, item: Evidence | EvidenceUse) -> bool:
    """Tell whether a step is the caller's to take, or the provider's to record."""
    if not acts(work, item.object_id):
        return False
    if move.side == own_side(work, item):
        return work.actor.may(move.by) and (work.actor.human or not move.human)
    recording = move.side == Side.PROVIDER and work.actor.may(Action.EVIDENCE_WRITE)
    return recording and stands_in(work, item.object_id, item.provider_id)
