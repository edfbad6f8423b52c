"""Conflicts of jurisdiction and duties towards Eurojust over HTTP."""

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, serve
from coopapi.jurisdiction import difficulties, eurojust_records, pairs, presentation, service, transfers, transitions
from coopapi.jurisdiction.eurojust_schemas import EurojustRecordIn, EurojustRecordOut, NotificationDutyOut, OpinionAnswerIn
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
    "Show whether Eurojust must be notified of a case, with each condition of Art. 21(4) to (7) and the reason.",
    allow=Action.CASE_READ,
    returns=NotificationDutyOut,
)
_RECORDS = Collection(
    blp, "/cases/<uuid:case_id>/eurojust-records", EurojustRecordOut, Action.CASE_READ, Action.CONSULT, item="/<uuid:record_id>"
)
_RECORDS.list(
    "list_eurojust_records",
    eurojust_records.of_case,
    "List what was recorded of the duties towards Eurojust in a case: notifications, exemptions and written opinions.",
)
_RECORDS.add(
    "add_eurojust_record",
    eurojust_records.record,
    "Record that Eurojust was notified, that an exemption of Art. 21(7) applies, or a written opinion of Eurojust.",
    body=EurojustRecordIn,
)
_RECORDS.get("get_eurojust_record", eurojust_records.one, "Show one record.")
_RECORDS.act(
    "/answer",
    "answer_eurojust_opinion",
    eurojust_records.answer,
    "Record whether you follow a written opinion of Eurojust, or on which ground you decline (Art. 4(6)).",
    body=OpinionAnswerIn,
    changes=True,
)

serve(
    blp,
    "/difficulties",
    "list_difficulties",
    pairs.between,
    """Count refusals, delays, silence and repeated questions between pairs of States, with the next step that the law provides for.

    They are counted among the requests that you may read, by stage, ground and instrument, never by person. If refusals recur,
    Eurojust may be asked for an opinion. A desk sees the figures of its State without the requests, of whole quarters and without
    small numbers, and a role that reads figures and no requests those of its authority.
    """,
    allow=Action.DIFFICULTIES_READ,
    query=DifficultyFilter,
    returns=DifficultyOut,
    many="items",
)
