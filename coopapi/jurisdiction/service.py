"""Consulting on who prosecutes: contact, reply, positions, consensus or none; Eurojust may be asked, and orders nothing (M10)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Action, Level
from coopapi.cases import service as cases
from coopapi.cases.models import Case
from coopapi.deadlines import service as deadlines
from coopapi.deadlines.service import Occasion
from coopapi.directory.models import Authority
from coopapi.errors import Conflict, Forbidden, fault
from coopapi.evidence.authorization import speak_for, stands_in
from coopapi.jurisdiction.lifecycles import CONSULTATION_LIFECYCLE
from coopapi.jurisdiction.models import Consultation, ConsultationPosition
from coopapi.overlaps import presentation
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side, Transition
from coopapi.shared.parties import Party
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, new_key, seal


class NotConsulted(Forbidden):
    """That step is for the authorities that consult each other, and for the side it belongs to.

    See `transitions` for the steps that your side may take now.
    """


class NoConsensusYet(Conflict):
    """There is consensus when one State prosecutes and every other has said that it transfers or ends.

    Record the positions that are missing; `positions` shows what each State holds.
    """


class RepliedAlready(Conflict):
    """Your authority has replied; what it holds now is said as its position.

    Record a position instead.
    """


def begin(work: UnitOfWork, data: Mapping[str, Any], meeting_id: UUID | None = None) -> Consultation:
    """Contact the authorities that may pursue the same person for the same facts (Art. 5)."""
    case_id, contacted = _matter(work, data)
    them = [_known(work, id_, number) for number, id_ in enumerate(contacted)]
    if not them:
        raise fault("/contacted", "somebody", "name the authorities to contact, or an overlap or case that shows them")
    if data.get("reply_by") and data["reply_by"] <= work.now:
        raise fault("/reply_by", "order_of_time", "in the future")
    row_id = work.new_id()
    parties.admit(work, row_id, work.actor.authority_id, Side.REQUESTING, case_id=case_id)
    wrapped, sealer = new_key(work, row_id)
    row = work.add(
        Consultation(
            id=row_id,
            reference=f"JC-{work.now.year}-{row_id.hex[-8:].upper()}",
            contacting_id=work.actor.authority_id,
            overlap_id=data.get("overlap_id"),
            meeting_id=meeting_id,
            in_custody=data.get("in_custody", False),
            reply_by=data.get("reply_by"),
            wrapped=wrapped,
            sealed=seal(sealer, {"facts": data["facts"]}, row_id),
            created_by=work.actor.id,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    _place(work, row, work.actor.authority_id, work.actor.country, Side.REQUESTING)
    for authority in them:
        parties.admit(work, row.id, authority.id, Side.EXECUTING)
        place = _place(work, row, authority.id, authority.country, Side.EXECUTING)
        if row.reply_by:
            _clock(work, row, "consultation.contact", place)
    tell(work, row, "opened", in_custody=row.in_custody, contacted=len(them))
    return row


def _matter(work: UnitOfWork, data: Mapping[str, Any]) -> tuple[UUID | None, Sequence[UUID]]:
    """Whose case it is about, and whom to contact, where an overlap or the other case shows it."""
    contacted = list(data.get("contacted", ()))
    case_id = data.get("case_id")
    if overlap_id := data.get("overlap_id"):
        overlap = presentation.one_overlap(work, overlap_id)
        ours = [c for c in (overlap.case_a, overlap.case_b) if cases.reaches(work, c, Level.CONTRIBUTE)]
        if not ours:
            raise Forbidden("consult from your own side of an overlap")
        case_id = case_id or ours[0]
        contacted += [overlap.authority_b if case_id == overlap.case_a else overlap.authority_a]
    if other := data.get("other_case_id"):
        contacted.append(work.one(Case, other).authority_id)
    if case_id:
        cases.changeable(work, case_id)
    return case_id, list(dict.fromkeys(contacted))


def _known(work: UnitOfWork, authority_id: UUID, number: int) -> Authority:
    found = work.session.scalar(work.all(Authority).where(Authority.id == authority_id))
    if found is None or found.country is None or found.country == work.actor.country:
        raise fault(f"/contacted/{number}", "another_state", "an authority of another State")
    return found


def _place(work: UnitOfWork, row: Consultation, authority_id: UUID, country: str | None, side: Side) -> ConsultationPosition:
    """Keep a place for what this authority holds."""
    row_id = work.new_id()
    sealed = seal(key_of(work, row), {}, row_id)
    about = {"consultation_id": row.id, "authority_id": authority_id, "country": country, "side": side}
    return work.add(ConsultationPosition(id=row_id, sealed=sealed, updated_at=work.now, **about))


def take(work: UnitOfWork, consultation_id: UUID, version: int, data: Mapping[str, Any]) -> Consultation:
    """Take one step, if the table, the side and the role allow it."""
    own = mine(work, work.one(Consultation, consultation_id))
    row = work.one(Consultation, consultation_id, version=version, lock=bool(own))
    move = CONSULTATION_LIFECYCLE.move(row.state, data["event"], data.get("reason"))
    recorded = data.get("recorded")
    if not _open_to(move, own) and not (own and recorded):
        raise NotConsulted
    work.require(move.by, human=True)
    if move.event == "agree":
        row.prosecuting_country = _agreed(work, row)
    row.state, row.updated_at = move.target, work.now
    if move.event == "reply":
        _reply(work, row, data)
    if move.event == "refer":
        _refer(work, row, data.get("desk"))
    if data.get("reason"):
        row.reason = seal(key_of(work, row), {"reason": data["reason"]}, row.id)
    if move.event == "close":
        _clock(work, row, "consultation.close")
    tell(work, row, move.event, country=row.prosecuting_country, recorded=recorded is not None)
    return row


def _reply(work: UnitOfWork, row: Consultation, data: Mapping[str, Any]) -> None:
    """One contacted authority replies (Art. 6 and 9); the last one's reply makes the consultation `replied`."""
    rows = positions(work, row.id)
    own = _spoken_for(work, row, data.get("recorded"), [p for p in rows if p.side == Side.EXECUTING])
    if own.replied_at:
        raise RepliedAlready
    own.replied_at = own.updated_at = work.now
    if data.get("position"):
        own.position = data["position"]
    own.sealed = seal(key_of(work, row), {"reasons": data.get("reasons"), "recorded": data.get("recorded")}, own.id)
    work.session.flush()
    _clock(work, row, "consultation.reply", own)
    if all(p.replied_at for p in rows if p.side == Side.EXECUTING):
        row.state = "replied"


