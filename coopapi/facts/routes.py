"""Facts over HTTP."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.cases.external_ids import with_key
from coopapi.facts import recording, service
from coopapi.facts.models import EarlierFact, Fact, FactIdentifier, FactSubject
from coopapi.facts.schemas import EarlierFactOut, FactFilter, FactOut, FactPatch, FactsIn, FactWithdrawalIn
from coopapi.facts.transitions import FACT
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.outcomes import Outcomes, outcomes_of
from coopapi.http.paging import Order, Page, page
from coopapi.store.db import UnitOfWork

blp = Blueprint("facts", __name__, url_prefix="/api/v1/cases/<uuid:case_id>/facts", description="Facts of cases")
_ONE = "/<uuid:fact_id>"
_LINKS: Final[Mapping[str, tuple[Any, Any]]] = {
    "subject_id": (FactSubject, FactSubject.subject_id),
    "identifier_id": (FactIdentifier, FactIdentifier.identifier_id),
}


@blp.route("", allow=Action.IDENTIFIER_READ, query=FactFilter, returns=FactOut, page=True, show=service.show_facts)
def list_facts(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List the facts of a case, those that were recorded last first; the timeline shows them in the order of their times."""
    cases.require_access(work, case_id, Level.READ)
    query = work.all(Fact).where(Fact.case_id == case_id)
    for name in ("kind", "country"):
        if name in wanted:
            query = query.where(getattr(Fact, name) == wanted[name])
    for name, (model, column) in _LINKS.items():
        if name in wanted:
            query = query.where(work.all(model).where(model.fact_id == Fact.id, column == wanted[name]).exists())
    if "external_id" in wanted:
        query = with_key(work, query, Fact.external_id, wanted["external_id"])
    if "state" in wanted:
        query = query.where(Fact.withdrawn_at.is_(None) == (wanted["state"] == "recorded"))
    work.note("facts.consulted", case_id=case_id, object_type="case", consultation=True)
    return page(work, f"facts/{case_id}", query, Order((Fact.id,)), wanted)


@blp.route(
    "",
    method="POST",
    allow=Action.FACT_WRITE,
    body=FactsIn,
    returns=FactOut,
    status=HTTPStatus.CREATED,
    many="facts",
    show=service.show_facts,
)
@blp.by_item(outcomes_of(FactOut))
def record_facts(data: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> list[Fact] | Outcomes:
    """Record 1 to 1000 facts of a case; either all are recorded or none, unless `on_error` is `each`.

    A fact whose `external_id` the case has is corrected. With `each`, the answer is 200 and has one entry for each fact in their
    order.
    """
    if data.get("on_error") == "each":
        return recording.record_each(work, case_id, data["facts"])
    return recording.record(work, case_id, data["facts"])


@blp.route(_ONE, allow=Action.IDENTIFIER_READ, returns=FactOut, show=service.show_facts)
def get_fact(case_id: UUID, fact_id: UUID, *, work: UnitOfWork) -> Fact:
    """Show one fact of a case."""
    cases.require_access(work, case_id, Level.READ)
    row = service.fact_of(work, case_id, fact_id)
    work.note("fact.consulted", row, case_id=case_id, consultation=True)
    return row


@blp.route(_ONE, method="PATCH", allow=Action.FACT_WRITE, body=FactPatch, returns=FactOut, changes=True, show=service.show_facts)
def correct_fact(data: dict[str, Any], *, case_id: UUID, fact_id: UUID, version: int, work: UnitOfWork) -> Fact:
    """Correct a fact; its earlier state is kept in its history."""
    cases.usable(work, case_id, Level.CONTRIBUTE, lock=True)
    return recording.correct(work, service.fact_of(work, case_id, fact_id, version=version), data)


@blp.route(
    f"{_ONE}/history", allow=Action.IDENTIFIER_READ, query=Paged, returns=EarlierFactOut, page=True, show=service.show_states
)
def list_fact_history(wanted: dict[str, Any], *, case_id: UUID, fact_id: UUID, work: UnitOfWork) -> Page:
    """List the earlier states of a fact, the latest first. The present state is the fact itself."""
    cases.require_access(work, case_id, Level.READ)
    row = service.fact_of(work, case_id, fact_id)
    work.note("fact.consulted", row, case_id=case_id, consultation=True)
    query = work.all(EarlierFact).where(EarlierFact.fact_id == fact_id)
    return page(work, f"fact-history/{fact_id}", query, Order((EarlierFact.version,)), wanted)


blp.workflow(
    _ONE,
    FACT,
    read=Action.IDENTIFIER_READ,
    act=Action.FACT_WRITE,
    body=FactWithdrawalIn,
    returns=FactOut,
    show=service.show_facts,
    about="Withdraw a fact with a reason; it stays in the history of the case and leaves its timeline.",
)
