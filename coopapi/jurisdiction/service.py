"""Consultations on who prosecutes: contact, reply, positions, consensus or none. Eurojust may be involved but decides nothing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, text

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.cases.models import Case
from coopapi.deadlines import service as deadlines
from coopapi.deadlines.service import Occasion
from coopapi.directory.entries import find_authority
from coopapi.directory.models import Authority
from coopapi.errors import Conflict, Forbidden, fault
from coopapi.evidence.authorization import require_acting_for
from coopapi.jurisdiction.models import Consultation, ConsultationPosition
from coopapi.overlaps import presentation
from coopapi.shared import parties
from coopapi.shared.grants import reaches
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.together import grouped, together
from coopapi.store.vault import key_of, seal


class NotConsulted(Forbidden):
    """Only the authorities of the consultation may take this step, each for its own side.

    `transitions` lists the steps that your side may take now.
    """


class NoConsensusYet(Conflict):
    """There is no consensus yet: one State must prosecute, and every other State must transfer or end its proceedings.

    Record the missing positions. `positions` shows the position of each State.
    """


class RepliedAlready(Conflict):
    """Your authority has already replied to this consultation.

    Record a position instead.
    """


def begin(work: UnitOfWork, data: Mapping[str, Any], meeting_id: UUID | None = None) -> Consultation:
    """Contact the authorities that may be prosecuting the same person for the same facts (Art. 5).

    Raises `Unprocessable` if nobody is named and no overlap or case shows whom to contact.
    """
    case_id, contacted = _case_and_contacts(work, data)
    them = [_known(work, id_, number) for number, id_ in enumerate(contacted)]
    if not them:
        raise fault("/contacted", "somebody", "Name the authorities to contact, or an overlap or case from which they follow.")
    if data.get("reply_by") and data["reply_by"] <= work.now:
        raise fault("/reply_by", "order_of_time", "The time must be in the future.")
    row_id = work.new_id()
    parties.admit(work, row_id, work.actor.authority_id, Side.REQUESTING, case_id=case_id)
    row = work.add(
        parties.new_object(
            work,
            Consultation,
            row_id,
            {"facts": data["facts"]},
            reference=f"JC-{work.now.year}-{row_id.hex[-8:].upper()}",
            contacting_id=work.actor.authority_id,
            overlap_id=data.get("overlap_id"),
            meeting_id=meeting_id,
            in_custody=data.get("in_custody", False),
            reply_by=data.get("reply_by"),
        )
    )
    _place(work, row, work.actor.authority_id, work.actor.country, Side.REQUESTING)
    for authority in them:
        parties.admit(work, row.id, authority.id, Side.EXECUTING)
        place = _place(work, row, authority.id, authority.country, Side.EXECUTING)
        if row.reply_by:
            start_clock(work, row, "consultation.contact", place)
    tell(work, row, "opened", in_custody=row.in_custody, contacted=len(them))
    return row


def _case_and_contacts(work: UnitOfWork, data: Mapping[str, Any]) -> tuple[UUID | None, Sequence[UUID]]:
    """Return the caller's case, if any, and the authorities to contact, which an overlap or the other case may show."""
    contacted = list(data.get("contacted", ()))
    case_id = data.get("case_id")
    if overlap_id := data.get("overlap_id"):
        overlap = presentation.one_overlap(work, overlap_id)
        ours = [c for c in (overlap.case_a, overlap.case_b) if reaches(work, c, Level.CONTRIBUTE)]
        if not ours:
            raise Forbidden("You may consult only from your own side of an overlap.")
        case_id = case_id or ours[0]
        other_side = overlap.case_b if case_id == overlap.case_a else overlap.case_a
        contacted.append(_whom_to_consult(work, other_side, overlap_id))
    if other := data.get("other_case_id"):
        contacted.append(_whom_to_consult(work, work.one(Case, other).id))
    if case_id:
        cases.changeable(work, case_id)
    return case_id, list(dict.fromkeys(contacted))


def _whom_to_consult(work: UnitOfWork, case_id: UUID, overlap_id: UUID | None = None) -> UUID:
    """Return the authority to consult about a case: the one that is responsible for it, or else its owner."""
    asked = {"case": case_id, "overlap": overlap_id}
    found: UUID = work.session.execute(text("select priv.whom_to_consult(:case, :overlap)"), asked).scalar_one()
    return found


