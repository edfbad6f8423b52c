"""The tables of exports: what was asked for, and the sealed pieces of the file."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Uuid, and_, false, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Level, Role
from coopapi.shared.grants import answering, granted
from coopapi.store import vault
from coopapi.store.rows import Row, Versioned

KEPT: Final = timedelta(days=7)
"""For how long the file of an export can be downloaded."""
LARGEST: Final = 256 * 1024 * 1024
"""The most bytes that the file of an export may have."""
STATES: Final = ("waiting_for_approval", "queued", "running", "ready", "refused", "stopped", "deleted")
STOPS: Final = ("rights_lost", "consent_missing", "too_large", "failed", "expired")

vault.register_readers("export", Action.CASE_EXPORT, content=("recipient_name", "reason", "consents", "text"), file=())


class Export(Versioned):
    """A file of a case for a recipient. `wrapped` is the encrypted key of its pieces, which ends with them."""

    __kind__ = "export"
    __tablename__ = "exports"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    role: Mapped[str] = mapped_column()
    purpose: Mapped[str] = mapped_column()
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    also_case_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    timeline: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What of the timelines is wanted: `language`, and perhaps filters and `entries`. A text that is sought is in `words`."""
    format: Mapped[str] = mapped_column()
    format_version: Mapped[str] = mapped_column()
    recipient_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    recipient_country: Mapped[str | None] = mapped_column()
    handling_code: Mapped[str] = mapped_column()
    victims: Mapped[bool] = mapped_column()
    cleared: Mapped[bool] = mapped_column()
    four_eyes: Mapped[bool] = mapped_column()
    words: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column()
    state_reason: Mapped[str | None] = mapped_column()
    stage: Mapped[str] = mapped_column(default="case")
    after: Mapped[UUID | None] = mapped_column()
    place: Mapped[str | None] = mapped_column()
    subjects: Mapped[int] = mapped_column(BigInteger, default=0)
    identifiers: Mapped[int] = mapped_column(BigInteger, default=0)
    links: Mapped[int] = mapped_column(BigInteger, default=0)
    entries: Mapped[int] = mapped_column(BigInteger, default=0)
    facts: Mapped[int] = mapped_column(BigInteger, default=0)
    codes: Mapped[list[str]] = mapped_column(default=list)
    left_out: Mapped[dict[str, Any]] = mapped_column(default=dict)
    pieces: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    digest: Mapped[bytes | None] = mapped_column()
    wrapped: Mapped[bytes | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    worked_at: Mapped[datetime | None] = mapped_column()
    ready_at: Mapped[datetime | None] = mapped_column()
    expires_at: Mapped[datetime | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()

    @property
    def case_ids(self) -> list[UUID]:
        """Return all cases of the export."""
        return [self.case_id, *self.also_case_ids]

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for exports that the actor asked for, or about which it may decide as a prosecutor.

        Both need to read all cases, and clearance for evidence about victims if the person who asked had it.
        """
        others: Any = func.unnest(cls.also_case_ids).table_valued("id").render_derived(name="others")
        other = others.c.id
        unread = select(literal(1)).select_from(others).where(~granted(other, Level.READ, actor, now)).exists()
        unanswered = select(literal(1)).select_from(others).where(~answering(other, actor, now)).exists()
        own = cls.principal_id == actor.id
        decides = and_(answering(cls.case_id, actor, now), ~unanswered) if actor.role is Role.PROSECUTOR else false()
        known = true() if actor.cleared else ~cls.cleared
        return and_(or_(own, decides), granted(cls.case_id, Level.READ, actor, now), ~unread, known)


class ExportPiece(Row):
    """A sealed piece of the file of an export: where it begins, and how many bytes it has."""

    __tablename__ = "export_pieces"

    export_id: Mapped[UUID] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[int] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for pieces of exports that the actor asked for."""
        own = select(Export.id).where(Export.id == cls.export_id, Export.principal_id == actor.id, Export.visible_to(actor, now))
        return own.exists()
