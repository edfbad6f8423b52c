"""Teams and those who are named in their agreements; what the agreement says is sealed under a key of the team."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint, and_, case, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from coopapi.access import Actor
from coopapi.db import Kept, folded
from coopapi.jits.lives import JIT_LIFE
from coopapi.lifecycle import Side
from coopapi.parties import Party, partied

INSIDE: Final = (Side.NEGOTIATING, Side.MEMBER)
"""The sides of the States; participants stand beside the team (Convention of 29 May 2000, Art. 13(12))."""


def inside(
    jit_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], actor: Actor, now: datetime
) -> ColumnElement[bool]:
    """Rows of a team that are for the States in it, and for no participant."""
    part = select(Party.id).where(Party.object_id == jit_id, Party.side.in_(INSIDE), Party.visible_to(actor, now))
    return part.exists()


class Jit(Kept):
    """A joint investigation team: one agreement for all who are in it."""

    __tablename__ = "jits"
    __table_args__ = (UniqueConstraint("maker_id", "reference_folded"),)

    maker_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    reference: Mapped[str] = mapped_column()
    legal_basis: Mapped[str] = mapped_column()
    operation_name: Mapped[str | None] = mapped_column()
    states_of_operation: Mapped[list[str]] = mapped_column()
    working_language: Mapped[str | None] = mapped_column()
    since: Mapped[datetime | None] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    state: Mapped[str] = mapped_column(default=JIT_LIFE.start)
    administrator_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    end_reason: Mapped[str | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    wrapped: Mapped[bytes] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    words: Mapped[bytes | None] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    reference_folded: Mapped[str] = folded("reference")

    def stands(self, now: datetime) -> str:
        """The state by the clock: a team whose time has passed has ended, whether or not anybody said so."""
        return "ended" if self.state == "active" and self.until is not None and self.until <= now else self.state

    @classmethod
    def standing(cls, now: datetime) -> ColumnElement[str]:
        """The same in a query."""
        return case((and_(cls.state == "active", cls.until <= now), "ended"), else_=cls.state)

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by those who take part in it; for everybody else it is not there."""
        return partied(cls.id, actor, now)


class JitParty(Kept):
    """A State in the team, through one of its authorities, with its leader."""

    __tablename__ = "jit_parties"

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str] = mapped_column()
    leader_id: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    sealed: Mapped[bytes | None] = mapped_column()
    state: Mapped[str] = mapped_column(default="party")
    joined_at: Mapped[datetime] = mapped_column()
    left_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the team."""
        return partied(cls.jit_id, actor, now)


def belonging(jit_id: InstrumentedAttribute[UUID], actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Rows of a team that are for the States that are parties, and not for one that is still to join."""
    own = select(JitParty.id).where(
        JitParty.jit_id == jit_id, JitParty.authority_id == actor.authority_id, JitParty.state == "party"
    )
    return and_(inside(jit_id, actor, now), own.exists())


class JitMember(Kept):
    """A person who works in the team, under a name or a security number; seconded when outside the own State (Art. 13(4)).

    The cases of the team are open to the people who are entered with their account, and to nobody else of their authority.
    """

    __tablename__ = "jit_members"

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    sealed: Mapped[bytes] = mapped_column()
    principal_id: Mapped[UUID | None] = mapped_column()
    seconded: Mapped[bool] = mapped_column()
    state: Mapped[str] = mapped_column(default="serving")
    since: Mapped[datetime] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by the parties."""
        return belonging(cls.jit_id, actor, now)


class JitParticipant(Kept):
    """An organisation beside the team, by the terms of an appendix; never a member (Art. 13(12))."""

    __tablename__ = "jit_participants"

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    role: Mapped[str] = mapped_column()
    evidence: Mapped[bool] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column(default="serving")
    since: Mapped[datetime] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the team."""
        return partied(cls.jit_id, actor, now)


class JitAssociate(Kept):
    """Somebody whom the team works with informally: a name and an office to call, and no view of anything (F23)."""

    __tablename__ = "jit_associates"

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    sealed: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column(default="serving")
    since: Mapped[datetime] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by the parties."""
        return belonging(cls.jit_id, actor, now)


def through(jit_id: UUID) -> ColumnElement[bool]:
    """The States that are in a team now."""
    return and_(JitParty.jit_id == jit_id, JitParty.state == "party")
