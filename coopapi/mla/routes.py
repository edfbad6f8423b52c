"""Requests for assistance over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.deadlines import service as deadlines
from coopapi.deadlines.models import Deadline
from coopapi.deadlines.schemas import DeadlineOut
from coopapi.http.api import Blueprint, Printed
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.mla import (
    documents,
    drafts,
    measure_transitions,
    measures,
    messages,
    presentation,
    provider_performance,
    readiness,
    transitions,
    transmission,
)
from coopapi.mla.documents import DocumentFilter, DocumentOut
from coopapi.mla.models import Measure, Message, Request, Transmission
from coopapi.mla.responses import (
    MeasureOut,
    MessageOut,
    PerformanceOut,
    ReadinessOut,
    RequestBrief,
    RequestOut,
    SidedTransitionsOut,
    TransmissionOut,
)
from coopapi.mla.schemas import (
    MeasureStepIn,
    MessageIn,
    RequestCaseIn,
    RequestFilter,
    RequestIn,
    RequestPartyIn,
    RequestPatch,
    RequestStepIn,
    TransmissionIn,
)
from coopapi.notices.models import RequirementNotice
from coopapi.notices.schemas import RequirementNoticeOut
from coopapi.shared import parties
from coopapi.store.db import UnitOfWork

blp = Blueprint("mla", __name__, url_prefix="/api/v1", description="Requests for assistance, outgoing and incoming")
_ONE = "/mla-requests/<uuid:request_id>"


@blp.route("/mla-requests", allow=Action.MLA_READ, query=RequestFilter, returns=RequestBrief, page=True, show=presentation.brief)
def list_requests(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the requests in which you take part, newest first.

    `direction=incoming&overdue=true` lists the incoming requests with an overdue deadline.
    """
    return page(work, "mla-requests", presentation.select_requests(work, wanted), Order((Request.id,)), wanted)


