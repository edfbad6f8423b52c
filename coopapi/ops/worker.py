"""The worker: a process beside the web server that finds overlaps, links the journal, indexes for search, and sends messages.

It does the first three many times a second. Webhooks and mail are sent in threads of their own, so no receiver holds up the rest.
Any number of workers may run. One of them works at a time, and another takes over at once if it ends.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Final

from sqlalchemy import text

from coopapi.deadlines.service import escalate
from coopapi.exports import running as exports
from coopapi.identifiers import rereading
from coopapi.imports import running as imports
from coopapi.imports.ahead import Ahead, keep_memory
from coopapi.journal.service import link_entries
from coopapi.mail import mailer
from coopapi.matching import settler
from coopapi.search import indexing
from coopapi.statistics import publication
from coopapi.store.db import Database
from coopapi.store.transaction import renew_plans
from coopapi.unicode_text import NORMALISER_VERSION
from coopapi.webhooks import sender

TICK: Final = 0.04
"""Seconds between two looks for work. Results are published at these ticks of the clock, however long the work before took."""
_IMPORT_TICK: Final = 0.5
"""Seconds between two looks for imports, which take longer than that by themselves."""
SMALLEST: Final = 1 / settler.MOST_PAIRS
_LONGEST_PAUSE: Final = 10.0
_PLANS_KEPT: Final = 5.0
"""Seconds for which the worker keeps plans of the database."""
_WAITING: Final = text("select * from priv.waiting(:normaliser)")
_log = logging.getLogger("coopapi.worker")


def work_once(database: Database, share: float = 1) -> bool:
    """Do the next piece of each kind of work that waits, with `share` of the usual size. Returns False if nothing waited."""
    pieces = list(_waiting(database, share))
    for do in pieces:
        do()
    return bool(pieces)


def work_until_done(database: Database) -> None:
    """Do all work that waits now."""
    while work_once(database) or imports.import_once(database) or exports.export_once(database):
        pass


def run(database: Database, parent: int | None = None) -> None:
    """Work while `parent` is the parent process of this one; by default it is the present one.

    A piece of work that fails is tried again in smaller and smaller portions and ever more rarely. The other kinds of work go on.
    """
    parent = parent or os.getppid()
    renew_plans(database.engine, _PLANS_KEPT)
    for sending in (sender.run, mailer.run):
        Thread(target=sending, args=(database, lambda: os.getppid() == parent), daemon=True).start()
    _repeat(lambda share, _: _faults(database, share), parent, TICK)


def run_imports(database: Database, parent: int | None = None) -> None:
    """Store imports and make exports while `parent` is the parent process of this one, in a process beside that of `run`.

    So an import takes no longer because the other process finds much in what it stored.
    """
    keep_memory()
    renew_plans(database.engine, _PLANS_KEPT)
    ahead = Ahead(database.keys)
    _repeat(lambda share, parent: _import_faults(database, share, parent, ahead), parent or os.getppid(), _IMPORT_TICK)


def _repeat(work: Callable[[float, int], list[Exception]], parent: int, tick: float) -> None:
    """Work at each tick while the parent process lives: less at a time, and after longer pauses, as long as something fails."""
    share, pause = 1.0, tick
    while os.getppid() == parent:
        faults = work(share, parent)
        for fault in faults:
            _log.error("the worker will try again", extra={"error": type(fault).__name__})
        share = max(share / 2, SMALLEST) if faults else min(share * 2, 1)
        pause = min(pause * 2, _LONGEST_PAUSE) if faults else tick
        _pause(pause - time.time() % tick, parent)


def _pause(seconds: float, parent: int) -> None:
    """Pause, but not longer than the process lives that started this one."""
    end = time.monotonic() + seconds
    while os.getppid() == parent and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.5))


def _import_faults(database: Database, share: float, parent: int, ahead: Ahead) -> list[Exception]:
    """Store imports, make exports and publish figures in turn, delete what is too old, and return the exceptions of what failed.

    What failed is left for the next time, so that the others go on meanwhile.
    """
    faults: list[Exception] = []
    pieces: list[Callable[[], bool]] = [
        lambda: imports.import_once(database, share, ahead),
        lambda: exports.export_once(database),
        lambda: imports.forget(database),
        lambda: exports.delete_old(database),
        lambda: indexing.forget_searched(database),
        lambda: publication.publish_once(database),
    ]
    more = True
    while more and os.getppid() == parent:
        more = False
        for do in tuple(pieces):
            try:
                more |= do()
            except Exception as fault:  # noqa: BLE001 (the worker goes on, whatever happens)
                faults.append(fault)
                pieces.remove(do)
    return faults


def _faults(database: Database, share: float) -> list[Exception]:
    """Do what waits, and return the exceptions of the pieces that failed."""
    faults: list[Exception] = []
    try:
        pieces = list(_waiting(database, share))
    except Exception as fault:  # noqa: BLE001 (the worker goes on, whatever happens)
        return [fault]
    for do in pieces:
        try:
            do()
        except Exception as fault:  # noqa: BLE001 (the worker goes on, whatever happens)
            faults.append(fault)
    return faults


def _waiting(database: Database, share: float) -> Iterator[Callable[[], None]]:
    """Yield the pieces of work that wait.

    Pairs with a hidden case come last, so that the others do not wait for them and the time of no answer depends on them.
    Identifiers are read again only when nothing else waits.
    """
    with database.worker() as session:
        waiting = session.execute(_WAITING, {"normaliser": NORMALISER_VERSION}).one()
    if waiting.changes:
        yield lambda: settler.follow_changes(database, share)
    if waiting.changes or waiting.pairs:
        yield lambda: settler.settle_pairs(database, share, hidden=False)
    elif waiting.hidden_pairs:
        yield lambda: settler.settle_pairs(database, share, hidden=True)
    if waiting.entries:
        yield lambda: link_entries(database)
    if waiting.clocks:
        yield lambda: escalate(database)
    if waiting.words:
        yield lambda: indexing.index(database, share)
    if waiting.searches:
        yield lambda: indexing.compare_saved(database, share)
    if waiting.rereading and not (waiting.changes or waiting.pairs or waiting.hidden_pairs or waiting.entries):
        yield lambda: rereading.reread(database, share)
