"""Tables of points of contact, of checks whether they answer, and of competences (Budapest Art. 35, EJN Atlas)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor
from coopapi.directory.entries import ForEverybody
from coopapi.store.rows import Versioned


class ContactPoint(ForEverybody, Versioned):
    """An office that can be contacted: its network, hours, languages and powers."""

    __kind__ = "contactpoint"
    __tablename__ = "contact_points"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    network: Mapped[str] = mapped_column()
    always: Mapped[bool] = mapped_column()
    hours: Mapped[list[Any]] = mapped_column(JSONB)
    time_zone: Mapped[str] = mapped_column()
    languages: Mapped[list[str]] = mapped_column()
    powers: Mapped[list[str]] = mapped_column()
    contact: Mapped[dict[str, Any]] = mapped_column()
    application: Mapped[str | None] = mapped_column()
    declared_by: Mapped[str] = mapped_column()
    valid_from: Mapped[date] = mapped_column()
    valid_until: Mapped[date | None] = mapped_column()
    last_verified_at: Mapped[datetime | None] = mapped_column()
    verified_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))


class DutyShift(Versioned):
    """A time for which a person of the authority is on duty for a point of contact. Only the authority itself sees it."""

    __kind__ = "dutyshift"
    __tablename__ = "duty_shifts"

    contact_point_id: Mapped[UUID] = mapped_column(ForeignKey("contact_points.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    since: Mapped[datetime] = mapped_column()
    until: Mapped[datetime] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the shifts of the actor's authority."""
        del now
        return cls.authority_id == actor.authority_id


class ContactCheck(ForEverybody, Versioned):
    """One call to a point of contact, and whether it was answered."""

    __kind__ = "contactcheck"
    __tablename__ = "contact_checks"

    contact_point_id: Mapped[UUID] = mapped_column(ForeignKey("contact_points.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    at: Mapped[datetime] = mapped_column()
    outcome: Mapped[str] = mapped_column()
    minutes: Mapped[int | None] = mapped_column()


class Competence(ForEverybody, Versioned):
    """The competence of an authority: measures, kinds, instruments and places, with languages and channels."""

    __kind__ = "competence"
    __tablename__ = "competences"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    measures: Mapped[list[str]] = mapped_column()
    kinds: Mapped[list[str]] = mapped_column()
    instruments: Mapped[list[str]] = mapped_column()
    places: Mapped[list[str]] = mapped_column()
    languages: Mapped[list[str]] = mapped_column()
    channels: Mapped[list[str]] = mapped_column()
    declared_by: Mapped[str] = mapped_column()
    valid_from: Mapped[date] = mapped_column()
    valid_until: Mapped[date | None] = mapped_column()
    last_confirmed_at: Mapped[datetime | None] = mapped_column()
