"""Requests for assistance over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.deadlines import presentation as deadlines
from coopapi.deadlines.models import Deadline, StatedTime
from coopapi.deadlines.schemas import DeadlineOut
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, children, serve
from coopapi.http.opening import Opens
from coopapi.http.paging import Order
from coopapi.http.transitions import Included, with_steps
from coopapi.mla import (
    documents,
    drafts,
    measure_transitions,
    measures,
    messages,
    opening,
    planned,
    presentation,
    provider_performance,
    readiness,
    times,
    transitions,
    transmission,
)
from coopapi.mla.documents import DocumentFilter, DocumentOut
from coopapi.mla.models import Message, Request, Transmission
from coopapi.mla.plan_schemas import PlanIn, PlanOut
from coopapi.mla.responses import (
    MeasureOut,
    MessageOut,
    PerformanceOut,
    ReadinessOut,
    RequestBrief,
    RequestOut,
    SidedTransitionsOut,
    TimeOut,
    TransmissionOut,
)
from coopapi.mla.schemas import (
    MeasureStepIn,
    MessageIn,
    RequestCaseIn,
    RequestFilter,
    RequestIn,
    RequestIncluded,
    RequestPartyIn,
    RequestPatch,
    RequestStepIn,
    TimeStepIn,
    TransmissionIn,
)
from coopapi.notices.schemas import RequirementNoticeOut
from coopapi.shared import parties
from coopapi.store.db import UnitOfWork

blp = Blueprint("mla", __name__, url_prefix="/api/v1", description="Requests for assistance, outgoing and incoming")
_READ = Action.MLA_READ
_DRAFT = Action.MLA_DRAFT
_ONE = "/mla-requests/<uuid:request_id>"
LARGEST_PLAN = 20_000
"""Bytes of the body that asks for a plan."""


def _of_case(work: UnitOfWork, case_id: UUID) -> Select[Request]:
    cases.require_access(work, case_id, Level.INDEX)
    return presentation.select_requests(work, {"case_id": case_id})


def _consult(work: UnitOfWork, request_id: UUID, wanted: dict[str, Any]) -> presentation.RequestView:
    request = work.one(Request, request_id)
    work.note("request.consulted", request, case_id=parties.case_of(work, request.id), consultation=True)
    return presentation.consulted(work, request, usual=wanted.get("include") == "usual")


def _measures(work: UnitOfWork, request_id: UUID, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    rows = measures.seen(work, request_id)
    shown = presentation.show_measures(work, rows)
    things = [{"request_id": request_id, "measure_id": row.id} for row in rows]
    return with_steps(work, measure_transitions.MEASURE, shown, things) if wanted.get("include") else shown


_REQUESTS = Collection(blp, "/mla-requests", RequestOut, _READ, _DRAFT, presentation.whole, "/<uuid:request_id>")
_REQUESTS.list(
    "list_requests",
    presentation.select_requests,
    """List the requests in which you take part, newest first.

    `direction=incoming&overdue=true` lists the incoming requests with an overdue deadline.
    """,
    query=RequestFilter,
    embeds=transitions.REQUEST,
    returns=RequestBrief,
    show=presentation.brief,
)
_OF_CASE = Collection(blp, "/cases/<uuid:case_id>/mla-requests", RequestBrief, _READ, _DRAFT, presentation.brief)
_OF_CASE.list("list_case_requests", _of_case, "List the requests that belong to a case.")
_REQUESTS.add(
    "draft_request",
    drafts.begin,
    """Draft a request; only kind and reference are required.

    With `incoming`, record a request that came from an authority without users in this register.
    """,
    body=RequestIn,
)
serve(
    blp,
    "/mla-requests/plan",
    "plan_request",
    opening.propose_or_open,
    """Propose how to ask another country for a measure, with reasons, and what to send first.

    Nothing is stored. The `draft` of a proposal is the body with which `POST /mla-requests` opens it. With `open`, the first
    proposal is opened at once, and the response is the draft; it is refused if there is none.
    """,
    allow=_DRAFT,
    method="POST",
    body=PlanIn,
    returns=PlanOut,
    show=planned.show,
    only_reads=Opens(LARGEST_PLAN, RequestOut, presentation.whole, "/api/v1/mla-requests"),
)
_REQUESTS.get(
    "get_request",
    _consult,
    """Show one request, with its measures and their results.

    `include=usual` adds how long such requests usually take, if enough is published to tell.
    """,
    query=RequestIncluded,
    show=None,
)
_REQUESTS.update(
    "update_request",
    drafts.change,
    "Change a draft; content and measures are replaced by the values in the request body.",
    body=RequestPatch,
)
_REQUESTS.get(
    "get_request_document",
    documents.of_request,
    "Produce the form of a request (T-CY template, EIO or EPOC annex, or letter) as JSON, HTML or PDF/A.",
    at="/document",
    query=DocumentFilter,
    returns=DocumentOut,
    show=None,
    also=tuple(documents.MEDIA_TYPES.values()),
)
_REQUESTS.get(
    "get_request_readiness",
    readiness.of_request,
    "List what a request lacks, what would improve it, and why sending it would be refused.",
    at="/readiness",
    returns=ReadinessOut,
    show=None,
)
_REQUESTS.get(
    "list_request_notices",
    readiness.attached,
    "List the requirement notices of the addressee's country for such requests; acknowledge them before you send the request.",
    at="/requirement-notices",
    returns=RequirementNoticeOut,
    show=None,
    many="items",
)
_REQUESTS.steps(
    transitions.REQUEST,
    "Take a step for your own side, or, with `recorded`, for a side without users in this register.",
    act=_READ,
    body=RequestStepIn,
    options=SidedTransitionsOut,
)

_MEASURES = Collection(blp, f"{_ONE}/measures", MeasureOut, _READ, _READ, presentation.show_measures, "/<uuid:measure_id>")
serve(
    blp,
    f"{_ONE}/measures",
    "list_request_measures",
    _measures,
    "List the measures of a request and their results.",
    allow=_READ,
    query=Included,
    returns=MeasureOut,
    many="items",
)
_MEASURES.steps(
    measure_transitions.MEASURE,
    "Carry out a measure in full or in part, refuse, postpone or withdraw it, or offer, accept or decline conditions.",
    body=MeasureStepIn,
    options=SidedTransitionsOut,
)

_MESSAGES = Collection(blp, f"{_ONE}/messages", MessageOut, _READ, _READ, messages.show)
_MESSAGES.list(
    "list_request_messages",
    children(Request, Message.request_id),
    "List the messages of a request, oldest first.",
    order=Order((Message.id,), descending=False),
)
_MESSAGES.add("send_request_message", messages.say, "Send a question, an answer or a message to the other side.", body=MessageIn)

_TRANSMISSIONS = Collection(blp, f"{_ONE}/transmissions", TransmissionOut, _READ, Action.MLA_TRANSMIT)
_TRANSMISSIONS.list(
    "list_request_transmissions", children(Request, Transmission.request_id), "List the transmissions of a request."
)
_TRANSMISSIONS.add(
    "confirm_request_transmission",
    transmission.confirm,
    "Confirm formally a request sent by fast means (Budapest Art. 25(3)), or send the documents through another channel.",
    body=TransmissionIn,
)

_DEADLINES = Collection(blp, f"{_ONE}/deadlines", DeadlineOut, Action.DEADLINE_READ, _READ, deadlines.show)
_DEADLINES.list(
    "list_request_deadlines",
    children(Request, Deadline.object_id),
    "List the deadlines of a request: what started each, and whether it was met, missed or extended.",
    order=Order((Deadline.due_at, Deadline.id), descending=False),
)

serve(
    blp,
    f"{_ONE}/times",
    "list_request_times",
    times.of_request,
    "List when the request was sent and received, as each side states it: corrected and contested times as well.",
    allow=_READ,
    returns=TimeOut,
    many="items",
    show=times.show,
)
_TIMES = Collection(blp, "/times", TimeOut, _READ, Action.MLA_TRANSMIT, times.show, "/<uuid:time_id>")
_TIMES.get("get_time", StatedTime, "Show one stated time, with its proof, and why it was corrected or is contested.")
_TIMES.steps(
    times.TIME,
    """Correct a time of your own side, or contest one of the other side.

    A correction by which a deadline is no longer missed waits until a second person of your authority approves it at `/approvals`.
    """,
    body=TimeStepIn,
)

_REQUESTS.act(
    "/parties",
    "add_request_party",
    drafts.add_party,
    "Add an authority on your side of the request: to validate, to transmit, to execute, or only to read.",
    body=RequestPartyIn,
    status=HTTPStatus.CREATED,
)
_REQUESTS.act(
    "/case",
    "link_request_case",
    drafts.link,
    """Link the request to a case of yours.

    From then on, only those of your people who may read that case can see the request.
    """,
    body=RequestCaseIn,
)
serve(
    blp,
    "/providers/<uuid:provider_id>/performance",
    "get_provider_performance",
    provider_performance.performance,
    "Show figures about how a provider answered the requests in which you take part.",
    allow=_READ,
    returns=PerformanceOut,
)
