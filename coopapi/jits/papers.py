"""What is signed about a team, and what is told of it: signatures, amendments, evaluations, the public statement."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor
from coopapi.db import Kept
from coopapi.jits.lives import AMENDMENT_LIFE, STATEMENT_LIFE
from coopapi.jits.models import inside
from coopapi.parties import partied


class JitSignature(Kept):
    """One party's signature under one text: the agreement, an amendment, or the public statement. Another text voids it.

    Of a State that has nobody here it is recorded by a person of another party: when, how and by what proof is known.
    """

    __tablename__ = "jit_signatures"

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    subject_id: Mapped[UUID] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    text_sha256: Mapped[str] = mapped_column()
    signed_at: Mapped[datetime] = mapped_column()
    voided_at: Mapped[datetime | None] = mapped_column()
    recorded: Mapped[bytes | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the team."""
        return partied(cls.jit_id, actor, now)


class JitAmendment(Kept):
    """A change of the agreement: it holds with the last signature of all parties, and of the one that joins."""

    __tablename__ = "jit_amendments"

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    change: Mapped[str] = mapped_column()
    authority_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    until: Mapped[datetime | None] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    words: Mapped[bytes | None] = mapped_column()
    recorded: Mapped[bytes | None] = mapped_column()
    state: Mapped[str] = mapped_column(default=AMENDMENT_LIFE.start)
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    proposed_at: Mapped[datetime] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by the States in the team and by the one that is to join."""
        return inside(cls.jit_id, actor, now)


class JitEvaluation(Kept):
    """How the team went: answers of one State, or of all together; of a State that has nobody here a party records them."""

    __tablename__ = "jit_evaluations"
    __table_args__ = (UniqueConstraint("jit_id", "authority_id", postgresql_nulls_not_distinct=True),)

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    authority_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    sealed: Mapped[bytes] = mapped_column()
    recorded: Mapped[bytes | None] = mapped_column()
    answered_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    answered_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by the States in the team."""
        return inside(cls.jit_id, actor, now)


class JitStatement(Kept):
    """What is to be told in public about a team, once every party has approved it (D24)."""

    __tablename__ = "jit_statements"
    __table_args__ = (UniqueConstraint("jit_id"),)

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    names_operation: Mapped[bool] = mapped_column()
    victims_checked: Mapped[bool] = mapped_column()
    no_ongoing_trial: Mapped[bool] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column(default=STATEMENT_LIFE.start)
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    proposed_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by the States in the team."""
        return inside(cls.jit_id, actor, now)


class JitRelease(Kept):
    """What was released: the only row about a team that anybody may read, and not under the team's own id."""

    __tablename__ = "jit_releases"

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))
    operation_name: Mapped[str | None] = mapped_column()
    countries: Mapped[list[str]] = mapped_column()
    year: Mapped[int] = mapped_column(SmallInteger)
    texts: Mapped[dict[str, Any]] = mapped_column()
    released_at: Mapped[datetime] = mapped_column()
    retracted_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen as a row by the States in the team; the public reads its released columns through one function."""
        return inside(cls.jit_id, actor, now)
