"""The conditions of the sources: on which sides the caller acts, and what must hold besides a state."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, select

from coopapi.access import Level
from coopapi.disclosures.models import Disclosure
from coopapi.evidence.models import Evidence, Recipient
from coopapi.jits.models import JitSignature
from coopapi.jurisdiction.models import Consultation, ConsultationPosition
from coopapi.meetings.lifecycles import LIVE
from coopapi.meetings.models import Meeting, MeetingParticipant
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.models import Request
from coopapi.mla.transitions import REQUEST
from coopapi.shared.grants import CaseAccess
from coopapi.shared.lifecycle import Lifecycle, Side
from coopapi.shared.parties import Party
from coopapi.store.db import UnitOfWork
from coopapi.worklist.awaited import Expression


def acts_in(work: UnitOfWork, thing: Expression) -> ColumnElement[bool]:
    """Return the condition for shared objects in which the caller may act."""
    return work.all(Party).where(Party.object_id == thing, Party.acting_for(work.actor, work.now)).exists()


def unsigned(work: UnitOfWork, subject: Expression) -> ColumnElement[bool]:
    """Return the condition for texts of a team that the caller's authority has not signed."""
    mine = JitSignature.authority_id == work.actor.authority_id
    there = select(JitSignature.id).where(JitSignature.subject_id == subject, mine, JitSignature.voided_at.is_(None))
    return ~there.exists()


def own_or_shared(work: UnitOfWork) -> Sequence[ColumnElement[bool]]:
    """Return the arms of disclosures: of the cases of the caller's authority, and of cases of others to which it contributes."""
    own = Disclosure.owner_authority == work.actor.authority_id
    shared = select(CaseAccess.case_id).where(
        CaseAccess.owner_id != work.actor.authority_id,
        CaseAccess.level >= Level.CONTRIBUTE,
        CaseAccess.live_for(work.actor, work.now),
    )
    return own, and_(~own, Disclosure.owner_case.in_(shared))


def evidence_sides(work: UnitOfWork) -> Mapping[Side, ColumnElement[bool]]:
    """Return the sides of evidence on which the caller acts: as a receiver, or as the verifier."""
    acting, me = acts_in(work, Evidence.object_id), work.actor.authority_id
    offered = select(Recipient.id).where(Recipient.own(work.actor)).exists()
    return {
        Side.RECEIVER: and_(acting, Evidence.provider_id != me, offered),
        Side.VERIFIER: and_(acting, Evidence.verifier_id == me),
    }


def evidence_arms(work: UnitOfWork) -> Sequence[ColumnElement[bool]]:
    """Return the arms of evidence: what is offered to the caller's authority, and what it has to verify."""
    me = work.actor.authority_id
    offered = select(Recipient.evidence_id).where(Recipient.authority_id == me, Recipient.state == "offered")
    verifies = and_(Evidence.verifier_id == me, Evidence.state == "to_verify")
    return verifies, and_(~verifies, Evidence.id.in_(offered))


def lives() -> Mapping[Lifecycle, ColumnElement[bool]]:
    """Return the condition for requests of each lifecycle."""
    return {life: Request.kind.in_([name for name, kind in KINDS.items() if kind.life is life]) for life in REQUEST.lifecycles}


def open_seat(work: UnitOfWork) -> ColumnElement[bool]:
    """Return the condition for meetings whose minutes the caller's State has still to agree to."""
    seat = select(MeetingParticipant.id).where(
        MeetingParticipant.meeting_id == Meeting.id,
        MeetingParticipant.authority_id == work.actor.authority_id,
        MeetingParticipant.state.in_(LIVE),
        MeetingParticipant.country.is_not(None),
        MeetingParticipant.agreed_at.is_(None),
    )
    return and_(Meeting.minutes.is_not(None), seat.exists())


def invited(work: UnitOfWork) -> Mapping[Side, ColumnElement[bool]]:
    """Return the side of an invitation on which the caller answers: its own place, unless it is the host."""
    own = MeetingParticipant.authority_id == work.actor.authority_id
    return {Side.INVITED: and_(own, Meeting.host_id != work.actor.authority_id, acts_in(work, Meeting.id))}


def reply_missing(work: UnitOfWork) -> ColumnElement[bool]:
    """Return the condition for consultations to which the caller's authority has still to reply."""
    own = select(ConsultationPosition.id).where(
        ConsultationPosition.consultation_id == Consultation.id,
        ConsultationPosition.authority_id == work.actor.authority_id,
        ConsultationPosition.side == Side.EXECUTING,
        ConsultationPosition.replied_at.is_(None),
    )
    return own.exists()
