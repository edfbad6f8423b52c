"""The tables of authorities and of the people and clients who act for them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint, false, or_, true
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.store.rows import Versioned

CANARY: Final = UUID(int=0)
OPERATOR: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The authority that runs the register. The first migration creates it."""


class Authority(Versioned):
    """An authority of a State, or an organisation that belongs to no State."""

    __kind__ = "authority"
    __tablename__ = "authorities"

    name: Mapped[str] = mapped_column()
    type: Mapped[str] = mapped_column()
    country: Mapped[str | None] = mapped_column()
    languages: Mapped[list[str]] = mapped_column()
    contact: Mapped[dict[str, Any]] = mapped_column()
    operator: Mapped[bool] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for visible authorities: all of them, if the caller is authenticated."""
        del actor, now
        return cls.id != CANARY


class Principal(Versioned):
    """A person or a machine client that acts for one authority, in one role per request."""

    __kind__ = "principal"
    __tablename__ = "principals"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("id", "authority_id"))

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    kind: Mapped[str] = mapped_column()
    name: Mapped[str] = mapped_column()
    issuer: Mapped[str] = mapped_column()
    subject: Mapped[str] = mapped_column()
    roles: Mapped[list[str]] = mapped_column()
    victim_cleared: Mapped[bool] = mapped_column()
    functions: Mapped[list[str]] = mapped_column()
    active: Mapped[bool] = mapped_column()
    secret_digest: Mapped[bytes | None] = mapped_column()
    jwks: Mapped[dict[str, Any] | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    vouched_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for accounts that the actor sees: those of its authority; the operator's administrators see all."""
        del now
        manages_all = true() if actor.operator and actor.may(Action.STAFF_MANAGE) else false()
        return or_(cls.authority_id == actor.authority_id, manages_all)
