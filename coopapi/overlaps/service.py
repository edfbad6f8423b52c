"""What a caller sees of identifiers and overlaps: its own in clear where it may, the other side's never (D8)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, bindparam, case, or_, select, text

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.cases.models import Case, CaseKey, Identifier
from coopapi.db import Work
from coopapi.directory.models import Authority
from coopapi.errors import NotFound
from coopapi.grants import granted
from coopapi.overlaps.intake import place, warnings_of
from coopapi.overlaps.kinds import Strength
from coopapi.overlaps.models import Overlap

IN_LISTS: Final = 100
_EVIDENCE: Final = text("select * from priv.evidence(:overlaps, :mine, :limit)").bindparams(
    bindparam("overlaps", type_=ARRAY(Uuid())), bindparam("mine", type_=ARRAY(Uuid()))
)


_FIELDS: Final = (
    "id", "case_id", "subject_id", "kind", "basis", "source_grading", "information_grading", "handling_code", "exceptional_reason",
    "exceptional_until", "state", "withdrawal_reason", "created_at", "etag",
)  # fmt: skip
_SEALED: Final = ("value", "normalised", "context", "source")


def show_identifiers(work: Work, rows: Sequence[Identifier]) -> list[dict[str, Any]]:
    """Show identifiers, opened for those who may read them; one query for the keys of all their cases."""
    opened = open_values(work, rows)
    return [_show_identifier(row, opened.get(row.id, {})) for row in rows]


def _show_identifier(row: Identifier, clear: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _FIELDS},
        **{name: clear.get(name) for name in _SEALED},
        "strength": _name(row.strength),
        "warnings": list(warnings_of(row.kind, row.warnings)),
    }


def open_values(work: Work, rows: Sequence[Identifier]) -> dict[UUID, dict[str, Any]]:
    """Open what is sealed in identifiers, for roles that may read values in clear."""
    if not rows or not work.actor.may(Action.IDENTIFIER_CLEAR):
        return {}
    query = (
        select(CaseKey.case_id, CaseKey.wrapped, Case.authority_id)
        .join(Case, Case.id == CaseKey.case_id)
        .where(CaseKey.case_id.in_({row.case_id for row in rows}), CaseKey.visible_to(work.actor, work.now))
    )
    opened = {}
    for case_id, wrapped, authority_id in work.session.execute(query):
        key = work.keys.case_key(str(case_id), wrapped)
        for row in rows:
            if row.case_id == case_id:
                opened[row.id] = json.loads(key.values.open(row.sealed, place(authority_id, row.id)))
    return opened


def as_item(work: Work, row: Identifier) -> dict[str, Any]:
    """Write an identifier as it would be sent, to correct it."""
    clear = open_values(work, [row])[row.id]
    context = clear.get("context") or {}
    if context.get("observed_at"):
        context["observed_at"] = datetime.fromisoformat(context["observed_at"])
    exceptional = {"reason": row.exceptional_reason, "until": row.exceptional_until} if row.exceptional_reason else None
    fields = ("subject_id", "kind", "basis", "source_grading", "information_grading", "handling_code")
    kept = {name: getattr(row, name) for name in fields}
    return {
        **kept,
        "value": clear["value"],
        "source": clear.get("source"),
        "context": context,
        "exceptional_processing": exceptional,
    }


def overlaps_of(work: Work, wanted: Mapping[str, Any], case_id: UUID | None = None) -> Any:
    """Select the overlaps that the caller may see: of one case, or of all its cases."""
    query = work.all(Overlap).where(Overlap.state == wanted.get("state", "detected"))
    if wanted.get("state", "detected") == "detected":
        query = query.where(Overlap.weighed(work.actor) >= Strength[wanted.get("strength", "weak").upper()])
    if case_id is not None:
        cases.usable(work, case_id, Level.INDEX)
        query = query.where(or_(Overlap.case_a == case_id, Overlap.case_b == case_id))
    return query


def one_overlap(work: Work, overlap_id: UUID) -> Overlap:
    """One overlap, or `NotFound` whether it is absent or not for this caller."""
    found = work.session.scalar(work.all(Overlap).where(Overlap.id == overlap_id))
    if found is None:
        raise NotFound
    return found


def show_overlaps(work: Work, rows: Sequence[Overlap], mine: UUID | None = None, most: int = IN_LISTS) -> list[dict[str, Any]]:
    """Show overlaps from the caller's side: three queries, however many they are."""
    work.note("overlaps.consulted", case_id=mine, object_type="overlap", consultation=True, count=len(rows))
    if not rows:
        return []
    sides = _sides(work, rows, mine)
    evidence = _evidence(work, sides)
    counterparts = _counterparts(work, {row.id: _other(row, sides[row.id]) for row in rows})
    values = _values(work, evidence)
    for_all = work.actor.cleared
    return [
        {
            "id": row.id,
            "case_id": sides[row.id],
            "state": row.state,
            "strength": _name(row.strength if for_all else row.open_strength),
            "shared_count": _shared(row, straight=sides[row.id] == row.case_a, everything=for_all),
            "kinds": row.kinds if for_all else row.open_kinds,
            "counterpart": counterparts[_other(row, sides[row.id])],
            "evidence": [_item(e, values) for e in evidence.get(row.id, [])[:most]],
            "evidence_complete": len(evidence.get(row.id, [])) <= most,
            "detected_at": row.detected_at,
            "changed_at": row.changed_at,
        }
        for row in rows
    ]


