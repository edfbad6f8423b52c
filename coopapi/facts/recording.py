"""Recording and correcting facts. A correction keeps the state before it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.cases.external_ids import ExternalIdTaken
from coopapi.cases.service import CaseToAddTo
from coopapi.errors import Unprocessable, broken
from coopapi.facts.drafts import FactDraft, Involved, draft, involved, merged, stays_hidden
from coopapi.facts.models import FACT_LIFECYCLE, Fact, columns_told
from coopapi.facts.service import as_items, open_words
from coopapi.http.outcomes import ItemOutcome, Outcomes, refused
from coopapi.identifiers.keyed import lock_if_keyed
from coopapi.identifiers.refusals import Refused
from coopapi.identifiers.service import keep_key, read_keys
from coopapi.store import vault
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.rows import store_changes, take_in
from coopapi.store.statements import Statement
from coopapi.store.together import together
from coopapi.store.vault import SealKey

_RECORD: Final = Statement("select priv.record_facts(cast(:rows as jsonb), cast(:subjects as jsonb), cast(:identifiers as jsonb))")
_KEEP: Final = Statement("select priv.keep_facts(cast(:facts as uuid[]))")
_RELINK: Final = Statement(
    "select priv.relink_facts(cast(:facts as uuid[]), cast(:subjects as jsonb), cast(:identifiers as jsonb))"
)


class ImpossibleFacts(Unprocessable):
    """Some of the facts are not valid, so none was recorded.

    Correct or remove the items that `errors` points to, and send the list again.
    """


class ImpossibleFact(Unprocessable):
    """The fact is not valid. The others of the request are not affected.

    Correct the fields that `errors` points to, and send this fact again.
    """


def record(work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any]]) -> list[Fact]:
    """Record all of these facts or none. Raises `ImpossibleFacts`.

    A key (`external_id`) that the case has names the same fact: it is corrected if the item says anything else, and otherwise
    returned as it is.
    """
    case, read = read_all(work, case_id, items)
    if faults := [fault for one in read if isinstance(one, Refused) for fault in one.faults]:
        raise ImpossibleFacts(errors=faults)
    return [row for _, row in store(work, case, [one for one in read if isinstance(one, FactDraft)])]


def record_each(work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any] | Refused]) -> Outcomes:
    """Record the facts that are valid. Returns what became of each, in the order of the items."""
    case, read = read_all(work, case_id, items)
    kept = iter(store(work, case, [one for one in read if isinstance(one, FactDraft)]))
    return Outcomes(refused(ImpossibleFact, one.faults) if isinstance(one, Refused) else ItemOutcome(*next(kept)) for one in read)


def read_all(
    work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any] | Refused]
) -> tuple[CaseToAddTo, list[FactDraft | Refused]]:
    """Read all items for a case. What was refused by the schema, or is refused here, has its faults with their JSON pointers."""
    lock_if_keyed(work, case_id, items)
    case = cases.to_add_to(work, case_id)
    keep_key(work, case.id, case.wrapped, case.authority_id)
    named = {item["external_id"] for item in items if not isinstance(item, Refused) and item.get("external_id")}
    held = {key: rows for (_, key), rows in held_facts(work, [(case.id, key) for key in named]).items()}
    old = as_items(work, [row for rows in held.values() for row in rows])
    sent = [item for item in items if not isinstance(item, Refused)]
    there = involved(work, case.id, [*sent, *old.values()])
    read: list[FactDraft | Refused] = []
    seen: set[str] = set()
    for index, item in enumerate(items):
        if isinstance(item, Refused):
            read.append(item)
            continue
        try:
            _refuse_second(item.get("external_id"), seen)
            read.append(_draft(work, case.handling_code, item, there, held, old))
        except Unprocessable as fault:
            read.append(Refused([{**f, "pointer": f"/facts/{index}{f['pointer']}"} for f in fault.extra["errors"]]))
    return case, read


def _refuse_second(key: str | None, seen: set[str]) -> None:
    if key is not None and key in seen:
        raise Unprocessable(errors=[broken("/external_id", "distinct", "The request has this external_id twice.")])
    if key is not None:
        seen.add(key)


def held_facts(work: UnitOfWork, keys: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], list[Fact]]:
    """Return the facts of cases with these keys that were not withdrawn. One about victims may have the key of another."""
    held: dict[tuple[UUID, str], list[Fact]] = {key: [] for key in keys}
    if held:
        cases, names = (set(some) for some in zip(*held, strict=True))
        query = work.all(Fact).where(Fact.case_id.in_(cases), Fact.external_id.in_(names), Fact.withdrawn_at.is_(None))
        for row in work.session.scalars(query.order_by(Fact.id)):
            if (key := (row.case_id, row.external_id or "")) in held:  # the same key of another case was not asked for
                held[key].append(row)
    return held


_held_by_one: Final = together(held_facts)


def _draft(  # noqa: PLR0913, PLR0917 (what is known of the case)
    work: UnitOfWork,
    handling_code: str,
    item: Mapping[str, Any],
    there: Involved,
    held: Mapping[str, Sequence[Fact]],
    old: Mapping[UUID, Mapping[str, Any]],
) -> FactDraft:
    rows = held.get(item.get("external_id") or "", ())
    if not rows:
        return draft(work, handling_code, item, there)
    read = [draft(work, handling_code, merged(old[row.id], item), there, row) for row in rows]
    one = next((one for one in read if one.corrects and one.corrects.victims == one.victims), read[0])
    if any(row is not one.corrects and row.victims == one.victims for row in rows):
        raise Unprocessable(errors=[broken("/external_id", "taken", "Another fact of the case has this external_id.")])
    return stays_hidden(one)


def store(work: UnitOfWork, case: CaseToAddTo, drafts: Sequence[FactDraft]) -> list[tuple[str, Fact]]:
    """Store the drafts that are new and carry out the corrections.

    Returns for each draft whether it was `stored`, is `existing` or was `corrected`, and its fact.
    """
    made = iter(record_new(work, [(case.id, one) for one in drafts if one.corrects is None]))
    changed = put_right(work, [one for one in drafts if one.corrects is not None])
    return [
        ("stored", next(made))
        if one.corrects is None
        else ("corrected" if one.corrects.id in changed else "existing", one.corrects)
        for one in drafts
    ]


def record_new(work: UnitOfWork, several: Sequence[tuple[UUID, FactDraft]]) -> list[Fact]:
    """Store new facts, each in its case, which the caller has locked and whose key is at hand."""
    if not several:
        return []
    rows = [_row(work, case_id, one) for case_id, one in several]
    stored = [{name: value for name, value in vars(row).items() if name[0] != "_"} for row in rows]
    ids = [row.id for row in rows]
    drafts = [one for _, one in several]
    work.session.flush()
    _RECORD.rows(work.session, rows=as_json([_as_stored(one) for one in stored]), **_links(ids, drafts))
    take_in(work.session, rows)
    for row in rows:
        tell(work, row, "recorded", victims=row.victims, kind=row.kind)
    return rows


def _row(work: UnitOfWork, case_id: UUID, one: FactDraft) -> Fact:
    row_id = work.new_id()
    by = {"authority_id": work.actor.authority_id, "recorded_by": work.actor.id, "changed_by": work.actor.id}
    at = {"recorded_at": work.now, "changed_at": work.now, "withdrawn_at": None, "withdrawal_reason": None}
    sealed = {"words": _seal(_key(work, case_id), one, row_id), "place_token": one.token, "victims": one.victims}
    return Fact(id=row_id, version=1, case_id=case_id, **one.told, **sealed, **by, **at)


def _as_stored(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row as the database takes them: bytes as hexadecimal digits."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in columns.items()}


def _key(work: UnitOfWork, case_id: UUID) -> SealKey:
    return vault.words_key(work, Fact.__kind__, read_keys(work, {case_id})[case_id][0])


def _seal(key: SealKey, one: FactDraft, fact_id: UUID) -> bytes | None:
    return vault.seal(key, one.words, fact_id, "words") if one.words else None


def _links(ids: Sequence[UUID], drafts: Sequence[FactDraft]) -> dict[str, str]:
    """Return the links of facts as the database takes them."""
    pairs = list(zip(ids, drafts, strict=True))
    return {
        "subjects": as_json([{"fact_id": id_, "subject_id": one} for id_, said in pairs for one in sorted(said.subjects)]),
        "identifiers": as_json([{"fact_id": id_, "identifier_id": one} for id_, said in pairs for one in sorted(said.identifiers)]),
    }


def put_right(work: UnitOfWork, drafts: Sequence[FactDraft]) -> set[UUID]:
    """Carry out corrections, and keep the states before them. Returns the ids of the facts that changed."""
    pairs = [(one.corrects, one) for one in drafts if one.corrects is not None]
    fields = changes(work, drafts)
    changed = [(row, one) for row, one in pairs if fields[row.id]]
    if not changed:
        return set()
    ids = [row.id for row, _ in changed]
    work.session.flush()
    _KEEP.rows(work.session, facts=ids)
    for row, one in changed:
        victims = row.victims or one.victims
        row.set({**one.told, "place_token": one.token, "victims": one.victims, "changed_by": work.actor.id, "changed_at": work.now})
        row.words = _seal(_key(work, row.case_id), one, row.id)
        tell(work, row, "corrected", victims=victims, kind=row.kind, fields=fields[row.id])
    store_changes(work.session, [row for row, _ in changed])
    _RELINK.rows(work.session, facts=ids, **_links(ids, [one for _, one in changed]))
    return set(ids)


def changes(work: UnitOfWork, drafts: Sequence[FactDraft]) -> dict[UUID, list[str]]:
    """Return the names of the fields in which corrections differ from their rows, by the ids of these."""
    pairs = [(one.corrects, one) for one in drafts if one.corrects is not None]
    rows = [row for row, _ in pairs]
    old = as_items(work, rows)
    found = {}
    for (row, one), words in zip(pairs, open_words(work, rows), strict=True):
        was, now = {**columns_told(row), **words}, {**one.told, **one.words}
        differ = {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
        differ |= {
            name
            for name, links in (("subjects", one.subjects), ("identifiers", one.identifiers))
            if {link["id"] for link in old[row.id][name]} != links
        }
        found[row.id] = sorted(differ)
    return found


def correct(work: UnitOfWork, row: Fact, data: Mapping[str, Any]) -> Fact:
    """Correct a fact of a case that the caller has locked (LED Art. 16(1)).

    Raises `IllegalMove` for a fact that was withdrawn, `Unprocessable`, and `ExternalIdTaken` if another one has the key.
    """
    FACT_LIFECYCLE.transition(row.state, "withdraw")
    case = cases.usable(work, row.case_id, Level.CONTRIBUTE)
    item = merged(as_items(work, [row])[row.id], data)
    one = stays_hidden(draft(work, case.handling_code, item, involved(work, case.id, [item]), row))
    require_free(work, one)
    put_right(work, [one])
    return row


def require_free(work: UnitOfWork, one: FactDraft) -> None:
    """Raise `ExternalIdTaken` if a correction gives a fact the key of another one of the case, both about victims or neither."""
    if (row := one.corrects) is not None and one.key:
        for other in _held_by_one(work, (row.case_id, one.key)):
            if other is not row and other.victims == one.victims:
                raise ExternalIdTaken(existing=f"/api/v1/cases/{row.case_id}/facts/{other.id}")


def tell(work: UnitOfWork, row: Fact, act: str, *, victims: bool, **detail: Any) -> None:
    """Tell of a fact: of one about victims to cleared people only."""
    work.note(f"fact.{act}", row, case_id=row.case_id, event=True, **detail)
    work.notes[-1]["victims_only"] = victims
