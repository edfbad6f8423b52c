"""How overlaps are shown: the caller's own side with its evidence, and never the values of the other side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.cases.models import Identifier
from coopapi.directory import codelists
from coopapi.errors import NotFound
from coopapi.http.paging import LIMIT, Page, begins_at, cut, open_cursor, place_of, seal_cursor
from coopapi.http.waiting import BEHIND, may_wait, told_settled
from coopapi.identifiers import kinds
from coopapi.identifiers.formats.common import list_version
from coopapi.identifiers.kinds import STRENGTH_NAMES
from coopapi.identifiers.service import keep_key, open_values
from coopapi.matching import engine
from coopapi.overlaps import ranking
from coopapi.overlaps.models import RARITIES, Overlap, OverlapSide
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.store.together import together
from coopapi.unicode_text import NORMALISER_VERSION

IN_LISTS: Final = 10
"""How many items of evidence each overlap of a list shows."""
ALONE: Final = 100
"""How many items of evidence one overlap shows."""
_LATER: Final = (
    {"step": "coordination_meeting", "href": "/api/v1/meetings"},
    {"step": "joint_investigation_team", "href": "/api/v1/jits"},
    {"step": "mla_request", "href": "/api/v1/mla-requests"},
    {"step": "jurisdiction_consultation", "href": "/api/v1/jurisdiction-consultations"},
)
"""The steps that may follow a confirmed overlap, and where each one starts. They are suggestions: people take the steps."""
_NOT_YET: Final = tuple({**step, "href": None} for step in _LATER)
_COMMON: Final = {
    None: None,
    "listed": kinds.common_value("listed", list_version(NORMALISER_VERSION)),
    "excluded": kinds.excluded_value(),
}
"""What evidence says of a value that tells nobody apart, by what `priv.links` says of it."""
_SIDES: Final = Statement("select * from priv.shown_sides(cast(:overlaps as uuid[]), :mine)")
_FROM: Final = (
    "priv.overlaps_with_evidence(:case, cast(:overlaps as uuid[]), cast(:wanted as jsonb), :rank, :id, :count,"
    " :limits, :clear, :most"
)
_THESE: Final = Statement(f"select * from {_FROM})")  # noqa: S608 (constants)
_PAGE: Final = Statement(f"select * from {_FROM}, cast(:behind as interval), :waits, cast(:notes as jsonb))")  # noqa: S608
_EVIDENCE: Final = Statement(
    "select * from priv.shown_evidence(cast(:overlaps as uuid[]), cast(:mine as uuid[]), :limits, :clear, :first, :most)"
    " e (overlap_id, identifier_id, kind, how_strong, how_alike, rule, my_roles, their_roles, theirs, holders, how_rare, since,"
    " common, items, owner_id, sealed, wrapped)"
)
_HIGH_FREQUENCY: Final = Statement("select * from priv.high_frequency(:case, :limits)")


def one_overlap(work: UnitOfWork, overlap_id: UUID) -> Overlap:
    """Return one overlap. Raises `NotFound` if it is absent or hidden from the caller."""
    found = _overlaps(work, overlap_id)
    if found is None:
        raise NotFound
    return found


@together
def _overlaps(work: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, Overlap | None]:
    found = {row.id: row for row in work.session.scalars(work.all(Overlap).where(Overlap.id.in_(ids)))}
    return {overlap_id: found.get(overlap_id) for overlap_id in ids}


def page_of_overlaps(work: UnitOfWork, wanted: Mapping[str, Any], case_id: UUID | None = None, *, alone: bool = False) -> Page:
    """Return a page of the overlaps that the caller may see, of one case or of all its cases, the highest rank first.

    With `alone`, nothing may be read after it. Raises `NotFound` if the caller does not see the case, and `Unsettled` if the
    request should wait for the worker.
    """
    name, limit = f"overlaps/{case_id}" if case_id else "overlaps", wanted.get("limit", LIMIT)
    place = place_of(work, name, wanted)
    asked = {**ranking.asked(work, wanted, case_id, begins_at(work, wanted, place)), "count": limit + 1, "behind": BEHIND}
    total = ranking.count(work, wanted, case_id) if wanted.get("totals") else None
    _note(work, case_id, 0)  # the database fills in how many there are
    asked |= {**_known(work), "overlaps": None, "most": IN_LISTS, "waits": may_wait(), "notes": work.take_notes()}
    rows = _PAGE.alone(work.session, **asked) if alone else _PAGE.rows(work.session, **asked)
    if case_id:
        told_settled(settled=rows[0].settled, late=rows[0].late)
        if not rows[0].known:
            raise NotFound
    found = cut(work, [row for row in rows if row.listed], limit, place, lambda row: [row.rank, row.listed])
    return replace(found, items=_shown_with_evidence(work, rows), total=total)


def show_overlaps(work: UnitOfWork, ids: Sequence[UUID], mine: UUID | None = None, most: int = IN_LISTS) -> list[dict[str, Any]]:
    """Return overlaps as seen from the caller's side. The number of queries does not depend on the number of overlaps.

    Those that the caller does not see any more, for example because a value was withdrawn meanwhile, are left out.
    """
    _note(work, mine, len(ids))
    asked = {"case": mine, "overlaps": ids, "wanted": None, "rank": None, "id": None, "count": len(ids) + 1}
    return _shown_with_evidence(work, _THESE.rows(work.session, **asked, **_known(work), most=most))


def _note(work: UnitOfWork, case_id: UUID | None, count: int) -> None:
    work.note("overlaps.consulted", case_id=case_id, object_type="overlap", consultation=True, count=count)


def _known(work: UnitOfWork) -> dict[str, Any]:
    """Return up to how many cases hold what is evidence, and whether the caller's role may read values in clear."""
    return {"limits": engine.limits(work.settings), "clear": work.actor.may(Action.IDENTIFIER_CLEAR)}


