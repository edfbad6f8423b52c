"""Register and find: the definer functions of the database, called with what a case holds.

They look past what the caller may see, check the caller's right to its own case themselves, and tell nobody here what
they found: a match is seen as an overlap, or not at all. Between holding and settling, what cannot be found by equality is
compared, while the tokens are locked.
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
    """One token of one identifier, with what it says about who holds it."""

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
    """How many identifiers may hold a match key of persons, and how many cases a value."""
    return [work.settings.crowd, work.settings.high_frequency]


def follow_lapsed(work: UnitOfWork) -> None:
    """Let the overlaps follow exclusions that lapsed since anybody looked: what they kept out is evidence again."""
    work.session.execute(_RECONSIDER, {"limits": limits(work), "request": work.request_id})


def announce(work: UnitOfWork, case_id: UUID, holdings: Sequence[Holding]) -> None:
    """Count values against the caller's quotas before they are registered, or raise `QuotaExceeded`; committed at once."""
    _reserve(work, case_id, _values(holdings), hidden=None)


def announce_hiding(work: UnitOfWork, case_id: UUID, *, hidden: bool) -> None:
    """Count what a case holds that is about to be hidden, or to be confirmed as hidden, or to be shown, against the quotas."""
    _reserve(work, case_id, {"identifiers": None, "tokens": None, "strengths": None}, hidden=hidden)


def _reserve(work: UnitOfWork, case_id: UUID, values: Mapping[str, Any], *, hidden: bool | None) -> None:
    """The counts are kept whatever becomes of the work: what was announced could be compared before a rollback.

    Nothing that locks a journal's head may precede this in the work: an alarm beside it would wait for its own caller.
    """
    with work.beside() as session:
        work.quotas[:] = quotas.reserve(session, {"case": case_id, **values, "hidden": hidden})
    quotas.require(work.quotas)


def confirm_hiding(work: UnitOfWork, case_id: UUID) -> None:
    """Record that a person decided that the case is hidden: what a machine hides on its own takes no part in matching."""
    work.session.flush()
    work.session.execute(_CONFIRM_HIDING, {"case": case_id})


def register_pending(work: UnitOfWork, case_id: UUID) -> None:
    """Put into matching what waited until a person confirmed, or refused, that the case is hidden."""
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
    """Put identifiers of a case into matching that were announced; every overlap they make exists when this transaction commits."""
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
    """Take identifiers of a case out of matching, or all of them; overlaps that rested on them are withdrawn."""
    found = _run(work, _RELEASE, {"case": case_id, "identifiers": None if identifiers is None else [str(i) for i in identifiers]})
    held = [row for row in found if row.token is not None]
    if found:
        _settle(work, case_id, held, [row.other for row in found if row.token is None], _compare(work, case_id, (), held))


def relabel(work: UnitOfWork, case_id: UUID, subject_id: UUID, role: str) -> None:
    """Let matching follow a subject's new category."""
    _relabel(work, case_id, {"subject": subject_id, "role": role, "visibility": None})


def change_visibility(work: UnitOfWork, case_id: UUID, visibility: str) -> None:
    """Give a case another visibility, which no one else writes; matching follows it."""
    _relabel(work, case_id, {"subject": None, "role": None, "visibility": visibility})


def _relabel(work: UnitOfWork, case_id: UUID, changed: Mapping[str, Any]) -> None:
    held = _run(work, _RELABEL, {"case": case_id, **changed})
    _settle(work, case_id, held, None, _compare(work, case_id, (), held))


def _compare(work: UnitOfWork, case_id: UUID, identifiers: Sequence[UUID], held: Sequence[Row[Any]]) -> list[Likeness]:
    """Compare what equality cannot find: the new against those that share a key, and those whose key is rare again."""
    crossed = [row for row in held if row.was > work.settings.crowd]
    if not identifiers and not crossed:
        return []
    asked = {"case": case_id, "identifiers": [str(i) for i in identifiers], **_tokens(crossed), "limits": limits(work)}
    pairs = _run(work, _CANDIDATES, asked)
    if known := [pair for pair in pairs if not pair.hidden]:
        # The entry belongs to no case, hence it is for the auditor alone: how many were near hints at cases that the readers of
        # this one may not know of. Hidden cases of others are not counted, because the auditor may not know of them either.
        work.note("identifiers.compared", object_type="case", case=str(case_id), count=len(known))
    return compare(work, pairs)


def _settle(
    work: UnitOfWork, case_id: UUID, held: Sequence[Row[Any]], apart: Sequence[UUID] | None, alike: Sequence[Likeness]
) -> None:
    """Keep what is alike and compute the overlaps anew, with the cases it is no longer like; None: with all it is like."""
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
