"""Registering identifiers: they are parsed, encrypted, stored and matched in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.cases.models import IDENTIFIER_LIFECYCLE, Case, Identifier
from coopapi.cases.service import CaseToAddTo
from coopapi.cases.transitions import standing_in_case
from coopapi.errors import NotFound, Stale, Unprocessable, broken
from coopapi.identifiers import keyed, keys, kinds
from coopapi.identifiers.drafts import IdentifierDraft, ReadItem
from coopapi.identifiers.formats.persons import read_digests, read_names
from coopapi.identifiers.kinds import Context, ImpossibleValue, Reading
from coopapi.identifiers.refusals import ImpossibleIdentifiers, Refused, refuse_many_persons
from coopapi.identifiers.service import keep_key, part_from_twins, read_keys
from coopapi.identifiers.subjects import check_subjects, links_of, note_links, subjects_of
from coopapi.matching import engine
from coopapi.matching.similarity import PERSON
from coopapi.shared.workflow import Step, Workflow
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.store.vault import DataKey
from coopapi.unicode_text import NORMALISER_VERSION

_TELL: Final = Statement("select priv.tell_recipients(:id, :act, :request)")


@dataclass(frozen=True, slots=True)
class Correction:
    """What a row gets from a draft.

    `fields` are those that the caller sent: the links to subjects are changed only if they are among them, and the row otherwise.
    `holdings` are empty if matching stays as it is.
    """

    row: Identifier
    draft: IdentifierDraft
    fields: AbstractSet[str]
    holdings: Sequence[engine.Holding]


def data_key(work: UnitOfWork, case_id: UUID) -> DataKey:
    """Return the key that encrypts the values of a case. Raises `NotFound` if the caller may not read the case."""
    if case_id not in (keys := read_keys(work, {case_id})):
        raise NotFound
    return keys[case_id][0]


def register(work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any]]) -> list[Identifier]:
    """Register all of these identifiers or none.

    For a value that the case already has, the existing identifier is returned; it gets the links to subjects that it does not have.
    """
    case, read = read_all(work, case_id, items)
    if faults := [fault for one in read if isinstance(one, Refused) for fault in one.faults]:
        raise ImpossibleIdentifiers(errors=faults)
    return [row for _, row in store(work, case, [one for one in read if isinstance(one, IdentifierDraft)])]


def store(work: UnitOfWork, case: CaseToAddTo, drafts: Sequence[IdentifierDraft]) -> list[tuple[str, Identifier]]:
    """Store the drafts that the case does not have, and correct the rows that have the key of one.

    Returns for each draft whether it was `stored`, is `existing` or was `corrected`, and its identifier.
    """
    unique = {draft.row["fingerprint"]: draft for draft in reversed(drafts) if draft.corrects is None}
    corrections = {
        d.corrects.id: _correction(work, d.corrects, d, d.item.keys() - {"kind", "external_id"}) for d in drafts if d.corrects
    }.values()
    holdings = [h for d in unique.values() for h in _holdings(work, d.row["id"], d.item["kind"], d.reading)]
    links = {(link["fingerprint"], link["subject_id"]): link for d in reversed(drafts) if d.corrects is None for link in d.links}
    engine.announce(work, case.id, [*holdings, *(h for correction in corrections for h in correction.holdings)])
    fresh, linked = engine.register(work, case.id, [d.row for d in unique.values()], list(links.values()), holdings)
    new = {print_: draft for print_, draft in unique.items() if draft.row["id"] in fresh}
    kinds_of_new = sorted({draft.item["kind"] for draft in new.values()})
    if new or not linked.victims or linked.others:
        work.note("identifiers.registered", case, case_id=case.id, event=True, count=len(new), kinds=kinds_of_new)
    note_links(work, case, case.id, linked)
    for correction in corrections:
        _put(work, case, correction)
    every = {print_: Identifier(**draft.row, victim_version=0) for print_, draft in new.items()}
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


def _holdings(work: UnitOfWork, identifier_id: UUID, kind: str, reading: Reading) -> list[engine.Holding]:
    return keys.holdings(work.keys, identifier_id, kind, reading.keys)


def read_all(
    work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any] | Refused]
) -> tuple[CaseToAddTo, list[IdentifierDraft | Refused]]:
    """Parse all items for a case. What was refused by the schema, or is refused here, has its faults with their JSON pointers."""
    keyed.lock_if_keyed(work, case_id, items)
    case = cases.to_add_to(work, case_id)
    refuse_many_persons(items)
    sent = [item for item in items if not isinstance(item, Refused)]
    subjects = subjects_of(work, case.id, {link["id"] for item in sent for link in item.get("subjects", ())})
    key = keep_key(work, case.id, case.wrapped, case.authority_id)
    read: list[IdentifierDraft | Refused] = []
    for index, item in enumerate(items):
        try:
            if not isinstance(item, Refused):
                check_subjects(item, subjects)
            read.append(item if isinstance(item, Refused) else draft(work, case, key, item))
        except Unprocessable as fault:
            read.append(Refused([{**f, "pointer": f"/identifiers/{index}{f['pointer']}"} for f in fault.extra["errors"]]))
    return case, keyed.settle(work, case.id, read)


def draft(work: UnitOfWork, case: Case | CaseToAddTo, key: DataKey, item: Mapping[str, Any]) -> IdentifierDraft:
    """Parse one item. Raises `Unprocessable` or a subclass, with pointers to the fields at fault."""
    try:
        reading = read_item(item)
    except ImpossibleValue as fault:
        raise Unprocessable(errors=[broken("/" + fault.field.replace(".", "/"), fault.rule, fault.detail)]) from None
    return drafted(work, case, key, ReadItem(item, reading))


def drafted(work: UnitOfWork, case: Case | CaseToAddTo, key: DataKey, read: ReadItem) -> IdentifierDraft:
    """Return the draft of an item that was parsed."""
    return IdentifierDraft(read.item, read.reading, _row(work, case, key, read.item, read.reading), held=read.held)


def read_item(item: Mapping[str, Any]) -> Reading:
    """Parse the value, the person or the digests of an item. Raises `ImpossibleValue`."""
    if item.get("person"):
        return read_names(item["person"])
    if item.get("digests"):
        return read_digests(item["digests"], item.get("digest_version"))
    return kinds.read(item["kind"], item["value"], Context(**item.get("context", {})))


def _row(work: UnitOfWork, case: Case | CaseToAddTo, key: DataKey, item: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    exceptional = item.get("exceptional_processing", {})
    row_id = work.new_id()
    return {
        "id": row_id,
        "version": 1,
        "case_id": case.id,
        "kind": item["kind"],
        "fingerprint": key.fingerprint(item["kind"], identity(reading, item)),
        "sealed": seal(key, case.authority_id, row_id, item, reading),
        "normaliser": NORMALISER_VERSION,
        "strength": strength(reading),
        "warnings": list(reading.warnings),
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


def strength(reading: Reading) -> int:
    """Return how strong the evidence of a value is: the strength of the reading, or that of its strongest key."""
    return int(reading.strength or max(key.strength for key in reading.keys))


def identity(reading: Reading, item: Mapping[str, Any]) -> str:
    """Return the text that identifies a value within a case: its canonical form, and the time and port of use if they are given."""
    said = item.get("context", {})
    seen = said.get("observed_at")
    return f"{reading.identity or reading.keys[0].text}|{seen.timestamp() if seen else ''}|{said.get('port', '')}"


def seal(key: DataKey, authority_id: UUID, row_id: UUID, item: Mapping[str, Any], reading: Reading) -> bytes:
    """Encrypt what only the owning case may read: the value as sent and as parsed, its context and its source."""
    content = {
        name: item[name] for name in ("value", "context", "source", "person", "digest_version") if item.get(name) is not None
    }
    if item["kind"] == "person":
        families = Counter(sorted(read.family.removeprefix(PERSON) for read in reading.keys))
        content |= {"value": reading.normalised or None, "families": families}
    return vault.seal_value(key, {**content, "normalised": reading.normalised}, authority_id, row_id)


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


def _withdraw(step: Step[Identifier]) -> None:
    """Take an identifier out of matching at once. Its value is kept until the retention period ends (LED Art. 5)."""
    work, row = step.work, step.thing
    row.withdrawn_at, row.withdrawal_reason = work.now, step.data.get("reason")
    work.session.flush()
    engine.unregister(work, row.case_id, [row.id])
    work.note("identifier.withdrawn", row, case_id=row.case_id, event=True, kind=row.kind)
    _tell_recipients(work, row, "withdrawn")


IDENTIFIER: Final = Workflow[Identifier](
    name="identifier",
    lifecycles=(IDENTIFIER_LIFECYCLE,),
    find=_find,
    lock=_lock,
    standing=lambda work, row: standing_in_case(work, row.case_id),
    finish=_withdraw,
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
    put_right(work, case, row, drafted, data.keys())
    return row


def put_right(
    work: UnitOfWork, case: Case | CaseToAddTo, row: Identifier, draft: IdentifierDraft, fields: AbstractSet[str]
) -> None:
    """Give a row the content of a draft and update its overlaps. `fields` are those that the caller sent."""
    correction = _correction(work, row, draft, fields)
    if correction.holdings:
        engine.announce(work, case.id, correction.holdings)
    _put(work, case, correction)


def _correction(work: UnitOfWork, row: Identifier, draft: IdentifierDraft, fields: AbstractSet[str]) -> Correction:
    same = all(getattr(row, name) == draft.row[name] for name in ("fingerprint", "strength"))
    return Correction(row, draft, fields, [] if same else _holdings(work, row.id, row.kind, draft.reading))


def _put(work: UnitOfWork, case: Case | CaseToAddTo, correction: Correction) -> None:
    """Carry out a correction, whose holdings were announced, and update matching."""
    row, fields = correction.row, correction.fields
    if fields - {"subjects"}:
        _put_value(work, case, correction)
    if "subjects" in fields:
        links = links_of(row.fingerprint, correction.draft.item)
        note_links(work, row, case.id, engine.link_subjects(work, case.id, row.id, links))
        work.session.refresh(row, ["version", "victim_version"])


def _put_value(work: UnitOfWork, case: Case | CaseToAddTo, correction: Correction) -> None:
    row, draft = correction.row, correction.draft
    for name, value in draft.row.items():
        if name not in {"id", "version", "sealed", "created_at", "created_by"}:
            setattr(row, name, value)
    row.sealed = seal(data_key(work, case.id), case.authority_id, row.id, draft.item, draft.reading)
    work.session.flush()
    if correction.holdings:
        part_from_twins(work, row)
        engine.unregister(work, case.id, [row.id])
        engine.hold(work, case.id, correction.holdings)
    fields = correction.fields - {"subjects"}
    work.note("identifier.corrected", row, case_id=case.id, event=True, kind=row.kind, fields=sorted(fields))
    if {"value", "person"} & fields:
        _tell_recipients(work, row, "corrected")


def _tell_recipients(work: UnitOfWork, row: Identifier, act: str) -> None:
    """Notify the cases to which the value was disclosed (LED Art. 16(6)), each in its own journal."""
    _TELL.rows(work.session, id=row.id, act=act, request=work.request_id)
