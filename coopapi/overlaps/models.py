"""An overlap: two cases that share tokens. Written by the database's own function, read here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, SmallInteger, UniqueConstraint, and_, or_, true
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from coopapi.access import Actor, Level
from coopapi.db import Row
from coopapi.grants import granted


class Overlap(Row):
    """A pair of cases with what they share: once with all evidence, once (`open_`) without that about victims (R9)."""

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
    ever_open: Mapped[bool] = mapped_column()
    rank: Mapped[int] = mapped_column(BigInteger)
    open_rank: Mapped[int] = mapped_column(BigInteger)
    detected_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen from a side one has access to; a hidden case only by its owner; victims' evidence only with clearance."""
        mine = or_(granted(cls.case_a, Level.INDEX, actor, now), granted(cls.case_b, Level.INDEX, actor, now))
        return and_(
            true() if actor.cleared else cls.ever_open,
            or_(cls.hidden_a.is_(False), cls.authority_a == actor.authority_id),
            or_(cls.hidden_b.is_(False), cls.authority_b == actor.authority_id),
            mine,
        )

    @classmethod
    def ranked(cls, actor: Actor) -> InstrumentedAttribute[int]:
        """The column that ranks overlaps for the actor."""
        return cls.rank if actor.cleared else cls.open_rank

    @classmethod
    def weighed(cls, actor: Actor) -> InstrumentedAttribute[int]:
        """The column that says how strong the evidence is for the actor."""
        return cls.strength if actor.cleared else cls.open_strength
