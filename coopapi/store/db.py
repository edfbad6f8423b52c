"""The one door to the database: rows that fail closed, and one actor's transaction."""

import itertools
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Select, create_engine, false, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, declared_attr, mapped_column
from sqlalchemy.types import DateTime, Text

from coopapi.access import Action, Actor
from coopapi.config import Settings
from coopapi.errors import Forbidden, NotFound, Stale
from coopapi.store import alarms
from coopapi.store.crypto import Keyring
from coopapi.store.quotas import Quota
from coopapi.unicode_text import fold_reference

Clock = Callable[[], datetime]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LIMITS: Final = (
    "SET LOCAL statement_timeout = '15s'; SET LOCAL lock_timeout = '5s';"
    " SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL jit = off; SET LOCAL client_min_messages = notice"
)
"""Limits of every transaction, and that notices of alarms reach us: set in each one, for any role and behind any pooler."""


def utc_now() -> datetime:
    """Tell the time; the clock of everything that is not a test."""
    return datetime.now(UTC)


def ids_of(now: datetime) -> Callable[[], UUID]:
    """Make the ids of one transaction: UUIDv7 (RFC 9562) of its moment, in the order they are asked for, else unguessable."""
    places = itertools.count((now - _EPOCH) // _MILLISECOND << 12)

    def new_id() -> UUID:
        moment, place = divmod(next(places), 1 << 12)
        return UUID(int=moment << 80 | 7 << 76 | place << 64 | 2 << 62 | secrets.randbits(62))

    return new_id


def own_id(context: ExecutionContext) -> UUID:
    """Make the id of a row that comes without one, from the clock of its transaction."""
    made: UUID = context.root_connection.get_execution_options()["new_id"]()
    return made


def folded(column: str) -> MappedColumn[str]:
    """Make a column that is filled with the folded form of another when the row is made; in the database it is unique."""
    return mapped_column(default=lambda context: fold_reference(context.get_current_parameters()[column]))


class Row(DeclarativeBase):
    """A row of the register. Nobody sees it until its model says who does."""

    type_annotation_map = {
        str: Text,
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text),
        dict[str, Any]: JSONB,
        bytes: BYTEA,
    }

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Which rows the actor may see: none, until the model says otherwise."""
        del actor, now
        return false()


class Versioned(Row):
    """A row with an id and a version; a change names the version it changes (RFC 9110, 13.1.1)."""

    __abstract__ = True
    __kind__: ClassVar[str]
    """What the journal and idempotency keys call such a row. It is stored, so it never changes, whatever the class is called."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=own_id)
    version: Mapped[int] = mapped_column()

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        """Let every update compare and count the version, so that none is lost."""
        return {"version_id_col": cls.__table__.c.version}

    @property
    def etag(self) -> str:
        """The version, as the ETag of what the caller sees."""
        return f"v{self.version}"

    def shown(self) -> dict[str, Any]:
        """Its columns and its ETag, for a schema to choose from."""
        return {**{column.key: getattr(self, column.key) for column in self.__table__.columns}, "etag": self.etag}


K = TypeVar("K", bound=Versioned)
R = TypeVar("R", bound=Row)


