"""Registering new identifiers of several cases together."""

from collections.abc import Sequence

from coopapi.cases.models import Case
from coopapi.errors import Conflict
from coopapi.identifiers import keys
from coopapi.identifiers.drafts import IdentifierDraft
from coopapi.matching import engine
from coopapi.matching.engine import NewIdentifiers
from coopapi.store.db import UnitOfWork


def register_in_cases(work: UnitOfWork, several: Sequence[tuple[Case, Sequence[IdentifierDraft]]]) -> None:
    """Store drafts whose values and keys are new to their cases, which the caller has locked.

    Raises `QuotaExceeded`, and `Conflict` if another transaction stored one of them meanwhile.
    """
    made = [
        NewIdentifiers(
            case.id,
            [draft.row for draft in drafts],
            [link for draft in drafts for link in draft.links],
            [h for d in drafts for h in keys.holdings(work.keys, d.row["id"], d.item["kind"], d.reading.keys)],
        )
        for case, drafts in several
    ]
    fresh = engine.register_each(work, made)
    if len(fresh) != sum(len(drafts) for _, drafts in several):
        raise Conflict
    for case, drafts in several:
        kinds = sorted({draft.item["kind"] for draft in drafts})
        work.note("identifiers.registered", case, case_id=case.id, event=True, count=len(drafts), kinds=kinds)
