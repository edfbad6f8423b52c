"""The table of requests for approval, and their lifecycle."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, and_, column, false, literal, or_, select, table, true
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Role
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition
from coopapi.shared.parties import takes_part
from coopapi.store.rows import Versioned

_EXPORTS: Final = table("exports", column("id"))
APPROVAL_LIFECYCLE: Final = Lifecycle(
    "requested",
    Transition("approve", "requested", "approved", by=Action.APPROVAL_DECIDE, side=Side.DECIDING, human=True, awaited=Awaited.NOW),
    Transition("reject", "requested", "rejected", by=Action.APPROVAL_DECIDE, reason=True, side=Side.DECIDING, human=True),
    Transition("withdraw", "requested", "withdrawn", by=Action.APPROVAL_DECIDE, side=Side.ASKING),
    derived=("expired",),
    parts="requested",
)


class Approval(Versioned):
    """A change that one person requested and another one decides on: the object, its version, and the exact change."""

    __kind__ = "approval"
    __tablename__ = "approvals"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    kind: Mapped[str] = mapped_column()
    object_id: Mapped[UUID] = mapped_column()
    object_version: Mapped[int] = mapped_column()
    change: Mapped[dict[str, Any]] = mapped_column()
    state: Mapped[str] = mapped_column()
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    requested_from: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    requested_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    decided_at: Mapped[datetime | None] = mapped_column()
    reason: Mapped[str | None] = mapped_column()
    applied: Mapped[bool] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for requests that the actor sees.

        Administrators and auditors of the authority concerned and of the one that asked see a request, and so do administrators of
        the operator. Corrections of times are for those who take part in the object to which the time belongs, and for no
        administrator. Exports are for those who see the export: the policies of its table decide that. A central authority sees its
        own requests about legal instruments.
        """
        exported = and_(cls.kind == "export", select(_EXPORTS.c.id).where(_EXPORTS.c.id == cls.object_id).exists())
        if not actor.may(Action.APPROVAL_READ):
            return exported
        if actor.role not in {Role.ADMIN, Role.AUDITOR}:
            time = and_(cls.kind == "time", cls.authority_id == actor.authority_id, takes_part(cls.object_id, actor, now))
            asks = literal(actor.role is Role.CENTRAL_AUTHORITY)
            return or_(time, exported, and_(cls.kind == "instrument", cls.requested_from == actor.authority_id, asks))
        every = true() if actor.operator and actor.may(Action.APPROVAL_DECIDE) else false()
        near = or_(cls.authority_id == actor.authority_id, cls.requested_from == actor.authority_id, every)
        return and_(cls.kind.not_in(("time", "export")), near)

    @classmethod
    def in_state(cls, state: str, now: datetime) -> ColumnElement[bool]:
        """Return the condition for requests in this state. A request that was not decided in time counts as expired."""
        open_still = cls.expires_at > literal(now)
        if state == "expired":
            return and_(cls.state == "requested", ~open_still)
        return and_(cls.state == state, or_(cls.state != "requested", open_still))

    def state_at(self, now: datetime) -> str:
        """Return the state at this time, which can be `expired`."""
        return "expired" if self.state == "requested" and self.expires_at <= now else self.state
