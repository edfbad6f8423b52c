"""The table of legal instruments that central authorities enter."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, or_, true
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor, Role
from coopapi.store.rows import Versioned

PROPOSED, APPROVED, REJECTED = "proposed", "approved", "rejected"


class OwnInstrument(Versioned):
    """A treaty that the shipped data do not have (`code`), or what one country takes away from a shipped one (`narrows`)."""

    __kind__ = "owninstrument"
    __tablename__ = "own_instruments"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str] = mapped_column()
    code: Mapped[str | None] = mapped_column()
    narrows: Mapped[str | None] = mapped_column()
    title: Mapped[str] = mapped_column()
    citation: Mapped[str] = mapped_column()
    countries: Mapped[list[str]] = mapped_column()
    kinds: Mapped[list[str]] = mapped_column()
    measures: Mapped[dict[str, Any]] = mapped_column()
    says: Mapped[dict[str, Any]] = mapped_column()
    source: Mapped[str] = mapped_column()
    source_date: Mapped[date] = mapped_column()
    valid_from: Mapped[date] = mapped_column()
    valid_until: Mapped[date | None] = mapped_column()
    state: Mapped[str] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    approved_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for visible rows: what was approved, and proposals of the own authority; all for the operator."""
        del now
        if actor.operator and actor.role is Role.ADMIN:
            return true()
        return or_(cls.state == APPROVED, cls.authority_id == actor.authority_id)
