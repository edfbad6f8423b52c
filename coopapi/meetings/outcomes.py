"""From a meeting to the next thing in one step: what each kind of outcome begins, and what it began."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Action
from coopapi.db import Kept, Work
from coopapi.disclosures import service as disclosures
from coopapi.errors import Conflict
from coopapi.jits import agreeing
from coopapi.jurisdiction import service as jurisdiction
from coopapi.meetings import sides
from coopapi.meetings.lives import AFTER
from coopapi.meetings.models import Meeting
from coopapi.meetings.papers import MeetingOutcome
from coopapi.meetings.sides import fault
from coopapi.mla import drafting


class NoOutcomeYet(Conflict):
    """Outcomes come from a meeting that was held."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a kind of outcome begins: by which right, how, as what, and where it is found."""

    by: Action
    begin: Callable[[Work, Meeting, dict[str, Any]], Kept]
    made: str
    path: str


OUTCOMES: Final[Mapping[str, Outcome]] = {
    "jit_proposal": Outcome(Action.JIT_WRITE, lambda work, _, data: agreeing.propose(work, data), "jit", "jits"),
    "request": Outcome(Action.MLA_DRAFT, lambda work, _, data: drafting.begin(work, data), "request", "mla-requests"),
    "consultation": Outcome(
        Action.CONSULT,
        lambda work, meeting, data: jurisdiction.begin(work, data, meeting.id),
        "consultation",
        "jurisdiction-consultations",
    ),
    "disclosure": Outcome(
        Action.DISCLOSURE_ASK,
        lambda work, _, data: disclosures.ask(work, data.pop("overlap_id"), data),
        "disclosure",
        "disclosures",
    ),
}
"""The kinds of outcome; a further kind is one line here and one field of the schema."""


def begin(work: Work, meeting_id: UUID, data: Mapping[str, Any]) -> MeetingOutcome:
    """Begin what was concluded, as its own maker would, and keep that it came from this meeting."""
    meeting = work.one(Meeting, meeting_id)
    sides.require(work, meeting)
    if meeting.state not in AFTER:
        raise NoOutcomeYet(state=meeting.state)
    kind = OUTCOMES[data["kind"]]
    work.require(kind.by)
    if data["kind"] not in data:
        raise fault(f"/{data['kind']}", "required", "say what is to be begun")
    made = kind.begin(work, meeting, dict(data[data["kind"]]))
    row = work.add(
        MeetingOutcome(
            meeting_id=meeting.id,
            kind=data["kind"],
            made_type=kind.made,
            made_id=made.id,
            authority_id=work.actor.authority_id,
            created_by=work.actor.id,
            created_at=work.now,
        )
    )
    sides.tell(work, meeting, "outcome", kind=row.kind, made=str(row.made_id))
    return row


def of_meeting(work: Work, meeting_id: UUID) -> Select[MeetingOutcome]:
    """Select what was begun with a meeting."""
    return work.all(MeetingOutcome).where(MeetingOutcome.meeting_id == work.one(Meeting, meeting_id).id)


def show(work: Work, rows: Sequence[MeetingOutcome]) -> list[dict[str, Any]]:
    """Show outcomes with the address of what they began: it opens for those who take part in that."""
    del work
    columns = [column.key for column in MeetingOutcome.__table__.columns]
    return [
        {**{k: getattr(row, k) for k in columns}, "href": f"/api/v1/{OUTCOMES[row.kind].path}/{row.made_id}", "etag": row.etag}
        for row in rows
    ]
