"""Every kind of thing that stands in the worklist, one record for each."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import and_, case, func, null

from coopapi.access import Level
from coopapi.approvals.models import Approval
from coopapi.approvals.service import APPROVAL
from coopapi.deadlines.models import Deadline
from coopapi.deadlines.transitions import DEADLINE
from coopapi.directory.entries import of_country
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
from coopapi.meetings.lifecycles import AHEAD
from coopapi.meetings.models import Meeting, MeetingAction, MeetingParticipant
from coopapi.meetings.transitions import MEETING, PLACE
from coopapi.mla.authorization import on_duty
from coopapi.mla.measure_transitions import MEASURE, acted_on
from coopapi.mla.models import Measure, Request
from coopapi.mla.presentation import FILTERS as REQUEST_FILTERS
from coopapi.mla.transitions import REQUEST
from coopapi.overlaps.models import Overlap
from coopapi.overlaps.verification import OVERLAP
from coopapi.shared.grants import granted
from coopapi.shared.lifecycle import Side
from coopapi.worklist import conditions
from coopapi.worklist.awaited import Source
from coopapi.worklist.special import MissedClocks, Overlaps

_SIXTY_DAYS: Final = timedelta(days=max(ALARMS))
SOURCES: Final[Mapping[str, Source]] = {
    source.type: source
    for source in (
        Overlaps(
            workflow=OVERLAP,
            model=Overlap,
            ids=lambda row: {"overlap_id": row.id},
            since=null(),
        ),
        Source(
            workflow=DISCLOSURE,
            model=Disclosure,
            ids=lambda row: {"disclosure_id": row.id},
            since=Disclosure.asked_at,
            due=Disclosure.due_at,
            case_id=Disclosure.owner_case,
            sides=lambda work: {Side.OWNER: granted(Disclosure.owner_case, Level.CONTRIBUTE, work.actor, work.now)},
            arms=conditions.own_or_shared,
            filters={
                "requesting_country": lambda country: of_country(Disclosure.asking_authority, country),
                "executing_country": lambda country: of_country(Disclosure.owner_authority, country),
                "urgency": lambda urgency: Disclosure.urgency == urgency,
            },
        ),
        Source(
            workflow=REQUEST,
            model=Request,
            ids=lambda row: {"request_id": row.id},
            thing=Request.id,
            since=Request.updated_at,
            lives=conditions.lives(),
            ready={"validate_ex_post": lambda _: Request.validated_at.is_(None)},
            where=lambda work: on_duty(work.actor),
            filters=REQUEST_FILTERS,
        ),
        Source(
            workflow=MEASURE,
            model=Measure,
            ids=lambda row: {"request_id": row.request_id, "measure_id": row.id},
            joined=((Request, Request.id == Measure.request_id),),
            thing=Measure.request_id,
            item=Measure.id,
            since=Request.updated_at,
            where=lambda work: and_(on_duty(work.actor), acted_on()),
            filters={**REQUEST_FILTERS, "measure": lambda code: Measure.code == code},
        ),
        Source(
            workflow=EVIDENCE,
            model=Evidence,
            ids=lambda row: {"evidence_id": row.id},
            since=Evidence.created_at,
            sides=conditions.evidence_sides,
            state=lambda work: Evidence.standing(work.actor),
            arms=conditions.evidence_arms,
            shared=Evidence.object_id,
        ),
        Source(
            workflow=USE,
            model=EvidenceUse,
            ids=lambda row: {"use_id": row.id},
            since=EvidenceUse.asked_at,
            shared=EvidenceUse.object_id,
            sides=lambda work: {
                Side.PROVIDER: and_(
                    EvidenceUse.provider_id == work.actor.authority_id, conditions.acts_in(work, EvidenceUse.object_id)
                )
            },
        ),
        Source(
            workflow=TEAM,
            model=Jit,
            ids=lambda row: {"jit_id": row.id},
            thing=Jit.id,
            since=Jit.updated_at,
            state=lambda work: Jit.standing(work.now),
            soon=_SIXTY_DAYS,
            ready={"sign": lambda work: and_(conditions.unsigned(work, Jit.id), Jit.until > work.now)},
        ),
        Source(
            workflow=AMENDMENT,
            model=JitAmendment,
            ids=lambda row: {"jit_id": row.jit_id, "amendment_id": row.id},
            joined=((Jit, Jit.id == JitAmendment.jit_id),),
            thing=JitAmendment.jit_id,
            since=JitAmendment.proposed_at,
            ready={"sign": lambda work: and_(conditions.unsigned(work, JitAmendment.id), Jit.standing(work.now) == "active")},
        ),
        Source(
            workflow=STATEMENT,
            model=JitStatement,
            ids=lambda row: {"jit_id": row.jit_id},
            joined=((Jit, Jit.id == JitStatement.jit_id),),
            thing=JitStatement.jit_id,
            since=JitStatement.proposed_at,
            ready={"approve": lambda work: and_(conditions.unsigned(work, JitStatement.id), Jit.state == "closed")},
            path="/api/v1/jits/<jit_id>/public-statement",
        ),
        Source(
            workflow=MEETING,
            model=Meeting,
            ids=lambda row: {"meeting_id": row.id},
            thing=Meeting.id,
            since=Meeting.updated_at,
            due=case((Meeting.state == "scheduled", Meeting.ends_at)),
            ready={"hold": lambda work: Meeting.starts_at <= work.now, "agree": conditions.open_seat},
        ),
        Source(
            workflow=PLACE,
            model=MeetingParticipant,
            ids=lambda row: {"meeting_id": row.meeting_id, "place_id": row.id},
            joined=((Meeting, Meeting.id == MeetingParticipant.meeting_id),),
            since=MeetingParticipant.invited_at,
            shared=MeetingParticipant.meeting_id,
            due=Meeting.starts_at,
            sides=conditions.invited,
            ready={"accept": lambda _: Meeting.state.in_((*AHEAD, "held"))},
        ),
        Source(
            workflow=ACTION,
            model=MeetingAction,
            ids=lambda row: {"action_id": row.id},
            since=MeetingAction.created_at,
            shared=MeetingAction.meeting_id,
            due=MeetingAction.due_at,
            sides=lambda work: {Side.OWNER: MeetingAction.owner_id == work.actor.authority_id},
        ),
        Source(
            workflow=CONSULTATION,
            model=Consultation,
            ids=lambda row: {"consultation_id": row.id},
            thing=Consultation.id,
            since=Consultation.created_at,
            ready={"reply": conditions.reply_missing},
        ),
        Source(
            workflow=APPROVAL,
            model=Approval,
            ids=lambda row: {"approval_id": row.id},
            since=Approval.requested_at,
            due=Approval.expires_at,
            sides=lambda _: {Side.DECIDING: func.priv.may_decide(Approval.id)},
            where=lambda work: Approval.in_state("requested", work.now),
        ),
        MissedClocks(
            workflow=DEADLINE,
            model=Deadline,
            ids=lambda row: {"deadline_id": row.id},
            since=Deadline.due_at,
        ),
    )
}
"""By the name of the kind. A kind that is added here is listed, counted, filtered, assigned and stepped like every other."""
