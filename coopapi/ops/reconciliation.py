"""Reconciliation of matching: compares the stored overlaps with a complete recomputation from the cases."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from coopapi.matching import engine
from coopapi.matching.similarity import STRENGTHS, judge_all
from coopapi.store.db import UnitOfWork

UNLIMITED: Final = text("set local statement_timeout = 0")
"""Removes the time limit for a command that goes through the whole register."""
_BATCH: Final = 500
_RECHECK: Final = text("select * from priv.recheck(:after, :count, :limits)")
_DIFFERENCES: Final = text("select * from priv.differences(:limits)")
_REPAIR: Final = text(
    "select priv.repair(cast(:a as uuid[]), cast(:b as uuid[]), cast(:scores as real[]), cast(:strengths as smallint[]),"
    " cast(:rules as text[]), :limits)"
)


def reconcile(work: UnitOfWork, *, repair: bool) -> dict[str, int]:
    """Count differences between the stored data and a recomputation, by kind. With `repair`, correct them."""
    work.session.execute(UNLIMITED)
    wrong = _wrong_likenesses(work)
    limits = engine.limits(work.settings)
    if repair:
        columns = zip(*wrong, strict=True) if wrong else [[]] * 5
        asked = dict(zip(("a", "b", "scores", "strengths", "rules"), map(list, columns), strict=True))
        work.session.execute(_REPAIR, {**asked, "limits": limits})
        wrong = []
    found = work.session.execute(_DIFFERENCES, {"limits": limits}).one()
    counts = {"overlaps": found.overlaps, "tokens": found.tokens, "strays": found.strays, "likenesses": len(wrong)}
    work.note("overlaps.reconciled", object_type="register", repaired=repair, found=counts)
    return counts


def _wrong_likenesses(work: UnitOfWork) -> list[tuple[Any, ...]]:
    """Compare every candidate pair again and return those whose stored strength is wrong."""
    after, wrong = UUID(int=0), []
    while rows := work.session.execute(_RECHECK, {"after": after, "count": _BATCH, "limits": engine.limits(work.settings)}).all():
        after = rows[-1].a
        pairs = [row for row in rows if row.b]
        for row, verdict in zip(pairs, judge_all(work.keys, work.settings, pairs), strict=True):
            strength = STRENGTHS.get(verdict.level or "")
            if strength != row.strength:
                wrong.append((str(row.a), str(row.b), verdict.score, strength, verdict.rule))
    return wrong
