"""The tables of deadlines and of the times, stated by each side, from which they run."""

from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, SmallInteger, and_, or_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.directory.entries import ForEverybody
from coopapi.shared.lifecycle import Lifecycle, Side, Transition
from coopapi.shared.parties import takes_part
from coopapi.store import vault
from coopapi.store.rows import Versioned

_corrects = partial(Transition, by=Action.MLA_TRANSMIT, side=Side.OWNER, reason=True, human=True)
_answers = partial(Transition, by=Action.MLA_TRANSMIT, side=Side.RECEIVER, human=True)

DEADLINE_LIFECYCLE: Final = Lifecycle(
    "running",
    Transition("extend", "running", "running", by=Action.MLA_DECIDE, side=Side.OWNER, reason=True, human=True),
    derived=("suspended", "met", "met_late", "missed", "lapsed", "cancelled"),
)


TIME_LIFECYCLE: Final = Lifecycle(
    "stated",
    *(_corrects("correct", state, "replaced") for state in ("stated", "contested")),
    _answers("contest", "stated", "contested", reason=True),
    _answers("accept", "contested", "stated"),
    derived=("proposed", "rejected"),
    parts="correction_that_needs_two_persons",
)
"""The lifecycle of a stated time. A correction is a new time that replaces the old one, at once or after approval."""


vault.register_readers("deadlines", Action.DEADLINE_READ, content=("reason",))
vault.register_readers("times", Action.DEADLINE_READ, content=("proof", "reason"), objection=("reason",))


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
    stood: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    extensions: Mapped[list[Any]] = mapped_column(JSONB)
    time_id: Mapped[UUID | None] = mapped_column(ForeignKey("stated_times.id"))
    corrections: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    rule_version: Mapped[str] = mapped_column()
    counts_as_due: Mapped[bool] = mapped_column(server_default="true")
    """Whether it sets a time limit: periods that only have to pass do not, and an authority's own target only if it says so."""
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


class StatedTime(Versioned):
    """When something was sent or received, as the side concerned states it, with channel and proof.

    A correction is a new row that `replaces` the old one. `what` says what happened: `sent`, `received`, `delivered` (to the
    notified authority, as can be proved), `notified` (the notified authority received it), `enforcement_received`, or `transferred`
    (the result of a measure).
    """

    __kind__ = "time"
    __tablename__ = "stated_times"

    object_id: Mapped[UUID] = mapped_column()
    object_type: Mapped[str] = mapped_column()
    item_id: Mapped[UUID | None] = mapped_column()
    what: Mapped[str] = mapped_column()
    side: Mapped[str] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    at: Mapped[datetime] = mapped_column()
    channel: Mapped[str | None] = mapped_column()
    sealed: Mapped[bytes | None] = mapped_column()
    objection: Mapped[bytes | None] = mapped_column()
    state: Mapped[str] = mapped_column()
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("stated_times.id"))
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    stated_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    stated_at: Mapped[datetime] = mapped_column()
    contested_by: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    contested_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the times of objects that the actor takes part in; proposals only if the actor's authority made them."""
        open_ = or_(cls.state.not_in(("proposed", "rejected")), cls.recorded_by == actor.authority_id)
        return and_(takes_part(cls.object_id, actor, now), open_)


class ServiceTarget(ForEverybody, Versioned):
    """Within how many hours an authority wants to answer requests of a kind, or of every kind. It is a target and not law."""

    __kind__ = "servicetarget"
    __tablename__ = "service_targets"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    kind: Mapped[str | None] = mapped_column()
    urgency: Mapped[str] = mapped_column()
    hours: Mapped[int] = mapped_column()
    counts_as_due: Mapped[bool] = mapped_column(server_default="false")
    """Whether the authority treats it as a time limit: in its worklist, and by telling those on duty."""
    set_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    set_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
