"""Record what an authority did about its duties towards Eurojust: notifications, exemptions, and answers to written opinions."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, or_

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.cases.models import Case
from coopapi.errors import Conflict, Forbidden, NotFound, fault
from coopapi.jits.models import Jit
from coopapi.jurisdiction.models import EurojustRecord
from coopapi.shared.days import latest_day, require_begun
from coopapi.shared.grants import answers
from coopapi.shared.parties import in_case
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork

ARTICLES: Final[Mapping[str, tuple[str, ...]]] = {
    "notification": ("21(4)", "21(5)", "21(6)(a)", "21(6)(b)", "21(6)(c)"),
    "exemption": ("21(7)",),
    "opinion": ("4(4)", "4(5)"),
}
"""The articles of Regulation (EU) 2018/1727 under which each kind of record is made."""
GROUNDS: Final = ("national_security", "ongoing_investigation", "safety")
"""Why a State may decline to follow a written opinion (Art. 4(6))."""
EXEMPTIONS: Final = ("national_security", "safety")
"""Why information need not be supplied in a case (Art. 21(7))."""


class OpinionAnswered(Conflict):
    """The record is no written opinion, or the opinion was answered before.

    Only a written opinion is answered, once. Read the record again.
    """


def require_answering(work: UnitOfWork, case_id: UUID) -> Case:
    """Return a case for whose duties the caller may account.

    Raises `Forbidden` unless the caller belongs to the authority of the case and may read its requests.
    """
    case = cases.usable(work, case_id, Level.READ)
    if not answers(work, case_id) or not work.actor.may(Action.MLA_READ):
        raise Forbidden("This is for people who may read the requests, of the owner of the case or its responsible authority.")
    return case


def of_case(work: UnitOfWork, case_id: UUID) -> Select[EurojustRecord]:
    """Select the records of a case."""
    require_answering(work, case_id)
    return work.all(EurojustRecord).where(EurojustRecord.case_id == case_id)


def teams_of(work: UnitOfWork, case_id: UUID) -> list[Jit]:
    """Return each team that the case belongs to or is shared with, as far as the caller may see it."""
    shared = work.all(SharedCase).where(SharedCase.object_id == Jit.id, SharedCase.case_id == case_id)
    query = work.all(Jit).where(or_(in_case(work, Jit.id, case_id), shared.exists()))
    return list(work.session.scalars(query.order_by(Jit.id)))


def record(work: UnitOfWork, case_id: UUID, data: Mapping[str, Any]) -> EurojustRecord:
    """Record a notification, an exemption or a written opinion. Only a person may do this.

    Raises `Unprocessable` for a day in the future, and for a team that the case does not belong to.
    """
    work.require_person()
    require_answering(work, case_id)
    if (team := data.get("team_id")) and team not in {row.id for row in teams_of(work, case_id)}:
        raise fault("/team_id", "team_of_case", "The case has no team with this id, or you cannot see the team.")
    require_begun(work.now, data, "recorded_on")
    (kind,) = (kind for kind, articles in ARTICLES.items() if data["article"] in articles)
    by = {"authority_id": work.actor.authority_id, "created_by": work.actor.id, "created_at": work.now}
    row = work.add(EurojustRecord(id=work.new_id(), case_id=case_id, kind=kind, **data, **by))
    work.note("eurojust.recorded", row, case_id=case_id, kind=kind, article=data["article"])
    return row


def answer(work: UnitOfWork, case_id: UUID, record_id: UUID, version: int, data: Mapping[str, Any]) -> EurojustRecord:
    """Record whether the authority follows a written opinion, or on which ground it declines (Art. 4(6)).

    Raises `OpinionAnswered` if there is nothing to answer, and `Unprocessable` for a day before the opinion or in the future.
    """
    work.require_person()
    require_answering(work, case_id)
    row = one(work, case_id, record_id, version)
    if row.kind != "opinion" or row.answer is not None:
        raise OpinionAnswered
    if not row.recorded_on <= data["answered_on"] <= latest_day(work.now):
        raise fault("/answered_on", "order_of_time", "The date must not be before the opinion or in the future.")
    row.set(dict(data))
    work.note("eurojust.answered", row, case_id=case_id, answer=row.answer)
    return row


def one(work: UnitOfWork, case_id: UUID, record_id: UUID, version: int | None = None) -> EurojustRecord:
    """Return one record of a case, or raise `NotFound`."""
    require_answering(work, case_id)
    row = work.one(EurojustRecord, record_id, version=version, lock=version is not None)
    if row.case_id != case_id:
        raise NotFound
    return row
