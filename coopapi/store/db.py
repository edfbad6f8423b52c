"""Access to the database: base classes for rows, which are hidden by default, and the transaction of one caller."""

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
from coopapi.store.crypto import CONTEXTS, Keyring
from coopapi.store.quotas import Quota
from coopapi.unicode_text import fold_reference

Clock = Callable[[], datetime]
WORKER: Final = "worker"
"""The role in the context of the worker. No person or client has it."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LIMITS: Final = (
    "SET LOCAL statement_timeout = '15s'; SET LOCAL lock_timeout = '5s';"
    " SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL jit = off; SET LOCAL client_min_messages = notice"
)
"""Settings of every transaction. They are set in each one, so they also apply behind a connection pooler and for any role.
`client_min_messages` lets the notices of alarms through.
"""


def utc_now() -> datetime:
    """Return the current time in UTC. Tests use a clock of their own instead."""
    return datetime.now(UTC)


def ids_of(now: datetime) -> Callable[[], UUID]:
    """Return a function that makes the ids of one transaction: UUIDv7 (RFC 9562) in increasing order, otherwise random."""
    places = itertools.count((now - _EPOCH) // _MILLISECOND << 12)

    def new_id() -> UUID:
        moment, place = divmod(next(places), 1 << 12)
        return UUID(int=moment << 80 | 7 << 76 | place << 64 | 2 << 62 | secrets.randbits(62))

    return new_id


def own_id(context: ExecutionContext) -> UUID:
    """Make the id of a row that was created without one, from the clock of its transaction."""
    made: UUID = context.root_connection.get_execution_options()["new_id"]()
    return made


def folded(column: str) -> MappedColumn[str]:
    """Make a column that stores the folded form of another column. The database keeps it unique."""
    return mapped_column(default=lambda context: fold_reference(context.get_current_parameters()[column]))


class Row(DeclarativeBase):
    """Base class of all tables. No caller sees a row until the model defines `visible_to`."""

    type_annotation_map = {
        str: Text,
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text),
        dict[str, Any]: JSONB,
        bytes: BYTEA,
    }

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for rows that the actor may see. The default is that it sees none."""
        del actor, now
        return false()