@blp.route(
    "/cases/<uuid:case_id>/mla-requests",
    allow=Action.MLA_READ,
    query=Paged,
    returns=RequestBrief,
    page=True,
    show=presentation.brief,
)
def list_case_requests(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List the requests that belong to a case."""
    cases.require_access(work, case_id, Level.INDEX)
    query = presentation.select_requests(work, {"case_id": case_id})
    return page(work, f"mla-requests/{case_id}", query, Order((Request.id,)), wanted)


@blp.route(
    "/mla-requests",
    method="POST",
    allow=Action.MLA_DRAFT,
    body=RequestIn,
    returns=RequestOut,
    status=HTTPStatus.CREATED,
    show=presentation.whole,
)
def draft_request(data: dict[str, Any], *, work: UnitOfWork) -> Request:
    """Draft a request; only kind and reference are required.

    With `incoming`, record a request that came from an authority without users in this register.
    """
    return drafts.begin(work, data)


@blp.route(_ONE, allow=Action.MLA_READ, returns=RequestOut, show=presentation.whole)
def get_request(request_id: UUID, *, work: UnitOfWork) -> Request:
    """Show one request, with its measures and their results."""
    request = work.one(Request, request_id)
    work.note("request.consulted", request, case_id=parties.case_of(work, request.id), consultation=True)
    return request


@blp.route(
    _ONE, method="PATCH", allow=Action.MLA_DRAFT, body=RequestPatch, returns=RequestOut, changes=True, show=presentation.whole
)
def update_request(data: dict[str, Any], *, request_id: UUID, version: int, work: UnitOfWork) -> Request:
    """Change a draft; content and measures are replaced by the values in the request body."""
    return drafts.change(work, request_id, version, data)


@blp.route(
    f"{_ONE}/document",
    allow=Action.MLA_READ,
    query=DocumentFilter,
    returns=DocumentOut,
    also=tuple(documents.MEDIA_TYPES.values()),
)
def get_request_document(wanted: dict[str, Any], *, request_id: UUID, work: UnitOfWork) -> dict[str, Any] | Printed:
    """Produce the form of a request (T-CY template, EIO or EPOC annex, or letter) as JSON, HTML or PDF/A."""
    return documents.of_request(work, work.one(Request, request_id), wanted)


@blp.route(f"{_ONE}/readiness", allow=Action.MLA_READ, returns=ReadinessOut)
def get_request_readiness(request_id: UUID, *, work: UnitOfWork) -> Any:
    """List what a request lacks, what would improve it, and why sending it would be refused."""
    return readiness.assess(work, work.one(Request, request_id))


@blp.route(f"{_ONE}/requirement-notices", allow=Action.MLA_READ, returns=RequirementNoticeOut, many="items")
def list_request_notices(request_id: UUID, *, work: UnitOfWork) -> list[RequirementNotice]:
    """List the requirement notices of the addressee's country for such requests; acknowledge them before you send the request."""
    request = work.one(Request, request_id)
    return list(readiness.attached(work, request, measures.of_request(work, request.id)))


blp.workflow(
    _ONE,
    transitions.REQUEST,
    read=Action.MLA_READ,
    act=Action.MLA_READ,
    body=RequestStepIn,
    returns=RequestOut,
    options=SidedTransitionsOut,
    show=presentation.whole,
    about="Take a step for your own side, or, with `recorded`, for a side without users in this register.",
)


@blp.route(f"{_ONE}/measures", allow=Action.MLA_READ, returns=MeasureOut, many="items", show=presentation.show_measures)
def list_request_measures(request_id: UUID, *, work: UnitOfWork) -> list[Measure]:
    """List the measures of a request and their results."""
    return list(measures.of_request(work, work.one(Request, request_id).id))


blp.workflow(
    f"{_ONE}/measures/<uuid:measure_id>",
    measure_transitions.MEASURE,
    read=Action.MLA_READ,
    act=Action.MLA_READ,
    body=MeasureStepIn,
    returns=MeasureOut,
    options=SidedTransitionsOut,
    show=presentation.show_measures,
    about="Carry out a measure in full or in part, refuse, postpone or withdraw it, or offer, accept or decline conditions.",
)


@blp.route(f"{_ONE}/messages", allow=Action.MLA_READ, query=Paged, returns=MessageOut, page=True, show=messages.show)
def list_request_messages(wanted: dict[str, Any], *, request_id: UUID, work: UnitOfWork) -> Page:
    """List the messages of a request, oldest first."""
    query = messages.of_request(work, request_id)
    return page(work, f"messages/{request_id}", query, Order((Message.id,), descending=False), wanted)


@blp.route(
    f"{_ONE}/messages",
    method="POST",
    allow=Action.MLA_READ,
    body=MessageIn,
    returns=MessageOut,
    status=HTTPStatus.CREATED,
    show=messages.show,
)
def send_request_message(data: dict[str, Any], *, request_id: UUID, work: UnitOfWork) -> Message:
    """Send a question, an answer or a message to the other side."""
    return messages.say(work, request_id, data)


@blp.route(f"{_ONE}/transmissions", allow=Action.MLA_READ, query=Paged, returns=TransmissionOut, page=True)
def list_request_transmissions(wanted: dict[str, Any], *, request_id: UUID, work: UnitOfWork) -> Page:
    """List the transmissions of a request."""
    query = work.all(Transmission).where(Transmission.request_id == work.one(Request, request_id).id)
    return page(work, f"transmissions/{request_id}", query, Order((Transmission.id,)), wanted)


@blp.route(
    f"{_ONE}/transmissions",
    method="POST",
    allow=Action.MLA_TRANSMIT,
    body=TransmissionIn,
    returns=TransmissionOut,
    status=HTTPStatus.CREATED,
)
def confirm_request_transmission(data: dict[str, Any], *, request_id: UUID, work: UnitOfWork) -> Transmission:
    """Confirm formally a request sent by fast means (Budapest Art. 25(3)), or send the documents through another channel."""
    return transmission.confirm(work, request_id, data)


@blp.route(f"{_ONE}/deadlines", allow=Action.DEADLINE_READ, query=Paged, returns=DeadlineOut, page=True, show=deadlines.show)
def list_request_deadlines(wanted: dict[str, Any], *, request_id: UUID, work: UnitOfWork) -> Page:
    """List the deadlines of a request: what started each, and whether it was met, missed or extended."""
    query = deadlines.of_object(work, work.one(Request, request_id).id)
    return page(work, f"deadlines/{request_id}", query, Order((Deadline.due_at, Deadline.id), descending=False), wanted)


@blp.route(
    f"{_ONE}/parties",
    method="POST",
    allow=Action.MLA_DRAFT,
    body=RequestPartyIn,
    returns=RequestOut,
    status=HTTPStatus.CREATED,
    show=presentation.whole,
)
def add_request_party(data: dict[str, Any], *, request_id: UUID, work: UnitOfWork) -> Request:
    """Add an authority on your side of the request: to validate, to transmit, to execute, or only to read."""
    return drafts.add_party(work, request_id, data)


@blp.route(f"{_ONE}/case", method="POST", allow=Action.MLA_DRAFT, body=RequestCaseIn, returns=RequestOut, show=presentation.whole)
def link_request_case(data: dict[str, Any], *, request_id: UUID, work: UnitOfWork) -> Request:
    """Link the request to a case of yours.

    From then on, only those of your people who may read that case can see the request.
    """
    return drafts.link(work, request_id, data["case_id"])


@blp.route("/providers/<uuid:provider_id>/performance", allow=Action.MLA_READ, returns=PerformanceOut)
def get_provider_performance(provider_id: UUID, *, work: UnitOfWork) -> dict[str, Any]:
    """Show figures about how a provider answered the requests in which you take part."""
    return provider_performance.performance(work, provider_id)
