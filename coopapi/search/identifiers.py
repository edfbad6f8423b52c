"""Search for a value or a person among identifiers of cases that the caller may read, by match tokens as overlaps are found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.cases.models import Case, Identifier
from coopapi.errors import broken
from coopapi.http.paging import begins_at, place_of, seal_cursor
from coopapi.identifiers import keys, kinds
from coopapi.identifiers.drafts import strength
from coopapi.identifiers.formats.common import REASONS, list_version
from coopapi.identifiers.kinds import STRENGTH_NAMES, ImpossibleValue, Reading, Strength
from coopapi.identifiers.refusals import ImpossibleIdentifiers
from coopapi.identifiers.registration import read_item
from coopapi.identifiers.service import open_values
from coopapi.matching.engine import Held
from coopapi.matching.similarity import PERSON, STRENGTHS, judge_contents, levels_of, with_profile
from coopapi.overlaps.presentation import why
from coopapi.store import quotas
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement, array
from coopapi.unicode_text import NORMALISER_VERSION

MOST_LOOK_UPS: Final = 200_000
"""How many pairs of a case and a match token one request looks up."""
MOST_CASES: Final = 20_000
"""How many cases one request looks at."""
MOST_FOUND: Final = 200
_LAST: Final = UUID(int=2**128 - 1)
_RESERVE: Final = Statement(
    "select * from priv.reserve_search(:case, :search, cast(:tokens as bytea[]), cast(:strengths as smallint[]))"
)
_FIND: Final = Statement(
    "select * from priv.identifiers_with(cast(:tokens as bytea[]), :before, cast(:after as uuid), :cases, :most)"
)


@dataclass(frozen=True, slots=True)
class Match:
    """An identifier that was found: how strong the match is, how similar it is (1 for the same value), and by which rule."""

    identifier: Identifier
    strength: int
    score: float
    rule: str


def search_identifiers(work: UnitOfWork, data: Mapping[str, Any]) -> dict[str, Any]:
    """Find a value or a person in the cases that the caller may read, for one of these cases and a purpose.

    The search counts against the quotas as a registration in that case does, and is recorded as a consultation of it and of
    each case with something that was found, without the value. Raises `NotFound` if the caller may not read the case,
    `ImpossibleIdentifiers`, and `QuotaExceeded`.
    """
    case_id = data["case_id"]
    cases.require_access(work, case_id, Level.READ)
    item = data["identifier"]
    reading = _read(item)
    held = keys.held(work.keys, reading.keys)
    _count(work, case_id, held)
    named = replace(work, purpose=data["purpose"])
    named.note("identifiers.searched", object_type="case", case_id=case_id, consultation=True, kind=item["kind"])
    place = place_of(work, "search/identifiers", {"case": case_id, "fingerprint": sorted(token.hex() for token, *_ in held)})
    at = begins_at(work, data, place)
    rows, last = _candidates(work, held, UUID(at[0]) if at else _LAST, UUID(at[1]) if at and at[1] else None)
    following = seal_cursor(work, {"at": last}, place) if last else None
    shown = _show(work, _judged(work, item, reading, held, rows))
    for found in sorted({one["case_id"] for one in shown} - {case_id}):
        named.note("identifiers.searched", object_type="case", case_id=found, consultation=True, kind=item["kind"])
    return {**_about(item, reading), "items": shown, "next": following}


def _read(item: Mapping[str, Any]) -> Reading:
    try:
        return read_item(item)
    except ImpossibleValue as wrong:
        pointer = "/identifier/" + wrong.field.replace(".", "/")
        raise ImpossibleIdentifiers(errors=[broken(pointer, wrong.rule, wrong.detail)]) from None


def _count(work: UnitOfWork, case_id: UUID, held: Sequence[Held]) -> None:
    """Count the value against the quotas, at once and for good. Raises `QuotaExceeded`."""
    values = {
        "case": case_id,
        "search": work.new_id(),
        "tokens": array(token for token, *_ in held),
        "strengths": array(int(said) for _, _, said, _ in held),
    }
    rows = work.in_second_transaction(_RESERVE, values)
    work.quotas[:] = [quotas.Quota(**row._asdict()) for row in rows]
    quotas.require(work.quotas)


def _candidates(
    work: UnitOfWork, held: Sequence[Held], before: UUID, after: UUID | None
) -> tuple[list[Any], tuple[UUID, UUID | None] | None]:
    """Return identifiers that share a token, in newest cases first, and where the search goes on, if it does.

    It goes on before a case, or in the case itself after one of its identifiers.
    """
    if not held:
        return [], None
    size = max(1, min(MOST_CASES, MOST_LOOK_UPS // len(held)))
    tokens = array(token for token, *_ in held)
    rows = _FIND.rows(work.session, tokens=tokens, before=before, after=after, cases=size, most=MOST_FOUND + 1)
    hits = [row for row in rows if row.identifier_id]
    if len(hits) <= MOST_FOUND:
        return hits, (rows[0].last, None) if rows[0].last else None
    page = hits[:MOST_FOUND]
    return page, (page[-1].case_id, page[-1].identifier_id)


def _judged(work: UnitOfWork, item: Mapping[str, Any], reading: Reading, held: Sequence[Held], rows: Sequence[Any]) -> list[Match]:
    """Return what matches, the best first: the same value by its strongest key, or something similar by its score."""
    query = work.all(Identifier).where(Identifier.id.in_([row.identifier_id for row in rows]), Identifier.withdrawn_at.is_(None))
    there = {one.id: one for one in work.session.scalars(query)} if rows else {}
    opened = open_values(work, list(there.values()))
    strengths = {token: said for token, _, said, _ in held}
    families = {token: family for token, family, _, _ in held}
    ours = _content(reading, item.get("person"))
    found = []
    for row in (row for row in rows if row.identifier_id in there):
        shared = [bytes(token) for token in row.shared]
        if (best := max(map(min, zip((strengths[token] for token in shared), row.strengths, strict=True)))) > Strength.ASKS:
            found.append(Match(there[row.identifier_id], best, 1.0, "same_value"))
            continue
        theirs = with_profile(opened.get(row.identifier_id, {}))
        verdict = judge_contents(ours, theirs, [families[token] for token in shared], levels_of(work.settings))
        if verdict.level:
            found.append(Match(there[row.identifier_id], STRENGTHS[verdict.level], verdict.score, verdict.rule))
    return sorted(found, key=lambda one: (-one.strength, -one.score, -one.identifier.id.int))


def _content(reading: Reading, person: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what is searched for in the form in which stored contents are compared."""
    families = Counter(key.family.removeprefix(PERSON) for key in reading.keys)
    return with_profile({"normalised": reading.normalised, "families": families, "person": person})


