"""Every kind of thing that stands in the worklist, one record for each."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from coopapi.access import Action, Actor, Role
from coopapi.approvals.models import Approval
from coopapi.approvals.service import APPROVAL
from coopapi.cases.transitions import ACCESS
from coopapi.deadlines.models import Deadline
from coopapi.deadlines.transitions import DEADLINE
from coopapi.disclosures.models import Disclosure
from coopapi.disclosures.transitions import DISCLOSURE
from coopapi.evidence.models import Evidence, EvidenceUse
from coopapi.evidence.transitions import EVIDENCE
from coopapi.evidence.uses import USE
from coopapi.jits.amendments import AMENDMENT
from coopapi.jits.models import Jit, JitAmendment, JitStatement
from coopapi.jits.public_statements import STATEMENT
from coopapi.jits.signatures import ALARMS
from coopapi.jits.transitions import TEAM
from coopapi.jurisdiction.models import Consultation
from coopapi.jurisdiction.transitions import CONSULTATION
from coopapi.meetings.actions import ACTION
from coopapi.meetings.models import Meeting, MeetingAction, MeetingParticipant
from coopapi.meetings.transitions import MEETING, PLACE
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.measure_transitions import MEASURE
from coopapi.mla.models import Measure, Request
from coopapi.mla.transitions import REQUEST
from coopapi.overlaps.models import Overlap
from coopapi.overlaps.verification import OVERLAP
from coopapi.shared.grants import CaseAccess
from coopapi.shared.lifecycle import Lifecycle
from coopapi.worklist.awaited import SPECIAL, Reach, Source


class MissedClocks(Source):
    """Deadlines of the caller's side that were missed and still run. No step is awaited: the thing itself waits for its own."""

    __slots__ = ()

    @property
    def titles(self) -> list[str]:
        """Return the only title of these items."""
        return [f"{self.type}.missed"]

    def concerns(self, actor: Actor) -> bool:
        """Tell whether the caller's role may read deadlines."""
        return actor.may(Action.DEADLINE_READ)


def _requests(actor: Actor, life: Lifecycle) -> Iterator[Reach]:
    """Yield the requests whose steps are those of a lifecycle, as far as the caller may handle them."""
    yield from _handled(actor, [name for name, kind in KINDS.items() if kind.life is life])


def _measures(actor: Actor, _life: Lifecycle) -> Iterator[Reach]:
    """Yield the requests on whose measures steps are possible, as far as the caller may handle them."""
    for states in dict.fromkeys(kind.acted_on for kind in KINDS.values() if kind.acted_on):
        for reach in _handled(actor, [name for name, kind in KINDS.items() if kind.acted_on == states]):
            yield {**reach, "within": sorted(states)}


def _handled(actor: Actor, kinds: list[str]) -> Iterator[Reach]:
    """Yield what `require_on_duty` lets the caller handle: a contact point some kinds, and the others in an emergency."""
    if actor.role is Role.CONTACT_POINT:
        yield {"kinds": kinds, "urgency": "emergency"}
        kinds = [name for name in kinds if KINDS[name].round_the_clock]
    yield {"kinds": kinds}


_OF_REQUESTS: Final = frozenset(SPECIAL)
SOURCES: Final[Mapping[str, Source]] = {
    source.type: source
    for source in (
        Source(workflow=OVERLAP, model=Overlap, ids=lambda row: {"overlap_id": row.id}),
        Source(
            workflow=DISCLOSURE,
            model=Disclosure,
            ids=lambda row: {"disclosure_id": row.id},
            filters=frozenset({"requesting_country", "executing_country", "urgency"}),
        ),
        Source(
            workflow=REQUEST,
            model=Request,
            ids=lambda row: {"request_id": row.id},
            reaches=_requests,
            filters=_OF_REQUESTS,
        ),
        Source(
            workflow=MEASURE,
            model=Measure,
            ids=lambda row: {"request_id": row.request_id, "measure_id": row.id},
            reaches=_measures,
            filters=_OF_REQUESTS,
        ),
        Source(workflow=ACCESS, model=CaseAccess, ids=lambda row: {"case_id": row.case_id, "grant_id": row.id}),
        Source(workflow=EVIDENCE, model=Evidence, ids=lambda row: {"evidence_id": row.id}),
        Source(workflow=USE, model=EvidenceUse, ids=lambda row: {"use_id": row.id}),
        Source(workflow=TEAM, model=Jit, ids=lambda row: {"jit_id": row.id}, soon=timedelta(days=max(ALARMS))),
        Source(workflow=AMENDMENT, model=JitAmendment, ids=lambda row: {"jit_id": row.jit_id, "amendment_id": row.id}),
        Source(
            workflow=STATEMENT,
            model=JitStatement,
            ids=lambda row: {"jit_id": row.jit_id},
            path="/api/v1/jits/<jit_id>/public-statement",
        ),
        Source(workflow=MEETING, model=Meeting, ids=lambda row: {"meeting_id": row.id}),
        Source(workflow=PLACE, model=MeetingParticipant, ids=lambda row: {"meeting_id": row.meeting_id, "place_id": row.id}),
        Source(workflow=ACTION, model=MeetingAction, ids=lambda row: {"action_id": row.id}),
        Source(workflow=CONSULTATION, model=Consultation, ids=lambda row: {"consultation_id": row.id}),
        Source(workflow=APPROVAL, model=Approval, ids=lambda row: {"approval_id": row.id}),
        MissedClocks(workflow=DEADLINE, model=Deadline, ids=lambda row: {"deadline_id": row.id}),
    )
}
"""By the name of the kind. What waits of each is found in `migrations/rules/75_worklist.sql`; everything else follows from this."""
