"""Conflicts of jurisdiction and duties towards Eurojust over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.jurisdiction import difficulties, presentation, service, transfers, transitions
from coopapi.jurisdiction.models import Consultation, ConsultationPosition, ProceedingsTransfer
from coopapi.jurisdiction.schemas import (
    ConsultationFilter,
    ConsultationIn,
    ConsultationOut,
    ConsultationPositionIn,
    ConsultationPositionOut,
    ConsultationStepIn,
    ConsultedCaseIn,
    DifficultyFilter,
    DifficultyOut,
    NotificationDutyOut,
    TransferIn,
    TransferOut,
)
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "jurisdiction", __name__, url_prefix="/api/v1", description="Conflicts of jurisdiction, and notifications to Eurojust"
)
_ONE = "/jurisdiction-consultations/<uuid:consultation_id>"


@blp.route(
    "/jurisdiction-consultations",
    allow=Action.MEETING_READ,
    query=ConsultationFilter,
    returns=ConsultationOut,
    page=True,
    show=presentation.show,
)
def list_jurisdiction_consultations(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the consultations on jurisdiction in which your authority takes part, newest first."""
    return page(work, "consultations", service.consultations(work, wanted), Order((Consultation.id,)), wanted)


@blp.route(
    "/jurisdiction-consultations",
    method="POST",
    allow=Action.CONSULT,
    body=ConsultationIn,
    returns=ConsultationOut,
    status=HTTPStatus.CREATED,
    show=presentation.show,
)
def begin_jurisdiction_consultation(data: dict[str, Any], *, work: UnitOfWork) -> Consultation:
    """Contact the authorities of other States that may prosecute the same person for the same facts."""
    return service.begin(work, data)


@blp.route(_ONE, allow=Action.MEETING_READ, returns=ConsultationOut, show=presentation.show)
def get_jurisdiction_consultation(consultation_id: UUID, *, work: UnitOfWork) -> Consultation:
    """Show one consultation, with the position of each State."""
    return work.one(Consultation, consultation_id)


blp.workflow(
    _ONE,
    transitions.CONSULTATION,
    read=Action.MEETING_READ,
    act=Action.CONSULT,
    body=ConsultationStepIn,
    returns=ConsultationOut,
    show=presentation.show,
    about="Reply, consult, agree on the State that prosecutes, or ask Eurojust if there is no consensus.",
)


@blp.route(
    f"{_ONE}/positions",
    method="POST",
    allow=Action.CONSULT,
    body=ConsultationPositionIn,
    returns=ConsultationPositionOut,
    show=presentation.show_positions,
)
def state_consultation_position(data: dict[str, Any], *, consultation_id: UUID, work: UnitOfWork) -> ConsultationPosition:
    """Record the position of your State: to prosecute, to transfer or to end its proceedings."""
    return service.hold(work, consultation_id, data)


@blp.route(
    f"{_ONE}/case", method="POST", allow=Action.CONSULT, body=ConsultedCaseIn, returns=ConsultationOut, show=presentation.show
)
def link_consultation_case(data: dict[str, Any], *, consultation_id: UUID, work: UnitOfWork) -> Consultation:
    """Link the consultation to a case of yours."""
    return service.link(work, consultation_id, data["case_id"])


@blp.route(f"{_ONE}/transfers", allow=Action.MEETING_READ, query=Paged, returns=TransferOut, page=True, show=transfers.show)
def list_transfers(wanted: dict[str, Any], *, consultation_id: UUID, work: UnitOfWork) -> Page:
    """List the transfers of proceedings."""
    query = transfers.of_consultation(work, consultation_id)
    return page(work, f"transfers/{consultation_id}", query, Order((ProceedingsTransfer.id,)), wanted)


@blp.route(
    f"{_ONE}/transfers",
    method="POST",
    allow=Action.CONSULT,
    body=TransferIn,
    returns=TransferOut,
    status=HTTPStatus.CREATED,
    show=transfers.show,
)
def transfer_proceedings(data: dict[str, Any], *, consultation_id: UUID, work: UnitOfWork) -> ProceedingsTransfer:
    """Transfer proceedings to the State that prosecutes."""
    return transfers.transfer(work, consultation_id, data)


@blp.route(
    f"{_ONE}/transfers/<uuid:transfer_id>/case",
    method="POST",
    allow=Action.CONSULT,
    body=ConsultedCaseIn,
    returns=TransferOut,
    changes=True,
    show=transfers.show,
)
def link_transfer_case(
    data: dict[str, Any], *, consultation_id: UUID, transfer_id: UUID, version: int, work: UnitOfWork
) -> ProceedingsTransfer:
    """Name the case of yours in which you continue the transferred proceedings."""
    return transfers.receive(work, consultation_id, transfer_id, version, data["case_id"])


@blp.route("/cases/<uuid:case_id>/notification-duty", allow=Action.CASE_READ, returns=NotificationDutyOut)
def get_notification_duty(case_id: UUID, *, work: UnitOfWork) -> dict[str, Any]:
    """Show whether Eurojust must be notified of a case, with each condition of Art. 21(5) and (6) and the reason."""
    return difficulties.of_case(work, case_id)


@blp.route("/difficulties", allow=Action.MLA_READ, query=DifficultyFilter, returns=DifficultyOut, many="items")
def list_difficulties(wanted: dict[str, Any], *, work: UnitOfWork) -> list[dict[str, Any]]:
    """Count refusals, non-execution and delays between pairs of States; if they recur, Eurojust may be asked for an opinion."""
    return difficulties.between(work, wanted)