class Versioned(Row):
    """Base class of rows with an id and a version. A change must name the version that it changes (RFC 9110, 13.1.1)."""

    __abstract__ = True
    __kind__: ClassVar[str]
    """The name of this kind of row in the journal and in idempotency keys. It is stored, so it must not change if the class is
    renamed.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True, default=own_id)
    version: Mapped[int] = mapped_column()

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        """Make every update compare and increase the version, so that no concurrent change is lost."""
        return {"version_id_col": cls.__table__.c.version}

    @property
    def etag(self) -> str:
        """Return the version as an ETag."""
        return f"v{self.version}"

    def shown(self) -> dict[str, Any]:
        """Return the columns and the ETag, from which a schema selects what is shown."""
        return {**{column.key: getattr(self, column.key) for column in self.__table__.columns}, "etag": self.etag}


K = TypeVar("K", bound=Versioned)
R = TypeVar("R", bound=Row)


class Recorder(Protocol):
    """A function that appends entries to the journal in the transaction of the actor."""

    def __call__(self, session: Session, notes: Sequence[dict[str, Any]]) -> None:
        """Append these notes to the journal."""


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """The transaction of one actor. The request that opened it commits it once, at its end, or rolls it back."""

    session: Session
    actor: Actor
    now: datetime
    keys: Keyring
    settings: Settings
    request_id: str
    purpose: str
    new_id: Callable[[], UUID]
    second_transaction: Callable[[], AbstractContextManager[Session]]
    """Opens a short transaction for the same caller on another connection. It commits even if this transaction is rolled back."""
    notes: list[dict[str, Any]] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)
    """The caller's quotas after this work counted against them; they are sent in header fields of the response. Otherwise empty."""
    visible: dict[type[Any], Select[Any]] = field(init=False, default_factory=dict)
    """The queries that `all` has made, because their conditions are the same for one caller at one time."""

    def require(self, action: Action, *, human: bool = False) -> None:
        """Raise `Forbidden` unless the actor's role includes the action and, with `human`, the actor is a person (LED Art. 11)."""
        if not self.actor.may(action):
            raise Forbidden(f"The role {self.actor.role} does not allow {action}.")
        if human:
            self.require_person()

    def require_person(self) -> None:
        """Raise `Forbidden` for a machine client: only a person may take this step (LED Art. 11)."""
        if not self.actor.human:
            raise Forbidden("The law reserves this for a person; a machine client may not do it.")

    def all(self, model: type[R]) -> Select[R]:
        """Select all rows of this model that the actor may see."""
        if model not in self.visible:
            self.visible[model] = select(model).where(model.visible_to(self.actor, self.now))
        return self.visible[model]

    def one(self, model: type[K], row_id: UUID, *, version: int | None = None, lock: bool = False) -> K:
        """Return one row. Raises `NotFound` if it is absent or hidden from the actor, and `Stale` if its version is another."""
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
        """Add a row and flush, so that constraints of the database are checked at once."""
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
        """Add an entry to the journal when the work is committed: ids and counts only, no personal data.

        If `parties` names a shared object, the entry is about that object and is written to the journal of every participant, or
        only of the participants in `only`.
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
    """Opens transactions, with the keys that sign the context of each one, and the clock."""

    engine: Engine
    keys: Keyring
    settings: Settings
    record: Recorder
    clock: Clock = utc_now

    @classmethod
    def connect(cls, settings: Settings, keys: Keyring, record: Recorder, clock: Clock = utc_now) -> Self:
        """Open a connection pool with the application's database role. Error texts never contain parameter values."""
        engine = create_engine(
            settings.database_url,
            hide_parameters=True,
            pool_size=settings.threads + 2,
            max_overflow=settings.threads,  # each thread may need a second connection for the separate transaction of `beside`
            pool_pre_ping=True,
        )
        return cls(engine, keys, settings, record, clock)

    @contextmanager
    def anonymous(self) -> Iterator[Session]:
        """Open a transaction without a caller, for tokens, keys and health checks. It sees no rows of any authority."""
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
        """Open the transaction of one actor, commit it at the end, and write its journal entries. No other code commits."""
        with self.anonymous() as session:
            actor = identify(session)
            now = self.clock()
            context = self.context(actor, now)
            session.execute(text("SET LOCAL coopapi.context = :context"), {"context": context})
            new_id = ids_of(now)
            session.connection().execution_options(new_id=new_id)
            named = (request_id, purpose or actor.purpose, new_id)
            work = UnitOfWork(session, actor, now, self.keys, self.settings, *named, lambda: self._second_transaction(context))
            yield work
            session.flush()
            if work.notes:
                self.record(session, work.notes)

    @contextmanager
    def _second_transaction(self, context: str) -> Iterator[Session]:
        """Open a second transaction for the same caller. Its commit does not wait for the disk: the next commit also flushes it."""
        with self.anonymous() as session:
            session.execute(text("SET LOCAL synchronous_commit = off; SET LOCAL coopapi.context = :context"), {"context": context})
            yield session

    @contextmanager
    def worker(self) -> Iterator[Session]:
        """Open a transaction of the worker, which finds overlaps and links the journal. It has no access to any case."""
        with self.anonymous() as session:
            context = self.sign(("", "", WORKER, "f", "f"), self.clock(), "", key=CONTEXTS["worker"])
            session.execute(text("SET LOCAL coopapi.context = :context"), {"context": context})
            yield session

    def context(self, actor: Actor, now: datetime) -> str:
        """Return the signed context of a transaction, which the policies check: the caller and the quotas from the settings."""
        flags = ("t" if flag else "f" for flag in (actor.cleared, actor.operator))
        who = (str(actor.authority_id), str(actor.id) if actor.id.int else "", actor.role, *flags)
        return self.sign(who, now, self.settings.quotas)

    def sign(self, said: Iterable[str], now: datetime, limits: str, key: str = CONTEXTS["request"]) -> str:
        """Sign five fields, two times and the limits. The database accepts them only with this signature and for five minutes."""
        payload = "|".join((*said, str(int(now.timestamp() * 1_000_000)), str(int(time.time())), limits))
        return f"{payload}.{self.keys.mac(key, payload.encode()).hex()}"


def as_json(value: Any) -> str:
    """Return a value as JSON text for the database."""
    return json.dumps(value, separators=(",", ":"), default=str)
