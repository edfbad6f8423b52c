"""Ask for the data behind an overlap, and show what was disclosed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, not_, text

from coopapi.access import Action, Level, Purpose
from coopapi.cases.models import Case
from coopapi.directory import codelists
from coopapi.disclosures.models import GIVEN, OPEN, DisclosedItem, Disclosure
from coopapi.errors import Conflict, Forbidden
from coopapi.overlaps import presentation, verification
from coopapi.overlaps.models import Overlap
from coopapi.shared.grants import answering, level_of, reaches
from coopapi.shared.lifecycle import Side
from coopapi.store import vault
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.rows import matching


class AskedAlready(Conflict):
    """Your side already has an open request for disclosure on this overlap.

    Wait for the answer to the request that `existing` names, or withdraw it and ask again.
    """


class CaseIsHidden(Conflict):
    """You cannot request a disclosure for a hidden case, because the other side must not learn that it exists.

    Make the case visible before you request a disclosure.
    """


class FourEyesOnDisclosure(Conflict):
    """The person who requested a disclosure may not decide on it.

    Both cases belong to the same authority. Another person of that authority must decide.
    """


def ask(work: UnitOfWork, overlap_id: UUID, data: dict[str, Any]) -> Disclosure:
    """Ask the other side for a disclosure; the deadline, which depends on the urgency, starts now.

    Raises `AskedAlready`, `CaseIsHidden`, and `Forbidden` for a machine client.
    """
    if not work.actor.human:
        raise Forbidden("Only a person may request a disclosure, not a machine client.")
    overlap = presentation.one_overlap(work, overlap_id)
    side = verification.require_active_side(work, overlap, data.pop("case_id", None))
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
    tell(work, row, "asked", urgency=urgency)
    return row


def _check_reach(work: UnitOfWork, overlap: Overlap, *, victims_only: bool) -> None:
    """Raise `Forbidden` if the caller could not see the answer, and `CaseIsHidden` if the request would reveal a hidden case."""
    if victims_only and not work.actor.cleared:
        raise Forbidden("A request about victims needs clearance for evidence about victims.")
    if (overlap.hidden_a or overlap.hidden_b) and overlap.authority_a != overlap.authority_b:
        raise CaseIsHidden


def hours(urgency: str) -> int:
    """Return how many hours the owner has, from the codelist `disclosure_urgencies` (Prüm II Art. 47: 48 hours)."""
    items = {item.code: item for item in codelists.load("disclosure_urgencies").items}
    found: int = items[urgency].extra["hours"]
    return found


def of_overlap(work: UnitOfWork, overlap_id: UUID) -> Select[Disclosure]:
    """Select the disclosures of an overlap."""
    return work.all(Disclosure).where(Disclosure.overlap_id == presentation.one_overlap(work, overlap_id).id)


def disclosures(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Disclosure]:
    """Select disclosures by side, state and whether they are overdue."""
    query = matching(work.all(Disclosure), wanted, state=Disclosure.state)
    if side := wanted.get("side"):
        column = Disclosure.asking_case if side == Side.ASKING else Disclosure.owner_case
        query = query.where(answering(column, work.actor, work.now))
    if "overdue" in wanted:
        late = and_(Disclosure.state == "requested", Disclosure.due_at < work.now)
        query = query.where(late if wanted["overdue"] else not_(late))
    return query


def tell(work: UnitOfWork, row: Disclosure, act: str, **detail: Any) -> None:
    """Write an event to the journals of both sides, each about its own case."""
    work.session.flush()
    told = {"state": row.state, "disclosure": str(row.id), **detail}
    asked = {"id": row.id, "action": f"disclosure.{act}", "detail": as_json(told), "request": work.request_id}
    work.session.execute(text("select priv.tell(:id, :action, cast(:detail as jsonb), :request)"), asked)


def tell_that_the_case_ended(work: UnitOfWork, row: Disclosure, case: Case) -> None:
    """Tell both sides that one of the two cases has ended."""
    tell(work, row, f"case_{case.state}")


def show(work: UnitOfWork, rows: Sequence[Disclosure]) -> list[dict[str, Any]]:
    """Return disclosures with their items. Values are decrypted while the disclosure lasts, for callers who may read values."""
    items: dict[UUID, list[DisclosedItem]] = {}
    for item in work.session.scalars(work.all(DisclosedItem).where(DisclosedItem.disclosure_id.in_([r.id for r in rows]))):
        items.setdefault(item.disclosure_id, []).append(item)
    return [_show(work, row, items.get(row.id, [])) for row in rows]


def _show(work: UnitOfWork, row: Disclosure, items: Sequence[DisclosedItem]) -> dict[str, Any]:
    opened = _opened(work, row) if items and row.state in GIVEN else {}
    asks, owns = level_of(work, row.asking_case), level_of(work, row.owner_case)
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
        "side": Side.OWNER if (owns or 0) > (asks or 0) else Side.ASKING,
        "asking_case": None if asks is None else row.asking_case,
        "owner_case": None if owns is None else row.owner_case,
        "overdue": row.state == "requested" and row.due_at < work.now,
        "items": shown,
    }


def _opened(work: UnitOfWork, row: Disclosure) -> dict[UUID, dict[str, Any]]:
    """Decrypt what was disclosed to the caller and record the reading in the journal. The database decides what is still open."""
    if not work.actor.may(Action.IDENTIFIER_CLEAR):
        return {}
    found = work.session.execute(text("select * from priv.disclosed(:id)"), {"id": row.id}).all()
    work.note(
        "disclosure.read", row, case_id=row.asking_case if _asks(work, row) else row.owner_case, consultation=True, count=len(found)
    )
    work.notes[-1]["victims_only"] = row.victims_only
    opened = {}
    for item in found:
        key = vault.case_key(work.keys, item.case_id, item.wrapped)
        content = vault.open_value(key, item.sealed, item.owner_id, item.identifier_id)
        opened[item.identifier_id] = {"kind": item.kind, "value": content.get("value"), "person": content.get("person")}
    return opened


def _asks(work: UnitOfWork, row: Disclosure) -> bool:
    return reaches(work, row.asking_case, Level.INDEX)
