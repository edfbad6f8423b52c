"""Checks before a case ends: open requests, meetings, teams, consultations and disclosures that depend on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from coopapi.cases.models import Case
from coopapi.errors import Conflict
from coopapi.shared.parties import Party
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned
from coopapi.store.statements import Statement, array
from coopapi.store.together import together

ENDS: Final = frozenset({"closed", "withdrawn", "transferred"})
"""The states in which a case has ended, so that nobody is expected to work on objects that depend on it."""
_MOST: Final = 100
_COUNT: Final = Statement("select c.id, priv.count_live(c.id, :live) as live from unnest(cast(:cases as uuid[])) c (id)")


class CaseIsInUse(Conflict):
    """Something that depends on the case is still open.

    First end the items that `live` lists: withdraw or close requests, meetings and consultations, remove the case from its
    teams, and answer or recall disclosures. Alternatively, send `force` set to `true` with a reason. The case then ends,
    and all other sides are notified.
    """


class MoreThanYouSee(Conflict):
    """Something that depends on the case is still open, but you do not have access to it.

    Ask a person with more access to end the case, such as a person of your authority who is cleared for evidence about
    victims.
    """


@dataclass(frozen=True, slots=True)
class Branch:
    """One kind of object that can depend on a case: its path, its open states, and how its participants are notified.

    `find` selects the objects that the caller sees. `states` returns the open states, which may depend on the state in which the
    case ends.
    """

    kind: str
    path: str
    states: Callable[[str], Sequence[str]]
    find: Callable[[UnitOfWork, UUID, Sequence[str]], Select[Any]]
    tell: Callable[[UnitOfWork, Any, Case], None]

    def open_objects(self, work: UnitOfWork, case: Case, target: str) -> Sequence[Any]:
        """Return the open objects of this kind that depend on the case and that the caller sees."""
        found: Sequence[Any] = work.session.scalars(self.find(work, case.id, self.states(target))).all()
        return found

    def shown(self, row: Any, now: datetime) -> dict[str, Any]:
        """Return the kind, id, reference, state and path of one object."""
        state = row.stands(now) if hasattr(row, "stands") else row.state
        return {
            "type": self.kind,
            "id": str(row.id),
            "reference": getattr(row, "reference", None),
            "state": state,
            "href": f"{self.path}/{row.id}",
        }


def between(case_id: UUID, model: type[Versioned], states: Sequence[str], work: UnitOfWork) -> Select[Any]:
    """Select the shared objects of one kind that are in one of these states and that the case takes part in or is shared with."""
    state = getattr(model, "standing", None)
    stands = state(work.now) if state else model.__table__.c.state
    parts = select(Party.object_id).where(Party.case_id == case_id, Party.visible_to(work.actor, work.now))
    shares = select(SharedCase.object_id).where(
        SharedCase.case_id == case_id, SharedCase.ended_at.is_(None), SharedCase.visible_to(work.actor, work.now)
    )
    return work.all(model).where(model.id.in_(parts.union(shares)), stands.in_(states)).order_by(model.id)


def tell_all(work: UnitOfWork, row: Versioned, case: Case) -> None:
    """Notify all participants of a shared object that a case behind it has ended, without naming the case."""
    work.note(f"{row.__kind__}.case_{case.state}", row, case_id=case.id, parties=row.id, event=True)


BRANCHES: Final[list[Branch]] = []
"""Every kind of object that can depend on a case. Features above this one in the import order add theirs."""


def require_all_seen(work: UnitOfWork, case: Case, target: str) -> Sequence[tuple[Branch, Any]]:
    """Return the open objects that depend on a case that is to end.

    Raises `MoreThanYouSee` if there are some that the caller does not see.
    """
    if target not in ENDS:
        return []
    count = _counted(work, (case.id, target))
    found = [(branch, row) for branch in BRANCHES for row in branch.open_objects(work, case, target)] if count else []
    if count > len(found):
        raise MoreThanYouSee("A person with more access must end these items.", live=_live(work, found), state=case.state)
    return found


@together
def _counted(work: UnitOfWork, ends: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], int]:
    """Return how many open objects depend on cases that are to end in the same state, also those that the caller does not see."""
    target = ends[0][1]
    named = [f"{branch.kind}:{state}" for branch in BRANCHES for state in branch.states(target)]
    work.session.flush()
    return {(row.id, target): row.live for row in _COUNT.rows(work.session, cases=array(one for one, _ in ends), live=named)}


def require_none(work: UnitOfWork, case: Case, target: str, *, force: bool) -> Sequence[tuple[Branch, Any]]:
    """Check that a case can end, and return the open objects whose participants have to be notified.

    Raises `MoreThanYouSee` if there are open objects that the caller does not see, even with `force`. Without `force`, raises
    `CaseIsInUse` if there are any open objects.
    """
    found = require_all_seen(work, case, target)
    if found and not force:
        raise CaseIsInUse(
            f"The number of open items that depend on the case is {len(found)}.", live=_live(work, found), state=case.state
        )
    return found


def _live(work: UnitOfWork, found: Sequence[tuple[Branch, Any]]) -> list[dict[str, Any]]:
    return [branch.shown(row, work.now) for branch, row in found[:_MOST]]