def _shown_with_evidence(work: UnitOfWork, rows: Sequence[Any]) -> list[dict[str, Any]]:
    sides = {row.id: row for row in rows if row.id}
    evidence = _evidence(work, sides, [row for row in rows if row.identifier_id])
    return [_shown(side, evidence[overlap_id]) for overlap_id, side in sides.items()]


def show_one(work: UnitOfWork, overlap_id: UUID) -> dict[str, Any]:
    """Return one overlap as seen from the caller's side. Raises `NotFound`."""
    shown = show_overlaps(work, [overlap_id], most=ALONE)
    if not shown:
        raise NotFound
    return shown[0]


def _shown(side: Any, evidence: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": side.id,
        "case_id": side.case_id,
        "state": side.state if side.strength else "withdrawn",
        "strength": STRENGTH_NAMES.get(side.strength),
        "score": round(side.score, 4),
        "rarity": RARITIES[side.rarity],
        "shared_count": side.of_mine,
        "of_mine": side.of_mine,
        "of_theirs": side.of_theirs,
        "kinds": side.kinds,
        "roles": side.roles,
        "first_seen": side.first_seen,
        "last_seen": side.last_seen,
        "new_since_decision": side.new_since_decision,
        "detected_at": side.detected_at,
        "changed_at": side.changed_at,
        "side": {
            "state": side.state,
            "verifier_id": side.verifier_id,
            "reason": side.reason,
            "decided_by": side.decided_by,
            "decided_at": side.decided_at,
            "etag": f"v{side.version}",
        },
        "counterpart": {
            "authority": {"id": side.authority_id, "name": side.name, "country": side.country},
            "case_id": side.other_id,
            "reference": side.reference,
            "title": side.title,
        },
        "next_steps": _next_steps(side),
        "evidence": evidence,
        "evidence_complete": not evidence or evidence[0]["items"] == len(evidence),
    }


def _next_steps(side: Any) -> list[dict[str, Any]]:
    """Return the steps that are possible once the caller's side has confirmed the overlap; disclosures once it verifies it."""
    asked = f"/api/v1/overlaps/{side.id}/disclosures" if side.state in {"under_verification", "confirmed"} else None
    return [{"step": "disclosure", "href": asked}, *(_LATER if side.state == "confirmed" else _NOT_YET)]


