"""Work of the worker that failed is put off, each piece by itself, so that what is behind it goes on.

A piece that is put off stays where it was, and is tried again by itself, after pauses that double from two seconds up to an hour.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from prometheus_client import Gauge
from sqlalchemy.orm import Session

from coopapi.store.db import Database
from coopapi.store.statements import Statement

SMALLEST: Final = 1 / 4096
"""The smallest part of the usual size of a batch: one piece of any kind of work."""
TOO_LONG: Final = 60
"""Seconds after which `coopapi check` reports that a piece of work is put off, and the service raises an alarm."""
PUT_OFF: Final = Gauge(
    "coopapi_worker_put_off", "Pieces of work that failed and are tried again later", ["work"], multiprocess_mode="mostrecent"
)
KINDS: Final = (
    "timers", "changes", "pairs", "hidden_pairs", "journal", "deadlines", "words", "searches", "rereading",
    "imports", "exports", "figures", "webhooks", "deliveries", "people", "mails",
)  # fmt: skip
"""The kinds of work of which pieces are put off."""
_COUNTED: Final = Statement("select work, pieces, seconds from priv.pieces_put_off()")
_PUT_OFF: Final = Statement("select priv.put_off(:kind, :piece)")
_TRY_AGAIN: Final = Statement("select priv.try_again(:kind, :piece)")
_DONE: Final = Statement("select priv.no_longer_put_off(:kind, :piece)")
_log = logging.getLogger("coopapi.worker")


class TakenByAnotherWorker(Exception):
    """Another worker is at the piece of work, so nothing was done with it."""


@contextmanager
def tried(database: Database, kind: str, piece: object, *, again: bool, on: type[Exception] = Exception) -> Iterator[None]:
    """Put off a piece of work if what is done in this context fails with `on`, which is raised again.

    With `again` the piece was put off before. That ends if the context ends in another way, except with `TakenByAnotherWorker`.
    """
    try:
        yield
    except TakenByAnotherWorker:
        raise
    except on as fault:
        _put_off(database, kind, str(piece), fault)
        raise
    except Exception:
        _done(database, kind, str(piece), again=again)
        raise
    _done(database, kind, str(piece), again=again)


@dataclass
class Batch:
    """What is done of a kind of work in one transaction: the next pieces, or one that is known. Some kinds have no pieces."""

    kind: str
    piece: str | None = None
    again: bool = False
    """Whether the piece, or all of the work if there is none, was put off before."""
    share: float = 1
    """The part of the usual size."""
    pieces: list[str] = field(init=False, default_factory=list)

    def most(self, usual: int) -> int:
        """Return how many pieces are taken if so many are usual."""
        return ceil(usual * self.share)

    def take(self, session: Session, following: Statement | None = None, **usual: int) -> list[str]:
        """Return the piece that is known, or the next ones, which `following` finds.

        Of the numbers that it is given, the share is taken of those whose names begin with `most`.
        Call this in the transaction that does the work. If the piece was put off and another worker is at it, nothing is returned.
        """
        if self.again and not _TRY_AGAIN.value(session, kind=self.kind, piece=self.piece or ""):
            return []
        if self.piece:
            self.pieces = [self.piece]
        elif following is not None:
            asked = {name: self.most(number) if name.startswith("most") else number for name, number in usual.items()}
            self.pieces = following.value(session, **asked)
        return self.pieces

    @contextmanager
    def tried(self, database: Database) -> Iterator[None]:
        """Put off a piece if what is done in this context fails with it alone. What failed is raised again."""
        try:
            yield
        except Exception as fault:
            alone = [self.piece] if self.piece else self.pieces
            if len(alone) == 1 or self.share <= SMALLEST or (self.again and not alone):
                _put_off(database, self.kind, alone[0] if alone else "", fault)
            raise


class PutOff(dict[str, int]):
    """How many pieces of each kind of work are put off of which the oldest has failed for too long."""

    @property
    def fault(self) -> str | None:
        """Describe what is put off, or return None."""
        said = ", ".join(f"{work} {pieces}" for work, pieces in self.items())
        return f"work has failed for more than a minute and is put off: {said}" if said else None


def count_put_off(session: Session) -> PutOff:
    """Return what work is put off, and set the metric."""
    found = _COUNTED.rows(session)
    for work, pieces in (dict.fromkeys(KINDS, 0) | {row.work: row.pieces for row in found}).items():
        PUT_OFF.labels(work).set(pieces)
    return PutOff({row.work: row.pieces for row in found if row.seconds > TOO_LONG})


def no_longer_put_off(session: Session, kind: str, piece: str) -> None:
    """Note in a transaction of the worker that a piece of work that was put off is done."""
    _DONE.rows(session, kind=kind, piece=piece)


def _put_off(database: Database, kind: str, piece: str, fault: Exception) -> None:
    _log.error("a piece of work is put off", extra={"work": kind, "error": type(fault).__name__})
    with database.worker() as session:
        _PUT_OFF.rows(session, kind=kind, piece=piece)


def _done(database: Database, kind: str, piece: str, *, again: bool) -> None:
    if again:
        with database.worker() as session:
            no_longer_put_off(session, kind, piece)