class Recorder(Protocol):
    """Appends what an actor did to the journal, in the actor's transaction."""

    def __call__(self, session: Session, notes: Sequence[dict[str, Any]]) -> None:
        """Append the notes."""


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One actor's transaction. It commits at the edge, or not at all."""

    session: Session
    actor: Actor
    now: datetime
    keys: Keyring
    settings: Settings
    request_id: str
    purpose: str
    new_id: Callable[[], UUID]
    beside: Callable[[], AbstractContextManager[Session]]
    """Opens a short transaction of the same caller on another connection, which commits whatever becomes of this one."""
    notes: list[dict[str, Any]] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)
    """What is left of the caller's quotas, if this work counted against them; told in the answer's header fields."""

    def require(self, action: Action, *, human: bool = False) -> None:
        """Stop here unless the actor's role grants the action; what the law gives to a human no machine does (LED Art. 11)."""
        if not self.actor.may(action):
            raise Forbidden(f"the role {self.actor.role} does not include {action}")
        if human:
            self.require_person()

    def require_person(self) -> None:
        """Raise `Forbidden` for a machine client: what the law gives to a human no machine does (LED Art. 11)."""
        if not self.actor.human:
            raise Forbidden("the law gives this to a person, not to a machine client")

    def all(self, model: type[R]) -> Select[R]:
        """Everything of this kind that the actor may see."""
        return select(model).where(model.visible_to(self.actor, self.now))

    def one(self, model: type[K], row_id: UUID, *, version: int | None = None, lock: bool = False) -> K:
        """One row, or `NotFound` whether it is absent or merely hidden; `Stale` if its version is another."""
        query = self.all(model).where(model.id == row_id)
        if lock:
            query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        row: K | None = self.session.scalar(query)
        if row is None:
            raise NotFound
        if version is not None and row.version != version:
            raise Stale(version=row.etag)
        return row

    def add(self, row: R) -> R:
        """Add a row; what the database refuses is refused now."""
        self.session.add(row)
        self.session.flush()
        return row

    def note(
        self,
        action: str,
        row: Versioned | None = None,
        *,
        case_id: UUID | None = None,
        parties: UUID | None = None,
        only: Iterable[UUID] | None = None,
        **rest: Any,
    ) -> None:
        """Say in the journal what is being done, to what: ids and figures, nothing personal.

        `parties` names a shared thing: all who take part in it are told, or with `only` these of them, each in its own journal;
        and the entry is about it.
        """
        self.notes.append(
            {
                **({"parties": str(parties)} if parties else {}),
                **({} if only is None else {"only": sorted(str(one) for one in only)}),
                "action": action,
                "object_type": row.__kind__ if row is not None else rest.pop("object_type", ""),
                "object_id": str(parties or row.id) if row is not None else None,
                "case_id": str(case_id) if case_id else None,
                "purpose": self.purpose,
                "request_id": self.request_id,
                "consultation": rest.pop("consultation", False),
                "event": rest.pop("event", False),
                "victims_only": False,
                "detail": rest,
            },
        )


@dataclass(frozen=True, slots=True)
class Database:
    """Where work is done: an engine, the keys that sign each transaction's context, and the clock."""

    engine: Engine
    keys: Keyring
    settings: Settings
    record: Recorder
    clock: Clock = utc_now

    @classmethod
    def connect(cls, settings: Settings, keys: Keyring, record: Recorder, clock: Clock = utc_now) -> Self:
        """Open a pool as the application role; values never appear in an error's text."""
        engine = create_engine(
            settings.database_url,
            hide_parameters=True,
            pool_size=settings.threads + 2,
            max_overflow=settings.threads,  # each thread may need a second connection for a transaction beside its own
            pool_pre_ping=True,
        )
        return cls(engine, keys, settings, record, clock)

    @contextmanager
    def anonymous(self) -> Iterator[Session]:
        """Open a transaction of nobody, for tokens, keys and health: it sees no row of anybody."""
        with Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                connection = session.connection()
                connection.exec_driver_sql(_LIMITS)
                notices = alarms.Notices()
                connection.connection.dbapi_connection.notices = notices  # type: ignore[union-attr]
                yield session
            alarms.report(notices.kinds)

    @contextmanager
    def work(self, identify: Callable[[Session], Actor], request_id: str, purpose: str | None = None) -> Iterator[UnitOfWork]:
        """Open one actor's transaction and journal what it did: the only commit there is."""
        with self.anonymous() as session:
            actor = identify(session)
            now = self.clock()
            context = self.context(actor, now)
            session.execute(text("SET LOCAL coopapi.context = :context"), {"context": context})
            new_id = ids_of(now)
            session.connection().execution_options(new_id=new_id)
            named = (request_id, purpose or actor.purpose, new_id)
            work = UnitOfWork(session, actor, now, self.keys, self.settings, *named, lambda: self._beside(context))
            yield work
            session.flush()
            if work.notes:
                self.record(session, work.notes)

    @contextmanager
    def _beside(self, context: str) -> Iterator[Session]:
        """Open a transaction for the same caller that does not wait for the disk: the next commit writes it there too."""
        with self.anonymous() as session:
            session.execute(text("SET LOCAL synchronous_commit = off; SET LOCAL coopapi.context = :context"), {"context": context})
            yield session

    def context(self, actor: Actor, now: datetime) -> str:
        """Sign who is calling, for the policies to check, and the quotas of the settings."""
        flags = ("t" if flag else "f" for flag in (actor.cleared, actor.operator))
        who = (str(actor.authority_id), str(actor.id) if actor.id.int else "", actor.role, *flags)
        return self.sign(who, now, self.settings.quotas)

    def sign(self, said: Iterable[str], now: datetime, limits: str) -> str:
        """Sign five fields, the time, and limits, so that the database takes them from the service alone, for five minutes."""
        payload = "|".join((*said, str(int(now.timestamp() * 1_000_000)), str(int(time.time())), limits))
        return f"{payload}.{self.keys.mac('context', payload.encode()).hex()}"


def as_json(value: Any) -> str:
    """Write JSON for the database."""
    return json.dumps(value, separators=(",", ":"), default=str)
