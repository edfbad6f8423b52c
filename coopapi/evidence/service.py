"""Give items of evidence and show as much of them as the caller may read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from coopapi.errors import Conflict, fault
from coopapi.evidence import authorization, channels, recipients
from coopapi.evidence.models import TEXTS, Evidence, EvidenceText, Recipient
from coopapi.evidence.sealing import seal, unseal
from coopapi.shared import parties
from coopapi.shared.days import require_begun
from coopapi.shared.lifecycle import Side
from coopapi.shared.recording import recorded_of
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.together import together

_DIGITAL: Final = ("sha256", "size", "media_type")
_FACTS: Final = ("source_country", "obtained_on", "obtained_under", "handling_code")
_ANSWERS: Final = ("accept", "decline")
_LIVE: Final = ("to_verify", "given")


class GivenAlready(Conflict):
    """The evidence already contains an item with this digest.

    Use the item that `existing` names.
    """


def add(work: UnitOfWork, object_id: UUID, object_type: str, data: Mapping[str, Any], *, item_id: UUID | None = None) -> Evidence:
    """Give an item to those who take part in a shared object.

    With conditions it is offered first; without any it is available at once. An item that a third State gives to a team waits for
    the space administrator. Raises `GivenAlready`, `Forbidden`, `NotFound` and `Unprocessable`.
    """
    authorization.require_acting(work, object_id)
    channels.check_about(work, object_id, object_type, item_id)
    provider = data.get("provider_id", work.actor.authority_id)
    recorded = data.get("recorded")
    authorization.require_acting_for(work, object_id, provider, recorded)
    _check(work, data)
    _check_new(work, object_id, data.get("sha256"))
    team = channels.CHANNELS[object_type].team(work, object_id, provider)
    recipients.check_source(team, data["source_country"])
    about = {"object_id": object_id, "object_type": object_type, "item_id": item_id, "provider_id": provider}
    row = _enter(work, about, data, team)
    recipients.give(work, row, data.get("recipients"))
    tell(work, row, "given", recorded)
    return row


def _enter(work: UnitOfWork, about: Mapping[str, Any], data: Mapping[str, Any], team: channels.TeamView | None) -> Evidence:
    """Add an item and, in a table of its own, its text."""
    verifier = recipients.verifier(team, work.actor.country)
    row_id, conditions = work.new_id(), data.get("conditions", ())
    terms = {"handling": data.get("handling_text"), "conditions": conditions, "recorded": data.get("recorded")}
    row = work.add(
        Evidence(
            id=row_id,
            **about,
            conditions=sorted({c["code"] for c in conditions}),
            usable_until=min((c["until"] for c in conditions if c["code"] == "time_limit"), default=None),
            terms=seal(work, "terms", row_id, terms),
            state="to_verify" if verifier else "given",
            created_by=work.actor.id,
            created_at=work.now,
            verifier_id=verifier,
            erase_at=work.now + recipients.FOUR_WEEKS if team else None,
            **{name: data.get(name) for name in (*_FACTS, *_DIGITAL)},
        )
    )
    words = {name: data.get(name) for name in TEXTS}
    work.add(EvidenceText(evidence_id=row_id, sealed=seal(work, "sealed", row_id, words)))
    return row


def _check(work: UnitOfWork, data: Mapping[str, Any]) -> None:
    if len({data.get(name) is None for name in _DIGITAL}) > 1:
        raise fault("/sha256", "digital", "Give sha256, size and media_type together, or none of them for a physical object.")
    require_begun(work.now, data, "obtained_on")
    if (data["handling_code"] == "H3") != bool(data.get("handling_text")):
        raise fault(
            "/handling_text", "H3", "The handling code H3 needs a text with its restrictions; other codes must not have one."
        )
    check_conditions(data.get("conditions", ()))


def check_conditions(conditions: Sequence[Mapping[str, Any]]) -> None:
    """Raise `Unprocessable` for a time limit without an end."""
    for n, condition in enumerate(conditions):
        if condition["code"] == "time_limit" and not condition.get("until"):
            raise fault(f"/conditions/{n}/until", "time_limit", "Give the date until which the item may be used.")


def _check_new(work: UnitOfWork, object_id: UUID, sha256: str | None) -> None:
    same = work.all(Evidence).where(
        Evidence.object_id == object_id, Evidence.sha256 == sha256, Evidence.state.in_(_LIVE), Evidence.terms.is_not(None)
    )
    if sha256 and (found := work.session.scalar(same)):
        raise GivenAlready(existing=f"/api/v1/evidence/{found.id}")


def items(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Evidence]:
    """Select the items that the caller sees, by shared object, state and handling code."""
    named = {"object_id": Evidence.object_id, "handling_code": Evidence.handling_code, "state": Evidence.standing(work.actor)}
    return matching(work.all(Evidence), wanted, **named)


def standing(work: UnitOfWork, row: Evidence) -> str:
    """Return the state of an item as the caller's side sees it."""
    return _standings(work, row.id)


