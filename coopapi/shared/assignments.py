"""The table of assignments: which person of an authority attends to a thing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, SQLColumnExpression, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned


class Assignment(Versioned):
    """Which person of an authority attends to a thing; nobody, after the assignment was taken back.

    It is a row of its own, so that it changes neither the thing nor anything that another authority sees.
    """

    __kind__ = "assignment"
    __tablename__ = "assignments"
    __table_args__ = (UniqueConstraint("authority_id", "object_type", "object_id"),)

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    object_type: Mapped[str] = mapped_column()
    object_id: Mapped[UUID] = mapped_column()
    principal_id: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    assigned_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    assigned_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the assignments of the actor's authority."""
        del now
        return cls.authority_id == actor.authority_id


def assigned(work: UnitOfWork, kind: str, object_id: SQLColumnExpression[Any], assignee: UUID | str) -> ColumnElement[bool]:
    """Return the condition for things that are assigned to this person, to the caller (`me`), or to nobody (`none`)."""
    there = work.all(Assignment).where(Assignment.object_type == kind, Assignment.object_id == object_id)
    if assignee == "none":
        return ~there.where(Assignment.principal_id.is_not(None)).exists()
    return there.where(Assignment.principal_id == (work.actor.id if assignee == "me" else assignee)).exists()
