"""Access to the database: base classes for rows, which are hidden by default, and the transaction of one caller."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from hashlib import sha256
from typing import Any, Final, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import Engine, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from coopapi.access import CLEARABLE, Action, Actor
from coopapi.config import Settings
from coopapi.errors import Forbidden, NotFound, Stale
from coopapi.store import alarms, visible
from coopapi.store.crypto import CONTEXTS, Keyring
from coopapi.store.quotas import Quota
from coopapi.store.rows import Named, Row, Versioned, ids_of
from coopapi.store.statements import Statement, read_ids_fast
from coopapi.store.together import Reads
from coopapi.store.transaction import Transaction, open_pool

Clock = Callable[[], datetime]
_JSON: Final = json.JSONEncoder(separators=(",", ":"), default=str)
WORKER: Final = "worker"
"""The role in the context of the worker. No person or client has it."""
_SETTINGS: Final = (
    "SET LOCAL statement_timeout = '15s'; SET LOCAL lock_timeout = '5s';"
    " SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL jit = off; SET LOCAL client_min_messages = notice"
)
"""Settings of every transaction. They are set in each one, so they also apply behind a connection pooler and for any role.
`client_min_messages` lets the notices of alarms through.
"""
_LIMITS: Final = Statement(f"begin; {_SETTINGS}")
_CONTEXT: Final = Statement(f"begin; {_SETTINGS}; SET LOCAL coopapi.context = :context")
_BEGIN: Final = Statement(f"begin; {_SETTINGS}; select * from priv.identify(:issuer, :subject, :role, :signed)")  # noqa: S608 (constants)
"""The first statements of transactions. Each is one round trip to the database."""


def utc_now() -> datetime:
    """Return the current time in UTC. Tests use a clock of their own instead."""
    return datetime.now(UTC)


K = TypeVar("K", bound=Versioned)
R = TypeVar("R", bound=Row)


class Recorder(Protocol):
    """A function that appends entries to the journal in the transaction of the actor."""

    def __call__(self, session: Session, notes: Sequence[dict[str, Any]]) -> None:
        """Append these notes to the journal, and commit the transaction in the same statement."""


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
    in_second_transaction: Callable[[str, Mapping[str, Any]], Sequence[Any]]
    """Runs one statement for the same caller on another connection, in a transaction of its own: it stays done if this one is
    rolled back.
    """
    notes: list[dict[str, Any]] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)
    """The caller's quotas after this work counted against them; they are sent in header fields of the response. Otherwise empty."""
    case_keys: dict[UUID, Any] = field(init=False, default_factory=dict)
    """The data keys of cases that were decrypted for this work, each with the authority of its case."""
    reads: Reads = field(init=False, default_factory=Reads)
    """What is read for many things at once."""

    def in_one_transaction(self) -> "UnitOfWork":
        """Return this work, but what would be done in a second transaction is done in this one."""

        def run(statement: str, values: Mapping[str, Any]) -> Sequence[Any]:
            self.session.flush()
            return Statement(statement).rows(self.session, **values)

        return replace(self, in_second_transaction=run)

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
        return visible.rows_for(model, self.actor)

    def one(self, model: type[K], row_id: UUID, *, version: int | None = None, lock: bool = False) -> K:
        """Return one row. Raises `NotFound` if it is absent or hidden from the actor, and `Stale` if its version is another."""
        if lock:
            query = self.all(model).where(model.id == row_id).with_for_update(key_share=True)
            row: Any = self.session.scalar(query.execution_options(populate_existing=True))
        else:
            row = self.find(model, row_id)
        if row is None:
            raise NotFound
        if version is not None and row.version != version:
            raise Stale(version=row.etag)
        found: K = row
        return found

    def find(self, model: type[K], row_id: UUID) -> K | None:
        """Return one row, or None if it is absent or hidden from the actor."""
        found: Any = visible.row_of(self, (model, row_id))
        return found  # type: ignore[no-any-return]

    def add(self, row: R) -> R:
        """Add a row and flush, so that constraints of the database are checked at once."""
        self.session.add(row)
        self.session.flush()
        return row

    def note(
        self,
        action: str,
        row: Named | None = None,
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
        """Open a connection pool with the application's database role."""
        most = settings.threads  # each thread may need a second connection for the separate transaction of `beside`
        engine = open_pool(settings.database_url, pool_size=most + 2, max_overflow=most)
        visible.give_values(engine)
        read_ids_fast(engine)
        return cls(engine, keys, settings, record, clock)

    @contextmanager
    def anonymous(self) -> Iterator[Session]:
        """Open a transaction without a caller, for tokens, keys and health checks. It sees no rows of any authority."""
        session, _ = self._open(_LIMITS)
        with self._committed(session):
            yield session

    def _open(self, statement: Statement, **values: Any) -> tuple[Any, list[Any]]:
        """Open a transaction with its first statement. If the connection turns out to be dead, another one is tried, once."""
        for again in (True, False):
            session = Transaction(self.engine)
            try:
                return session, statement.rows(session, **values)
            except DBAPIError as fault:
                session.close()
                if not (again and fault.connection_invalidated):
                    raise
        raise AssertionError

    @staticmethod
    @contextmanager
    def _committed(session: Any) -> Iterator[None]:
        """Commit the transaction at the end, or roll it back if an exception is raised."""
        with session:
            yield
            session.commit()
        alarms.report(session.notices.kinds)

    @contextmanager
    def work(self, identify: Callable[["Opening"], Actor], request_id: str, purpose: str | None = None) -> Iterator[UnitOfWork]:
        """Open the transaction of one actor, commit it at the end, and write its journal entries. No other code commits."""
        now = self.clock()
        opening = Opening(self, now)
        actor = opening.identified(identify)
        session = opening.session or self._open(_CONTEXT, context=self.context(actor, now))[0]
        with self._committed(session):
            new_id = ids_of(now)
            session.options = {"new_id": new_id, "caller": visible.values(actor, now)}
            named = (request_id, purpose or actor.purpose, new_id, partial(self._in_second_transaction, actor, now))
            work = UnitOfWork(session, actor, now, self.keys, self.settings, *named)
            yield work
            session.flush()
            if work.notes:
                self.record(session, work.notes)  # this statement commits, too

    def _in_second_transaction(self, actor: Actor, now: datetime, statement: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Run one statement in its own transaction. Its commit does not wait for the disk: the next commit also flushes it."""
        session, found = self._open(_second(statement), **values, context=self.context(actor, now))
        with self._committed(session):
            return found

    @contextmanager
    def worker(self) -> Iterator[Session]:
        """Open a transaction of the worker, which finds overlaps and links the journal. It has no access to any case."""
        context = self.sign(("", "", WORKER, "f", "f"), self.clock(), "", key=CONTEXTS["worker"])
        session, _ = self._open(_CONTEXT, context=context)
        with self._committed(session):
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


@cache
def _second(statement: str) -> Statement:
    return Statement(f"{_SETTINGS}; SET LOCAL synchronous_commit = off; SET LOCAL coopapi.context = :context; {statement}")


class Opening:
    """A transaction that is being opened. If its actor is identified by an account, the same statement begins it."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.session: Any = None

    def begin(self, issuer: str, subject: str, role: str | None) -> Any | None:
        """Return the account of this subject, or None, and begin the transaction in the role that is named or the only one."""
        asked = sha256(f"{issuer}\n{subject}\n{role or ''}".encode()).hexdigest()
        said = ("begin", asked, ",".join(sorted(CLEARABLE)), "", "")
        signed = self.database.sign(said, self.now, self.database.settings.quotas)
        self.session, found = self.database._open(  # noqa: SLF001 (a part of it)
            _BEGIN, issuer=issuer, subject=subject, role=role, signed=signed
        )
        return found[0] if found else None

    def identified(self, identify: Callable[["Opening"], Actor]) -> Actor:
        """Return the actor. If it is refused, the transaction that was begun for it is closed."""
        try:
            return identify(self)
        except BaseException:
            if self.session is not None:
                self.session.close()
            raise


def as_json(value: Any) -> str:
    """Return a value as JSON text for the database."""
    return _JSON.encode(value)
