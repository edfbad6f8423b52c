"""The table of deadlines."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, SmallInteger, and_, or_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.shared.lifecycle import Lifecycle, Side, Transition
from coopapi.shared.parties import takes_part
from coopapi.store import vault
from coopapi.store.rows import Versioned

DEADLINE_LIFECYCLE: Final = Lifecycle(
    "running",
    Transition("extend", "running", "running", by=Action.MLA_DECIDE, side=Side.OWNER, reason=True, human=True),
    derived=("suspended", "met", "met_late", "missed", "lapsed", "cancelled"),
)


vault.register_readers("deadlines", Action.DEADLINE_READ, content=("reason",))


class Deadline(Versioned):
    """A deadline of one side of a shared object: when it is due, what started it, and how it ended."""

    __kind__ = "deadline"
    __tablename__ = "deadlines"

    object_id: Mapped[UUID] = mapped_column()
    object_type: Mapped[str] = mapped_column()
    item_id: Mapped[UUID | None] = mapped_column()
    rule: Mapped[str] = mapped_column()
    owed_by: Mapped[str] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str | None] = mapped_column()
    started_by: Mapped[str] = mapped_column()
    from_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    first_due_at: Mapped[datetime] = mapped_column()
    met_at: Mapped[datetime | None] = mapped_column()
    met_by: Mapped[str | None] = mapped_column()
    cancelled_at: Mapped[datetime | None] = mapped_column()
    suspended_at: Mapped[datetime | None] = mapped_column()
    extensions: Mapped[list[Any]] = mapped_column(JSONB)
    rule_version: Mapped[str] = mapped_column()
    escalated: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """What percentage of the period was over when those on duty were last told of it. Only the worker changes it."""

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the deadlines of objects that the actor takes part in.

        An authority also sees the deadlines of its own meeting actions after its access to the meeting ended.
        """
        undertaken = and_(cls.object_type == "meeting", cls.authority_id == actor.authority_id)
        return or_(takes_part(cls.object_id, actor, now), undertaken)

    @classmethod
    def running(cls) -> ColumnElement[bool]:
        """Return the condition that a deadline is not met, cancelled or suspended; overdue ones are included."""
        return and_(cls.met_at.is_(None), cls.cancelled_at.is_(None), cls.suspended_at.is_(None))
