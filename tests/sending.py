"""Which statements the application sends to the database."""

from contextlib import contextmanager

from psycopg2.extensions import cursor
from sqlalchemy import event


@contextmanager
def statements_sent(engine):
    """The texts of the statements that are sent meanwhile over this pool, whether by way of SQLAlchemy or directly, without values."""
    sent = []

    class Noting(cursor):
        bound = ()

        def mogrify(self, statement, values=None):
            self.bound += (statement,)
            return super().mogrify(statement, values)

        def execute(self, statement, values=None):
            text = "; ".join(self.bound) or statement
            sent.append(text if isinstance(text, str) else text.decode())
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
