"""The recipients of an item: chosen by its provider or all that are entitled; its verification, and the erasure of its text."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from coopapi.directory import codelists
from coopapi.errors import Conflict, Forbidden, fault
from coopapi.evidence import authorization
from coopapi.evidence.channels import TeamView
from coopapi.evidence.models import Evidence, Recipient
from coopapi.store.db import UnitOfWork
from coopapi.store.together import grouped, together

FOUR_WEEKS: Final = timedelta(days=28)
"""How long the text about an item that was exchanged in a team is kept here (Regulation (EU) 2023/969 Art. 21)."""


class NoSpaceAdministrator(Conflict):
    """A space administrator must verify evidence from a third State, and this team has none.

    Amend the platform clause of the agreement so that it names a space administrator.
    """


class WordsAreOver(Conflict):
    """The retention period for the description of the item has ended.

    Submit a new item after the old description has been erased.
    """


class GivenToThemAlready(Conflict):
    """The item was already given to this authority.

    No action is necessary. The item lists its recipients.
    """


def receivers(work: UnitOfWork, object_id: UUID, provider_id: UUID) -> set[UUID]:
    """Return who may be given an item.

    These are all who take part; in a team only its parties, and participants whose terms allow evidence.
    """
    query = text("select priv.receivers(:object, :provider)")
    return set(work.session.scalars(query, {"object": object_id, "provider": provider_id}))


def check_source(team: TeamView | None, source_country: str) -> None:
    """Raise `Unprocessable` for an item from another State of the team, which has to give it itself (Art. 13(10)(b))."""
    if team and source_country != team.provider and source_country in team.others:
        raise fault(
            "/source_country", "its_own_state", "This State is in the team, so its own authority must give what was obtained there."
        )


def verifier(team: TeamView | None, by: str | None) -> UUID | None:
    """Return who must verify an item before others see it, or None.

    An item of a third State in a team is verified by the space administrator (Regulation (EU) 2023/969 Art. 17(3)). It is of a
    third State if one gives it, or enters it for a State without users here. Raises `NoSpaceAdministrator`.
    """
    union = codelists.member_states()
    if team is None or {team.provider, by} <= union or not union & {team.provider, *team.others}:
        return None
    if team.administrator_id is None:
        raise NoSpaceAdministrator
    return team.administrator_id


def assign_verifier(work: UnitOfWork, object_id: UUID) -> int:
    """Assign the items that wait for verification in a team to the present space administrator; return their number."""
    work.session.flush()
    handed: int = work.session.scalar(text("select priv.assign_verifier(:object)"), {"object": object_id})
    return handed


def give(work: UnitOfWork, item: Evidence, wanted: Iterable[UUID] | None) -> None:
    """Give an item to the named authorities, or to all who may have it; raise `Unprocessable` for any other authority."""
    there = receivers(work, item.object_id, item.provider_id)
    chosen = there if wanted is None else list(dict.fromkeys(wanted))
    for n, authority_id in enumerate(chosen):
        if authority_id not in there:
            raise fault(f"/recipients/{n}", "recipient", "This authority does not take part here, or may not receive evidence.")
    work.session.add_all(_recipient(item, authority_id) for authority_id in chosen)
    work.session.flush()


def _recipient(item: Evidence, authority_id: UUID) -> Recipient:
    return Recipient(
        evidence_id=item.id,
        object_id=item.object_id,
        provider_id=item.provider_id,
        authority_id=authority_id,
        state="offered" if item.bound else "accepted",
    )


def add(work: UnitOfWork, evidence_id: UUID, authority_id: UUID) -> Evidence:
    """Give an item to another authority, such as a State that joined later, or again to one that declined it.

    Raises `WordsAreOver`, `GivenToThemAlready`, `Forbidden` and `Unprocessable`.
    """
    authorization.require_acting(work, work.one(Evidence, evidence_id).object_id)
    item = hold(work, evidence_id)
    if item.provider_id != work.actor.authority_id:
        raise Forbidden("Only the authority that gave the item may add recipients.")
    if item.state not in ("to_verify", "given", "declined"):
        raise fault("/authority_id", "given", f"This is not possible in the state {item.state} of the item.")
    if item.over(work.now):
        raise WordsAreOver
    if authority_id not in receivers(work, item.object_id, item.provider_id):
        raise fault("/authority_id", "recipient", "This authority does not take part here, or may not receive evidence.")
    there = one(work, item, authority_id)
    if there is None:
        work.add(_recipient(item, authority_id))
    elif there.state == "declined":
        there.state, there.answer, there.decided_by, there.decided_at = "offered", None, None, None
        item.state = "given" if item.state == "declined" else item.state
    else:
        raise GivenToThemAlready
    settle(work, item)
    return item


def hold(work: UnitOfWork, evidence_id: UUID, version: int | None = None) -> Evidence:
    """Return an item, locked against other writers. The provider, the verifier and the recipients may lock it."""
    work.session.execute(text("select priv.hold_item(:item)"), {"item": evidence_id})
    work.session.expire_all()
    return work.one(Evidence, evidence_id, version=version)


def verify(work: UnitOfWork, item: Evidence) -> None:
    """Release an item to the team."""
    work.session.flush()
    work.session.execute(text("select priv.verify_item(:item)"), {"item": item.id})
    work.session.refresh(item)


def settle(work: UnitOfWork, item: Evidence, *, answered: bool = False) -> None:
    """Update the item after an answer of a recipient: declined by all, or received by all."""
    work.session.flush()
    work.session.execute(text("select priv.settle_item(:item, :answered)"), {"item": item.id, "answered": answered})
    work.session.refresh(item)


def of(work: UnitOfWork, items: Sequence[Evidence]) -> Sequence[Recipient]:
    """Return the recipients of these items."""
    query = work.all(Recipient).where(Recipient.evidence_id.in_([item.id for item in items]))
    return work.session.scalars(query.order_by(Recipient.id)).all()


@together
def _of_items(work: UnitOfWork, item_ids: Sequence[UUID]) -> dict[UUID, list[Recipient]]:
    return grouped(
        item_ids,
        work.session.scalars(work.all(Recipient).where(Recipient.evidence_id.in_(item_ids)).order_by(Recipient.id)),
        lambda row: row.evidence_id,
    )


def of_item(work: UnitOfWork, item: Evidence) -> Sequence[Recipient]:
    """Return the recipients of one item."""
    return _of_items(work, item.id)


def one(work: UnitOfWork, item: Evidence, authority_id: UUID) -> Recipient | None:
    """Return one recipient of an item, or None."""
    return next((row for row in of_item(work, item) if row.authority_id == authority_id), None)


def receive(work: UnitOfWork, item: Evidence, holder: UUID, at: datetime) -> None:
    """Record a receipt. After the last one, the text about an item given to a team is erased (Regulation (EU) 2023/969 Art. 21)."""
    recipient = one(work, item, holder)
    if recipient is not None and recipient.state == "accepted" and recipient.received_at is None:
        recipient.received_at = at
        settle(work, item)


def notified(work: UnitOfWork, item: Evidence) -> set[UUID]:
    """Return who is told of events of an item: its provider, its verifier, and its recipients once it is verified."""
    if item.verifier_id is None:
        return {item.provider_id, *(row.authority_id for row in of_item(work, item))}
    there = of_item(work, item) if item.verified_at else ()
    return {item.provider_id, item.verifier_id, *(row.authority_id for row in there)}
