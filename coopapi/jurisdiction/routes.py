"""Conflicts of jurisdiction and duties towards Eurojust over HTTP."""

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, serve
from coopapi.jurisdiction import difficulties, presentation, service, transfers, transitions
from coopapi.jurisdiction.models import Consultation
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

blp = Blueprint(
    "jurisdiction", __name__, url_prefix="/api/v1", description="Conflicts of jurisdiction, and notifications to Eurojust"
)
_ACTIONS = Action.MEETING_READ, Action.CONSULT
_ONE = "/jurisdiction-consultations/<uuid:consultation_id>"

_CONSULTATIONS = Collection(
    blp, "/jurisdiction-consultations", ConsultationOut, *_ACTIONS, presentation.show, "/<uuid:consultation_id>"
)
_CONSULTATIONS.list(
    "list_jurisdiction_consultations",
    service.consultations,
    "List the consultations on jurisdiction in which your authority takes part, newest first.",
    query=ConsultationFilter,
    embeds=transitions.CONSULTATION,
)
_CONSULTATIONS.add(
    "begin_jurisdiction_consultation",
    service.begin,
    "Contact the authorities of other States that may prosecute the same person for the same facts.",
    body=ConsultationIn,
)
_CONSULTATIONS.get("get_jurisdiction_consultation", Consultation, "Show one consultation, with the position of each State.")
_CONSULTATIONS.steps(
    transitions.CONSULTATION,
    "Reply, consult, agree on the State that prosecutes, or ask Eurojust if there is no consensus.",
    body=ConsultationStepIn,
)
_CONSULTATIONS.act(
    "/positions",
    "state_consultation_position",
    service.hold,
    "Record the position of your State: to prosecute, to transfer or to end its proceedings.",
    body=ConsultationPositionIn,
    returns=ConsultationPositionOut,
    show=presentation.show_positions,
)
_CONSULTATIONS.act(
    "/case", "link_consultation_case", service.link, "Link the consultation to a case of yours.", body=ConsultedCaseIn
)

_TRANSFERS = Collection(blp, f"{_ONE}/transfers", TransferOut, *_ACTIONS, transfers.show, "/<uuid:transfer_id>")
_TRANSFERS.list("list_transfers", transfers.of_consultation, "List the transfers of proceedings.")
_TRANSFERS.add("transfer_proceedings", transfers.transfer, "Transfer proceedings to the State that prosecutes.", body=TransferIn)
_TRANSFERS.act(
    "/case",
    "link_transfer_case",
    transfers.receive,
    "Name the case of yours in which you continue the transferred proceedings.",
    body=ConsultedCaseIn,
    changes=True,
)

serve(
    blp,
    "/cases/<uuid:case_id>/notification-duty",
    "get_notification_duty",
    difficulties.of_case,
    "Show whether Eurojust must be notified of a case, with each condition of Art. 21(5) and (6) and the reason.",
    allow=Action.CASE_READ,
    returns=NotificationDutyOut,
)
serve(
    blp,
    "/difficulties",
    "list_difficulties",
    difficulties.between,
    "Count refusals, non-execution and delays between pairs of States; if they recur, Eurojust may be asked for an opinion.",
    allow=Action.MLA_READ,
    query=DifficultyFilter,
    returns=DifficultyOut,
    many="items",
)
