"""Work of the worker in a process that kills itself before a statement."""

import multiprocessing
import os
import signal

from psycopg2.extensions import cursor
from sqlalchemy import event


def killed_at(database, number, do, *, also=None):
    """Do work in a process that kills itself before its n-th statement, and tell whether it was killed.

    If `also` returns true for a statement, what was done before it is committed, and the process kills itself there.
    """

    def work():
        database.engine.dispose(close=False)
        seen = 0

        class Killing(cursor):
            def execute(self, statement, values=None):
                nonlocal seen
                seen += 1
                half = also is not None and also(self.mogrify(statement, values))
                if half:
                    super().execute("commit")
                if half or seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().execute(statement, values)

        @event.listens_for(database.engine, "checkout")
        def count(connection, *_):
            connection.cursor_factory = Killing

        do(database)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL
