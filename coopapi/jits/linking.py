"""The cases of a team: each owner shares its own, how far it will, and takes it back; access lasts as long as the team."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, text

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.db import Work
from coopapi.errors import Conflict, NotFound, fault
from coopapi.jits import sides
from coopapi.jits.lives import AFTER, SHARE_LIFE
from coopapi.jits.models import Jit
from coopapi.jits.telling import tell
from coopapi.sharing import SharedCase


class TeamIsOver(Conflict):
    """The team has ended: nothing is shared with it any more."""


class SharedAlready(Conflict):
    """The case is shared with this team already."""


def link(work: Work, jit: Jit, wish: Mapping[str, Any], pointer: str) -> SharedCase:
    """Share one's own case with a team: access begins with the last signature and ends with the team."""
    work.require(Action.CASE_SHARE)
    case = cases.usable(work, wish["case_id"], Level.OWN)
    if case.authority_id != work.actor.authority_id:
        raise fault(pointer, "own_case", "only its owner shares a case")
    level = Level[wish.get("level", "read").upper()]
    row = work.session.scalar(work.all(SharedCase).where(SharedCase.object_id == jit.id, SharedCase.case_id == case.id))
    if row is None:
        return work.add(
            SharedCase(
                object_id=jit.id,
                case_id=case.id,
                owner_id=case.authority_id,
                level=level,
                shared_by=work.actor.id,
                shared_at=work.now,
            )
        )
    if row.ended_at is None:
        raise SharedAlready
    row.ended_at, row.level, row.shared_at, row.shared_by = None, level, work.now, work.actor.id
    work.session.flush()
    return row


def share(work: Work, jit_id: UUID, wish: Mapping[str, Any]) -> SharedCase:
    """Share a case with a team that is being agreed on or is active."""
    jit = sides.locked(work, jit_id)
    sides.require_party(work, jit)
    if jit.state in (*AFTER, "abandoned"):
        raise TeamIsOver(state=jit.state)
    row = link(work, jit, wish, "/case_id")
    if jit.state == "active":
        sides.bring_in_line(work, jit)
    tell(work, jit, "case_shared", level=Level(row.level).name.lower())
    return row


def take_back(work: Work, jit_id: UUID, row_id: UUID, version: int, event: str) -> SharedCase:
    """Take a case back: access to it through the team is gone at the next request."""
    jit = sides.locked(work, jit_id)
    row = one(work, jit_id, row_id, version)
    SHARE_LIFE.move(state_of(row), event, None)
    if row.owner_id != work.actor.authority_id:
        raise sides.NotAParty("only its owner takes a case back")
    tell(work, jit, "case_taken_back", level=Level(row.level).name.lower())
    row.ended_at = work.now
    sides.bring_in_line(work, jit)
    return row


def one(work: Work, jit_id: UUID, row_id: UUID, version: int | None = None) -> SharedCase:
    """One case of one team."""
    row = work.one(SharedCase, row_id, version=version)
    if row.object_id != jit_id:
        raise NotFound
    return row


def state_of(row: SharedCase) -> str:
    """Shared, or taken back."""
    return "ended" if row.ended_at else "shared"


def moves(work: Work, jit_id: UUID, row_id: UUID) -> dict[str, Any]:
    """Say whether a case is shared, and whether the caller may take it back."""
    row = one(work, jit_id, row_id)
    own = row.owner_id == work.actor.authority_id and state_of(row) == "shared" and work.actor.may(Action.JIT_WRITE)
    allowed = [{"event": "end", "target": "ended", "reason_needed": False}] if own else []
    return {"state": state_of(row), "allowed": allowed, "etag": row.etag}


def of_team(work: Work, jit_id: UUID) -> Select[SharedCase]:
    """Select the cases that were shared with a team."""
    return work.all(SharedCase).where(SharedCase.object_id == work.one(Jit, jit_id).id)


def of_case(work: Work, case_id: UUID) -> Select[Jit]:
    """Select the teams that a case is shared with, those that the caller takes part in."""
    cases.usable(work, case_id, Level.READ)
    shared = work.all(SharedCase).where(SharedCase.object_id == Jit.id, SharedCase.case_id == case_id)
    return work.all(Jit).where(shared.where(SharedCase.ended_at.is_(None)).exists())


def own_person(work: Work, authority_id: UUID, principal_id: UUID, pointer: str = "/leader/principal_id") -> None:
    """Stop unless it is an active person of that authority, which is of the caller's own State: others name theirs themselves."""
    asked = {"person": principal_id, "authority": authority_id}
    if not work.session.scalar(text("select priv.is_person(:person, :authority)"), asked):
        raise fault(pointer, "own_person", "an active person of that authority, of your own State")


def show(work: Work, rows: Sequence[SharedCase]) -> list[dict[str, Any]]:
    """Show shared cases."""
    del work
    return [{**r.shown(), "level": Level(r.level).name.lower(), "state": state_of(r)} for r in rows]
