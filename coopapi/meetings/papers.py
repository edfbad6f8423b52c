"""What a meeting leaves behind: conclusions, actions, what was begun with them, and the log of a coordination centre."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, or_
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor
from coopapi.db import Kept
from coopapi.meetings.lives import ACTION_LIFE
from coopapi.parties import partied


class MeetingConclusion(Kept):
    """What was concluded for one country."""

    __tablename__ = "meeting_conclusions"

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meetings.id"))
    country: Mapped[str] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    sealed: Mapped[bytes] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the meeting."""
        return partied(cls.meeting_id, actor, now)


class MeetingAction(Kept):
    """What an authority undertook to do, by when. It stays on that authority's list when its access to the meeting has ended."""

    __tablename__ = "meeting_actions"

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meetings.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str | None] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    state: Mapped[str] = mapped_column(default=ACTION_LIFE.start)
    sealed: Mapped[bytes] = mapped_column()
    reason: Mapped[bytes | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by the authority that undertook it, and with the meeting."""
        return or_(cls.owner_id == actor.authority_id, partied(cls.meeting_id, actor, now))


class MeetingOutcome(Kept):
    """What was begun in one step with a meeting: a request, a consultation, a request for disclosure, a team."""

    __tablename__ = "meeting_outcomes"

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meetings.id"))
    kind: Mapped[str] = mapped_column()
    made_type: Mapped[str] = mapped_column()
    made_id: Mapped[UUID] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the meeting."""
        return partied(cls.meeting_id, actor, now)


class CentreEntry(Kept):
    """One line of the log of an action day: when, in which country, which measure, with which figures."""

    __tablename__ = "centre_entries"

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meetings.id"))
    at: Mapped[datetime] = mapped_column()
    country: Mapped[str] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    measure: Mapped[str] = mapped_column()
    figures: Mapped[dict[str, Any]] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen with the meeting."""
        return partied(cls.meeting_id, actor, now)