def _sides(work: Work, rows: Sequence[Overlap], mine: UUID | None) -> dict[UUID, UUID]:
    """Which of the two cases is the caller's: its authority's own before one it was given access to."""
    if mine is not None:
        return {row.id: mine for row in rows}
    ours = and_(granted(Overlap.case_a, Level.INDEX, work.actor, work.now), Overlap.authority_a == work.actor.authority_id)
    theirs = granted(Overlap.case_b, Level.INDEX, work.actor, work.now)
    side = case((ours, Overlap.case_a), (theirs, Overlap.case_b), else_=Overlap.case_a)
    query = select(Overlap.id, side).where(Overlap.id.in_([row.id for row in rows]))
    return {overlap_id: case_id for overlap_id, case_id in work.session.execute(query)}  # noqa: C416 (rows are no pairs to mypy)


def _other(row: Overlap, mine: UUID) -> UUID:
    return row.case_b if mine == row.case_a else row.case_a


def _shared(row: Overlap, *, straight: bool, everything: bool) -> int:
    if everything:
        return row.shared_a if straight else row.shared_b
    return row.open_shared_a if straight else row.open_shared_b


def _name(strength: int) -> str | None:
    return Strength(strength).name.lower() if strength else None


def _evidence(work: Work, sides: Mapping[UUID, UUID]) -> dict[UUID, list[Any]]:
    asked = {"overlaps": list(sides), "mine": list(sides.values()), "limit": work.settings.high_frequency}
    found: dict[UUID, list[Any]] = {}
    for item in work.session.execute(_EVIDENCE, asked):
        found.setdefault(item.overlap_id, []).append(item)
    return found


def _counterparts(work: Work, others: Mapping[UUID, UUID]) -> dict[UUID, dict[str, Any]]:
    """Whose the other cases are; their reference and title only where the owner opened the index, or gave access (R7)."""
    query = text("select * from priv.counterparts(:overlaps, :others)").bindparams(
        bindparam("overlaps", type_=ARRAY(Uuid())), bindparam("others", type_=ARRAY(Uuid()))
    )
    rows = work.session.execute(query, {"overlaps": list(others), "others": list(others.values())}).all()
    authorities = {
        a.id: a for a in work.session.scalars(work.all(Authority).where(Authority.id.in_({r.authority_id for r in rows})))
    }
    return {
        r.case_id: {"authority": authorities[r.authority_id], "case_id": r.shown_id, "reference": r.reference, "title": r.title}
        for r in rows
    }


def _values(work: Work, evidence: Mapping[UUID, Sequence[Any]]) -> dict[UUID, str]:
    wanted = {item.identifier_id for items in evidence.values() for item in items[:IN_LISTS]}
    if not wanted or not work.actor.may(Action.IDENTIFIER_CLEAR):
        return {}
    rows = work.session.scalars(work.all(Identifier).where(Identifier.id.in_(wanted))).all()
    return {row_id: clear["value"] for row_id, clear in open_values(work, rows).items()}


def _item(found: Any, values: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "identifier_id": found.identifier_id,
        "kind": found.kind,
        "strength": _name(found.strength),
        "value": values.get(found.identifier_id),
        "my_role": found.my_role,
        "their_role": found.their_role,
        "theirs": found.theirs,
        "holders": found.holders,
    }


def high_frequency(work: Work, case_id: UUID) -> dict[str, Any]:
    """List identifiers whose value is held by more cases than the limit, with the count (D7)."""
    cases.usable(work, case_id, Level.INDEX)
    limit = work.settings.high_frequency
    query = text("select * from priv.high_frequency(:case, :limit)")
    found = work.session.execute(query, {"case": case_id, "limit": limit}).all()
    rows = work.session.scalars(work.all(Identifier).where(Identifier.id.in_([f.identifier_id for f in found]))).all()
    values = {row_id: clear["value"] for row_id, clear in open_values(work, rows).items()}
    work.note("overlaps.consulted", case_id=case_id, object_type="case", consultation=True, count=len(found))
    items = [
        {"identifier_id": f.identifier_id, "kind": f.kind, "holders": f.holders, "value": values.get(f.identifier_id)}
        for f in found
    ]
    return {"limit": limit, "items": items}
