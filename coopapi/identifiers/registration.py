"""Registering identifiers: they are parsed, encrypted, stored and matched in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.cases.models import IDENTIFIER_LIFECYCLE, Case, Identifier
from coopapi.cases.service import CaseToAddTo
from coopapi.cases.transitions import standing_in_case
from coopapi.errors import NotFound, Stale, Unprocessable, broken
from coopapi.http import idempotency
from coopapi.identifiers import keyed, keys, kinds
from coopapi.identifiers.corrections import correction_of, put_right, tell_recipients
from coopapi.identifiers.drafts import IdentifierDraft, ReadItem, content_of, seal
from coopapi.identifiers.formats.persons import read_digests, read_names
from coopapi.identifiers.kinds import Context, ImpossibleValue, Reading
from coopapi.identifiers.refusals import ImpossibleIdentifiers, Refused, refuse_many_persons
from coopapi.identifiers.service import MoreOfIdentifier, data_key, keep_key
from coopapi.identifiers.subjects import check_subjects, note_links, subjects_of
from coopapi.matching import engine
from coopapi.shared.workflow import Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import as_stored, store_changes
from coopapi.store.vault import DataKey
from coopapi.unicode_text import NORMALISER_VERSION

_UNCHANGED: Final = {"victim_version": 0, "withdrawn_at": None, "withdrawal_reason": None}
"""What a row that was just stored has beside its draft. SQLAlchemy looks for what is missing, which takes long."""
Shape = Callable[[Sequence[tuple[str, Identifier]]], idempotency.Made]
"""Makes what is returned of what became of each draft and its identifier."""


def register(work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any]]) -> list[Identifier]:
    """Register all of these identifiers or none.

    For a value that the case already has, the existing identifier is returned; it gets the links to subjects that it does not have.
    """
    case, read = read_all(work, case_id, items)
    if faults := [fault for one in read if isinstance(one, Refused) for fault in one.faults]:
        raise ImpossibleIdentifiers(errors=faults)
    drafts = [one for one in read if isinstance(one, IdentifierDraft)]
    made: Any = store(work, case, drafts, lambda kept: [row for _, row in kept])
    return made  # type: ignore[no-any-return]


def store(work: UnitOfWork, case: CaseToAddTo, drafts: Sequence[IdentifierDraft], shape: Shape) -> idempotency.Made:
    """Store the drafts that the case does not have, and correct the rows that have the key of one.

    Returns what `shape` makes of whether each draft was `stored`, is `existing` or was `corrected`, and of its identifier.
    """
    unique = {draft.row["fingerprint"]: draft for draft in reversed(drafts) if draft.corrects is None}
    holdings = [h for d in unique.values() for h in keys.holdings(d.row["id"], d.item["kind"], d.held)]
    if case.all_new:
        return _store_new(work, case, drafts, unique, holdings, shape)
    return shape(_store(work, case, drafts, unique, holdings))


def _store_new(  # noqa: PLR0913, PLR0917 (what is known of a registration)
    work: UnitOfWork,
    case: CaseToAddTo,
    drafts: Sequence[IdentifierDraft],
    unique: Mapping[bytes, IdentifierDraft],
    holdings: Sequence[engine.Holding],
    shape: Shape,
) -> idempotency.Made:
    """Store drafts whose values were announced and are new to the case, in one statement that is the whole transaction.

    If the case has one of them all the same, the database asks for another attempt, in which it is known.
    """
    rows = {print_: as_stored(Identifier, {**draft.row, **_UNCHANGED}) for print_, draft in unique.items()}
    prints = [(draft, draft.row["fingerprint"]) for draft in drafts]
    made = shape([("stored" if unique[print_] is draft else "existing", rows[print_]) for draft, print_ in prints])
    kinds_of_new = sorted({draft.item["kind"] for draft in unique.values()})
    work.note("identifiers.registered", case, case_id=case.id, event=True, count=len(rows), kinds=kinds_of_new)
    idempotency.note_made(work, made)
    excluded = engine.register_new(work, case.id, [draft.row for draft in unique.values()], holdings)
    for row in rows.values():
        row.known_more = MoreOfIdentifier(row.id in excluded)  # type: ignore[misc]
    return made


def _store(
    work: UnitOfWork,
    case: CaseToAddTo,
    drafts: Sequence[IdentifierDraft],
    unique: Mapping[bytes, IdentifierDraft],
    holdings: Sequence[engine.Holding],
) -> list[tuple[str, Identifier]]:
    corrected = {d.corrects.id: correction_of(d.corrects, d, d.item.keys() - {"kind", "external_id"}) for d in drafts if d.corrects}
    corrections = list(corrected.values())
    links = {(link["fingerprint"], link["subject_id"]): link for d in reversed(drafts) if d.corrects is None for link in d.links}
    if not case.announced:
        engine.announce(work, case.id, [*holdings, *(h for correction in corrections for h in correction.holdings)])
    fresh, excluded, linked = engine.register(work, case.id, [d.row for d in unique.values()], list(links.values()), holdings)
    new = {print_: draft for print_, draft in unique.items() if draft.row["id"] in fresh}
    kinds_of_new = sorted({draft.item["kind"] for draft in new.values()})
    if new or not linked.victims or linked.others:
        adds = bool(new or linked.others)
        work.note("identifiers.registered", case, case_id=case.id, event=adds, count=len(new), kinds=kinds_of_new)
    note_links(work, case, case.id, linked)
    put_right(work, case, corrections)
    linked_prints = {draft.row["fingerprint"] for draft in drafts if draft.links}
    every = {print_: _stored_row(draft, excluded, linked=print_ in linked_prints) for print_, draft in new.items()}
    if known := unique.keys() - new.keys():
        query = work.all(Identifier).where(
            Identifier.case_id == case.id, Identifier.fingerprint.in_(known), Identifier.withdrawn_at.is_(None)
        )
        every |= {row.fingerprint: row for row in work.session.scalars(query)}
    return [
        ("corrected", draft.corrects)
        if draft.corrects is not None
        else ("stored" if draft.row["id"] in fresh else "existing", every[draft.row["fingerprint"]])
        for draft in drafts
    ]


def _stored_row(draft: IdentifierDraft, excluded: set[UUID], *, linked: bool) -> Identifier:
    """Return the row of a draft that was stored. Unless it is linked, all that is shown beside it is whether it is excluded."""
    more = None if linked else MoreOfIdentifier(draft.row["id"] in excluded)
    return as_stored(Identifier, {**draft.row, **_UNCHANGED, "known_more": more})


def read_all(
    work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any] | Refused]
) -> tuple[CaseToAddTo, list[IdentifierDraft | Refused]]:
    """Parse all items for a case. What was refused by the schema, or is refused here, has its faults with their JSON pointers."""
    keyed.lock_if_keyed(work, case_id, items)
    parsed = [item if isinstance(item, Refused) else _parsed(work, item) for item in items]
    case = cases.to_add_to(work, case_id, _counted_first(work, parsed))
    refuse_many_persons(items)
    sent = [item for item in items if not isinstance(item, Refused)]
    subjects = subjects_of(work, case.id, {link["id"] for item in sent for link in item.get("subjects", ())})
    key = keep_key(work, case.id, case.wrapped, case.authority_id)
    read: list[IdentifierDraft | Refused] = []
    for index, (item, one) in enumerate(zip(items, parsed, strict=True)):
        try:
            if not isinstance(item, Refused):
                check_subjects(item, subjects)
            if isinstance(one, Unprocessable):
                raise one
            read.append(one if isinstance(one, Refused) else drafted(work, case, key, one))
        except Unprocessable as fault:
            read.append(Refused([{**f, "pointer": f"/identifiers/{index}{f['pointer']}"} for f in fault.extra["errors"]]))
    return case, keyed.settle(work, case.id, read)


def _parsed(work: UnitOfWork, item: Mapping[str, Any]) -> ReadItem | Unprocessable:
    """Parse an item, or return why it is impossible."""
    try:
        return parse(work, item)
    except Unprocessable as fault:
        return fault


def _counted_first(work: UnitOfWork, parsed: Sequence[ReadItem | Refused | Unprocessable]) -> list[engine.Holding] | None:
    """Return what can be counted before the transaction of the request begins, or None.

    It must begin first if an item names a key or a subject, because that may be refused.
    """
    read = [one for one in parsed if isinstance(one, ReadItem) and not {"external_id", "subjects"} & one.item.keys()]
    if work.begun or len(read) < len(parsed) or any(one.item["kind"] == "person" for one in read):
        return None
    return [h for one in read for h in keys.holdings(one.id, one.item["kind"], one.held)]


def parse(work: UnitOfWork, item: Mapping[str, Any]) -> ReadItem:
    """Parse one item. Raises `Unprocessable` or a subclass, with pointers to the fields at fault."""
    try:
        reading = read_item(item)
    except ImpossibleValue as fault:
        raise Unprocessable(errors=[broken("/" + fault.field.replace(".", "/"), fault.rule, fault.detail)]) from None
    return ReadItem(item, content_of(item, reading), keys.held(work.keys, reading.keys), work.new_id())


def draft(work: UnitOfWork, case: Case | CaseToAddTo, key: DataKey, item: Mapping[str, Any]) -> IdentifierDraft:
    """Parse one item and return its draft. Raises what `parse` raises."""
    return drafted(work, case, key, parse(work, item))


def drafted(work: UnitOfWork, case: Case | CaseToAddTo, key: DataKey, read: ReadItem) -> IdentifierDraft:
    """Return the draft of an item that was parsed."""
    return IdentifierDraft(read.item, read.content, _row(work, case, key, read), read.held)


def read_item(item: Mapping[str, Any]) -> Reading:
    """Parse the value, the person or the digests of an item. Raises `ImpossibleValue`."""
    if item.get("person"):
        return read_names(item["person"])
    if item.get("digests"):
        return read_digests(item["digests"], item.get("digest_version"))
    return kinds.read(item["kind"], item["value"], Context(**item.get("context", {})))


def _row(work: UnitOfWork, case: Case | CaseToAddTo, key: DataKey, read: ReadItem) -> dict[str, Any]:
    item, content, _, row_id = read
    exceptional = item.get("exceptional_processing", {})
    return {
        "id": row_id,
        "version": 1,
        "case_id": case.id,
        "kind": item["kind"],
        "fingerprint": key.fingerprint(item["kind"], content.identity),
        "sealed": seal(key, case.authority_id, row_id, content),
        "normaliser": NORMALISER_VERSION,
        "strength": content.strength,
        "warnings": content.warnings,
        "basis": item.get("basis", "fact"),
        "source_grading": item.get("source_grading"),
        "information_grading": item.get("information_grading"),
        "handling_code": item.get("handling_code", case.handling_code),
        "exceptional_reason": exceptional.get("reason"),
        "exceptional_until": exceptional.get("until"),
        "external_id": item.get("external_id"),
        "created_at": work.now,
        "created_by": work.actor.id,
    }


def identifier_of(work: UnitOfWork, case_id: UUID, identifier_id: UUID, *, version: int | None = None) -> Identifier:
    """Return one identifier of this case. Raises `NotFound`, and `Stale` if its version is another."""
    row = work.one(Identifier, identifier_id)
    if row.case_id != case_id:
        raise NotFound
    row.for_cleared = work.actor.cleared
    if version is not None and row.seen_version != version:
        raise Stale(version=row.etag)
    return row


def _find(work: UnitOfWork, case_id: UUID, identifier_id: UUID) -> Identifier:
    cases.require_access(work, case_id, Level.READ)
    return identifier_of(work, case_id, identifier_id)


def _lock(work: UnitOfWork, row: Identifier, version: int) -> Identifier:
    cases.usable(work, row.case_id, Level.CONTRIBUTE, lock=True)
    return identifier_of(work, row.case_id, row.id, version=version)


def withdraw(work: UnitOfWork, steps: Sequence[Step[Identifier]]) -> None:
    """Take identifiers out of matching at once. Their values are kept until the retention period ends (LED Art. 5)."""
    rows = [step.thing for step in steps]
    for step in steps:
        step.thing.withdrawn_at, step.thing.withdrawal_reason = work.now, step.data.get("reason")
    store_changes(work.session, rows)
    engine.unregister(work, [(row.case_id, row.id) for row in rows])
    for row in rows:
        work.note("identifier.withdrawn", row, case_id=row.case_id, event=True, kind=row.kind)
    tell_recipients(work, [row.id for row in rows], "withdrawn")


IDENTIFIER: Final = Workflow[Identifier](
    name="identifier",
    lifecycles=(IDENTIFIER_LIFECYCLE,),
    find=_find,
    lock=_lock,
    standing=lambda work, row: standing_in_case(work, row.case_id),
    finish=lambda step: withdraw(step.work, [step]),
)


def correct(work: UnitOfWork, row: Identifier, old: Mapping[str, Any], data: dict[str, Any]) -> Identifier:
    """Correct an identifier and update its overlaps (LED Art. 7(3), 16(1)).

    Raises `HeldAlready` if the case has another identifier with the new value.
    """
    IDENTIFIER_LIFECYCLE.transition(row.state, "withdraw")
    case = cases.usable(work, row.case_id, Level.CONTRIBUTE)
    item = {**{k: v for k, v in old.items() if v is not None}, **data}
    if "subjects" in data:
        check_subjects(item, subjects_of(work, case.id, {link["id"] for link in data["subjects"]}))
    drafted = draft(work, case, data_key(work, case.id), item)
    keyed.refuse_duplicates(work, row, drafted)
    keyed.require_free(work, row, drafted)
    correction = correction_of(row, drafted, data.keys())
    if correction.holdings:
        engine.announce(work, case.id, correction.holdings)
    put_right(work, case, [correction])
    return row
