"""The workflows of a case and of access to it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from coopapi.access import Level
from coopapi.cases import dependents, granting, hiding, service
from coopapi.cases.models import CASE_LIFECYCLE, Case
from coopapi.errors import Conflict
from coopapi.matching import engine
from coopapi.shared.grants import ACCESS_LIFECYCLE, RESPONSIBLE, CaseAccess, level_of
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import store_changes

_ENDED: Final = frozenset({"closed", "transferred", "withdrawn"})


def standing_in_case(work: UnitOfWork, case_id: UUID) -> Standing:
    """Return the caller's standing for objects where only its access to one case matters."""
    level = level_of(work, case_id)
    return Standing({} if level is None else {Side.ANY: level})


def _finish_case(step: Step[Case]) -> None:
    """Set the new state of a case. It ends only if no open object depends on it, or by force."""
    work, case, target = step.work, step.thing, step.transition.target
    left = dependents.require_none(work, case, target, force=step.data.get("force", False))
    if case.state == hiding.PENDING and target != "withdrawn":
        hiding.settle(work, case, hidden=step.event == "confirm_hidden")
        granting.give_to_desks(work, [case])
    move(work, [step], len(left))
    for branch, row in left:
        branch.tell(work, row, case)


def move(work: UnitOfWork, steps: Sequence[Step[Case]], left_alive: int = 0) -> None:
    """Set the new states of cases that may have them. A withdrawn case leaves matching."""
    for step in steps:
        case, target = step.thing, step.transition.target
        case.state, case.state_reason, case.updated_at = target, step.data.get("reason"), work.now
        case.ended_at = work.now if target in _ENDED else None
        work.note(f"case.{step.event}", case, case_id=case.id, event=True, state=target, left_alive=left_alive)
    store_changes(work.session, [step.thing for step in steps])
    engine.unregister(work, [(step.thing.id, None) for step in steps if step.transition.target == "withdrawn"])


CASE: Final = Workflow[Case](
    name="case",
    lifecycles=(CASE_LIFECYCLE,),
    find=lambda work, case_id: service.usable(work, case_id, Level.READ),
    standing=lambda work, case: standing_in_case(work, case.id),
    finish=_finish_case,
)


def _find_grant(work: UnitOfWork, case_id: UUID, grant_id: UUID) -> CaseAccess:
    service.require_access(work, case_id, Level.INDEX)
    return granting.grant_of(work, case_id, grant_id)


def _lock_grant(work: UnitOfWork, grant: CaseAccess, version: int) -> CaseAccess:
    """Lock the case, so that two owners who withdraw each other's access at the same time cannot both succeed.

    An authority that is named as responsible cannot lock the case. Its answer locks it and checks the version in the database.
    """
    if _is_named(work, grant):
        return granting.grant_of(work, grant.case_id, grant.id, version)
    service.usable(work, grant.case_id, Level.CONTRIBUTE, lock=True)
    return granting.grant_of(work, grant.case_id, grant.id, version)


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


def _is_named(work: UnitOfWork, grant: CaseAccess) -> bool:
    return grant.kind == RESPONSIBLE and grant.authority_id == work.actor.authority_id


def _standing_in_grant(work: UnitOfWork, grant: CaseAccess) -> Standing:
    if _is_named(work, grant):
        return Standing.on(Side.RECEIVER)
    level = level_of(work, grant.case_id)
    return Standing({} if level is None else {Side.OWNER: level})


def _require_another_responsible(step: Step[CaseAccess]) -> None:
    if step.thing.kind == RESPONSIBLE and step.thing.level > Level.INDEX:
        raise granting.OnlyByAnother


def _finish_grant(step: Step[CaseAccess]) -> None:
    work, grant, reason = step.work, step.thing, step.data.get("reason")
    if step.event == "withdraw":
        granting.end_access(work, grant, reason)
    else:
        granting.answer(work, grant, grant.version, accepts=step.event == "accept", reason=reason)


ACCESS: Final = Workflow[CaseAccess](
    name="case_access",
    lifecycles=(ACCESS_LIFECYCLE,),
    find=_find_grant,
    lock=_lock_grant,
    standing=_standing_in_grant,
    guards={"withdraw": (_require_another_owner, _require_another_responsible)},
    finish=_finish_grant,
)
