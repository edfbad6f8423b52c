"""The table of what each client or person registered per day. `coopapi figures` fills it every night."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, false, or_, true
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.store.rows import Row


class RegistrationFigure(Row):
    """New values that a client or person put into matching on one day (UTC), and how many of them matched or were withdrawn."""

    __tablename__ = "registration_figures"

    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    registered: Mapped[int] = mapped_column()
    met: Mapped[int] = mapped_column()
    withdrawn: Mapped[int] = mapped_column()
    alarmed: Mapped[bool] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for figures that the actor sees: those of its authority, or all for auditors of the operator."""
        del now
        if not actor.may(Action.STATISTICS_READ):
            return false()
        return or_(cls.authority_id == actor.authority_id, true() if actor.operator else false())
