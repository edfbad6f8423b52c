"""Identifiers with the key of a national system (`external_id`): the same key with another value is a correction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.cases.external_ids import ExternalIdTaken
from coopapi.cases.models import Identifier
from coopapi.errors import broken
from coopapi.identifiers.drafts import IdentifierDraft
from coopapi.identifiers.refusals import HeldAlready, Refused
from coopapi.identifiers.service import linked_since, open_values, shown_beside, what_was_sent
from coopapi.store.db import UnitOfWork

_COMPARED: Final = (
    "fingerprint", "basis", "source_grading", "information_grading", "handling_code", "exceptional_reason",
    "exceptional_until",
)  # fmt: skip
_SAID: Final = ("value", "person", "digest_version", "context", "source")


def lock_if_keyed(work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any] | Refused]) -> None:
    """Have registrations with keys run one after the other in a case, so that none misses what another makes."""
    if any(not isinstance(item, Refused) and item.get("external_id") for item in items):
        cases.usable(work, case_id, Level.CONTRIBUTE, lock=True)


@dataclass(frozen=True, slots=True)
class HeldRows:
    """The identifiers of a case that have a key or a value of a request, with their links and values as the caller sees them."""

    by_key: Mapping[str | None, Identifier]
    by_print: Mapping[bytes, Identifier]
    beside: Mapping[UUID, Any]
    values: Mapping[UUID, Mapping[str, Any]]


def settle(work: UnitOfWork, case_id: UUID, read: Sequence[IdentifierDraft | Refused]) -> list[IdentifierDraft | Refused]:
    """Decide for each draft with a key whether it is new, corrects the row that has the key, or is refused."""
    keyed = [one for one in read if isinstance(one, IdentifierDraft) and one.key]
    if not keyed:
        return list(read)
    held = _held_rows(work, case_id, keyed)
    seen: dict[str | None, bytes] = {}
    settled: list[IdentifierDraft | Refused] = []
    for index, one in enumerate(read):
        if isinstance(one, Refused) or not one.key:
            settled.append(one)
            continue
        twice = seen.setdefault(one.key, one.row["fingerprint"]) != one.row["fingerprint"]
        settled.append(_refused(index, _TWICE) if twice else _settled(work, index, one, held))
    return settled


def _held_rows(work: UnitOfWork, case_id: UUID, keyed: Sequence[IdentifierDraft]) -> HeldRows:
    query = work.all(Identifier).where(
        Identifier.case_id == case_id,
        Identifier.withdrawn_at.is_(None),
        Identifier.external_id.in_({one.key for one in keyed})
        | Identifier.fingerprint.in_({one.row["fingerprint"] for one in keyed}),
    )
    rows = work.session.scalars(query).all()
    return HeldRows(
        {row.external_id: row for row in rows if row.external_id},
        {bytes(row.fingerprint): row for row in rows},
        shown_beside(work, rows) if any("subjects" in one.item for one in keyed) else {},
        open_values(work, rows),
    )


_TWICE: Final = ("/external_id", "distinct", "The request has this external_id for two values.")
_OTHER_KIND: Final = ("/kind", "other_kind", "The identifier with this external_id is of another kind. Withdraw it first.")
_HELD: Final = ("/value", "held_already", "The case has this value as another identifier.")
_OTHER_KEY: Final = ("/external_id", "other_key", "The case has this value under another external_id.")


def _refused(index: int, fault: tuple[str, str, str]) -> Refused:
    pointer, rule, detail = fault
    return Refused([broken(f"/identifiers/{index}{pointer}", rule, detail)])


def _settled(work: UnitOfWork, index: int, one: IdentifierDraft, held: HeldRows) -> IdentifierDraft | Refused:
    row, same = held.by_key.get(one.key), held.by_print.get(one.row["fingerprint"])
    if row is None:
        if same is not None and same.external_id is not None:
            return _refused(index, _OTHER_KEY)
        if same is not None:
            _take_key(work, same, one)
        return one
    if row.kind != one.row["kind"]:
        return _refused(index, _OTHER_KIND)
    if same is not None and same is not row:
        return _refused(index, _HELD)
    return one._replace(corrects=row) if changes(held, row, one) else one


def _take_key(work: UnitOfWork, row: Identifier, one: IdentifierDraft) -> None:
    """Give the key of a draft to the row that was registered without one."""
    row.external_id = one.key
    work.note("identifier.corrected", row, case_id=row.case_id, event=True, kind=row.kind, fields=["external_id"])


def changes(held: HeldRows, row: Identifier, one: IdentifierDraft) -> bool:
    """Tell whether a draft says anything else than the row that has its key."""
    if any(getattr(row, name) != one.row[name] for name in _COMPARED) or links_differ(held, row, one):
        return True
    if row.id not in held.values:
        return False
    said = what_was_sent(held.values[row.id])
    names = [name for name in _SAID if (name, row.kind) != ("value", "person")]
    return any((said.get(name) or None) != (one.item.get(name) or None) for name in names)


def links_differ(held: HeldRows, row: Identifier, one: IdentifierDraft) -> bool:
    """Tell whether the item names other subjects than those that the caller sees. An item without subjects changes none."""
    if "subjects" not in one.item:
        return False
    there = [linked_since(link) for link in held.beside[row.id].subjects or ()]
    sent = [{"since": None, "basis": "fact", **link} for link in one.item["subjects"]]
    return sorted(there, key=_by_id) != sorted(sent, key=_by_id)


def _by_id(link: Mapping[str, Any]) -> str:
    return str(link["id"])


def require_free(work: UnitOfWork, row: Identifier, draft: IdentifierDraft) -> None:
    """Raise `ExternalIdTaken` if a correction gives an identifier the key of another one of the case."""
    if not draft.key or draft.key == row.external_id:
        return
    query = work.all(Identifier).where(
        Identifier.case_id == row.case_id,
        Identifier.external_id == draft.key,
        Identifier.withdrawn_at.is_(None),
        Identifier.id != row.id,
    )
    taken = work.session.scalar(query)
    if taken is not None:
        raise ExternalIdTaken(existing=f"/api/v1/cases/{row.case_id}/identifiers/{taken.id}")


def refuse_duplicates(work: UnitOfWork, row: Identifier, drafted: IdentifierDraft) -> None:
    """Raise `HeldAlready` if the case has another identifier with the value of a draft."""
    twin = work.all(Identifier).where(
        Identifier.case_id == row.case_id,
        Identifier.fingerprint == drafted.row["fingerprint"],
        Identifier.withdrawn_at.is_(None),
        Identifier.id != row.id,
    )
    found = work.session.scalar(twin)
    if found is not None:
        raise HeldAlready(existing=f"/api/v1/cases/{row.case_id}/identifiers/{found.id}")
