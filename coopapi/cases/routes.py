"""Cases, access to them and their subjects over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action, Level
from coopapi.cases import granting, proceedings, service, subjects, transitions, views
from coopapi.cases.external_ids import with_key
from coopapi.cases.models import Case, Subject
from coopapi.cases.schemas import (
    AccessIn,
    AccessOut,
    CaseFilter,
    CaseOut,
    CasePatch,
    CaseStepIn,
    ProceedingsIn,
    ProceedingsOut,
    ProceedingsPatch,
    SubjectFilter,
    SubjectIn,
    SubjectOut,
    SubjectPatch,
)
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.shared.grants import CaseAccess
from coopapi.store.db import UnitOfWork

blp = Blueprint("cases", __name__, url_prefix="/api/v1/cases", description="Cases, and access to them")


@blp.route("", allow=Action.CASE_READ, query=CaseFilter, returns=CaseOut, page=True)
def list_cases(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the cases that you may see, newest first."""
    return views.page_of_cases(work, wanted)


@blp.route("/<uuid:case_id>", allow=Action.CASE_READ, returns=CaseOut)
def get_case(case_id: UUID, *, work: UnitOfWork) -> views.CaseView:
    """Show one case, as far as your access allows."""
    return views.consult_case(work, case_id)


@blp.route(
    "/<uuid:case_id>",
    method="PATCH",
    allow=Action.CASE_EDIT,
    body=CasePatch,
    returns=CaseOut,
    changes=True,
    show=views.show_cases,
)
def update_case(data: dict[str, Any], *, case_id: UUID, version: int, work: UnitOfWork) -> Case:
    """Change the data of a case; a new `handler_id` hands the case over to that person."""
    return service.change(work, service.changeable(work, case_id, Level.OWN, version=version), data)


blp.workflow(
    "/<uuid:case_id>",
    transitions.CASE,
    read=Action.CASE_READ,
    act=Action.CASE_EDIT,
    body=CaseStepIn,
    returns=CaseOut,
    show=views.show_cases,
    about="Open, close, reopen, transfer or withdraw a case; `force` ends a case that still has open items.",
)


@blp.route("/<uuid:case_id>/access", allow=Action.CASE_READ, query=Paged, returns=AccessOut, page=True)
def list_case_access(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List who has access to the case; callers who do not own it see only their own access."""
    service.require_access(work, case_id, Level.INDEX)
    query = work.all(CaseAccess).where(CaseAccess.case_id == case_id)
    return page(work, f"access/{case_id}", query, Order((CaseAccess.id,)), wanted)


@blp.route(
    "/<uuid:case_id>/access", method="POST", allow=Action.CASE_SHARE, body=AccessIn, returns=AccessOut, status=HTTPStatus.CREATED
)
def grant_case_access(data: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> CaseAccess:
    """Give an authority, or one of its people, access to the case."""
    return granting.give(work, service.changeable(work, case_id, Level.OWN), data)


blp.workflow(
    "/<uuid:case_id>/access/<uuid:grant_id>",
    transitions.ACCESS,
    read=Action.CASE_READ,
    act=Action.CASE_SHARE,
    returns=AccessOut,
    about="Withdraw access, which ends immediately; or, as the named authority, accept or refuse to be responsible for the case.",
)


@blp.route(
    "/<uuid:case_id>/subjects",
    allow=Action.SUBJECT_READ,
    query=SubjectFilter,
    returns=SubjectOut,
    page=True,
    show=subjects.show_subjects,
)
def list_subjects(wanted: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Page:
    """List the subjects of a case under their pseudonyms."""
    subjects.read_subjects(work, case_id)
    query = work.all(Subject).where(Subject.case_id == case_id)
    if "external_id" in wanted:
        query = with_key(work, query, Subject.external_id, wanted["external_id"])
    return page(work, f"subjects/{case_id}", query, Order((Subject.id,)), wanted)


@blp.route(
    "/<uuid:case_id>/subjects",
    method="POST",
    allow=Action.SUBJECT_WRITE,
    body=SubjectIn,
    returns=SubjectOut,
    status=HTTPStatus.CREATED,
    show=subjects.show_subjects,
)
def add_subject(data: dict[str, Any], *, case_id: UUID, work: UnitOfWork) -> Subject:
    """Add a subject to a case, with the category that the law requires."""
    return subjects.add_subject(work, case_id, data)


@blp.route("/<uuid:case_id>/subjects/<uuid:subject_id>", allow=Action.SUBJECT_READ, returns=SubjectOut, show=subjects.show_subjects)
def get_subject(case_id: UUID, subject_id: UUID, *, work: UnitOfWork) -> Subject:
    """Show one subject of a case, with all categories that it has had."""
    subjects.read_subjects(work, case_id)
    return subjects.subject_of(work, case_id, subject_id)


@blp.route(
    "/<uuid:case_id>/subjects/<uuid:subject_id>",
    method="PATCH",
    allow=Action.SUBJECT_WRITE,
    body=SubjectPatch,
    returns=SubjectOut,
    changes=True,
    show=subjects.show_subjects,
)
def update_subject(data: dict[str, Any], *, case_id: UUID, subject_id: UUID, version: int, work: UnitOfWork) -> Subject:
    """Change the category or age of a subject; the history is kept."""
    service.changeable(work, case_id)
    return subjects.change_subject(work, subjects.subject_of(work, case_id, subject_id, version=version), data)


_PROCEEDINGS = Collection(
    blp, "/<uuid:case_id>/proceedings", ProceedingsOut, Action.CASE_READ, Action.CASE_EDIT, item="/<uuid:proceedings_id>"
)
_PROCEEDINGS.list(
    "list_proceedings", proceedings.of_case, "List how far the proceedings of a case came: stages with their results."
)
_PROCEEDINGS.add(
    "add_proceedings",
    proceedings.record,
    "Record that a case was investigated, prosecuted or adjudicated, with its result and the procedure. Statistics count it.",
    body=ProceedingsIn,
)
_PROCEEDINGS.get("get_proceedings", proceedings.one, "Show one stage of the proceedings.")
_PROCEEDINGS.update(
    "update_proceedings", proceedings.correct, "Correct what was recorded of a stage of the proceedings.", body=ProceedingsPatch
)
