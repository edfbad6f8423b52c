"""Requirement notices over HTTP."""

from http import HTTPStatus

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.notices import service
from coopapi.notices.models import RequirementNotice
from coopapi.notices.schemas import NoticeFilter, RequirementNoticeIn, RequirementNoticeOut, RequirementNoticeVersionIn

blp = Blueprint(
    "notices", __name__, url_prefix="/api/v1/requirement-notices", description="Requirements of countries for incoming requests"
)

_NOTICES = Collection(
    blp,
    "",
    RequirementNoticeOut,
    Action.DIRECTORY_READ,
    Action.DIRECTORY_KEEP,
    show=service.show_notices,
    item="/<uuid:notice_id>",
)
_NOTICES.list(
    "list_requirement_notices",
    service.notices,
    "List the requirements of countries that are in force on a date.",
    query=NoticeFilter,
)
_NOTICES.add("add_requirement_notice", service.declare, "Declare a requirement of your country.", body=RequirementNoticeIn)
_NOTICES.get("get_requirement_notice", RequirementNotice, "Show one requirement notice, even if it has been replaced.")
_NOTICES.act(
    "/versions",
    "add_requirement_notice_version",
    service.renew,
    "Replace a notice by a new version.",
    body=RequirementNoticeVersionIn,
    status=HTTPStatus.CREATED,
    changes=True,
)
