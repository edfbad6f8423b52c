"""The tables of mail that the application reads: what people chose, and their addresses. What is to be sent only functions see."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, SmallInteger, or_, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.store.rows import Versioned

FREQUENCIES: Final = ("at_once", "hourly", "daily", "never")
USES: Final = ("usual", "on_call")
STATES: Final = ("waiting", "confirmed", "ended")
FAULTS: Final = ("connection", "tls", "login", "timeout", "later", "refused")
"""Why mail could not be sent: no connection, no valid certificate, the server refused the login, it took too long, it asked to try
again later (4xx), or it refused the address or the mail (5xx).
"""


class MailAccount(Versioned):
    """What a person chose about mail, and what the worker knows of it. Its id is that of the person."""

    __kind__ = "mailaccount"
    __tablename__ = "mail_accounts"

    id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    frequency: Mapped[str] = mapped_column()
    hour: Mapped[int] = mapped_column(SmallInteger)
    time_zone: Mapped[str] = mapped_column()
    quiet_from: Mapped[str | None] = mapped_column()
    quiet_until: Mapped[str | None] = mapped_column()
    language: Mapped[str] = mapped_column()
    seen: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    fresh: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    looked_at: Mapped[datetime | None] = mapped_column()
    next_at: Mapped[datetime | None] = mapped_column()
    fault: Mapped[str | None] = mapped_column()
    failing_since: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the account of the actor itself."""
        del now
        return cls.id == actor.id


class MailAddress(Versioned):
    """An address of a person, usual or for its times on duty. It is used once the person has entered the code sent to it."""

    __kind__ = "mailaddress"
    __tablename__ = "mail_addresses"

    principal_id: Mapped[UUID] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column()
    use: Mapped[str] = mapped_column()
    address: Mapped[bytes | None] = mapped_column()
    state: Mapped[str] = mapped_column()
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    asked_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    confirmed_at: Mapped[datetime | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    tested_at: Mapped[datetime | None] = mapped_column()
    fault: Mapped[str | None] = mapped_column()
    failing_since: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the addresses of the actor and, for administrators, of the people that they administer."""
        del now
        if not actor.may(Action.STAFF_MANAGE):
            return cls.principal_id == actor.id
        administered = true() if actor.operator else cls.authority_id == actor.authority_id
        return or_(cls.principal_id == actor.id, administered)
