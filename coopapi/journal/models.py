"""The tables of the journal: logs of acts, consultations and combinations (LED Art. 25, EUDPR Art. 88)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Identity, SmallInteger, and_, false, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from coopapi.access import Action, Actor, Level, Role
from coopapi.shared.grants import CaseAccess, answering, granted
from coopapi.shared.parties import takes_part
from coopapi.store.rows import Row

ALARM: Final = "alarm"
"""The `object_type` of entries about alarms. Their actions are named `alarm.<kind>`."""

_BETWEEN: Final = ("jit", "meeting", "consultation")
"""Types of objects whose entries only the participants and the owner of the case see, even if the entry names a case."""


Seen = Callable[[InstrumentedAttribute[UUID | None], Actor, datetime], ColumnElement[bool]]
_SEEN_WITH: Final[dict[str, Seen]] = {}


def tell_with(kind: str, seen: Seen) -> None:
    """Let all who see an object of this kind read the events about it that name no case, in the journal of its authority.

    `seen` returns the condition for entries whose object the actor sees.
    """
    _SEEN_WITH[kind] = seen


_ONLY_WITH: Final[dict[str, Seen]] = {}


def tell_only_with(kind: str, seen: Seen) -> None:
    """Let entries about an object of this kind in a case be read only by those who see the object now, besides auditors.

    `seen` returns the condition for entries whose object the actor sees.
    """
    _ONLY_WITH[kind] = seen


class Xid8(UserDefinedType[str]):
    """A PostgreSQL transaction id of 64 bits, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **kwargs: Any) -> str:
        """Return the SQL name of the type."""
        del kwargs
        return "xid8"


class JournalEntry(Row):
    """One act of one caller: who, in which role, on what, and why. It contains ids and counts only, no personal data."""

    __tablename__ = "journal_entries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    authority_id: Mapped[UUID] = mapped_column()
    uid: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    at: Mapped[datetime] = mapped_column()
    principal_id: Mapped[UUID | None] = mapped_column()
    role: Mapped[str] = mapped_column()
    action: Mapped[str] = mapped_column()
    object_type: Mapped[str] = mapped_column()
    object_id: Mapped[UUID | None] = mapped_column()
    case_id: Mapped[UUID | None] = mapped_column()
    purpose: Mapped[str] = mapped_column()
    request_id: Mapped[str] = mapped_column()
    consultation: Mapped[bool] = mapped_column()
    event: Mapped[bool] = mapped_column()
    victims_only: Mapped[bool] = mapped_column()
    uncleared_only: Mapped[bool] = mapped_column(server_default=false())
    """True if cleared callers see another, more complete entry about the same act instead."""
    detail: Mapped[dict[str, Any]] = mapped_column()
    xid: Mapped[str] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for entries that the actor sees.

        Auditors see the whole journal of their authority, and administrators its alarms. Other roles see entries about cases that
        they may read; with index access only that the case exists and its overlaps. Entries about victims only are for cleared
        callers. Entries of a team or a meeting are for the owner of the case and the participants, and those of
        duties towards Eurojust for the authorities that answer for the case. An authority reads in its
        own journal that it was named as responsible for a case, also after its access ended. Events of an import are for its client
        and the investigators of the authority, and those of a fact for callers who see the fact.
        """
        if actor.may(Action.JOURNAL_READ):
            return cls.authority_id == actor.authority_id
        if actor.role is Role.ADMIN:
            return and_(cls.authority_id == actor.authority_id, cls.object_type == ALARM)
        cleared = (cls.uncleared_only if actor.cleared else cls.victims_only).is_(False)
        missing = cls.action == "case.responsible_missing"
        own_journal = cls.authority_id == actor.authority_id
        in_index = or_(cls.action == "case.registered", cls.object_type == "overlap", and_(missing, own_journal))
        responsible = cls.action.like(r"case.responsible\_%")
        named = and_(responsible, ~missing, own_journal)
        own = select(CaseAccess.id).where(CaseAccess.case_id == cls.case_id, CaseAccess.owner_id == actor.authority_id)
        theirs = and_(cls.object_type.in_(_BETWEEN), cls.authority_id != actor.authority_id)
        told = or_(~theirs, own.exists(), takes_part(cls.object_id, actor, now))
        duties = or_(cls.object_type != "eurojustrecord", answering(cls.case_id, actor, now))
        own_alone = or_(~responsible & (cls.object_type != "export"), own_journal)
        only = [or_(cls.object_type != kind, seen(cls.object_id, actor, now)) for kind, seen in _ONLY_WITH.items()]
        readable = and_(granted(cls.case_id, Level.READ, actor, now), told, own_alone, duties, *only)
        mine = and_(cls.authority_id == actor.authority_id, cls.case_id.is_(None), cls.event, cls.object_type != ALARM)
        shared = [takes_part(cls.object_id, actor, now)]
        shared += [and_(cls.object_type == kind, seen(cls.object_id, actor, now)) for kind, seen in _SEEN_WITH.items()]
        indexed = and_(in_index, granted(cls.case_id, Level.INDEX, actor, now))
        return and_(cleared, or_(readable, indexed, named, and_(mine, or_(*shared))))


class JournalLink(Row):
    """The place of an entry in the hash chain of its authority. The worker makes it shortly after the entry was committed."""

    __tablename__ = "journal_links"

    authority_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    hash: Mapped[bytes] = mapped_column()
    version: Mapped[int] = mapped_column(SmallInteger)

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the chain of the auditor's own authority."""
        del now
        return cls.authority_id == actor.authority_id if actor.may(Action.JOURNAL_READ) else false()


class JournalHead(Row):
    """The last entry of the hash chain of one authority."""

    __tablename__ = "journal_heads"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the chain head of the actor's own authority."""
        del now
        return cls.authority_id == actor.authority_id