@together
def _standings(work: UnitOfWork, item_ids: Sequence[UUID]) -> dict[UUID, str]:
    query = select(Evidence.id, Evidence.standing(work.actor)).where(Evidence.id.in_(item_ids))
    return dict(work.session.execute(query).all())


def give_to(work: UnitOfWork, evidence_id: UUID, data: Mapping[str, Any]) -> Evidence:
    """Give an item to another authority and tell it."""
    row = recipients.add(work, evidence_id, data["authority_id"])
    tell(work, row, "given", None)
    return row


def tell(work: UnitOfWork, row: Evidence, act: str, recorded: Mapping[str, Any] | None) -> None:
    """Write an event of an item to the journals of everybody concerned."""
    work.session.flush()
    about: dict[str, Any] = {"item": str(row.id), "state": row.state, "handling_code": row.handling_code}
    case_id, only = parties.case_of(work, row.object_id), recipients.notified(work, row)
    about["recorded"] = recorded is not None
    work.note(f"evidence.{act}", row, case_id=case_id, parties=row.object_id, only=only, event=True, **about)


def show(work: UnitOfWork, rows: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return items: metadata and conditions for every recipient, the text only for those who may read it.

    The journal records that the text was read.
    """
    ids = [row.id for row in rows]
    query = work.all(EvidenceText).where(EvidenceText.evidence_id.in_(ids))
    opened = {found.evidence_id: found.sealed for found in work.session.scalars(query)}
    standings = select(Evidence.id, Evidence.standing(work.actor)).where(Evidence.id.in_(ids))
    states = {found[0]: found[1] for found in work.session.execute(standings)}
    given: dict[UUID, list[Recipient]] = {}
    for found in recipients.of(work, rows):
        given.setdefault(found.evidence_id, []).append(found)
    _consulted(work, [row for row in rows if row.id in opened])
    return [_show(work, row, opened.get(row.id), states[row.id], given.get(row.id, [])) for row in rows]


def _consulted(work: UnitOfWork, rows: Sequence[Evidence]) -> None:
    for object_id in dict.fromkeys(row.object_id for row in rows):
        read = [row for row in rows if row.object_id == object_id]
        case_id = parties.case_of(work, object_id)
        work.note("evidence.consulted", read[0], case_id=case_id, consultation=True, items=[str(row.id) for row in read])


def _show(work: UnitOfWork, row: Evidence, sealed: bytes | None, state: str, given: Sequence[Recipient]) -> dict[str, Any]:
    over = row.over(work.now)
    terms = {} if over else unseal(work, "terms", row.id, row.terms)
    words = unseal(work, "sealed", row.id, sealed)
    side = own_side(work, row)
    mine = next((one for one in given if one.authority_id == work.actor.authority_id), None)
    last: Evidence | Recipient = mine if mine is not None and row.state in ("given", "declined") and side == Side.RECEIVER else row
    answer = {} if over else unseal(work, "answer", last.id, last.answer)
    return {
        **row.shown(),
        **{name: words.get(name) for name in TEXTS},
        "state": state,
        "open": sealed is not None,
        "side": side,
        "handling_text": terms.get("handling"),
        "conditions": conditions_of(terms)
        or [{"code": code, "until": row.usable_until if code == "time_limit" else None} for code in row.conditions],
        "recorded": recorded_of(terms),
        "recipients": [_recipient(work, one, full=not over and (side == Side.PROVIDER or one is mine)) for one in given],
        "reason": answer.get("reason"),
        "decided_by": last.decided_by,
        "decided_at": last.decided_at,
        "decision_recorded": recorded_of(answer),
    }


def own_side(work: UnitOfWork, item: Evidence) -> Side:
    """Return the caller's side of an item: provider, verifier or receiver."""
    if item.state == "to_verify" and item.verifier_id == work.actor.authority_id:
        return Side.VERIFIER
    return Side.PROVIDER if item.provider_id == work.actor.authority_id else Side.RECEIVER


def _recipient(work: UnitOfWork, row: Recipient, *, full: bool) -> dict[str, Any]:
    """Return a recipient. With `full`, which is for the recipient and the provider, its answer is included."""
    answer = unseal(work, "answer", row.id, row.answer) if full else {}
    shown = {name: getattr(row, name) for name in ("authority_id", "state", "decided_at", "received_at")}
    return {**shown, "reason": answer.get("reason"), "decision_recorded": recorded_of(answer)}


def conditions_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the decrypted conditions with their dates parsed."""
    return [
        {**found, "until": datetime.fromisoformat(found["until"]) if "until" in found else None}
        for found in content.get("conditions", ())
    ]
