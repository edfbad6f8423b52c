"""The workflows of a case and of access to it."""

from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from coopapi.access import Level
from coopapi.cases import dependents, hiding, service
from coopapi.cases.models import CASE_LIFECYCLE, Case
from coopapi.errors import Conflict
from coopapi.matching import engine
from coopapi.shared.grants import ACCESS_LIFECYCLE, CaseAccess, level_of
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork


def standing_in_case(work: UnitOfWork, case_id: UUID) -> Standing:
    """Return the caller's standing for objects where only its access to one case matters."""
    level = level_of(work, case_id)
    return Standing({} if level is None else {Side.ANY: level})


def _finish_case(step: Step[Case]) -> None:
    """Set the new state of a case. It ends only if no open object depends on it, or by force; a withdrawn case leaves matching."""
    work, case, target = step.work, step.thing, step.transition.target
    left = dependents.require_none(work, case, target, force=step.data.get("force", False))
    if case.state == hiding.PENDING and target != "withdrawn":
        hiding.settle(work, case, hidden=step.event == "confirm_hidden")
        service.tell_desk(work, case)
    case.state, case.state_reason, case.updated_at = target, step.data.get("reason"), work.now
    work.note(f"case.{step.event}", case, case_id=case.id, event=True, state=target, left_alive=len(left))
    for branch, row in left:
        branch.tell(work, row, case)
    if target == "withdrawn":
        engine.unregister(work, case.id)


CASE: Final = Workflow[Case](
    name="case",
    lifecycles=(CASE_LIFECYCLE,),
    find=lambda work, case_id: service.usable(work, case_id, Level.READ),
    standing=lambda work, case: standing_in_case(work, case.id),
    finish=_finish_case,
)


def _find_grant(work: UnitOfWork, case_id: UUID, grant_id: UUID) -> CaseAccess:
    service.require_access(work, case_id, Level.INDEX)
    return service.grant_of(work, case_id, grant_id)


def _lock_grant(work: UnitOfWork, grant: CaseAccess, version: int) -> CaseAccess:
    """Lock the case, so that two owners who withdraw each other's access at the same time cannot both succeed."""
    service.usable(work, grant.case_id, Level.CONTRIBUTE, lock=True)
    return service.grant_of(work, grant.case_id, grant.id, version)


def _require_another_owner(step: Step[CaseAccess]) -> None:
    grant = step.thing
    others = select(func.count()).where(
        CaseAccess.case_id == grant.case_id,
        CaseAccess.level == Level.OWN,
        CaseAccess.withdrawn_at.is_(None),
        CaseAccess.id != grant.id,
    )
    if grant.level == Level.OWN and not step.work.session.scalar(others):
        raise Conflict("A case must have at least one owner.")


def _withdraw(step: Step[CaseAccess]) -> None:
    service.end_access(step.work, step.thing, step.data.get("reason"))


ACCESS: Final = Workflow[CaseAccess](
    name="case_access",
    lifecycles=(ACCESS_LIFECYCLE,),
    find=_find_grant,
    lock=_lock_grant,
    standing=lambda work, grant: standing_in_case(work, grant.case_id),
    guards={"withdraw": (_require_another_owner,)},
    finish=_withdraw,
)
