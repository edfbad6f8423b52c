"""How identifiers are shown: in clear only to callers who may read the values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import or_, select, update

from coopapi.access import Action
from coopapi.cases.external_ids import shows_key
from coopapi.cases.models import Case, CaseKey, Identifier
from coopapi.errors import NotFound
from coopapi.identifiers import kinds
from coopapi.identifiers.formats.common import REASONS, list_version
from coopapi.identifiers.kinds import Strength
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.store.vault import DataKey

_FIELDS: Final = (
    "id", "case_id", "kind", "basis", "source_grading", "information_grading", "handling_code", "exceptional_reason",
    "exceptional_until", "state", "withdrawal_reason", "created_at", "etag",
)  # fmt: skip
_SHOWN: Final = Statement("select * from priv.shown_identifiers(cast(:identifiers as uuid[]))")
_SEALED: Final = ("value", "normalised", "context", "source", "person", "digest_version")


class MoreOfIdentifier(NamedTuple):
    """What the caller may know of an identifier beside its row, as the database returns it."""

    excluded: bool
    subjects: Sequence[Mapping[str, Any]] | None = None
    same_as: UUID | None = None


def show_identifiers(work: UnitOfWork, rows: Sequence[Identifier]) -> list[dict[str, Any]]:
    """Return identifiers with their values for callers who may read them. One query reads the keys of all cases."""
    opened = open_values(work, rows)
    more = shown_beside(work, rows)
    keys = {row.id: row.external_id for row in rows} if shows_key(work) else {}
    return [{**_show_identifier(row, opened.get(row.id, {}), more[row.id]), "external_id": keys.get(row.id)} for row in rows]


def shown_beside(work: UnitOfWork, rows: Sequence[Identifier]) -> dict[UUID, Any]:
    """Return what the caller may know of identifiers beside their rows: their `subjects`, and whether the value is `excluded`."""
    for row in rows:
        row.for_cleared = work.actor.cleared
    unread = [row.id for row in rows if row.known_more is None]
    found = _SHOWN.rows(work.session, identifiers=unread) if unread else ()
    return {row.id: row.known_more for row in rows} | {one.identifier_id: one for one in found}


def _show_identifier(row: Identifier, clear: Mapping[str, Any], more: Any) -> dict[str, Any]:
    stored = vars(row)  # without the bookkeeping of SQLAlchemy, which takes most of the time for many rows
    codes = [code for code in row.warnings if code in REASONS]
    version = list_version(row.normaliser)
    return {
        **{name: stored[name] if name in stored else getattr(row, name) for name in _FIELDS},
        **{name: clear.get(name) for name in _SEALED},
        "subjects": [linked_since(link) for link in more.subjects or ()],
        "same_as": more.same_as,
        "strength": Strength(row.strength).name.lower(),
        "warnings": [{"code": code, "detail": kinds.warning_text(row.kind, code)} for code in row.warnings],
        "common_value": kinds.common_value(codes[0], version) if codes else kinds.excluded_value() if more.excluded else None,
    }


def open_values(work: UnitOfWork, rows: Sequence[Identifier]) -> dict[UUID, dict[str, Any]]:
    """Decrypt the content of identifiers, if the caller's role may read values in clear."""
    if not rows or not work.actor.may(Action.IDENTIFIER_CLEAR):
        return {}
    keys = read_keys(work, {row.case_id for row in rows})
    readable = [(row, *keys[row.case_id]) for row in rows if row.case_id in keys]
    return {row.id: vault.open_value(key, row.sealed, authority_id, row.id) for row, key, authority_id in readable}


def read_keys(work: UnitOfWork, case_ids: set[UUID]) -> Mapping[UUID, tuple[DataKey, UUID]]:
    """Return the data keys of the cases that the caller may read, each with the authority of its case."""
    if missing := case_ids - work.case_keys.keys():
        query = (
            select(CaseKey.case_id, CaseKey.wrapped, Case.authority_id)
            .join(Case, Case.id == CaseKey.case_id)
            .where(CaseKey.case_id.in_(missing), CaseKey.visible_to(work.actor, work.now))
        )
        for case_id, wrapped, authority_id in work.session.execute(query):
            keep_key(work, case_id, wrapped, authority_id)
    return work.case_keys


def keep_key(work: UnitOfWork, case_id: UUID, wrapped: bytes, authority_id: UUID) -> DataKey:
    """Return the data key of a case. It is decrypted once for this work."""
    if case_id not in work.case_keys:
        work.case_keys[case_id] = vault.case_key(work.keys, case_id, wrapped), authority_id
    key: DataKey = work.case_keys[case_id][0]
    return key


def what_was_sent(clear: Mapping[str, Any]) -> dict[str, Any]:
    """Return the decrypted content of an identifier with its times as in the item that was registered."""
    if not (context := clear.get("context")):
        return dict(clear)
    seen = {"observed_at": datetime.fromisoformat(context["observed_at"])} if context.get("observed_at") else {}
    return {**clear, "context": {**context, **seen}}


def data_key(work: UnitOfWork, case_id: UUID) -> DataKey:
    """Return the key that encrypts the values of a case. Raises `NotFound` if the caller may not read the case."""
    if case_id not in (keys := read_keys(work, {case_id})):
        raise NotFound
    return keys[case_id][0]


def part_from_twins(work: UnitOfWork, case_id: UUID, rows: Sequence[UUID]) -> None:
    """Forget which identifiers had the same value as those that were corrected (`same_as`)."""
    twins = or_(Identifier.same_as.in_(rows), Identifier.id.in_(rows))
    work.session.execute(update(Identifier).where(twins, Identifier.case_id == case_id).values(same_as=None))


def linked_since(link: Mapping[str, Any]) -> dict[str, Any]:
    """Return a link to a subject as it was registered."""
    since = link["since"]
    return {"id": UUID(link["id"]), "since": datetime.fromisoformat(since) if since else None, "basis": link["basis"]}


def as_item(work: UnitOfWork, row: Identifier) -> dict[str, Any]:
    """Return an identifier in the form in which it would be registered, as the basis of a correction.

    Raises `NotFound` if the caller's access to the case has ended since the row was read.
    """
    if not (opened := open_values(work, [row])):
        raise NotFound
    said = what_was_sent(opened[row.id])
    exceptional = {"reason": row.exceptional_reason, "until": row.exceptional_until} if row.exceptional_reason else None
    fields = ("kind", "basis", "source_grading", "information_grading", "handling_code", "external_id")
    kept = {name: getattr(row, name) for name in fields}
    return {
        **kept,
        "subjects": [linked_since(link) for link in shown_beside(work, [row])[row.id].subjects or ()],
        ("person" if row.kind == "person" else "value"): said.get("person" if row.kind == "person" else "value"),
        "source": said.get("source"),
        "context": said.get("context", {}),
        "exceptional_processing": exceptional,
    }
