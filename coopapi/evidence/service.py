"""Giving an item of evidence, accepting its conditions, taking it back; showing as much of it as the caller may read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi.db import Work, new_id
from coopapi.errors import Conflict
from coopapi.evidence import sides
from coopapi.evidence.models import EVIDENCE_LIFE, Evidence, EvidenceText
from coopapi.evidence.sealing import seal, unseal
from coopapi.lifecycle import Side

TEXTS: Final = ("title", "description", "tool", "formalities_requested", "formalities_observed", "admissibility_notes")
_DIGITAL: Final = ("sha256", "size", "media_type")
_FACTS: Final = ("source_country", "obtained_on", "obtained_under", "handling_code")
_LIVE: Final = ("offered", "accepted")


class GivenAlready(Conflict):
    """An item with that digest is among the evidence already."""


def add(work: Work, object_id: UUID, object_type: str, data: Mapping[str, Any], *, item_id: UUID | None = None) -> Evidence:
    """Give an item to all who take part in a shared thing; on conditions it is offered, without any it is there at once."""
    sides.require_acting(work, object_id)
    provider = data.get("provider_id", work.actor.authority_id)
    recorded = data.get("recorded")
    sides.speak_for(work, object_id, provider, recorded)
    _check(work, data)
    _check_new(work, object_id, data.get("sha256"))
    conditions = data.get("conditions", ())
    bound = bool(conditions) or data["handling_code"] == "H3"
    row_id = new_id()
    terms = {"handling": data.get("handling_text"), "conditions": conditions, "recorded": recorded}
    row = work.add(
        Evidence(
            id=row_id,
            object_id=object_id,
            object_type=object_type,
            item_id=item_id,
            provider_id=provider,
            conditions=sorted({c["code"] for c in conditions}),
            usable_until=min((c["until"] for c in conditions if c["code"] == "time_limit"), default=None),
            terms=seal(work, "terms", row_id, terms),
            state="offered" if bound else "accepted",
            created_by=work.actor.id,
            created_at=work.now,
            **{name: data.get(name) for name in (*_FACTS, *_DIGITAL)},
        )
    )
    words = {name: data.get(name) for name in TEXTS}
    work.add(EvidenceText(evidence_id=row_id, sealed=seal(work, "sealed", row_id, words)))
    _tell(work, row, "given", recorded)
    return row


def _check(work: Work, data: Mapping[str, Any]) -> None:
    if len({data.get(name) is None for name in _DIGITAL}) > 1:
        raise sides.fault("/sha256", "digital", "sha256, size and media_type go together; a physical object has none")
    if data["obtained_on"] > (work.now + timedelta(hours=14)).date():
        raise sides.fault("/obtained_on", "order_of_time", "not in the future")
    if (data["handling_code"] == "H3") != bool(data.get("handling_text")):
        raise sides.fault("/handling_text", "H3", "H3 states its restrictions in words, and no other code does")
    check_conditions(data.get("conditions", ()))


def check_conditions(conditions: Sequence[Mapping[str, Any]]) -> None:
    """Stop at a time limit that does not say when it ends."""
    for n, condition in enumerate(conditions):
        if condition["code"] == "time_limit" and not condition.get("until"):
            raise sides.fault(f"/conditions/{n}/until", "time_limit", "say until when it may be used")


def _check_new(work: Work, object_id: UUID, sha256: str | None) -> None:
    same = work.all(Evidence).where(Evidence.object_id == object_id, Evidence.sha256 == sha256, Evidence.state.in_(_LIVE))
    if sha256 and (found := work.session.scalar(same)):
        raise GivenAlready(existing=f"/api/v1/evidence/{found.id}")


def items(work: Work, wanted: Mapping[str, Any]) -> Select[Evidence]:
    """Select items that the caller sees: of one shared thing, in a state, under a handling code."""
    named = {column: wanted[column] for column in ("object_id", "state", "handling_code") if column in wanted}
    return work.all(Evidence).filter_by(**named)


def step(work: Work, evidence_id: UUID, version: int, data: Mapping[str, Any]) -> Evidence:
    """Accept or decline an item on its conditions; or withdraw or recall what one gave."""
    sides.require_acting(work, work.one(Evidence, evidence_id).object_id)
    row = work.one(Evidence, evidence_id, version=version, lock=True)
    recorded = data.get("recorded")
    move = EVIDENCE_LIFE.move(row.state, data["event"], data.get("reason"))
    sides.take(work, move, row.object_id, row.provider_id, recorded)
    row.state = move.target
    row.answer = seal(work, "answer", row.id, {"reason": data.get("reason"), "recorded": recorded})
    row.decided_by, row.decided_at = work.actor.id, work.now
    _tell(work, row, move.event, recorded)
    return row


def moves(work: Work, evidence_id: UUID) -> dict[str, Any]:
    """Say where an item stands, and what the caller may do now."""
    row = work.one(Evidence, evidence_id)
    allowed = [
        {"event": m.event, "target": m.target, "reason_needed": m.reason}
        for m in EVIDENCE_LIFE.leaving(row.state)
        if sides.may_take(work, m, row.object_id, row.provider_id)
    ]
    return {"state": row.state, "allowed": allowed, "etag": row.etag}


def _tell(work: Work, row: Evidence, act: str, recorded: Mapping[str, Any] | None) -> None:
    """Tell all who take part, each in its own journal."""
    work.session.flush()
    about: dict[str, Any] = {"item": str(row.id), "state": row.state, "handling_code": row.handling_code, "recorded": recorded is not None}
    case_id = sides.case_of(work, row.object_id)
    work.note(f"evidence.{act}", row, case_id=case_id, parties=row.object_id, event=True, **about)


def show(work: Work, rows: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Show items: facts and conditions to all who take part, the words to whom they are open; the journal says who read them."""
    query = work.all(EvidenceText).where(EvidenceText.evidence_id.in_([row.id for row in rows]))
    opened = {found.evidence_id: found.sealed for found in work.session.scalars(query)}
    _consulted(work, [row for row in rows if row.id in opened])
    return [_show(work, row, opened.get(row.id)) for row in rows]


def _consulted(work: Work, rows: Sequence[Evidence]) -> None:
    for object_id in dict.fromkeys(row.object_id for row in rows):
        read = [row for row in rows if row.object_id == object_id]
        case_id = sides.case_of(work, object_id)
        work.note("evidence.consulted", read[0], case_id=case_id, consultation=True, items=[str(row.id) for row in read])


def _show(work: Work, row: Evidence, sealed: bytes | None) -> dict[str, Any]:
    columns = {column.key: getattr(row, column.key) for column in Evidence.__table__.columns}
    terms = unseal(work, "terms", row.id, row.terms)
    words = unseal(work, "sealed", row.id, sealed)
    answer = unseal(work, "answer", row.id, row.answer)
    return {
        **columns,
        **{name: words.get(name) for name in TEXTS},
        "open": sealed is not None,
        "side": Side.PROVIDER if row.provider_id == work.actor.authority_id else Side.RECEIVER,
        "handling_text": terms.get("handling"),
        "conditions": conditions_of(terms),
        "recorded": recorded_of(terms),
        "reason": answer.get("reason"),
        "decision_recorded": recorded_of(answer),
        "etag": row.etag,
    }


def conditions_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read conditions as they were sealed."""
    return [
        {**found, "until": datetime.fromisoformat(found["until"]) if "until" in found else None}
        for found in content.get("conditions", ())
    ]


def recorded_of(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read how a step is known that was recorded for somebody else, as it was sealed."""
    found = content.get("recorded")
    return {**found, "at": datetime.fromisoformat(found["at"])} if found else None
