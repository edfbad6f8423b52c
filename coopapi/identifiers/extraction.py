"""Proposes the identifiers that stand in a text or a table. Nothing is stored, recorded, or looked up in other cases."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.cases.models import Identifier
from coopapi.identifiers.drafts import identity
from coopapi.identifiers.extracting.finder import Finder, Proposal
from coopapi.identifiers.extracting.labels import named_by
from coopapi.identifiers.extracting.tables import find_in_table
from coopapi.identifiers.extracting.texts import find_in_text
from coopapi.identifiers.service import data_key
from coopapi.store.db import UnitOfWork


def extract(work: UnitOfWork, case_id: UUID, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be identifiers in a text or a table, and whether there is more.

    Raises the errors of `require_access` for callers who may not add identifiers to the case.
    """
    cases.require_access(work, case_id, Level.CONTRIBUTE)
    finder = Finder(work.actor.country)
    if "text" in sent:
        find_in_text(finder, sent["text"])
    else:
        rows = [[cell or "" for cell in row] for row in sent["rows"]]
        find_in_table(finder, rows, [named_by(title or "") for title in sent.get("header", ())])
    held = _held(work, case_id, finder.found)
    proposals = [_shown(found, already) for found, already in zip(finder.found, held, strict=True)]
    return {"proposals": proposals, "truncated": finder.full}


def _shown(found: Proposal, already: bool) -> dict[str, Any]:  # noqa: FBT001 (one member of the answer)
    return {
        "kind": found.kind,
        "value": found.value,
        "context": _context(found),
        "row": found.row,
        "column": found.column,
        "start": found.start,
        "end": found.end,
        "doubt": found.doubt,
        "already_in_case": already,
    }


def _context(found: Proposal) -> dict[str, Any]:
    said = {"platform": found.context.platform, "country": found.context.country, "observed_at": found.context.observed_at}
    return {name: value for name, value in said.items() if value}


def _held(work: UnitOfWork, case_id: UUID, found: Sequence[Proposal]) -> list[bool]:
    """Tell of each value whether the case has it already."""
    key = data_key(work, case_id)
    prints = [f.reading and key.fingerprint(f.kind, identity(f.reading, {"context": _context(f)})) for f in found]
    query = work.all(Identifier).with_only_columns(Identifier.fingerprint)
    query = query.where(
        Identifier.case_id == case_id,
        Identifier.fingerprint.in_([print_ for print_ in prints if print_]),
        Identifier.withdrawn_at.is_(None),
    )
    known = {bytes(print_) for print_ in work.session.scalars(query)}
    return [print_ in known for print_ in prints]
