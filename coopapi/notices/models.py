"""Requirement notices (EJN Fiches Belges, PC-OC country forms), in versions that replace one another."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.directory.entries import ForEverybody
from coopapi.store.rows import Versioned


class RequirementNotice(ForEverybody, Versioned):
    """What one country declared about a measure and an instrument; without them, the notice is about all."""

    __kind__ = "requirementnotice"
    __tablename__ = "requirement_notices"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str] = mapped_column()
    measure: Mapped[str | None] = mapped_column()
    instrument: Mapped[str | None] = mapped_column()
    theme: Mapped[str] = mapped_column()
    applicability: Mapped[str] = mapped_column()
    says: Mapped[dict[str, Any]] = mapped_column()
    languages: Mapped[list[str]] = mapped_column()
    channels: Mapped[list[str]] = mapped_column()
    declared_by: Mapped[str] = mapped_column()
    valid_from: Mapped[date] = mapped_column()
    valid_until: Mapped[date | None] = mapped_column()
    supersedes: Mapped[UUID | None] = mapped_column(ForeignKey("requirement_notices.id"), unique=True)
