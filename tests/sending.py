"""Which statements the application sends to the database."""

from contextlib import contextmanager

from psycopg2.extensions import cursor
from sqlalchemy import event


@contextmanager
def statements_sent(engine):
    """The texts of the statements that are sent meanwhile over this pool, whether by way of SQLAlchemy or directly."""
    sent = []

    class Noting(cursor):
        def execute(self, statement, values=None):
            sent.append(statement if isinstance(statement, str) else statement.decode())
            return super().execute(statement, values)

    def begin(connection, *_):
        connection.cursor_factory = Noting

    def end(connection, *_):
        if connection is not None:  # it is None if the connection was lost
            connection.cursor_factory = None

    event.listen(engine, "checkout", begin)
    event.listen(engine, "checkin", end)
    try:
        yield sent
    finally:
        event.remove(engine, "checkout", begin)
        event.remove(engine, "checkin", end)
