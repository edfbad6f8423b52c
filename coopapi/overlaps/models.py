"""The tables of overlaps (written only by functions of the database), of each side's decisions, and of exclusions."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    REAL,
    BigInteger,
    ColumnElement,
    ForeignKey,
    Sequence,
    SmallInteger,
    UniqueConstraint,
    and_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from coopapi.access import Action, Actor, Level
from coopapi.shared.grants import granted
from coopapi.shared.lifecycle import Awaited, Lifecycle, Transition
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Row, Versioned

_step = partial(Transition, by=Action.OVERLAP_JUDGE, level=Level.CONTRIBUTE, human=True)
RARITIES: Final = ("rare", "few", "some", "many")
SIDE_LIFECYCLE: Final = Lifecycle(
    "detected",
    _step("take", "detected", "under_verification", awaited=Awaited.NOW),
    _step("confirm", "under_verification", "confirmed", awaited=Awaited.NOW),
    _step("reject", "under_verification", "rejected", reason=True),
    _step("doubt", "under_verification", "unsure", reason=True),
    _step("release", "under_verification", "detected"),
    _step("take", "unsure", "under_verification"),
    _step("take", "confirmed", "under_verification", reason=True),
    _step("take", "rejected", "under_verification", reason=True),
)

TURNS: Final = Sequence("overlap_turns")
"""Numbers the steps of all sides in one sequence, so that the later of the two rows of a side has the higher number."""

EXCLUSION_LIFECYCLE: Final = Lifecycle(
    "in_force", Transition("withdraw", "in_force", "withdrawn", by=Action.EXCLUSION_MANAGE, reason=True)
)


class Overlap(Row):
    """A pair of cases with the evidence that they share: once for all evidence, once (`open_`) without evidence about victims."""

    __tablename__ = "case_overlaps"
    __table_args__ = (UniqueConstraint("case_a", "case_b"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_a: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    case_b: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    authority_a: Mapped[UUID] = mapped_column()
    authority_b: Mapped[UUID] = mapped_column()
    hidden_a: Mapped[bool] = mapped_column()
    hidden_b: Mapped[bool] = mapped_column()
    state: Mapped[str] = mapped_column()
    strength: Mapped[int] = mapped_column(SmallInteger)
    shared_a: Mapped[int] = mapped_column()
    shared_b: Mapped[int] = mapped_column()
    kinds: Mapped[list[str]] = mapped_column()
    open_strength: Mapped[int] = mapped_column(SmallInteger)
    open_shared_a: Mapped[int] = mapped_column()
    open_shared_b: Mapped[int] = mapped_column()
    open_kinds: Mapped[list[str]] = mapped_column()
    rarity: Mapped[int] = mapped_column(SmallInteger)
    open_rarity: Mapped[int] = mapped_column(SmallInteger)
    roles: Mapped[list[str]] = mapped_column()
    open_roles: Mapped[list[str]] = mapped_column()
    score: Mapped[float] = mapped_column(REAL)
    open_score: Mapped[float] = mapped_column(REAL)
    first_at: Mapped[datetime | None] = mapped_column()
    last_at: Mapped[datetime | None] = mapped_column()
    open_first_at: Mapped[datetime | None] = mapped_column()
    open_last_at: Mapped[datetime | None] = mapped_column()
    rank: Mapped[int] = mapped_column(BigInteger)
    open_rank: Mapped[int] = mapped_column(BigInteger)
    detected_a: Mapped[datetime | None] = mapped_column()
    detected_b: Mapped[datetime | None] = mapped_column()
    open_detected_a: Mapped[datetime | None] = mapped_column()
    open_detected_b: Mapped[datetime | None] = mapped_column()
    shown_a: Mapped[datetime | None] = mapped_column()
    shown_b: Mapped[datetime | None] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
    open_changed_at: Mapped[datetime | None] = mapped_column()
    waits_until: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for overlaps that the actor sees: it has access to a case for which the overlap was detected.

        Only the owner of a hidden case sees its overlaps. A caller without clearance does not see an overlap whose evidence was
        always about victims only.
        """
        return and_(
            or_(cls.hidden_a.is_(False), cls.authority_a == actor.authority_id),
            or_(cls.hidden_b.is_(False), cls.authority_b == actor.authority_id),
            or_(
                and_(cls.seen(actor, "detected_a").is_not(None), granted(cls.case_a, Level.INDEX, actor, now)),
                and_(cls.seen(actor, "detected_b").is_not(None), granted(cls.case_b, Level.INDEX, actor, now)),
            ),
        )

    @classmethod
    def seen(cls, actor: Actor, name: str) -> InstrumentedAttribute[Any]:
        """Return a column as the actor sees it: with the evidence about victims if it is cleared, otherwise without (`open_`)."""
        column: InstrumentedAttribute[Any] = getattr(cls, name if actor.cleared else f"open_{name}")
        return column

    def stands(self, actor: Actor) -> bool:
        """Tell whether there is any evidence left that the actor may see."""
        return (self.strength if actor.cleared else self.open_strength) > 0

    @property
    def only_victims(self) -> bool:
        """Tell whether all present evidence is about victims, so that only cleared people may see what is done with the overlap."""
        return self.open_strength == 0


