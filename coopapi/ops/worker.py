"""The worker: a process beside the web server that finds overlaps and links the journal, many times a second.

Any number of workers may run. One of them works at a time, and another takes over at once if it ends.
"""

import logging
import os
import time
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coopapi.journal.service import link_entries
from coopapi.matching import settler
from coopapi.store.db import Database

TICK: Final = 0.04
"""Seconds between two looks for work. Results are published at these ticks of the clock, however long the work before took."""
_LONGEST_PAUSE: Final = 10.0
_WAITING: Final = text("select * from priv.waiting()")
_log = logging.getLogger("coopapi.worker")


def work_once(database: Database) -> bool:
    """Do the next piece of each kind of work that waits. Returns False if nothing waited.

    Pairs with a hidden case come last, so that the others do not wait for them and the time of no answer depends on them.
    """
    with database.worker() as session:
        waiting = session.execute(_WAITING).one()
    if waiting.changes:
        settler.follow_changes(database)
    if waiting.changes or waiting.pairs:
        settler.settle_pairs(database, hidden=False)
    elif waiting.hidden_pairs:
        settler.settle_pairs(database, hidden=True)
    if waiting.entries:
        link_entries(database)
    return any(waiting)


def work_until_done(database: Database) -> None:
    """Do all work that waits now."""
    while work_once(database):
        pass


def run(database: Database) -> None:
    """Work until the process that started this one has ended. While the database cannot be reached, try again ever more rarely."""
    parent, pause = os.getppid(), TICK
    while os.getppid() == parent:
        try:
            pause = TICK
            if work_once(database):
                continue
        except DBAPIError as fault:
            _log.warning("the worker will try again", extra={"fault": type(fault).__name__})
            pause = min(pause * 2, _LONGEST_PAUSE)
        time.sleep(pause - time.time() % TICK if pause == TICK else pause)