def show_evidence(work: UnitOfWork, overlap_id: UUID, wanted: Mapping[str, Any]) -> Page:
    """Return one page of the evidence of an overlap, the best first. The cursor holds how many items came before."""
    one_overlap(work, overlap_id)
    work.note("overlaps.consulted", object_type="overlap", consultation=True, count=1)
    name, limit = f"overlaps/{overlap_id}/evidence", wanted.get("limit", LIMIT)
    place = place_of(work, name, wanted)
    first = open_cursor(work, wanted["cursor"], place)["after"] if "cursor" in wanted else 0
    side = _SIDES.first(work.session, overlaps=[overlap_id], mine=None)
    if side is None:
        raise NotFound
    asked = {"overlaps": [overlap_id], "mine": [side.case_id], "first": first, "most": limit}
    items = _evidence(work, {overlap_id: side}, _EVIDENCE.rows(work.session, **asked, **_known(work)))[overlap_id]
    after = first + len(items)
    more = bool(items) and after < items[0]["items"]
    return Page(items, seal_cursor(work, {"after": after}, place) if more else None)


class SideShown(dict[str, Any]):
    """An overlap as it is after a step of one side, with the ETag of that side."""

    @property
    def etag(self) -> str:
        """The ETag that the next step of this side must send."""
        found: str = self["side"]["etag"]
        return found


def show_sides(work: UnitOfWork, sides: Sequence[OverlapSide]) -> list[SideShown]:
    """Return the overlaps of these sides. Steps on evidence about victims only are journalled for cleared people only."""
    shown = []
    for side in sides:
        shown += show_overlaps(work, [one_overlap(work, side.overlap_id).id], side.case_id)
        work.notes[-1]["victims_only"] = side.victims
    return [SideShown(one) for one in shown]


@together
def my_case(work: UnitOfWork, overlap_ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Return the caller's case of an overlap, or None if it sees none. A case of its own authority precedes one that is shared."""
    found = {side.id: side.case_id for side in _SIDES.rows(work.session, overlaps=overlap_ids, mine=None)}
    return {overlap_id: found.get(overlap_id) for overlap_id in overlap_ids}


def other(row: Overlap, mine: UUID) -> UUID:
    """Return the other case of an overlap."""
    return row.case_b if mine == row.case_a else row.case_a


def _evidence(work: UnitOfWork, sides: Mapping[Any, Any], items: Iterable[Any]) -> dict[Any, list[dict[str, Any]]]:
    """Return the evidence of each overlap as it is shown, with the caller's values in clear if its role may read them."""
    found: dict[Any, list[dict[str, Any]]] = {overlap_id: [] for overlap_id in sides}
    for item in items:
        value, side = None, sides[item.overlap_id]
        if item.wrapped is not None:
            key = keep_key(work, side.case_id, item.wrapped, item.owner_id)
            value = vault.open_value(key, item.sealed, item.owner_id, item.identifier_id).get("value")
        found[item.overlap_id].append(_item(item, value, side.decided_at))
    return found


def _item(found: Any, value: str | None, decided_at: datetime | None) -> dict[str, Any]:
    return {
        "identifier_id": found.identifier_id,
        "kind": found.kind,
        "strength": STRENGTH_NAMES[found.how_strong],
        "score": round(found.how_alike, 4),
        "rule": found.rule.split(),
        "why": why(found.rule),
        "value": value,
        "common_value": _COMMON[found.common],
        "my_roles": found.my_roles or [],
        "their_roles": found.their_roles or [],
        "theirs": found.theirs,
        "holders": found.holders,
        "rarity": RARITIES[found.how_rare],
        "since": found.since,
        "new": bool(decided_at and found.since > decided_at),
        "items": found.items,
    }


@cache
def why(rule: str) -> str:
    """Return the matching rules in English words. The codelist `matching_rules` has them in four languages."""
    labels = {item.code: item.labels["en"] for item in codelists.load("matching_rules").items}
    return ", ".join(labels[code] for code in rule.split())


def high_frequency(work: UnitOfWork, case_id: UUID) -> dict[str, Any]:
    """List the identifiers that too many cases or persons hold to be evidence, with the number of holders."""
    cases.require_access(work, case_id, Level.INDEX)
    found = _HIGH_FREQUENCY.rows(work.session, case=case_id, limits=engine.limits(work.settings))
    rows = work.session.scalars(work.all(Identifier).where(Identifier.id.in_([f.identifier_id for f in found]))).all()
    values = {row_id: clear.get("value") for row_id, clear in open_values(work, rows).items()}
    work.note("overlaps.consulted", case_id=case_id, object_type="case", consultation=True, count=len(found))
    items = [
        {"identifier_id": f.identifier_id, "kind": f.kind, "holders": f.holders, "value": values.get(f.identifier_id)}
        for f in found
    ]
    return {"limit": work.settings.high_frequency, "items": items}
