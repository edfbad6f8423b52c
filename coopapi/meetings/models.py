"""Meetings, who takes part in them, and when they could be."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor
from coopapi.db import Kept
from coopapi.meetings.lives import MEETING_LIFE, PLACE_LIFE
from coopapi.parties import partied


class Meeting(Kept):
    """A coordination meeting or centre: hosted by a desk, about a case, an overlap or a request; its words are sealed."""

    __tablename__ = "meetings"

    reference: Mapped[str] = mapped_column()
    level: Mapped[str] = mapped_column()
    origin_type: Mapped[str] = mapped_column()
    origin_id: Mapped[UUID] = mapped_column()
    convener_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    host_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    state: Mapped[str] = mapped_column(default=MEETING_LIFE.start)
    countries: Mapped[list[str]] = mapped_column()
    interpretation: Mapped[list[str]] = mapped_column()
    mode: Mapped[str] = mapped_column()
    time_zone: Mapped[str] = mapped_column()
    starts_at: Mapped[datetime | None] = mapped_column()
    ends_at: Mapped[datetime | None] = mapped_column()
    sequence: Mapped[int] = mapped_column(default=0)
    access_until: Mapped[datetime] = mapped_column()
    wrapped: Mapped[bytes] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    minutes: Mapped[bytes | None] = mapped_column()
    reason: Mapped[bytes | None] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by the authorities that take part, while they do."""
        return partied(cls.id, actor, now)


class MeetingParticipant(Kept):
    """An authority's place at a meeting: in which function, through whom, whether it comes, whether it agreed to the minutes."""

    __tablename__ = "meeting_participants"
    __table_args__ = (UniqueConstraint("meeting_id", "authority_id"),)

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meetings.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str | None] = mapped_column()
    function: Mapped[str] = mapped_column()
    state: Mapped[str] = mapped_column(default=PLACE_LIFE.start)
    sealed: Mapped[bytes] = mapped_column()
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    invited_at: Mapped[datetime] = mapped_column()
    answered_at: Mapped[datetime | None] = mapped_column()
    agreed_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the meeting."""
        return partied(cls.meeting_id, actor, now)


class MeetingOption(Kept):
    """A time at which a meeting could be."""

    __tablename__ = "meeting_options"

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meetings.id"))
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the meeting."""
        return partied(cls.meeting_id, actor, now)


class MeetingAnswer(Kept):
    """Whether a time suits an authority."""

    __tablename__ = "meeting_answers"
    __table_args__ = (UniqueConstraint("option_id", "authority_id"),)

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meetings.id"))
    option_id: Mapped[UUID] = mapped_column(ForeignKey("meeting_options.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    answer: Mapped[str] = mapped_column()
    at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the meeting."""
        return partied(cls.meeting_id, actor, now)


class CalendarFeed(Kept):
    """A secret address under which an authority's calendar reads its meetings; only the digest of the secret is kept."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (UniqueConstraint("digest"),)

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    digest: Mapped[bytes] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    revoked_at: Mapped[datetime | None] = mapped_column()

    @property
    def state(self) -> str:
        """Live, or revoked."""
        return "revoked" if self.revoked_at else "live"

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by its authority."""
        del now
        return cls.authority_id == actor.authority_id
