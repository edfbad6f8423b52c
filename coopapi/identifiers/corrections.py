"""Corrections of identifiers: rows of a case get other content, and are matched anew, with a few statements for all of them."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coopapi.cases.models import Case, Identifier
from coopapi.cases.service import CaseToAddTo
from coopapi.identifiers import keys
from coopapi.identifiers.drafts import IdentifierDraft, seal
from coopapi.identifiers.service import data_key, part_from_twins
from coopapi.identifiers.subjects import links_of, note_links
from coopapi.matching import engine
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import store_changes
from coopapi.store.statements import Statement, array

_TELL: Final = Statement("select priv.tell_recipients(u.id, :act, :request) from unnest(cast(:ids as uuid[])) u (id)")


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


def correction_of(row: Identifier, draft: IdentifierDraft, fields: AbstractSet[str]) -> Correction:
    """Return the correction of a row by a draft. `fields` are those that the caller sent."""
    same = all(getattr(row, name) == draft.row[name] for name in ("fingerprint", "strength"))
    return Correction(row, draft, fields, () if same else keys.holdings(row.id, row.kind, draft.held))


def put_right(work: UnitOfWork, case: Case | CaseToAddTo, corrections: Sequence[Correction]) -> None:
    """Carry out corrections of identifiers of a case, whose holdings were announced, and update matching."""
    changed = [one for one in corrections if one.fields - {"subjects"}]
    if changed:
        _put_values(work, case, changed)
    for one in corrections:
        if "subjects" in one.fields:
            links = links_of(one.row.fingerprint, one.draft.item)
            note_links(work, one.row, case.id, engine.link_subjects(work, case.id, one.row.id, links))
            work.session.refresh(one.row, ["version", "victim_version"])


def _put_values(work: UnitOfWork, case: Case | CaseToAddTo, corrections: Sequence[Correction]) -> None:
    for one in corrections:
        for name, value in one.draft.row.items():
            if name not in {"id", "version", "sealed", "created_at", "created_by"}:
                setattr(one.row, name, value)
        one.row.sealed = seal(data_key(work, case.id), case.authority_id, one.row.id, one.draft.content)
    store_changes(work.session, [one.row for one in corrections])
    if anew := [one.row.id for one in corrections if one.holdings]:
        part_from_twins(work, case.id, anew)
        engine.unregister(work, [(case.id, one) for one in anew])
        engine.hold(work, case.id, [holding for one in corrections for holding in one.holdings])
    for one in corrections:
        said = one.fields - {"subjects"}
        work.note("identifier.corrected", one.row, case_id=case.id, event=True, kind=one.row.kind, fields=sorted(said))
    tell_recipients(work, [one.row.id for one in corrections if {"value", "person"} & one.fields], "corrected")


def tell_recipients(work: UnitOfWork, rows: Sequence[UUID], act: str) -> None:
    """Notify the cases to which values were disclosed (LED Art. 16(6)), each in its own journal."""
    if rows:
        _TELL.rows(work.session, ids=array(rows), act=act, request=work.request_id)
