"""What is still alive of a case when it is to end: requests, meetings, teams, consultations, disclosures, as their features say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, bindparam, select, text

from coopapi.cases.models import Case
from coopapi.errors import Conflict
from coopapi.shared.parties import Party
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork, Versioned

ENDS: Final = frozenset({"closed", "withdrawn", "transferred"})
"""The states of a case in which nobody is expected to work on what hangs from it."""
_MOST: Final = 100
_COUNT = text("select priv.count_live(:case, :live)").bindparams(bindparam("live", type_=ARRAY(Text())))


class CaseIsInUse(Conflict):
    """Something that hangs from the case is still alive.

    End first what `live` lists: withdraw or close its requests, meetings and consultations, take the case out of its teams, answer
    or recall its disclosures. Or send `force` set to `true` with a reason: the case then ends, and every other side is told.
    """


class MoreThanYouSee(Conflict):
    """Something is still alive that hangs from the case and that you do not see.

    Somebody with more access has to end the case, such as a person of your authority who is cleared for evidence about victims.
    """


@dataclass(frozen=True, slots=True)
class Branch:
    """One kind of thing that may hang from a case: where it is shown, in which states it is alive, and how its sides are told.

    `find` selects what the caller sees of it; `states` may depend on the state in which the case ends.
    """

    kind: str
    path: str
    states: Callable[[str], Sequence[str]]
    find: Callable[[UnitOfWork, UUID, Sequence[str]], Select[Any]]
    tell: Callable[[UnitOfWork, Any, Case], None]

    def alive(self, work: UnitOfWork, case: Case, target: str) -> Sequence[Any]:
        """Find what of this kind is alive of the case, for the caller."""
        found: Sequence[Any] = work.session.scalars(self.find(work, case.id, self.states(target))).all()
        return found

    def shown(self, row: Any, now: datetime) -> dict[str, Any]:
        """Say of one thing what it is, where it is, and how it stands."""
        state = row.stands(now) if hasattr(row, "stands") else row.state
        return {
            "type": self.kind,
            "id": str(row.id),
            "reference": getattr(row, "reference", None),
            "state": state,
            "href": f"{self.path}/{row.id}",
        }


def between(case_id: UUID, model: type[Versioned], states: Sequence[str], work: UnitOfWork) -> Select[Any]:
    """Select the shared things of one kind, in one of these states, in which the case has a part or with which it is shared."""
    state = getattr(model, "standing", None)
    stands = state(work.now) if state else model.__table__.c.state
    parts = select(Party.object_id).where(Party.case_id == case_id, Party.visible_to(work.actor, work.now))
    shares = select(SharedCase.object_id).where(
        SharedCase.case_id == case_id, SharedCase.ended_at.is_(None), SharedCase.visible_to(work.actor, work.now)
    )
    return work.all(model).where(model.id.in_(parts.union(shares)), stands.in_(states)).order_by(model.id)


def tell_all(work: UnitOfWork, row: Versioned, case: Case) -> None:
    """Tell everybody who takes part in a shared thing that the case behind it has ended, and not which case."""
    work.note(f"{row.__kind__}.case_{case.state}", row, case_id=case.id, parties=row.id, event=True)


BRANCHES: Final[list[Branch]] = []
"""Every kind of thing that may hang from a case; features above this one add theirs."""


def require_all_seen(work: UnitOfWork, case: Case, target: str) -> Sequence[tuple[Branch, Any]]:
    """Return what is still alive of a case that is to end; raise `MoreThanYouSee` if there is something the caller does not see."""
    if target not in ENDS:
        return []
    found = [(branch, row) for branch in BRANCHES for row in branch.alive(work, case, target)]
    named = [f"{branch.kind}:{state}" for branch in BRANCHES for state in branch.states(target)]
    work.session.flush()
    if work.session.scalar(_COUNT, {"case": case.id, "live": named}) > len(found):
        raise MoreThanYouSee("somebody with more access has to close it", live=_live(work, found), state=case.state)
    return found


def require_none(work: UnitOfWork, case: Case, target: str, *, force: bool) -> Sequence[tuple[Branch, Any]]:
    """Stop where a case is to end while something of it is alive, unless by force; return what has to be told then.

    Raises `MoreThanYouSee` if there is something that the caller does not see, by force or not, and else `CaseIsInUse`.
    """
    found = require_all_seen(work, case, target)
    if found and not force:
        raise CaseIsInUse(f"{len(found)} still alive", live=_live(work, found), state=case.state)
    return found


def _live(work: UnitOfWork, found: Sequence[tuple[Branch, Any]]) -> list[dict[str, Any]]:
    return [branch.shown(row, work.now) for branch, row in found[:_MOST]]
