"""One transaction on one connection, in few round trips and with little work.

The driver would send `BEGIN` and `COMMIT` in round trips of their own. So its own transactions are off: what begins a transaction
is sent together with its first statement, and the last one may end it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cached_property, partial
from threading import Thread
from typing import Any, Final, Self

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import Session

from coopapi.errors import KnownKey
from coopapi.store import alarms
from coopapi.store.statements import Statement, as_refused, named

SETTINGS: Final = (
    "SET LOCAL statement_timeout = '15s'; SET LOCAL lock_timeout = '5s';"
    " SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL jit = off; SET LOCAL client_min_messages = notice"
)
"""Settings of every transaction. They are set in each one, so they also apply behind a connection pooler and for any role.
`client_min_messages` lets the notices of alarms through.
"""
_COMMIT: Final = Statement("commit")


class Transaction:
    """A transaction that has a connection of a pool until it is closed.

    It can be used as a session of SQLAlchemy, which is made at the first such use: most requests need none.
    """

    def __init__(self, engine: Engine, begin: Statement, **values: Any) -> None:
        self.engine = engine
        self.options: Mapping[str, Any] = {}
        self.notices = alarms.Notices()
        self.begun = False
        self.waiting: list[tuple[Statement, Mapping[str, Any]]] = [(begin, values)]
        """What is sent together with the next statement: at the start, what begins the transaction."""
        self.alone = False
        """Whether a statement was sent that is the whole transaction. No other may follow it."""
        self._behind: tuple[Future[list[Any]], Callable[[list[Any]], None]] | None = None
        self._take()

    def _take(self) -> None:
        try:
            self.taken = self.engine.raw_connection()
        except psycopg2.Error as fault:
            raise as_refused(self.engine, fault, lost=False) from fault
        driver: Any = self.taken.dbapi_connection
        driver.notices = self.notices
        self.driver = driver

    def begin(self) -> list[Any]:
        """Send what waits for the next statement, unless the transaction was aborted, and return its rows."""
        self.catch_up()
        aborted = self.driver.get_transaction_status() == TRANSACTION_STATUS_INERROR
        return self.send("", {}) if self.waiting and not aborted else []

    def defer(self, statement: Statement, **values: Any) -> None:
        """Have a statement sent together with the next one, before it."""
        self.catch_up()
        self.waiting.append((statement, values))

    def send(self, sql: str, values: Mapping[str, Any], *, alone: bool = False) -> list[Any]:
        """Send SQL in one round trip and return its rows, as `Statement.rows` does. The first SQL begins the transaction.

        If the connection turns out to be dead then, another one is tried, once. With `alone`, SQL that would begin the transaction
        is all of it: PostgreSQL commits what comes in one round trip without `begin`.
        """
        self.catch_up()
        first, waiting = not self.begun, self.waiting
        self.alone = self.alone or (first and alone)
        try:
            return self._execute(sql, values, begins=first)
        except DBAPIError as fault:
            if not (first and fault.connection_invalidated):
                raise
        self.taken.close()
        self._take()
        self.waiting = waiting
        return self._execute(sql, values, begins=True)

    def send_behind(self, sql: str, values: Mapping[str, Any], then: Callable[[list[Any]], None]) -> None:
        """Send SQL and return at once.

        Whatever is done next with this transaction waits for it, calls `then` with its rows, and raises what it raises.
        """
        self.catch_up()
        if not self.begun:
            self.begin()
        sent: Future[list[Any]] = Future()
        # A thread for each, because one that waits for the next would be missing in a process that is forked meanwhile.
        Thread(target=_settle, args=(sent, partial(self._execute, sql, values, begins=False)), daemon=True).start()
        self._behind = sent, then  # not before: if no thread can be started, nothing is to be waited for

    def catch_up(self) -> None:
        """Wait for the SQL that was sent behind."""
        if self._behind is None:
            return
        sent, then = self._behind
        try:
            sent.exception()  # if a signal ends this, closing the transaction waits again
            self._behind = None
            then(sent.result())
        finally:
            del sent  # an error of the statement would be kept in memory by its own traceback

    def send_ahead(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        """Send SQL as a transaction of its own, before this one begins, and return its rows.

        Its commit does not wait for the disk: the next commit also flushes it.
        """
        beginning = self.waiting
        self.waiting = beginning[:1]
        try:
            return self.send(f"SET LOCAL synchronous_commit = off; {sql}", values, alone=True)
        finally:
            self.waiting, self.begun, self.alone = beginning, False, False

    def _execute(self, sql: str, values: Mapping[str, Any], *, begins: bool) -> list[Any]:
        if not begins:
            self._require_open()
        try:
            with self.driver.cursor() as cursor:
                # Each is given its own values, so several may use the same names.
                texts = [("begin" if begins and not self.alone else "", None), *((one.sql, given) for one, given in self.waiting)]
                sent = b"; ".join([cursor.mogrify(*one) for one in (*texts, (sql, values)) if one[0]])
                self.waiting, self.begun = [], True  # not before: if the driver refuses a value, nothing was sent
                cursor.execute(sent)
                return named(cursor.description, cursor.fetchall()) if cursor.description else []
        except psycopg2.Error as fault:
            raise self._refused(fault) from fault
        finally:
            if self.notices.known_key:  # whatever else became of the statement
                raise KnownKey

    def _require_open(self) -> None:
        if self.alone:
            raise RuntimeError("no statement may follow one that is the whole transaction")

    @cached_property
    def joined(self) -> Connection:
        """The connection for SQLAlchemy, with the options of this transaction."""
        self.begin()
        self._require_open()
        return Connection(self.engine, self.taken).execution_options(**self.options)

    @cached_property
    def _session(self) -> Session:
        return Session(self.joined, expire_on_commit=False)

    def __getattr__(self, name: str) -> Any:
        self.catch_up()
        return getattr(self._session, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def flush(self) -> None:
        """Send the changes of objects."""
        self.catch_up()
        if "_session" in vars(self):
            self._session.flush()

    @contextmanager
    def taken_back(self) -> Iterator[None]:
        """Take back at the end what is done meanwhile, also what was sent behind."""
        savepoint = self._session.begin_nested()
        self._session.connection()  # SQLAlchemy sets the savepoint here
        yield
        self.catch_up()
        savepoint.rollback()

    def commit(self) -> None:
        """Commit, unless the last statement has done that. Raises `DBAPIError`.

        A transaction that was not begun is begun and committed in one round trip, which confirms the account.
        """
        self.catch_up()
        if "_session" in vars(self):
            self._session.commit()
        if self.waiting or _is_open(self.driver):
            _COMMIT.rows(self)

    def close(self) -> None:
        """Return the connection to the pool, unless that was done. What was not committed is rolled back."""
        if self._behind is not None:
            self._behind[0].exception()  # the statement has to end before, whatever becomes of it
            self._behind = None
        if "_session" in vars(self):
            self._session.close()
        self.taken.close()

    def _refused(self, fault: psycopg2.Error) -> DBAPIError:
        """Return an error of the driver as SQLAlchemy raises it. If the connection is lost, none of the pool is used again."""
        lost = self.engine.dialect.is_disconnect(fault, self.taken.dbapi_connection, None)
        if lost and self.taken.dbapi_connection is not None:
            self.taken.invalidate(fault)
            self.engine.dispose()
        return as_refused(self.engine, fault, lost=lost)


def _settle(sent: Future[list[Any]], run: Callable[[], list[Any]]) -> None:
    try:
        sent.set_result(run())
    except BaseException as fault:  # noqa: BLE001 (it is raised where the result is asked for)
        sent.set_exception(fault)
    finally:
        del sent, run  # an error would be kept in memory by its own traceback, with all values of the statement


def open_pool(url: str, **options: Any) -> Engine:
    """Open a pool of connections for transactions. Error texts never contain parameter values.

    A transaction is rolled back if it has not ended when its connection returns. The connection that returned last is taken first,
    because what its server process needs is still in the caches of the processor.
    """
    own: Any = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None, "pool_use_lifo": True}
    engine = create_engine(url, hide_parameters=True, **own, **options)

    @event.listens_for(engine, "reset")
    def reset(driver: Any, *of: Any) -> None:
        del of
        if _is_open(driver):
            driver.cursor().execute("rollback")

    return engine


def renew_plans(engine: Engine, seconds: float) -> None:
    """Have every connection forget its plans after so many seconds: one made for an empty table reads all of it when it is full."""

    @event.listens_for(engine, "checkout")
    def renew(driver: Any, record: Any, *of: Any) -> None:
        del of
        now = time.monotonic()
        if now - record.info.setdefault("planned", now) < seconds:
            return
        record.info["planned"] = now
        try:
            driver.cursor().execute("discard plans")
        except psycopg2.Error as fault:
            raise DisconnectionError from fault  # the pool tries another connection


def _is_open(driver: Any) -> bool:
    return bool(driver.get_transaction_status() != TRANSACTION_STATUS_IDLE)
