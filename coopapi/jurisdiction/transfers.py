"""Transfers of proceedings after a consensus: from which case, to whom, when, what was handed over, and the receiver's case."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.errors import Conflict, Forbidden, NotFound, fault
from coopapi.jurisdiction import service
from coopapi.jurisdiction.models import Consultation, ProceedingsTransfer
from coopapi.shared import parties
from coopapi.shared.days import require_begun
from coopapi.store.db import UnitOfWork


class NothingAgreed(Conflict):
    """Proceedings can be transferred only to the State that, by consensus, will prosecute.

    Reach a consensus in the consultation first.
    """


class GivenOverAlready(Conflict):
    """The proceedings of this case were already transferred after this consultation.

    Use the transfer that `existing` names.
    """


class ReceivedAlready(Conflict):
    """The receiving authority has already named the case in which it continues the proceedings.

    Read the transfer to see that case.
    """


def transfer(work: UnitOfWork, consultation_id: UUID, data: Mapping[str, Any]) -> ProceedingsTransfer:
    """Record that proceedings were transferred. The case that they come from remains and shows where they went.

    Raises `NothingAgreed`, `GivenOverAlready` and `Unprocessable`.
    """
    consultation = work.one(Consultation, consultation_id)
    if not parties.acting_parts(work, consultation.id):
        raise service.NotConsulted
    if consultation.prosecuting_country is None or consultation.prosecuting_country == work.actor.country:
        raise NothingAgreed(state=consultation.state)
    case = cases.answered_for(work, data["case_id"], ended=True)
    to = {p.authority_id: p.country for p in service.positions(work, consultation.id)}
    if to.get(data["to_authority"]) != consultation.prosecuting_country:
        raise fault("/to_authority", "prosecutes", "This must be the authority of the State that prosecutes.")
    require_begun(work.now, data, "transferred_on")
    if found := work.session.scalar(of_consultation(work, consultation.id).where(ProceedingsTransfer.from_case == data["case_id"])):
        raise GivenOverAlready(existing=f"/api/v1/jurisdiction-consultations/{consultation.id}/transfers", transfer=str(found.id))
    about = {
        "from_case": data["case_id"],
        "from_id": case.authority_id,
        "to_id": data["to_authority"],
        "transferred_on": data["transferred_on"],
    }
    said = {"handed_over": data["handed_over"]}
    row = work.add(parties.new_part(work, ProceedingsTransfer, consultation, said, **about))
    service.tell(work, consultation, "transferred", transfer=str(row.id), to=str(row.to_id))
    return row


def receive(
    work: UnitOfWork, consultation_id: UUID, transfer_id: UUID, version: int, data: Mapping[str, Any]
) -> ProceedingsTransfer:
    """Record in which case of the receiver the proceedings continue.

    Raises `ReceivedAlready`, and `Forbidden` for any other authority.
    """
    row = work.one(ProceedingsTransfer, transfer_id)
    consultation = work.one(Consultation, consultation_id)
    if row.consultation_id != consultation_id:
        raise NotFound
    if row.to_id != work.actor.authority_id or not parties.acting_parts(work, consultation.id):
        raise Forbidden("Only the receiving authority may name the case in which it continues the proceedings.")
    row = work.one(ProceedingsTransfer, transfer_id, version=version, lock=True)
    if row.to_case:
        raise ReceivedAlready
    cases.require_access(work, data["case_id"], Level.OWN)
    row.to_case, row.received_at = data["case_id"], work.now
    service.tell(work, consultation, "received", transfer=str(row.id))
    return row


def of_consultation(work: UnitOfWork, consultation_id: UUID) -> Select[ProceedingsTransfer]:
    """Select the transfers of a consultation."""
    work.one(Consultation, consultation_id)
    return work.all(ProceedingsTransfer).where(ProceedingsTransfer.consultation_id == consultation_id)


def show(work: UnitOfWork, rows: Sequence[ProceedingsTransfer]) -> list[dict[str, Any]]:
    """Return transfers with what was handed over."""
    return [{**row.shown(), **said} for row, said in parties.with_texts(work, rows)]
