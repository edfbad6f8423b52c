"""Registering many identifiers, of which each is stored or refused by itself."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from coopapi.cases.models import Identifier
from coopapi.http.outcomes import ItemOutcome, Outcomes, refused
from coopapi.identifiers.drafts import IdentifierDraft
from coopapi.identifiers.refusals import ImpossibleIdentifier, Refused
from coopapi.identifiers.registration import read_all, store
from coopapi.store.db import UnitOfWork


def register_each(work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any] | Refused]) -> Outcomes:
    """Register the identifiers that may be stored. Returns what became of each, in the order of the items."""
    case, read = read_all(work, case_id, items)
    drafts = [one for one in read if isinstance(one, IdentifierDraft)]

    def outcomes(kept: Sequence[tuple[str, Identifier]]) -> Outcomes:
        left = iter(kept)
        return Outcomes(
            refused(ImpossibleIdentifier, one.faults) if isinstance(one, Refused) else ItemOutcome(*next(left)) for one in read
        )

    made: Any = store(work, case, drafts, outcomes) if drafts else outcomes([])
    return made  # type: ignore[no-any-return]
