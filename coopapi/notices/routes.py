"""Requirement notices over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.paging import Order, Page, page
from coopapi.notices import service
from coopapi.notices.models import RequirementNotice
from coopapi.notices.schemas import NoticeFilter, RequirementNoticeIn, RequirementNoticeOut, RequirementNoticeVersionIn
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "notices", __name__, url_prefix="/api/v1/requirement-notices", description="Requirements of countries for incoming requests"
)


@blp.route("", allow=Action.DIRECTORY_READ, query=NoticeFilter, returns=RequirementNoticeOut, show=service.show_notices, page=True)
def list_requirement_notices(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the requirements of countries that are in force on a date."""
    return page(work, "requirement-notices", service.notices(work, wanted), Order((RequirementNotice.id,)), wanted)


@blp.route(
    "",
    method="POST",
    allow=Action.DIRECTORY_KEEP,
    body=RequirementNoticeIn,
    returns=RequirementNoticeOut,
    status=HTTPStatus.CREATED,
    show=service.show_notices,
)
def add_requirement_notice(data: dict[str, Any], *, work: UnitOfWork) -> RequirementNotice:
    """Declare a requirement of your country."""
    return service.declare(work, data)


@blp.route("/<uuid:notice_id>", allow=Action.DIRECTORY_READ, returns=RequirementNoticeOut, show=service.show_notices)
def get_requirement_notice(notice_id: UUID, *, work: UnitOfWork) -> RequirementNotice:
    """Show one requirement notice, even if it has been replaced."""
    return work.one(RequirementNotice, notice_id)


@blp.route(
    "/<uuid:notice_id>/versions",
    method="POST",
    allow=Action.DIRECTORY_KEEP,
    body=RequirementNoticeVersionIn,
    returns=RequirementNoticeOut,
    status=HTTPStatus.CREATED,
    changes=True,
    show=service.show_notices,
)
def add_requirement_notice_version(data: dict[str, Any], *, notice_id: UUID, version: int, work: UnitOfWork) -> RequirementNotice:
    """Replace a notice by a new version."""
    return service.renew(work, notice_id, version, data)
