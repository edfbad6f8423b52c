"""Registering many identifiers, of which each is stored or refused by itself."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from coopapi.cases import service as cases
from coopapi.http.outcomes import Outcome, Outcomes, refused
from coopapi.identifiers.refusals import ImpossibleIdentifier, Refused, refuse_many_persons
from coopapi.identifiers.registration import IdentifierDraft, read_all, store
from coopapi.store.db import UnitOfWork


def register_each(work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any] | Refused]) -> Outcomes:
    """Register the identifiers that may be stored. Returns what became of each, in the order of the items."""
    case = cases.to_add_to(work, case_id)
    refuse_many_persons(items)
    read = read_all(work, case, items)
    drafts = [one for one in read if isinstance(one, IdentifierDraft)]
    kept = iter(store(work, case, drafts) if drafts else ())
    return Outcomes(
        refused(ImpossibleIdentifier, one.faults) if isinstance(one, Refused) else _outcome(*next(kept)) for one in read
    )


def _outcome(row: Any, new: bool) -> Outcome:  # noqa: FBT001 (as `store` returns it)
    return Outcome("stored" if new else "existing", row)
