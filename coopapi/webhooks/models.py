"""The tables of webhooks: addresses of machine clients, and what was sent to them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Identity, and_, or_, select, text, true
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Role
from coopapi.journal.models import JournalEntry, Xid8
from coopapi.shared.lifecycle import Lifecycle, Transition
from coopapi.store.rows import Versioned

_LATER: Final = text("null")
"""Columns with this default are not part of an insert, because the application's role may not write them then."""
WEBHOOK_LIFECYCLE: Final = Lifecycle(
    "requested",
    Transition("pause", "active", "paused", by=Action.WEBHOOK_MANAGE, human=True),
    Transition("resume", "paused", "active", by=Action.WEBHOOK_MANAGE, human=True),
    *(
        Transition("end", state, "ended", by=Action.WEBHOOK_MANAGE, human=True, reason=True)
        for state in ("requested", "active", "paused")
    ),
    derived=("active",),
    parts="requested",
)


class WebhookEndpoint(Versioned):
    """An address to which the events of one machine client are sent. It is used once a second administrator has approved it."""

    __kind__ = "webhook"
    __tablename__ = "webhook_endpoints"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    client_id: Mapped[UUID] = mapped_column()
    role: Mapped[str] = mapped_column()
    url: Mapped[str] = mapped_column()
    events: Mapped[list[str]] = mapped_column()
    state: Mapped[str] = mapped_column()
    secret: Mapped[bytes] = mapped_column()
    old_secret: Mapped[bytes | None] = mapped_column(server_default=_LATER)
    old_until: Mapped[datetime | None] = mapped_column(server_default=_LATER)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    approved_at: Mapped[datetime | None] = mapped_column(server_default=_LATER)
    ended_at: Mapped[datetime | None] = mapped_column(server_default=_LATER)
    pause: Mapped[str | None] = mapped_column(server_default=_LATER)
    place_xid: Mapped[str | None] = mapped_column(Xid8(), server_default=_LATER)
    place_entry: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    place_epoch: Mapped[str | None] = mapped_column(server_default=_LATER)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime | None] = mapped_column(server_default=_LATER)

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for addresses that the actor sees: a client its own, administrators and auditors all of theirs."""
        del now
        every = actor.role in {Role.ADMIN, Role.AUDITOR}
        return and_(cls.authority_id == actor.authority_id, true() if every else cls.client_id == actor.id)


class WebhookDelivery(Versioned):
    """One message to an address: an event, the repetition of one, or a ping, with the attempts to send it."""

    __kind__ = "webhookdelivery"
    __tablename__ = "webhook_deliveries"

    n: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id"))
    kind: Mapped[str] = mapped_column()
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[UUID] = mapped_column()
    lane: Mapped[UUID] = mapped_column()
    state: Mapped[str] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    next_at: Mapped[datetime] = mapped_column()
    leased_until: Mapped[datetime | None] = mapped_column()
    failing_since: Mapped[datetime | None] = mapped_column()
    tried: Mapped[int] = mapped_column()
    attempts: Mapped[list[Any]] = mapped_column(type_=JournalEntry.__table__.c.detail.type)
    settled_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for deliveries that the actor sees.

        A client sees deliveries of events that it may see, and pings. Administrators see pings only, because even the number of
        events would tell of things that they may not see.
        """
        readable = select(JournalEntry.id).where(JournalEntry.id == cls.entry_id, JournalEntry.visible_to(actor, now)).exists()
        own = (
            select(WebhookEndpoint.id).where(WebhookEndpoint.id == cls.endpoint_id, WebhookEndpoint.client_id == actor.id).exists()
        )
        mine = and_(own, or_(cls.entry_id.is_(None), readable))
        if actor.role is not Role.ADMIN:
            return mine
        there = select(WebhookEndpoint.id).where(
            WebhookEndpoint.id == cls.endpoint_id, WebhookEndpoint.authority_id == actor.authority_id
        )
        return and_(cls.entry_id.is_(None), there.exists())
