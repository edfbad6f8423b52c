"""One transaction on one connection, in few round trips.

The driver would send `BEGIN` and `COMMIT` in round trips of their own. So its own transactions are off: the first statement of a
transaction begins it, and the last one may end it.
"""

from typing import Any, Final

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from coopapi.store import alarms
from coopapi.store.statements import Statement

_COMMIT: Final = Statement("commit")


class Transaction(Session):
    """A session on one connection. Fixed statements are sent on `driver`; SQLAlchemy joins in as soon as it is used."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(expire_on_commit=False)
        self.joined = Connection(engine)
        driver: Any = self.joined.connection.dbapi_connection
        self.driver, self.notices = driver, alarms.Notices()
        driver.notices = self.notices

    def get_bind(self, *of: Any, **more: Any) -> Connection:
        """Return the connection that SQLAlchemy uses."""
        del of, more
        return self.joined

    def commit(self) -> None:
        """Commit, unless the last statement has done that."""
        if self.in_transaction():
            super().commit()
        if _open(self.driver):
            _COMMIT.rows(self)

    def close(self) -> None:
        """Return the connection to the pool. What was not committed is rolled back."""
        super().close()
        self.joined.close()


def open_pool(url: str, **options: Any) -> Engine:
    """Open a pool of connections for transactions. Error texts never contain parameter values.

    A transaction is rolled back if it has not ended when its connection returns.
    """
    engine = create_engine(url, hide_parameters=True, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, **options)

    @event.listens_for(engine, "reset")
    def reset(driver: Any, *of: Any) -> None:
        del of
        if _open(driver):
            driver.cursor().execute("rollback")

    return engine


def _open(driver: Any) -> bool:
    return bool(driver.get_transaction_status() != TRANSACTION_STATUS_IDLE)
