"""Start the next procedure from a meeting in one step, for example a request or a team, and record where it came from."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from coopapi.access import Action
from coopapi.disclosures import service as disclosures
from coopapi.disclosures.models import Disclosure
from coopapi.errors import Conflict, fault
from coopapi.jits import agreement
from coopapi.jits.models import Jit
from coopapi.jurisdiction import service as jurisdiction
from coopapi.jurisdiction.models import Consultation
from coopapi.meetings import authorization
from coopapi.meetings.lifecycles import AFTER
from coopapi.meetings.models import Meeting, MeetingOutcome
from coopapi.mla import drafts
from coopapi.mla.models import Request
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned


class NoOutcomeYet(Conflict):
    """Outcomes can be recorded only for a meeting that was held.

    Hold the meeting first.
    """


@dataclass(frozen=True, slots=True)
class Outcome:
    """A kind of outcome: the action that a role needs, the function that starts it, its model and the path of its URL."""

    by: Action
    begin: Callable[[UnitOfWork, Meeting, dict[str, Any]], Versioned]
    row: type[Versioned]
    path: str


OUTCOMES: Final[Mapping[str, Outcome]] = {
    "jit_proposal": Outcome(Action.JIT_WRITE, lambda work, _, data: agreement.propose(work, data), Jit, "jits"),
    "request": Outcome(Action.MLA_DRAFT, lambda work, _, data: drafts.begin(work, data), Request, "mla-requests"),
    "consultation": Outcome(
        Action.CONSULT,
        lambda work, meeting, data: jurisdiction.begin(work, data, meeting.id),
        Consultation,
        "jurisdiction-consultations",
    ),
    "disclosure": Outcome(
        Action.DISCLOSURE_ASK,
        lambda work, _, data: disclosures.ask(work, data.pop("overlap_id"), data),
        Disclosure,
        "disclosures",
    ),
}
"""The kinds of outcome. A new kind needs one entry here and one field of the schema."""


def begin(work: UnitOfWork, meeting_id: UUID, data: Mapping[str, Any]) -> MeetingOutcome:
    """Start the procedure as its own route would, and record that it came from this meeting.

    Raises `NoOutcomeYet` before the meeting was held, `Forbidden`, and what the procedure itself raises.
    """
    meeting = work.one(Meeting, meeting_id)
    authorization.require(work, meeting)
    if meeting.state not in AFTER:
        raise NoOutcomeYet(state=meeting.state)
    kind = OUTCOMES[data["kind"]]
    work.require(kind.by)
    if data["kind"] not in data:
        raise fault(f"/{data['kind']}", "required", "Give the data of the follow-up that you want to start.")
    made = kind.begin(work, meeting, dict(data[data["kind"]]))
    row = work.add(
        MeetingOutcome(
            meeting_id=meeting.id,
            kind=data["kind"],
            made_type=kind.row.__kind__,
            made_id=made.id,
            authority_id=work.actor.authority_id,
            created_by=work.actor.id,
            created_at=work.now,
        )
    )
    authorization.tell(work, meeting, "outcome", kind=row.kind)
    return row


def show(work: UnitOfWork, rows: Sequence[MeetingOutcome]) -> list[dict[str, Any]]:
    """Return outcomes. What was started is named only if the caller sees it without the meeting."""
    seen = {id_ for kind in {row.kind for row in rows} for id_ in _seen(work, kind, rows)}
    return [{**row.shown(), **_begun(row, seen)} for row in rows]


def _seen(work: UnitOfWork, kind: str, rows: Sequence[MeetingOutcome]) -> Iterable[UUID]:
    """Return the ids of the outcomes of one kind that the caller sees without the meeting."""
    model = OUTCOMES[kind].row
    made = [row.made_id for row in rows if row.kind == kind]
    return work.session.scalars(select(model.id).where(model.id.in_(made), model.visible_to(work.actor, work.now)))


def _begun(row: MeetingOutcome, seen: Container[UUID]) -> dict[str, Any]:
    if row.made_id not in seen:
        return {"made_id": None, "href": None}
    return {"made_id": row.made_id, "href": f"/api/v1/{OUTCOMES[row.kind].path}/{row.made_id}"}
