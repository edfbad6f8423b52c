"""Reconciliation of matching: compares the stored overlaps with a complete recomputation from the cases."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from coopapi.matching import engine
from coopapi.matching.similarity import STRENGTHS, judge_all
from coopapi.store.db import UnitOfWork

UNLIMITED: Final = text("set local statement_timeout = 0")
"""Removes the time limit for a command that goes through the whole register."""
_BATCH: Final = 500
_RECHECK: Final = text("select * from priv.recheck(:after, :count, :limits)")
_PAIRS: Final = text("select m, n from priv.pairs()")
_COMPUTE: Final = text("select priv.compute_anew(cast(:m as uuid[]), cast(:n as uuid[]), :limits)")
_DIFFERENCES: Final = text("select priv.differences(cast(:m as uuid[]), cast(:n as uuid[]), :limits) as differing")
_MISCOUNTS: Final = text("select tokens, strays from priv.miscounts()")
_REPAIR: Final = text(
    "select priv.repair(cast(:a as uuid[]), cast(:b as uuid[]), cast(:scores as real[]), cast(:strengths as smallint[]),"
    " cast(:rules as text[]))"
)


def reconcile(work: UnitOfWork, renew: Callable[[], None], *, repair: bool) -> dict[str, int]:
    """Count differences between the stored data and a recomputation, by kind. With `repair`, correct them.

    This takes minutes in a large register, so the work is done in batches, and `renew` signs the context anew after each.
    """
    work.session.execute(UNLIMITED)
    run = partial(_run, work, renew)
    wrong = _wrong_likenesses(work, run)
    if repair:
        columns = zip(*wrong, strict=True) if wrong else [[]] * 5
        run(_REPAIR, **dict(zip(("a", "b", "scores", "strengths", "rules"), map(list, columns), strict=True)))
        wrong = []
    pairs = run(_PAIRS)
    batches = [list(zip(*pairs[start : start + _BATCH], strict=True)) for start in range(0, len(pairs), _BATCH)]
    limits = engine.limits(work.settings)
    if repair:
        for m, n in batches:
            run(_COMPUTE, m=list(m), n=list(n), limits=limits)
    differing = sum(run(_DIFFERENCES, m=list(m), n=list(n), limits=limits)[0].differing for m, n in batches)
    (miscounts,) = run(_MISCOUNTS)
    counts = {"overlaps": differing, "tokens": miscounts.tokens, "strays": miscounts.strays, "likenesses": len(wrong)}
    work.note("overlaps.reconciled", object_type="register", repaired=repair, found=counts)
    return counts


def _run(work: UnitOfWork, renew: Callable[[], None], statement: Any, **values: Any) -> Sequence[Any]:
    """Run a statement that may take long, sign the context of the transaction anew, and return the rows."""
    rows = work.session.execute(statement, values).all()
    renew()
    return rows


def _wrong_likenesses(work: UnitOfWork, run: Callable[..., Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Compare every candidate pair again and return those whose stored strength is wrong."""
    after, wrong = UUID(int=0), []
    while rows := run(_RECHECK, after=after, count=_BATCH, limits=engine.limits(work.settings)):
        after = rows[-1].a
        found = {(row.a, row.b): row for row in rows if row.b}
        shared = {pair: row.families for pair, row in found.items()}
        verdicts = judge_all(work.keys, work.settings, list(found), _values(found.values()), partial(map, shared.get))
        for row, verdict in zip(found.values(), verdicts, strict=True):
            strength = STRENGTHS.get(verdict.level or "")
            if strength != row.strength:
                wrong.append((str(row.a), str(row.b), verdict.score, strength, verdict.rule))
    return wrong


class _Value(NamedTuple):
    id: UUID
    case_id: UUID
    owner: UUID
    sealed: bytes
    wrapped: bytes


def _values(rows: Iterable[Any]) -> dict[UUID, _Value]:
    """Return the sealed values of both sides of pairs by their identifiers."""
    values = {}
    for row in rows:
        values[row.a] = _Value(row.a, row.case_a, row.owner_a, row.sealed_a, row.wrapped_a)
        values[row.b] = _Value(row.b, row.case_b, row.owner_b, row.sealed_b, row.wrapped_b)
    return values
