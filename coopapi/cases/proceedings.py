"""Record how far the proceedings of a case came, for statistics: investigated, prosecuted, adjudicated."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Level
from coopapi.cases import service
from coopapi.cases.models import Proceedings
from coopapi.directory import codelists
from coopapi.errors import Forbidden, NotFound, fault
from coopapi.shared.days import require_begun
from coopapi.shared.grants import answers
from coopapi.store.db import UnitOfWork


def of_case(work: UnitOfWork, case_id: UUID) -> Select[Proceedings]:
    """Select the stages of a case that the caller may read."""
    service.require_access(work, case_id, Level.READ)
    return work.all(Proceedings).where(Proceedings.case_id == case_id)


def record(work: UnitOfWork, case_id: UUID, data: Mapping[str, Any]) -> Proceedings:
    """Record a stage that the proceedings reached.

    Raises `Forbidden` unless the caller's authority answers for the case, and `Unprocessable` for a day in the future or a result
    that the stage does not have.
    """
    _require_answering(work, case_id)
    _check(work, data["stage"], data)
    by = {"authority_id": work.actor.authority_id, "created_by": work.actor.id, "created_at": work.now}
    row = work.add(Proceedings(id=work.new_id(), case_id=case_id, **data, **by))
    work.note("proceedings.recorded", row, case_id=case_id, stage=row.stage, result=row.result)
    return row


def correct(work: UnitOfWork, case_id: UUID, proceedings_id: UUID, version: int, data: Mapping[str, Any]) -> Proceedings:
    """Correct what was recorded of a stage. Raises what `record` raises."""
    _require_answering(work, case_id)
    row = one(work, case_id, proceedings_id, version)
    _check(work, data.get("stage", row.stage), {"result": row.result, **data})
    was = [row.stage, row.result]
    row.set(dict(data))
    work.note("proceedings.corrected", row, case_id=case_id, stage=row.stage, result=row.result, was=was)
    return row


def one(work: UnitOfWork, case_id: UUID, proceedings_id: UUID, version: int | None = None) -> Proceedings:
    """Return one stage of a case, or raise `NotFound`."""
    service.require_access(work, case_id, Level.READ)
    row = work.one(Proceedings, proceedings_id, version=version, lock=version is not None)
    if row.case_id != case_id:
        raise NotFound
    return row


def _require_answering(work: UnitOfWork, case_id: UUID) -> None:
    service.usable(work, case_id, Level.READ)
    if not answers(work, case_id):
        raise Forbidden("This is for people of the authority that owns the case, or of its responsible authority.")


def _check(work: UnitOfWork, stage: str, data: Mapping[str, Any]) -> None:
    require_begun(work.now, data, "reached_on")
    (result,) = (item for item in codelists.load("proceedings_results").items if item.code == data["result"])
    if stage not in result.extra["stages"]:
        raise fault("/result", "result_of_stage", f"This is not a result of the stage {stage}.")
