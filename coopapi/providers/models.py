"""Tables of providers and of memoranda of understanding (Directive (EU) 2023/1544, SIRIUS)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.directory.entries import ForEverybody
from coopapi.store.rows import Versioned


class Provider(ForEverybody, Versioned):
    """The profile of a provider. Requests are addressed to its legal entity and establishment, not to its brand."""

    __kind__ = "provider"
    __tablename__ = "providers"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"), unique=True)
    legal_entity: Mapped[str] = mapped_column()
    brands: Mapped[list[str]] = mapped_column()
    services: Mapped[list[str]] = mapped_column()
    establishment: Mapped[dict[str, Any]] = mapped_column()
    portal: Mapped[str | None] = mapped_column()
    languages: Mapped[list[str]] = mapped_column()
    retention: Mapped[list[Any]] = mapped_column(JSONB)
    emergency_channel: Mapped[str | None] = mapped_column()
    notification_policy: Mapped[str] = mapped_column()
    costs: Mapped[str | None] = mapped_column()
    valid_from: Mapped[date] = mapped_column()
    last_confirmed_at: Mapped[datetime | None] = mapped_column()


class Mou(ForEverybody, Versioned):
    """A memorandum of understanding: between whom, about what, until when."""

    __kind__ = "mou"
    __tablename__ = "mous"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    provider_id: Mapped[UUID | None] = mapped_column(ForeignKey("providers.id"))
    title: Mapped[str] = mapped_column()
    parties: Mapped[list[str]] = mapped_column()
    scope: Mapped[str] = mapped_column()
    standards: Mapped[list[str]] = mapped_column()
    valid_from: Mapped[date] = mapped_column()
    valid_until: Mapped[date | None] = mapped_column()
