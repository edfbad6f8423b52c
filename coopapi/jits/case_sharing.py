"""The cases of a team. Each owner shares its own at a level it chooses and can end the sharing. Access ends with the team."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, false, text

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.errors import Conflict, fault
from coopapi.jits import authorization
from coopapi.jits.lifecycles import AFTER
from coopapi.jits.models import Jit
from coopapi.jits.notifications import tell
from coopapi.shared import shared_cases
from coopapi.shared.shared_cases import CaseShare, SharedCase
from coopapi.shared.workflow import Step
from coopapi.store.db import UnitOfWork


class TeamIsOver(Conflict):
    """The team has ended, so cases can no longer be shared with it.

    Share the case with a meeting or with a new team.
    """


def link(work: UnitOfWork, jit: Jit, wish: Mapping[str, Any]) -> SharedCase:
    """Share a case that the caller answers for with a team. Access begins with the last signature and ends with the team.

    Raises the errors of `answered_for`.
    """
    work.require(Action.CASE_SHARE)
    case = cases.answered_for(work, wish["case_id"])
    return shared_cases.offer(work, jit.id, case.id, case.authority_id, Level[wish.get("level", "read").upper()])


def share(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> SharedCase:
    """Share a case with a team that is being negotiated or is active; raise `TeamIsOver` after its end."""
    jit = authorization.locked(work, jit_id)
    authorization.require_party(work, jit)
    if (state := jit.stands(work.now)) in (*AFTER, "abandoned"):
        raise TeamIsOver(state=state)
    row = link(work, jit, data)
    if jit.state == "active":
        authorization.update_shared_access(work, jit)
    tell(work, jit, "case_shared", level=Level(row.level).name.lower())
    return row


def _find(work: UnitOfWork, jit_id: UUID, link_id: UUID) -> CaseShare[Jit]:
    return CaseShare(work.one(Jit, jit_id), shared_cases.one_of(work, jit_id, link_id))


def _lock(work: UnitOfWork, shared: CaseShare[Jit], version: int) -> CaseShare[Jit]:
    jit = authorization.locked(work, shared.thing.id)
    return CaseShare(jit, work.one(SharedCase, shared.row.id, version=version, lock=True))


def _end(step: Step[CaseShare[Jit]]) -> None:
    """End the sharing of a case: access through the team is gone at the next request."""
    work, jit, row = step.work, step.thing.thing, step.thing.row
    tell(work, jit, "case_taken_back", level=Level(row.level).name.lower())
    row.ended_at = work.now
    authorization.update_shared_access(work, jit)


JIT_SHARE: Final = shared_cases.workflow("jit_case", _find, _lock, _end)


def of_team(work: UnitOfWork, jit_id: UUID) -> Select[SharedCase]:
    """Select the cases shared with a team; none if the caller's authority is not a party."""
    query = shared_cases.with_thing(work, work.one(Jit, jit_id).id)
    return query if authorization.mine(work, jit_id) else query.where(false())


def of_case(work: UnitOfWork, case_id: UUID) -> Select[Jit]:
    """Select the teams that a case is shared with and that the caller takes part in."""
    cases.require_access(work, case_id, Level.READ)
    shared = work.all(SharedCase).where(SharedCase.object_id == Jit.id, SharedCase.case_id == case_id)
    return work.all(Jit).where(shared.where(SharedCase.ended_at.is_(None)).exists())


def own_person(work: UnitOfWork, authority_id: UUID, principal_id: UUID, pointer: str = "/leader/principal_id") -> None:
    """Raise `Unprocessable` unless it is an active person of that authority and the authority belongs to the caller's State."""
    asked = {"person": principal_id, "authority": authority_id}
    if not work.session.scalar(text("select priv.is_person(:person, :authority)"), asked):
        raise fault(pointer, "own_person", "There is no active person with this id in that authority of your State.")