def _about(item: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """Return what is to be said about the value itself: its strength, its warnings, and why it may tell nobody apart."""
    reasons = [code for code in reading.warnings if code in REASONS]
    return {
        "strength": STRENGTH_NAMES[max(strength(reading), Strength.WEAK)],
        "warnings": [{"code": code, "detail": kinds.warning_text(item["kind"], code)} for code in reading.warnings],
        "common_value": kinds.common_value(reasons[0], list_version(NORMALISER_VERSION)) if reasons else None,
    }


def _show(work: UnitOfWork, found: Sequence[Match]) -> list[dict[str, Any]]:
    """Return what was found with the case of each identifier."""
    query = work.all(Case).where(Case.id.in_({one.identifier.case_id for one in found}))
    there = {case.id: case for case in work.session.scalars(query)} if found else {}
    return [
        {
            "identifier_id": one.identifier.id,
            "case_id": one.identifier.case_id,
            "reference": there[one.identifier.case_id].reference,
            "authority_id": there[one.identifier.case_id].authority_id,
            "kind": one.identifier.kind,
            "strength": STRENGTH_NAMES[one.strength],
            "score": round(one.score, 3),
            "rule": one.rule.split(),
            "why": why(one.rule),
            "path": f"/api/v1/cases/{one.identifier.case_id}/identifiers/{one.identifier.id}",
        }
        for one in found
        if one.identifier.case_id in there
    ]
