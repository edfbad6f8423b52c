"""The worker: a process beside the web server that finds overlaps, links the journal, indexes for search, and sends messages.

It does the first three many times a second. Webhooks and mail are sent in threads of their own, so no receiver holds up the rest.
Any number of workers may run. One of them works at a time, and another takes over at once if it ends.
"""

import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, Final

from coopapi import features as _features  # noqa: F401 (exports read what every feature registers, so all must be imported)
from coopapi.deadlines.service import escalate
from coopapi.exports import running as exports
from coopapi.http import idempotency
from coopapi.identifiers import rereading
from coopapi.imports import running as imports
from coopapi.imports.ahead import Ahead, keep_memory
from coopapi.journal.service import link_entries
from coopapi.mail import mailer
from coopapi.matching import settler
from coopapi.search import indexing
from coopapi.statistics import publication
from coopapi.store.db import Database
from coopapi.store.putting_off import SMALLEST, Batch
from coopapi.store.statements import Statement
from coopapi.store.transaction import renew_plans
from coopapi.unicode_text import NORMALISER_VERSION
from coopapi.webhooks import sender

TICK: Final = 0.04
"""Seconds between two looks for work. Results are published at these ticks of the clock, however long the work before took."""
_IMPORT_TICK: Final = 0.5
"""Seconds between two looks for imports, which take longer than that by themselves."""
_LONGEST_PAUSE: Final = 10.0
_HOUR: Final = 3600.0
_PLANS_KEPT: Final = 5.0
"""Seconds for which the worker keeps plans of the database."""
_WAITING: Final = Statement("select * from priv.waiting(:normaliser)")
_DO: Final[Mapping[str, Callable[[Database, Batch], None]]] = {
    "timers": settler.run_timers,
    "changes": settler.follow_changes,
    "pairs": settler.settle_pairs,
    "hidden_pairs": settler.settle_pairs,
    "journal": link_entries,
    "deadlines": escalate,
    "words": indexing.index,
    "searches": indexing.compare_saved,
    "rereading": rereading.reread,
}
_log = logging.getLogger("coopapi.worker")


@dataclass
class Pace:
    """How much of a kind of work is done at one time, and when: less, and after longer pauses, as long as it fails."""

    share: float = 1
    pause: float = 0
    rests_until: float = 0

    def attempt(self, do: Callable[[], bool | None], faults: list[Exception]) -> bool:
        """Do work unless it rests, and add its exception to the faults. What failed rests for at least as long as it took.

        Returns whether `do` said that there was something to do; False if it rests or failed.
        """
        began = time.monotonic()
        if began < self.rests_until:
            return False
        try:
            more = bool(do())
        except Exception as fault:  # noqa: BLE001 (the worker goes on, whatever happens)
            faults.append(fault)
            self.share, self.pause = max(self.share / 16, SMALLEST), min(self.pause * 2 + TICK, _LONGEST_PAUSE)
            now = time.monotonic()
            self.rests_until = now + max(self.pause, now - began)
            return False
        self.share, self.pause = min(self.share * 2, 1), 0
        return more


Paces = defaultdict[Any, Pace]
"""The pace of each kind of work, and another one of what is tried again."""


def work_once(database: Database, share: float = 1) -> bool:
    """Do the next piece of each kind of work that waits, with `share` of the usual size. Returns False if nothing waited."""
    batches = _waiting(database)
    for batch in batches:
        batch.share = share
        _do(database, batch)
    return bool(batches)


def work_until_done(database: Database) -> None:
    """Do all work that waits now."""
    while work_once(database) or imports.import_once(database) or exports.export_once(database):
        pass


def run(database: Database, parent: int | None = None) -> None:
    """Work while `parent` is the parent process of this one; by default it is the present one.

    What fails is tried again in smaller and smaller batches. A piece that fails by itself is put off. Other kinds of work go on.
    """
    parent = parent or os.getppid()
    renew_plans(database.engine, _PLANS_KEPT)
    for sending in (sender.run, mailer.run):
        Thread(target=sending, args=(database, lambda: os.getppid() == parent), daemon=True).start()
    paces = Paces(Pace)
    _repeat(lambda _: _faults(database, paces), parent, TICK)


def run_imports(database: Database, parent: int | None = None) -> None:
    """Store imports and make exports while `parent` is the parent process of this one, in a process beside that of `run`.

    So an import takes no longer because the other process finds much in what it stored.
    """
    keep_memory()
    renew_plans(database.engine, _PLANS_KEPT)
    ahead, paces = Ahead(database.keys), Paces(Pace)
    _repeat(lambda parent: _import_faults(database, paces, parent, ahead), parent or os.getppid(), _IMPORT_TICK)


def _repeat(work: Callable[[int], list[Exception]], parent: int, tick: float) -> None:
    """Work at each tick while the parent process lives."""
    while os.getppid() == parent:
        for fault in work(parent):
            _log.error("the worker will try again", extra={"error": type(fault).__name__})
        _pause(tick - time.time() % tick, parent)


def _pause(seconds: float, parent: int) -> None:
    """Pause, but not longer than the process lives that started this one."""
    end = time.monotonic() + seconds
    while os.getppid() == parent and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.5))


def _import_faults(database: Database, paces: Paces, parent: int, ahead: Ahead) -> list[Exception]:
    """Store imports, make exports and publish figures in turn, delete what is too old, and return the exceptions of what failed.

    What failed rests, while the others go on.
    """
    faults: list[Exception] = []
    tasks: dict[str, Callable[[], bool]] = {
        "imports": lambda: imports.import_once(database, ahead),
        "exports": lambda: exports.export_once(database),
        "old lines": lambda: imports.forget(database),
        "old exports": lambda: exports.delete_old(database),
        "old searches": lambda: indexing.forget_searched(database),
        "old keys": lambda: _hourly(paces["old keys"], lambda: idempotency.forget(database)),
        "figures": lambda: publication.publish_once(database),
    }
    more = True
    while more and os.getppid() == parent:
        more = False
        for name, do in tasks.items():
            more |= paces[name].attempt(do, faults)
    return faults


def _hourly(pace: Pace, do: Callable[[], bool]) -> bool:
    """Do work that reads a whole table, until there is no more, and then not again for an hour."""
    more = do()
    if not more:
        pace.rests_until = time.monotonic() + _HOUR
    return more


def _faults(database: Database, paces: Paces) -> list[Exception]:
    """Do what waits, except for the kinds of work that rest, and return the exceptions of what failed.

    What is tried again comes last, and first of it what failed least recently. Once a piece of it fails, the rest of it is left for
    the next rounds, so that several slow pieces do not hold up what waits.
    """
    faults: list[Exception] = []
    batches: list[Batch] = []
    paces["waiting"].attempt(lambda: batches.extend(_waiting(database)), faults)
    for batch in sorted(batches, key=lambda one: paces[one.kind, True].rests_until if one.again else 0):
        pace, before = paces[batch.kind, batch.again], len(faults)
        batch.share = pace.share
        pace.attempt(partial(_do, database, batch), faults)
        if batch.again and len(faults) > before:
            break
    return faults


def _do(database: Database, batch: Batch) -> None:
    with batch.tried(database):
        _DO[batch.kind](database, batch)


def _waiting(database: Database) -> list[Batch]:
    """Return the batches of work that wait, in the order in which they are done."""
    with database.worker() as session:
        found = _WAITING.rows(session, normaliser=NORMALISER_VERSION)
    return [Batch(row.kind, row.piece, row.again) for row in found]