def _spoken_for(
    work: UnitOfWork, row: Consultation, recorded: Mapping[str, Any] | None, there: Sequence[ConsultationPosition]
) -> ConsultationPosition:
    """Whose reply or position it is: one's own State's, or, recorded, that of one which has nobody here."""
    whose = recorded["authority_id"] if recorded else work.actor.authority_id
    found = next((position for position in there if position.authority_id == whose), None)
    if found is None:
        raise fault("/recorded/authority_id", "contacted", "an authority that is consulted")
    speak_for(work, row.id, whose, recorded, Action.CONSULT)
    return found


def _clock(work: UnitOfWork, row: Consultation, event: str, position: ConsultationPosition | None = None) -> None:
    """Let the reply that is asked for by a day stand in the deadlines of whoever owes it (Art. 6(1))."""
    owes = {Side.EXECUTING: (position.authority_id, position.country)} if position else {}
    item, facts = position.id if position else None, {"due": row.reply_by}
    occasion = Occasion(row.id, "consultation", "consultation", "", "", event, work.now, owes, item_id=item, facts=facts)
    deadlines.happened(work, occasion)


def _agreed(work: UnitOfWork, row: Consultation) -> str:
    """The State that prosecutes, if all positions leave exactly one."""
    rows = positions(work, row.id)
    prosecuting = list({p.country for p in rows if p.position == "prosecute" and p.country})
    if len(prosecuting) != 1 or any(p.position == "undecided" for p in rows):
        raise NoConsensusYet(state=row.state, positions={str(p.country): p.position for p in rows})
    return prosecuting[0]


def _refer(work: UnitOfWork, row: Consultation, desk: UUID | None) -> None:
    """Bring a desk in to read along: Eurojust facilitates and may give an opinion (Art. 12(2), Regulation 2018/1727 Art. 4(4))."""
    found = work.session.scalar(work.all(Authority).where(Authority.id == desk, Authority.type == "eurojust_desk"))
    if found is None:
        raise fault("/desk", "eurojust_desk", "name the desk at Eurojust that is asked")
    parties.admit(work, row.id, found.id, Side.PARTICIPANT, acting=False)