def _known(work: UnitOfWork, authority_id: UUID, number: int) -> Authority:
    found = find_authority(work, authority_id)
    if found is None or found.country is None or found.country == work.actor.country:
        raise fault(f"/contacted/{number}", "another_state", "This must be an authority of another State.")
    return found


def _place(work: UnitOfWork, row: Consultation, authority_id: UUID, country: str | None, side: Side) -> ConsultationPosition:
    """Add a row for the position of this authority."""
    about = {"authority_id": authority_id, "country": country, "side": side, "updated_at": work.now}
    return work.add(parties.new_part(work, ConsultationPosition, row, {}, **about))


def acting_position(
    work: UnitOfWork, row: Consultation, recorded: Mapping[str, Any] | None, there: Sequence[ConsultationPosition]
) -> ConsultationPosition:
    """Return the row of the authority that speaks: the caller's or, if recorded, an authority that does not use this register.

    Raises `Unprocessable` for an authority that is not consulted, and `OtherSide`.
    """
    whose = recorded["authority_id"] if recorded else work.actor.authority_id
    found = next((position for position in there if position.authority_id == whose), None)
    if found is None:
        raise fault("/recorded/authority_id", "contacted", "This must be an authority that is consulted.")
    require_acting_for(work, row.id, whose, recorded, Action.CONSULT)
    return found


def start_clock(work: UnitOfWork, row: Consultation, event: str, position: ConsultationPosition | None = None) -> None:
    """Start or stop the deadline of the requested reply for the authority that owes it (Art. 6(1))."""
    owes = {Side.EXECUTING: (position.authority_id, position.country)} if position else {}
    item, facts = position.id if position else None, {"due": row.reply_by}
    occasion = Occasion(row.id, "consultation", "consultation", "", "", event, work.now, owes, item_id=item, facts=facts)
    deadlines.happened(work, occasion)


def hold(work: UnitOfWork, consultation_id: UUID, data: Mapping[str, Any]) -> ConsultationPosition:
    """Record the position of the caller's State and its reasons. It may change until there is consensus.

    Raises `NotConsulted` and `Conflict`.
    """
    row = work.one(Consultation, consultation_id)
    if not parties.acting_parts(work, row.id):
        raise NotConsulted
    work.one(Consultation, consultation_id, lock=True)
    if row.state not in {"replied", "consulting", "no_consensus", "referred_to_eurojust"}:
        raise Conflict("Positions can be recorded only while the States consult.", state=row.state)
    recorded = data.get("recorded")
    own = acting_position(work, row, recorded, positions(work, row.id))
    own.position, own.updated_at = data["position"], work.now
    own.sealed = seal(key_of(work, row), {"reasons": data.get("reasons"), "recorded": recorded}, own.id)
    tell(work, row, "position_taken", position=own.position, country=own.country, recorded=recorded is not None)
    return own


def link(work: UnitOfWork, consultation_id: UUID, data: Mapping[str, Any]) -> Consultation:
    """Link the caller's part to one of its cases.

    From then on only people who may read that case see the consultation, and it counts for the case's duty to notify.
    """
    row = work.one(Consultation, consultation_id)
    own = parties.acting_parts(work, row.id)
    if not own:
        raise NotConsulted
    cases.require_access(work, data["case_id"], Level.CONTRIBUTE)
    parties.admit(work, row.id, work.actor.authority_id, Side(own[0].side), case_id=data["case_id"])
    tell(work, row, "linked")
    return row


def positions(work: UnitOfWork, consultation_id: UUID) -> Sequence[ConsultationPosition]:
    """Return the positions of all States, that of the contacting State first."""
    return _positions(work, consultation_id)


@together
def _positions(work: UnitOfWork, consultation_ids: Sequence[UUID]) -> dict[UUID, list[ConsultationPosition]]:
    query = work.all(ConsultationPosition).where(ConsultationPosition.consultation_id.in_(consultation_ids))
    return grouped(consultation_ids, work.session.scalars(query.order_by(ConsultationPosition.id)), lambda row: row.consultation_id)


def consultations(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Consultation]:
    """Select the consultations that the caller takes part in and that match the filters."""
    query = matching(work.all(Consultation), wanted, state=Consultation.state)
    if case_id := wanted.get("case_id"):
        query = query.where(parties.in_case(work, Consultation.id, case_id))
    if wanted.get("urgent"):
        query = query.where(Consultation.in_custody)
    return query


def tell(work: UnitOfWork, row: Consultation, act: str, **detail: Any) -> None:
    """Write what was done to the journal of every party."""
    parties.tell(work, row, act, state=row.state, **detail)
