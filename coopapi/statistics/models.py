"""What each client or person registered per day (`coopapi figures` counts it every night), and the published figures."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import REAL, ColumnElement, ForeignKey, false, or_, true
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.directory.entries import ForEverybody
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


class PublishedPeriod(ForEverybody, Row):
    """A quarter or year whose figures are published."""

    __tablename__ = "published_periods"

    period: Mapped[str] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime] = mapped_column()
    computed_at: Mapped[datetime] = mapped_column()


class PublishedCell(ForEverybody, Row):
    """One number of a published table: a multiple of five, or None for fewer than five."""

    __tablename__ = "published_cells"

    period: Mapped[str] = mapped_column(ForeignKey("published_periods.period"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    keys: Mapped[list[str]] = mapped_column(primary_key=True)
    figure: Mapped[str] = mapped_column(primary_key=True)
    shown: Mapped[int | None] = mapped_column()


class UsualTime(ForEverybody, Row):
    """How long requests of a kind usually took: between two countries, to one country, or altogether."""

    __tablename__ = "usual_times"

    period: Mapped[str] = mapped_column(ForeignKey("published_periods.period"), primary_key=True)
    of_group: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    requesting_country: Mapped[str] = mapped_column(primary_key=True)
    executing_country: Mapped[str] = mapped_column(primary_key=True)
    median_hours: Mapped[float] = mapped_column(REAL)
    p90_hours: Mapped[float] = mapped_column(REAL)
