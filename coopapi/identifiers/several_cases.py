"""Registering new identifiers of several cases together."""

from collections.abc import Sequence

from coopapi.cases.service import CaseToAddTo
from coopapi.identifiers.drafts import IdentifierDraft
from coopapi.matching import engine
from coopapi.store.db import UnitOfWork


def register_in_cases(work: UnitOfWork, several: Sequence[tuple[CaseToAddTo, Sequence[IdentifierDraft]]]) -> None:
    """Store drafts whose values and keys are new to their cases, which the caller has locked, while the caller goes on.

    Whatever is done next with the transaction raises `QuotaExceeded`.
    """
    every = [draft for _, drafts in several for draft in drafts]
    links = [{**link, "identifier_id": draft.row["id"]} for draft in every for link in draft.links]
    engine.register_in_cases(work, [draft.row for draft in every], links, [draft.held for draft in every])
    for case, drafts in several:
        kinds = sorted({draft.item["kind"] for draft in drafts})
        work.note("identifiers.registered", case, case_id=case.id, event=True, count=len(drafts), kinds=kinds)