def visible(work: UnitOfWork, ids: Iterable[UUID | None]) -> set[UUID]:
    """Return those of the given overlaps that the caller sees. Other objects show the id of an overlap only if it is among them."""
    wanted = set(ids) - {None}
    query = select(Overlap.id).where(Overlap.id.in_(wanted), Overlap.visible_to(work.actor, work.now))
    return set(work.session.scalars(query)) if wanted else set()


class OverlapSide(Versioned):
    """The decision of one side about an overlap. The other side does not see it.

    Decisions of cleared people while all the evidence is about victims are stored in a separate row (`victims`). For cleared
    callers the row with the highest `turn` applies; other callers see only the row without `victims`.
    """

    __kind__ = "overlapside"
    __tablename__ = "overlap_sides"
    __table_args__ = (UniqueConstraint("overlap_id", "case_id", "victims"),)

    overlap_id: Mapped[UUID] = mapped_column(ForeignKey("case_overlaps.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    victims: Mapped[bool] = mapped_column(default=False)
    turn: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column()
    verifier_id: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    reason: Mapped[str | None] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    decided_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for decisions that the actor sees: with the case and the overlap, and on victims only if cleared."""
        overlap = select(Overlap.id).where(Overlap.id == cls.overlap_id, Overlap.visible_to(actor, now))
        cleared = true() if actor.cleared else cls.victims.is_(False)
        return and_(granted(cls.case_id, Level.INDEX, actor, now), cleared, overlap.exists())


class Exclusion(Versioned):
    """A value, a kind, or an authority that does not count as evidence for overlaps of the cases of the authority that made it."""

    __kind__ = "exclusion"
    __tablename__ = "exclusions"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    everywhere: Mapped[bool] = mapped_column()
    tokens: Mapped[list[bytes] | None] = mapped_column(ARRAY(BYTEA))
    identifier_id: Mapped[UUID | None] = mapped_column(ForeignKey("identifiers.id"))
    listed: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    normaliser: Mapped[int | None] = mapped_column(SmallInteger)
    kind: Mapped[str | None] = mapped_column()
    other_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    reason: Mapped[str] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()
    withdrawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    lapsed_at: Mapped[datetime | None] = mapped_column()

    @property
    def state(self) -> str:
        """Return `in_force`, `withdrawn` or `lapsed`."""
        return "withdrawn" if self.withdrawn_at else "lapsed" if self.lapsed_at else "in_force"

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for exclusions that the actor sees: those of its own authority and those of the operator."""
        del now
        return or_(cls.authority_id == actor.authority_id, cls.everywhere)
