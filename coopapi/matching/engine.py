"""Calls of the database functions that register identifiers and find overlaps.

These functions run with the rights of their owner (SECURITY DEFINER): they compare with cases that the caller may not see, check
the caller's right to its own case themselves, and do not return what they found. A match becomes visible only as an overlap.
Similar values are compared after the tokens are locked (`_HOLD`) and before the overlaps are computed (`_SETTLE`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from coopapi.matching.similarity import Likeness, compare
from coopapi.store import quotas
from coopapi.store.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class Holding:
    """One token of one identifier, with the kind of the identifier and the role of the person in its case."""

    identifier_id: UUID
    token: bytes
    family: str
    strength: int
    kind: str
    role: str | None


_HOLD_PENDING = text("select * from priv.hold_pending(:case)")
_CONFIRM_HIDING = text("select priv.confirm_hiding(:case)")
_HOLD = text(
    "select * from priv.hold(:case, cast(:identifiers as uuid[]), cast(:tokens as bytea[]), cast(:families as text[]),"
    " cast(:strengths as smallint[]), cast(:kinds as text[]), cast(:roles as text[]))"
)
_RELEASE = text("select * from priv.release(:case, cast(:identifiers as uuid[]))")
_RELABEL = text(
    "select * from priv.relabel(:case, array(select id from identifiers where case_id = :case and subject_id = :subject), :role,"
    " :visibility)"
)
_CANDIDATES = text(
    "select * from priv.candidates(:case, cast(:identifiers as uuid[]), cast(:tokens as bytea[]), cast(:was as integer[]),"
    " cast(:was_open as integer[]), :limits)"
)
_SETTLE = text(
    "select priv.settle(:case, cast(:tokens as bytea[]), cast(:was as integer[]), cast(:was_open as integer[]),"
    " cast(:apart as uuid[]), cast(:a as uuid[]), cast(:b as uuid[]), cast(:scores as real[]), cast(:strengths as smallint[]),"
    " cast(:rules as text[]), :limits, :request)"
)
_RECONSIDER = text("select priv.reconsider(null, :limits, :request)")


def limits(work: UnitOfWork) -> list[int]:
    """Return how many identifiers may hold a match key of persons, and how many cases a value, before they stop being evidence."""
    return [work.settings.crowd, work.settings.high_frequency]


def follow_lapsed(work: UnitOfWork) -> None:
    """Update the overlaps after exclusions that have lapsed since the last call: what they excluded counts as evidence again."""
    work.session.execute(_RECONSIDER, {"limits": limits(work), "request": work.request_id})


def announce(work: UnitOfWork, case_id: UUID, holdings: Sequence[Holding]) -> None:
    """Count values against the caller's quotas before they are registered, and commit the count at once.

    Raises `QuotaExceeded`.
    """
    _reserve(work, case_id, _values(holdings), hidden=None)


def announce_hiding(work: UnitOfWork, case_id: UUID, *, hidden: bool) -> None:
    """Count the values of a case against the quotas before it is hidden, confirmed as hidden, or shown. Raises `QuotaExceeded`."""
    _reserve(work, case_id, {"identifiers": None, "tokens": None, "strengths": None}, hidden=hidden)


def _reserve(work: UnitOfWork, case_id: UUID, values: Mapping[str, Any], *, hidden: bool | None) -> None:
    """Count values on a second connection, so that a rollback does not undo it: the values could be compared before the rollback.

    Call it before anything that locks the head of a journal: an alarm on the second connection would wait for this transaction,
    which waits for it.
    """
    with work.second_transaction() as session:
        work.quotas[:] = quotas.reserve(session, {"case": case_id, **values, "hidden": hidden})
    quotas.require(work.quotas)


def confirm_hiding(work: UnitOfWork, case_id: UUID) -> None:
    """Record that a person decided to hide the case. Until then, a case that a machine client hides takes no part in matching."""
    work.session.flush()
    work.session.execute(_CONFIRM_HIDING, {"case": case_id})


def register_pending(work: UnitOfWork, case_id: UUID) -> None:
    """Put identifiers into matching that waited until a person confirmed or refused to hide the case."""
    rows = _run(work, _HOLD_PENDING, {"case": case_id})
    if held := [row for row in rows if row.token is not None]:
        _settle(work, case_id, held, (), _compare(work, case_id, [row.identifier for row in rows if row.token is None], held))


def _values(holdings: Sequence[Holding]) -> dict[str, list[Any]]:
    return {
        "identifiers": [str(h.identifier_id) for h in holdings],
        "tokens": [_bytea(h.token) for h in holdings],
        "strengths": [int(h.strength) for h in holdings],
    }


def register(work: UnitOfWork, case_id: UUID, holdings: Sequence[Holding]) -> None:
    """Put announced identifiers of a case into matching. All resulting overlaps exist when this transaction commits."""
    held = _run(
        work,
        _HOLD,
        {
            "case": case_id,
            **_values(holdings),
            "families": [h.family for h in holdings],
            "kinds": [h.kind for h in holdings],
            "roles": [h.role for h in holdings],
        },
    )
    if held:
        new = sorted({h.identifier_id for h in holdings if h.strength <= 0})
        _settle(work, case_id, held, (), _compare(work, case_id, new, held))


def unregister(work: UnitOfWork, case_id: UUID, identifiers: Sequence[UUID] | None = None) -> None:
    """Take some or all identifiers of a case out of matching. Overlaps without remaining evidence are withdrawn."""
    found = _run(work, _RELEASE, {"case": case_id, "identifiers": None if identifiers is None else [str(i) for i in identifiers]})
    held = [row for row in found if row.token is not None]
    if found:
        _settle(work, case_id, held, [row.other for row in found if row.token is None], _compare(work, case_id, (), held))


def relabel(work: UnitOfWork, case_id: UUID, subject_id: UUID, role: str) -> None:
    """Update matching after the category of a subject changed."""
    _relabel(work, case_id, {"subject": subject_id, "role": role, "visibility": None})


def change_visibility(work: UnitOfWork, case_id: UUID, visibility: str) -> None:
    """Change the visibility of a case and update matching. No other code writes this column."""
    _relabel(work, case_id, {"subject": None, "role": None, "visibility": visibility})


def _relabel(work: UnitOfWork, case_id: UUID, changed: Mapping[str, Any]) -> None:
    held = _run(work, _RELABEL, {"case": case_id, **changed})
    _settle(work, case_id, held, None, _compare(work, case_id, (), held))


def _compare(work: UnitOfWork, case_id: UUID, identifiers: Sequence[UUID], held: Sequence[Row[Any]]) -> list[Likeness]:
    """Compare similar values: the new identifiers with those that share a key, and those whose key became rare enough again."""
    crossed = [row for row in held if row.was > work.settings.crowd]
    if not identifiers and not crossed:
        return []
    asked = {"case": case_id, "identifiers": [str(i) for i in identifiers], **_tokens(crossed), "limits": limits(work)}
    pairs = _run(work, _CANDIDATES, asked)
    if known := [pair for pair in pairs if not pair.hidden]:
        # Only the auditor sees this entry, because it is about no case: the number of similar values hints at cases that readers
        # of this case may not know of. Hidden cases of others are not counted, because the auditor may not know of them either.
        work.note("identifiers.compared", object_type="case", case=str(case_id), count=len(known))
    return compare(work, pairs)


def _settle(
    work: UnitOfWork, case_id: UUID, held: Sequence[Row[Any]], apart: Sequence[UUID] | None, alike: Sequence[Likeness]
) -> None:
    """Store similar pairs and recompute the overlaps, also with the cases in `apart` (None: all similar or overlapping ones)."""
    told = {
        "a": [str(x.a) for x in alike],
        "b": [str(x.b) for x in alike],
        "scores": [x.score for x in alike],
        "strengths": [x.strength for x in alike],
        "rules": [x.rule for x in alike],
    }
    cases = None if apart is None else [str(a) for a in apart]
    asked = {"case": case_id, **_tokens(held), "apart": cases, **told, "limits": limits(work)}
    work.session.execute(_SETTLE, {**asked, "request": work.request_id})


def _tokens(held: Sequence[Row[Any]]) -> dict[str, list[Any]]:
    was, was_open = [row.was for row in held], [row.was_open for row in held]
    return {"tokens": [_bytea(row.token) for row in held], "was": was, "was_open": was_open}


def _bytea(token: bytes) -> str:
    return f"\\x{bytes(token).hex()}"


def _run(work: UnitOfWork, query: TextClause, asked: dict[str, Any]) -> Sequence[Row[Any]]:
    work.session.flush()
    return work.session.execute(query, asked).all()
