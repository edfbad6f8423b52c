"""Asking for what lies behind an overlap, deciding on it, opening what was disclosed, and recalling it."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, not_, select, text

from coopapi.access import Action, Level, Purpose
from coopapi.cases import service as cases
from coopapi.cases.models import Case, Identifier, Subject
from coopapi.directory import codelists
from coopapi.disclosures.models import DISCLOSURE_LIFECYCLE, GIVEN, OPEN, DisclosedItem, Disclosure
from coopapi.errors import Conflict, Forbidden, Unprocessable, broken, fault
from coopapi.matching.similarity import place
from coopapi.overlaps import presentation, verification
from coopapi.overlaps.models import Overlap
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork, as_json


class AskedAlready(Conflict):
    """Your side has asked already, and the answer is due.

    Wait for the answer to the request that `existing` names, or withdraw it and ask again.
    """


class CaseIsHidden(Conflict):
    """The other side does not know of a hidden case.

    Make the case visible before you ask for a disclosure.
    """


class FourEyesOnDisclosure(Conflict):
    """The person who asked for a disclosure does not decide on it.

    Where both cases are in one authority's hands, let another person of it decide.
    """


def ask(work: UnitOfWork, overlap_id: UUID, data: dict[str, Any]) -> Disclosure:
    """Ask the other side; the clock of the urgency starts now."""
    if not work.actor.human:
        raise Forbidden("a disclosure is asked for by a person, not by a machine client")
    overlap = presentation.one_overlap(work, overlap_id)
    side = verification.in_hand(work, overlap, data.pop("case_id", None))
    victims_only = overlap.only_victims or data["purpose"] == Purpose.VICTIM_IDENTIFICATION
    _check_reach(work, overlap, victims_only=victims_only)
    pending = work.all(Disclosure).where(
        Disclosure.overlap_id == overlap.id,
        Disclosure.asking_case == side.case_id,
        Disclosure.state.in_(OPEN),
        Disclosure.victims_only == victims_only,
    )
    if found := work.session.scalar(pending):
        raise AskedAlready(existing=f"/api/v1/disclosures/{found.id}")
    straight = side.case_id == overlap.case_a
    owner = (overlap.case_b, overlap.authority_b) if straight else (overlap.case_a, overlap.authority_a)
    urgency = data.setdefault("urgency", "ordinary")
    row = work.add(
        Disclosure(
            overlap_id=overlap.id,
            asking_case=side.case_id,
            asking_authority=side.authority_id,
            owner_case=owner[0],
            owner_authority=owner[1],
            asked_by=work.actor.id,
            asked_at=work.now,
            due_at=work.now + timedelta(hours=hours(urgency)),
            victims_only=victims_only,
            **data,
        )
    )
    _tell(work, row, "asked", urgency=urgency)
    return row


def _check_reach(work: UnitOfWork, overlap: Overlap, *, victims_only: bool) -> None:
    """Refuse what the caller could not see afterwards, or what would give a hidden case away to the other side."""
    if victims_only and not work.actor.cleared:
        raise Forbidden("asking about victims needs clearance for victims")
    if (overlap.hidden_a or overlap.hidden_b) and overlap.authority_a != overlap.authority_b:
        raise CaseIsHidden


def hours(urgency: str) -> int:
    """How long the owner has, by the codelist `disclosure_urgencies` (Prüm II Art. 47: 48 hours)."""
    items = {item.code: item for item in codelists.load("disclosure_urgencies").items}
    found: int = items[urgency].extra["hours"]
    return found


def disclosures_of(work: UnitOfWork, wanted: Mapping[str, Any], overlap_id: UUID | None = None) -> Select[Disclosure]:
    """Select disclosures: asked or owed by the caller, open, overdue."""
    query = work.all(Disclosure)
    if overlap_id is not None:
        query = query.where(Disclosure.overlap_id == presentation.one_overlap(work, overlap_id).id)
    if side := wanted.get("side"):
        column = Disclosure.asking_authority if side == Side.ASKING else Disclosure.owner_authority
        query = query.where(column == work.actor.authority_id)
    if state := wanted.get("state"):
        query = query.where(Disclosure.state == state)
    if "overdue" in wanted:
        late = and_(Disclosure.state == "requested", Disclosure.due_at < work.now)
        query = query.where(late if wanted["overdue"] else not_(late))
    return query


def decide(work: UnitOfWork, disclosure_id: UUID, version: int, data: dict[str, Any]) -> Disclosure:
    """Move a disclosure along: the owner discloses, refuses, awaits authorisation, recalls; the asker withdraws."""
    row = work.one(Disclosure, disclosure_id, version=version, lock=True)
    move = DISCLOSURE_LIFECYCLE.move(row.state, data["event"], data.get("reason"))
    if not work.actor.human:
        raise Forbidden("this is decided by a person, not by a machine client")
    cases.may_move(work, row.asking_case if move.side == Side.ASKING else row.owner_case, move.by, move.level)
    if move.side == Side.OWNER and row.asked_by == work.actor.id:
        raise FourEyesOnDisclosure
    if data["event"] == "refuse" and not data.get("ground"):
        raise fault("/ground", "required", "a refusal names its ground")
    if move.target in GIVEN:
        _disclose(work, row, data)
    row.state, row.reason = move.target, data.get("reason")
    row.ground = data.get("ground") if data["event"] == "refuse" else None
    row.decided_by, row.decided_at = work.actor.id, work.now
    _tell(work, row, data["event"])
    return row


def _items(work: UnitOfWork, data: Mapping[str, Any]) -> dict[UUID, Mapping[str, Any]]:
    """What is to be disclosed, each once, and not until a day that is over."""
    items = data.get("items", ())
    wanted = {item["identifier_id"]: item for item in items}
    faults = []
    if not items:
        faults.append(broken("/items", "required", "name what is disclosed, item by item"))
    if len(wanted) < len(items):
        ids = [item["identifier_id"] for item in items]
        twice = [n for n, id_ in enumerate(ids) if id_ in ids[:n]]
        faults += [broken(f"/items/{n}/identifier_id", "distinct", "it is named twice") for n in twice]
    if data.get("until") and data["until"] <= work.now:
        faults.append(broken("/until", "order_of_time", "it is over already"))
    if faults:
        raise Unprocessable(errors=faults)
    return wanted


def _disclose(work: UnitOfWork, row: Disclosure, data: Mapping[str, Any]) -> None:
    """List what is disclosed, each item with its handling code and conditions; nothing goes that is not named."""
    wanted = _items(work, data)
    query = (
        select(Identifier, Subject.category)
        .outerjoin(Subject, Subject.id == Identifier.subject_id)
        .where(
            Identifier.visible_to(work.actor, work.now),
            Identifier.case_id == row.owner_case,
            Identifier.id.in_(wanted),
            Identifier.withdrawn_at.is_(None),
        )
    )
    found = {identifier.id: (identifier, category) for identifier, category in work.session.execute(query)}
    faults = [
        broken(f"/items/{n}/identifier_id", "own_identifier", "your case holds no such identifier, or you are not cleared for it")
        for n, id_ in enumerate(wanted)
        if id_ not in found or (found[id_][1] == "victim" and not work.actor.cleared)
    ]
    if faults:
        raise Unprocessable(errors=faults)
    row.until = data.get("until")
    for id_, item in wanted.items():
        identifier, category = found[id_]
        code = item.get("handling_code", identifier.handling_code)
        kept = {"identifier_id": id_, "handling_code": code, "conditions": item.get("conditions", "")}
        work.session.add(DisclosedItem(disclosure_id=row.id, victim=category == "victim", **kept))


def _tell(work: UnitOfWork, row: Disclosure, act: str, **detail: Any) -> None:
    """Tell both sides, each in its own journal and of its own case."""
    work.session.flush()
    told = {"state": row.state, "disclosure": str(row.id), **detail}
    asked = {"id": row.id, "action": f"disclosure.{act}", "detail": as_json(told), "request": work.request_id}
    work.session.execute(text("select priv.tell(:id, :action, cast(:detail as jsonb), :request)"), asked)


def tell_that_the_case_ended(work: UnitOfWork, row: Disclosure, case: Case) -> None:
    """Tell both sides that one of the two cases has ended."""
    _tell(work, row, f"case_{case.state}")


def moves(work: UnitOfWork, disclosure_id: UUID) -> dict[str, Any]:
    """Say where a disclosure stands, and what the caller may do now."""
    row = work.one(Disclosure, disclosure_id)
    near = {Side.ASKING: row.asking_case, Side.OWNER: row.owner_case}
    allowed = [
        m.to_dict()
        for m in DISCLOSURE_LIFECYCLE.leaving(row.state)
        if work.actor.human and work.actor.may(m.by) and cases.reaches(work, near[m.side], m.level)
        and not (m.side == Side.OWNER and row.asked_by == work.actor.id)
    ]  # fmt: skip
    return {"state": row.state, "allowed": allowed, "etag": row.etag}


def show(work: UnitOfWork, rows: Sequence[Disclosure]) -> list[dict[str, Any]]:
    """Show disclosures with their items; values in clear while the disclosure lasts, for those who may read values."""
    items: dict[UUID, list[DisclosedItem]] = {}
    for item in work.session.scalars(work.all(DisclosedItem).where(DisclosedItem.disclosure_id.in_([r.id for r in rows]))):
        items.setdefault(item.disclosure_id, []).append(item)
    return [_show(work, row, items.get(row.id, [])) for row in rows]


def _show(work: UnitOfWork, row: Disclosure, items: Sequence[DisclosedItem]) -> dict[str, Any]:
    opened = _opened(work, row) if items and row.state in GIVEN else {}
    mine = row.owner_authority == work.actor.authority_id and row.asking_authority != work.actor.authority_id
    shown = [
        {
            "identifier_id": item.identifier_id,
            "handling_code": item.handling_code,
            "conditions": item.conditions,
            **opened.get(item.identifier_id, {"kind": None, "value": None, "person": None}),
        }
        for item in items
    ]
    return {
        **row.shown(),
        "side": Side.OWNER if mine else Side.ASKING,
        "asking_case": row.asking_case if cases.reaches(work, row.asking_case, Level.INDEX) else None,
        "owner_case": row.owner_case if cases.reaches(work, row.owner_case, Level.INDEX) else None,
        "overdue": row.state == "requested" and row.due_at < work.now,
        "items": shown,
    }


def _opened(work: UnitOfWork, row: Disclosure) -> dict[UUID, dict[str, Any]]:
    """Open what was disclosed, for those it was disclosed to, until it ends (the database decides), and say so in the journal."""
    if not work.actor.may(Action.IDENTIFIER_CLEAR):
        return {}
    found = work.session.execute(text("select * from priv.disclosed(:id)"), {"id": row.id}).all()
    work.note(
        "disclosure.read", row, case_id=row.asking_case if _asks(work, row) else row.owner_case, consultation=True, count=len(found)
    )
    work.notes[-1]["victims_only"] = row.victims_only
    opened = {}
    for item in found:
        key = work.keys.case_key(str(item.case_id), bytes(item.wrapped))
        content = json.loads(key.values.open(bytes(item.sealed), place(item.owner_id, item.identifier_id)))
        opened[item.identifier_id] = {"kind": item.kind, "value": content.get("value"), "person": content.get("person")}
    return opened


def _asks(work: UnitOfWork, row: Disclosure) -> bool:
    return cases.reaches(work, row.asking_case, Level.INDEX)