def hold(work: UnitOfWork, consultation_id: UUID, data: Mapping[str, Any]) -> ConsultationPosition:
    """Say what one's own State holds, and why; it may change until there is consensus."""
    row = work.one(Consultation, consultation_id)
    if not mine(work, row):
        raise NotConsulted
    work.one(Consultation, consultation_id, lock=True)
    if row.state not in {"replied", "consulting", "no_consensus", "referred_to_eurojust"}:
        raise Conflict("positions are taken while the States consult", state=row.state)
    recorded = data.get("recorded")
    own = _spoken_for(work, row, recorded, positions(work, row.id))
    own.position, own.updated_at = data["position"], work.now
    own.sealed = seal(key_of(work, row), {"reasons": data.get("reasons"), "recorded": recorded}, own.id)
    tell(work, row, "position_taken", position=own.position, country=own.country, recorded=recorded is not None)
    return own


def link(work: UnitOfWork, consultation_id: UUID, case_id: UUID) -> Consultation:
    """Tie one's own part to a case of one's own: then it is for those who may read that case, and counts for its duties."""
    row = work.one(Consultation, consultation_id)
    own = mine(work, row)
    if not own:
        raise NotConsulted
    cases.usable(work, case_id, Level.CONTRIBUTE)
    parties.admit(work, row.id, work.actor.authority_id, Side(own[0].side), case_id=case_id)
    tell(work, row, "linked")
    return row


def mine(work: UnitOfWork, row: Consultation) -> list[Party]:
    """The caller's own parts in which it acts."""
    return [
        part
        for part in parties.parts(work, row.id)
        if part.acting
        and part.authority_id == work.actor.authority_id
        and (part.case_id is None or cases.reaches(work, part.case_id, Level.CONTRIBUTE))
    ]


def _open_to(move: Transition, own: Sequence[Party]) -> bool:
    return bool(own) and (move.side is Side.ANY or move.side in {part.side for part in own})


def moves(work: UnitOfWork, consultation_id: UUID) -> dict[str, Any]:
    """Say where a consultation stands, and what the caller may do now."""
    row = work.one(Consultation, consultation_id)
    own = mine(work, row)
    allowed = [
        m.to_dict()
        for m in CONSULTATION_LIFECYCLE.leaving(row.state)
        if (_open_to(m, own) or (m.event == "reply" and own and _absent(work, row))) and work.actor.may(m.by) and work.actor.human
    ]
    return {"state": row.state, "allowed": allowed, "etag": row.etag}


def _absent(work: UnitOfWork, row: Consultation) -> bool:
    """Tell whether a reply is awaited of somebody who has nobody here, so that another records it."""
    waiting = [p for p in positions(work, row.id) if p.side == Side.EXECUTING and p.replied_at is None]
    return any(p.authority_id != work.actor.authority_id and stands_in(work, row.id, p.authority_id) for p in waiting)


def positions(work: UnitOfWork, consultation_id: UUID) -> Sequence[ConsultationPosition]:
    """What each State holds, the contacting one first."""
    query = work.all(ConsultationPosition).where(ConsultationPosition.consultation_id == consultation_id)
    return work.session.scalars(query.order_by(ConsultationPosition.id)).all()


def consultations(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Consultation]:
    """Select consultations the caller takes part in."""
    query = work.all(Consultation)
    if state := wanted.get("state"):
        query = query.where(Consultation.state == state)
    if case_id := wanted.get("case_id"):
        query = query.where(work.all(Party).where(Party.object_id == Consultation.id, Party.case_id == case_id).exists())
    if wanted.get("urgent"):
        query = query.where(Consultation.in_custody)
    return query


def tell(work: UnitOfWork, row: Consultation, act: str, **detail: Any) -> None:
    """Say in the journal of every party what was done."""
    work.session.flush()
    case_id = next((p.case_id for p in parties.parts(work, row.id) if p.authority_id == work.actor.authority_id), None)
    work.note(f"consultation.{act}", row, case_id=case_id, parties=row.id, event=True, state=row.state, **detail)
