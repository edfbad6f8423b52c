"""Tables of meetings, their participants, proposed dates, conclusions, actions, outcomes and calendar feeds."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint, or_
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.meetings.lifecycles import ACTION_LIFECYCLE, MEETING_LIFECYCLE, PLACE_LIFECYCLE, WORDS
from coopapi.shared.parties import PartOf, SharedObject
from coopapi.store import vault
from coopapi.store.rows import Versioned

vault.register_readers(
    "meeting",
    Action.MEETING_READ,
    content=(*WORDS, "persons", "text", "note"),  # of the meeting, its participants, conclusions, and the log
    minutes=("minutes",),
    reason=("reason",),
    recorded=("answer", "agreement"),
)
vault.register_readers("meeting-actions", Action.MEETING_READ, content=("text",), reason=("reason", "recorded"))


class Meeting(SharedObject):
    """A coordination meeting or centre about a case, an overlap or a request, hosted by a desk. Its text is encrypted."""

    __kind__ = "meeting"
    __tablename__ = "meetings"

    reference: Mapped[str] = mapped_column()
    level: Mapped[str] = mapped_column()
    origin_type: Mapped[str] = mapped_column()
    origin_id: Mapped[UUID | None] = mapped_column()
    convener_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    host_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    state: Mapped[str] = mapped_column(default=MEETING_LIFECYCLE.start)
    countries: Mapped[list[str]] = mapped_column()
    interpretation: Mapped[list[str]] = mapped_column()
    mode: Mapped[str] = mapped_column()
    time_zone: Mapped[str] = mapped_column()
    starts_at: Mapped[datetime | None] = mapped_column()
    ends_at: Mapped[datetime | None] = mapped_column()
    sequence: Mapped[int] = mapped_column(default=0)
    access_until: Mapped[datetime] = mapped_column()
    minutes: Mapped[bytes | None] = mapped_column()
    reason: Mapped[bytes | None] = mapped_column()


class OfMeeting(PartOf):
    """Base class of the rows that belong to a meeting."""

    __abstract__ = True
    __owner__ = Meeting
    __column__ = "meeting_id"

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meetings.id"))


class MeetingParticipant(OfMeeting):
    """An authority at a meeting: its function, the persons it sends, whether it comes, and whether it agreed to the minutes."""

    __kind__ = "meetingparticipant"
    __tablename__ = "meeting_participants"
    __table_args__ = (UniqueConstraint("meeting_id", "authority_id"),)

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str | None] = mapped_column()
    function: Mapped[str] = mapped_column()
    state: Mapped[str] = mapped_column(default=PLACE_LIFECYCLE.start)
    sealed: Mapped[bytes] = mapped_column()
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    invited_at: Mapped[datetime] = mapped_column()
    answered_at: Mapped[datetime | None] = mapped_column()
    agreed_at: Mapped[datetime | None] = mapped_column()
    recorded: Mapped[bytes | None] = mapped_column()


class MeetingOption(OfMeeting):
    """A date that is offered for a meeting."""

    __kind__ = "meetingoption"
    __tablename__ = "meeting_options"

    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()


class MeetingAnswer(OfMeeting):
    """An authority's answer whether a date suits it."""

    __kind__ = "meetinganswer"
    __tablename__ = "meeting_answers"
    __table_args__ = (UniqueConstraint("option_id", "authority_id"),)

    option_id: Mapped[UUID] = mapped_column(ForeignKey("meeting_options.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    answer: Mapped[str] = mapped_column()
    at: Mapped[datetime] = mapped_column()


class CalendarFeed(Versioned):
    """A secret address from which an authority's calendar reads its meetings. Only the digest of the secret is stored."""

    __kind__ = "calendarfeed"
    __tablename__ = "calendar_feeds"
    __table_args__ = (UniqueConstraint("digest"),)

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    digest: Mapped[bytes] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    revoked_at: Mapped[datetime | None] = mapped_column()

    @property
    def state(self) -> str:
        """Return `live` or `revoked`."""
        return "revoked" if self.revoked_at else "live"

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the feeds of the actor's authority."""
        del now
        return cls.authority_id == actor.authority_id


class MeetingConclusion(OfMeeting):
    """A conclusion for one country."""

    __kind__ = "meetingconclusion"
    __tablename__ = "meeting_conclusions"

    country: Mapped[str] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    sealed: Mapped[bytes] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()


class MeetingAction(OfMeeting):
    """An action that an authority agreed to take, and its due date.

    The authority still sees it after its access to the meeting ended.
    """

    __kind__ = "meetingaction"
    __tablename__ = "meeting_actions"

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str | None] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    state: Mapped[str] = mapped_column(default=ACTION_LIFECYCLE.start)
    sealed: Mapped[bytes] = mapped_column()
    reason: Mapped[bytes | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the actions of the actor's authority and of the meetings that the actor sees."""
        return or_(cls.owner_id == actor.authority_id, super().visible_to(actor, now))


class MeetingOutcome(OfMeeting):
    """Something that was started from a meeting: a request, a consultation, a request for disclosure or a team."""

    __kind__ = "meetingoutcome"
    __tablename__ = "meeting_outcomes"

    kind: Mapped[str] = mapped_column()
    made_type: Mapped[str] = mapped_column()
    made_id: Mapped[UUID] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()


class CentreEntry(OfMeeting):
    """One entry of the log of an action day: time, country, measure and figures."""

    __kind__ = "centreentry"
    __tablename__ = "centre_entries"

    at: Mapped[datetime] = mapped_column()
    country: Mapped[str] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    measure: Mapped[str] = mapped_column()
    figures: Mapped[dict[str, Any]] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
