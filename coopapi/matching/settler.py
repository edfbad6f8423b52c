"""The part of the worker that finds overlaps: it follows the changes of holdings after they were committed.

A change is committed together with a row that names it. The worker takes these rows in order, compares similar values, and computes
the overlap of every pair of cases that a change can affect. Each function here is one transaction, and what it takes from the queue
is deleted in it, so nothing is lost if the worker is killed.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy.orm import Session

from coopapi.matching import engine
from coopapi.matching.similarity import Likeness, Pair, compare
from coopapi.store.db import Database
from coopapi.store.putting_off import Batch
from coopapi.store.statements import Statement, array

MOST_TIMERS: Final = 100
"""How many things of which it is time are done in one transaction."""
MOST_CHANGES: Final = 200
"""How many changes of holdings one transaction follows."""
MOST_IMPORTED: Final = 100
"""How many it follows if all are of imports. It does so only when no other change waits."""
MOST_PAIRS: Final = 500
"""How many pairs of cases one transaction computes."""
_NEXT_TIMERS: Final = Statement("select priv.next_timers(:most)")
_RUN: Final = Statement("select priv.run_timers(cast(:pieces as text[]))")
_NEXT_CHANGES: Final = Statement("select priv.next_changes(:most, :most_imported)")
_FOLLOW: Final = Statement("select * from priv.follow_changes(cast(:changes as bigint[]), :limits)")
_CANDIDATES: Final = Statement(
    "select * from priv.candidates(cast(:compared as uuid[]), cast(:fallen as bytea[]), cast(:was as integer[]),"
    " cast(:was_open as integer[]), :limits)"
)
_VALUES: Final = Statement("select * from priv.values_to_compare(cast(:ids as uuid[]))")
_FAMILIES: Final = Statement("select families from priv.families_to_compare(cast(:a as uuid[]), cast(:b as uuid[]))")
_ADD: Final = Statement(
    "select priv.add_likenesses(cast(:a as uuid[]), cast(:b as uuid[]), cast(:version_a as integer[]),"
    " cast(:version_b as integer[]), cast(:score as real[]), cast(:strength as smallint[]), cast(:rule as text[]))"
)
_NEXT_PAIRS: Final = Statement("select priv.next_pairs(:hidden, :most)")
_SETTLE: Final = Statement("select priv.settle_pairs(cast(:pairs as text[]), :limits)")


def run_timers(database: Database, batch: Batch) -> None:
    """Do what it is time for: let exclusions lapse, or end the time for which overlaps wait for people with victim clearance."""
    with database.worker() as session:
        if pieces := batch.take(session, _NEXT_TIMERS, most=MOST_TIMERS):
            _RUN.rows(session, pieces=array(pieces))


def follow_changes(database: Database, batch: Batch) -> None:
    """Follow the next changes: compare the new values with similar ones, and note which pairs of cases have to be computed."""
    limits = engine.limits(database.settings)
    with database.worker() as session:
        changes = batch.take(session, _NEXT_CHANGES, most=MOST_CHANGES, most_imported=MOST_IMPORTED)
        change = _FOLLOW.one(session, changes=array(changes), limits=limits)
        if change.compared or change.fallen:
            _compare(database, session, change, limits)


def settle_pairs(database: Database, batch: Batch) -> None:
    """Compute the overlaps of the next pairs of visible cases, or of those with a hidden case (`hidden_pairs`)."""
    with database.worker() as session:
        pairs = batch.take(session, _NEXT_PAIRS, hidden=batch.kind == "hidden_pairs", most=MOST_PAIRS)
        _SETTLE.rows(session, pairs=array(pairs), limits=engine.limits(database.settings))


def _compare(database: Database, session: Session, change: Any, limits: list[int]) -> None:
    asked = {
        "compared": array(change.compared or ()),
        "fallen": array(bytes(token) for token in change.fallen or ()),
        "was": array(change.fallen_was or ()),
        "was_open": array(change.fallen_was_open or ()),
    }
    pairs = [(row.a, row.b) for row in _CANDIDATES.rows(session, **asked, limits=limits)]
    if not pairs:
        return
    values = {row.id: row for row in _VALUES.rows(session, ids=array({one for pair in pairs for one in pair}))}
    if found := compare(database.keys, database.settings, pairs, values, partial(_families, session)):
        _ADD.rows(session, **_columns(found))


def _families(session: Session, pairs: Sequence[Pair]) -> list[Sequence[str]]:
    a, b = (array(side) for side in zip(*pairs, strict=True))
    return [row.families for row in _FAMILIES.rows(session, a=a, b=b)]


def _columns(found: Sequence[Likeness]) -> dict[str, str]:
    return {name: array(getattr(likeness, name) for likeness in found) for name in Likeness._fields}
