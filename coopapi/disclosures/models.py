"""Tables of requests for disclosure and of what was disclosed (Prüm II Art. 47, Eurojust Regulation Art. 49)."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, ForeignKeyConstraint, UniqueConstraint, and_, or_, select, true
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Level
from coopapi.shared.grants import granted
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition
from coopapi.store.rows import Row, Versioned, own_id

_asker = partial(Transition, by=Action.DISCLOSURE_ASK, level=Level.CONTRIBUTE, side=Side.ASKING, human=True)
_owner = partial(Transition, by=Action.DISCLOSURE_DECIDE, level=Level.CONTRIBUTE, side=Side.OWNER, human=True)

DISCLOSURE_LIFECYCLE: Final = Lifecycle(
    "requested",
    _owner("disclose", "requested", "disclosed_full", awaited=Awaited.NOW),
    _owner("disclose_in_part", "requested", "disclosed_partial", reason=True),
    _owner("refuse", "requested", "refused", reason=True),
    _owner("await_authorisation", "requested", "awaiting_judicial_authorisation"),
    _asker("withdraw", "requested", "withdrawn", reason=True),
    _owner("disclose", "awaiting_judicial_authorisation", "disclosed_full", awaited=Awaited.NOW),
    _owner("disclose_in_part", "awaiting_judicial_authorisation", "disclosed_partial", reason=True),
    _owner("refuse", "awaiting_judicial_authorisation", "refused", reason=True),
    _asker("withdraw", "awaiting_judicial_authorisation", "withdrawn", reason=True),
    _owner("recall", "disclosed_full", "recalled", reason=True),
    _owner("recall", "disclosed_partial", "recalled", reason=True),
)
OPEN: Final = frozenset({"requested", "awaiting_judicial_authorisation"})
GIVEN: Final = frozenset({"disclosed_full", "disclosed_partial"})


class Disclosure(Versioned):
    """What one side asked of the other, why, when the answer is due, and the outcome."""

    __kind__ = "disclosure"
    __tablename__ = "disclosures"
    __table_args__ = (
        ForeignKeyConstraint(["asking_case", "asking_authority"], ["cases.id", "cases.authority_id"]),
        ForeignKeyConstraint(["owner_case", "owner_authority"], ["cases.id", "cases.authority_id"]),
    )

    overlap_id: Mapped[UUID] = mapped_column(ForeignKey("case_overlaps.id"))
    asking_case: Mapped[UUID] = mapped_column()
    asking_authority: Mapped[UUID] = mapped_column()
    owner_case: Mapped[UUID] = mapped_column()
    owner_authority: Mapped[UUID] = mapped_column()
    state: Mapped[str] = mapped_column(default=DISCLOSURE_LIFECYCLE.start)
    purpose: Mapped[str] = mapped_column()
    offence: Mapped[str] = mapped_column()
    facts: Mapped[str | None] = mapped_column()
    items_asked: Mapped[list[str]] = mapped_column()
    urgency: Mapped[str] = mapped_column()
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    asked_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    decided_at: Mapped[datetime | None] = mapped_column()
    reason: Mapped[str | None] = mapped_column()
    ground: Mapped[str | None] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    victims_only: Mapped[bool] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the disclosures of cases that the actor may read, on either side; those about victims only with clearance."""
        near = or_(granted(cls.asking_case, Level.READ, actor, now), granted(cls.owner_case, Level.READ, actor, now))
        return and_(near, true() if actor.cleared else cls.victims_only.is_(False))


class DisclosedItem(Row):
    """One identifier that was disclosed, with its handling code and conditions."""

    __tablename__ = "disclosed_items"
    __table_args__ = (UniqueConstraint("disclosure_id", "identifier_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=own_id)
    disclosure_id: Mapped[UUID] = mapped_column(ForeignKey("disclosures.id"))
    identifier_id: Mapped[UUID] = mapped_column(ForeignKey("identifiers.id"))
    victim: Mapped[bool] = mapped_column()
    handling_code: Mapped[str] = mapped_column()
    conditions: Mapped[str] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the items of the disclosures that the actor sees; those about victims only with clearance."""
        disclosure = select(Disclosure.id).where(Disclosure.id == cls.disclosure_id, Disclosure.visible_to(actor, now))
        return and_(disclosure.exists(), true() if actor.cleared else cls.victim.is_(False))
