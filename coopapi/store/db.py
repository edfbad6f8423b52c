"""Access to the database: base classes for rows, which are hidden by default, and the transaction of one caller."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import Engine, Select
from sqlalchemy.orm import Session

from coopapi.access import Action, Actor
from coopapi.config import Settings
from coopapi.errors import Forbidden, KnownKey, NotFound, Stale
from coopapi.store import alarms, visible
from coopapi.store.crypto import CONTEXTS, Keyring
from coopapi.store.opening import CONTEXT, Opening
from coopapi.store.quotas import Quota
from coopapi.store.rows import Named, Row, Versioned, ids_of
from coopapi.store.statements import Statement, read_ids_fast
from coopapi.store.together import Reads
from coopapi.store.transaction import SETTINGS, Transaction, open_pool

Clock = Callable[[], datetime]
_JSON: Final = json.JSONEncoder(separators=(",", ":"), default=str)
WORKER: Final = "worker"
"""The role in the context of the worker. No person or client has it."""
_LIMITS: Final = Statement(SETTINGS)
_SECOND: Final = Statement(f"{SETTINGS}; SET LOCAL synchronous_commit = off; SET LOCAL coopapi.context = :context")
"""What is sent at the start of a transaction without a caller, and of a second one of a caller."""
_RENEW: Final = Statement("SET LOCAL coopapi.context = :context")


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
    in_second_transaction: Callable[[Statement, Mapping[str, Any]], Sequence[Any]]
    """Runs one statement for the same caller in a transaction of its own: it stays done if this one is rolled back."""
    notes: list[dict[str, Any]] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)
    """The caller's quotas after this work counted against them; they are sent in header fields of the response. Otherwise empty."""
    case_keys: dict[UUID, Any] = field(init=False, default_factory=dict)
    """The data keys of cases that were decrypted for this work, each with the authority of its case."""
    claimed: dict[str, Any] = field(init=False, default_factory=dict)
    """The idempotency key of the request, as long as it is not noted what was made under it; otherwise empty."""
    reads: Reads = field(init=False, default_factory=Reads)
    """What is read for many things at once."""

    @property
    def begun(self) -> bool:
        """Whether a statement of the transaction was sent."""
        session: Any = self.session
        return bool(session.begun)

    def in_one_transaction(self) -> "UnitOfWork":
        """Return this work, but what would be done in a second transaction is done in this one."""

        def run(statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
            self.session.flush()
            return statement.rows(self.session, **values)

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

    def take_notes(self) -> str:
        """Return the entries as JSON, for a statement that records them itself, and forget them."""
        taken, self.notes[:] = as_json(self.notes), []
        return taken


@dataclass(frozen=True, slots=True)
class Database:
    """Opens transactions, with the keys that sign the context of each one, and the clock."""

    engine: Engine
    keys: Keyring
    settings: Settings
    record: Recorder
    clock: Clock = utc_now
    accounts: dict[Any, Any] = field(default_factory=dict)
    """Accounts of callers, which the database confirms in each transaction. One that has changed is forgotten, and all when there
    are too many.
    """

    @classmethod
    def connect(cls, settings: Settings, keys: Keyring, record: Recorder, clock: Clock = utc_now) -> Self:
        """Open a connection pool with the application's database role."""
        most = settings.threads  # each thread may need a second connection for `in_second_transaction`
        engine = open_pool(settings.database_url, pool_size=most + 2, max_overflow=most)
        visible.give_values(engine)
        read_ids_fast(engine)
        return cls(engine, keys, settings, record, clock)

    @contextmanager
    def anonymous(self) -> Iterator[Session]:
        """Open a transaction without a caller, for tokens, keys and health checks. It sees no rows of any authority."""
        with self._committed(Transaction(self.engine, _LIMITS)) as session:
            yield session

    @staticmethod
    @contextmanager
    def _committed(session: Any) -> Iterator[Any]:
        """Commit the transaction at the end, or roll it back if an exception is raised."""
        with session:
            yield session
            session.commit()
        alarms.report(session.notices.take())

    @contextmanager
    def work(self, identify: Callable[[Opening], Actor], request_id: str, purpose: str | None = None) -> Iterator[UnitOfWork]:
        """Open the transaction of one actor, commit it at the end, and write its journal entries. No other code commits.

        If a remembered account has changed, `DBAPIError` with code 40001 is raised and the account is forgotten. Calling again
        identifies it anew.
        """
        now = self.clock()
        opening = Opening(self, now)
        with (
            opening.identified(identify) as actor,
            self._committed(opening.transaction(actor)) as session,
        ):
            new_id = ids_of(now)
            session.options = {"new_id": new_id, "caller": visible.values(actor, now)}
            named = (request_id, purpose or actor.purpose, new_id, partial(self._in_second_transaction, session, actor, now))
            work = UnitOfWork(session, actor, now, self.keys, self.settings, *named)
            try:
                yield work
            except KnownKey:
                raise  # it is not answered, but tried again
            except Exception:
                session.begin()  # Have the database confirm the account, and look for the key, before the refusal is answered.
                raise
            session.flush()
            if work.notes:
                if not session.begun:  # the first statement may be sent twice, so entries that stand alone are not in it
                    session.begin()
                self.record(session, work.notes)  # this statement commits, too

    def _in_second_transaction(
        self, first: Transaction, actor: Actor, now: datetime, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        """Run one statement in its own transaction: on the same connection, unless the first transaction has begun there.

        Its commit does not wait for the disk: the next commit also flushes it.
        """
        if not first.begun:
            found = statement.ahead(first, **values)
            first.waiting[0] = CONTEXT, {"context": self.context(actor, now)}  # the account is confirmed
            alarms.report(first.notices.take())
            return found
        with self._committed(Transaction(self.engine, _SECOND, context=self.context(actor, now))) as session:
            return statement.alone(session, **values)

    @contextmanager
    def worker(self) -> Iterator[Session]:
        """Open a transaction of the worker, which finds overlaps and links the journal. It has no access to any case."""
        context = self.sign(("", "", WORKER, "f", "f"), self.clock(), "", key=CONTEXTS["worker"])
        with self._committed(Transaction(self.engine, CONTEXT, context=context)) as session:
            yield session

    def context(self, actor: Actor, now: datetime) -> str:
        """Return the signed context of a transaction, which the policies check: the caller and the quotas from the settings."""
        flags = ("t" if flag else "f" for flag in (actor.cleared, actor.operator))
        who = (str(actor.authority_id), str(actor.id) if actor.id.int else "", actor.role, *flags)
        return self.sign(who, now, self.settings.quotas)

    def renew(self, work: UnitOfWork) -> None:
        """Sign the context of a transaction anew. It is good for five minutes, so long commands do that between statements."""
        _RENEW.rows(work.session, context=self.context(work.actor, work.now))

    def sign(self, said: Iterable[str], now: datetime, limits: str, key: str = CONTEXTS["request"]) -> str:
        """Sign five fields, two times and the limits. The database accepts them only with this signature and for five minutes."""
        payload = "|".join((*said, str(int(now.timestamp() * 1_000_000)), str(int(time.time())), limits))
        return f"{payload}.{self.keys.mac(key, payload.encode()).hex()}"


def as_json(value: Any) -> str:
    """Return a value as JSON text for the database."""
    return _JSON.encode(value)
