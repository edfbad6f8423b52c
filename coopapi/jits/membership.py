"""Who is named in a team: its parties, members, participants and associates."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

from coopapi.access import Action
from coopapi.errors import Conflict, NotFound, fault
from coopapi.evidence.authorization import stands_in
from coopapi.jits import agreement, authorization, case_sharing
from coopapi.jits.lifecycles import AFTER, OPEN, PARTY_LIFECYCLE, PLACE_LIFECYCLE
from coopapi.jits.models import Jit, JitAssociate, JitMember, JitParticipant, JitParty
from coopapi.jits.notifications import tell
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal

P = TypeVar("P", bound=JitParty | JitMember | JitParticipant | JitAssociate)
Q = TypeVar("Q", bound=JitMember | JitParticipant | JitAssociate)
_OVER: Final = (*AFTER, "abandoned")


class TeamHasEnded(Conflict):
    """The team has ended: nobody joins it any more.

    Set up a new team.
    """


class ByAmendmentOnly(Conflict):
    """The agreement is signed: parties and participants come by an amendment that all sign.

    Propose an amendment with `change` set to `join` or `participant`.
    """


class InTheTeamAlready(Conflict):
    """The authority or the person has a place in the team already.

    Use the place that is there, or end it first.
    """


def _working(work: UnitOfWork, jit_id: UUID) -> Jit:
    jit = authorization.locked(work, jit_id)
    authorization.require_party(work, jit)
    if jit.state in _OVER:
        raise TeamHasEnded(state=jit.state)
    return jit


def add_party(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitParty:
    """Bring a State in while the text is open; later it joins by an amendment that all sign."""
    jit = _working(work, jit_id)
    if jit.state not in OPEN:
        raise ByAmendmentOnly(state=jit.state)
    party = agreement.invite(work, jit, data, "/authority_id")
    tell(work, jit, "party_added", authority=str(party.authority_id), country=party.country)
    return party


def step_party(work: UnitOfWork, jit_id: UUID, row_id: UUID, version: int, data: Mapping[str, Any]) -> JitParty:
    """Name the leader of one's own State or of one that has nobody here, or take a State out of the draft."""
    jit = authorization.locked(work, jit_id)
    authorization.require_party(work, jit)
    party = one(work, JitParty, jit_id, row_id, version)
    move = PARTY_LIFECYCLE.move(party.state, data["event"], data.get("reason"))
    work.require(move.by, human=move.human)
    if not _may_change(jit.state, move.event):
        raise agreement.TextIsSettled(state=jit.state)
    if move.event == "lead":
        _lead(work, jit, party, data.get("leader"))
    else:
        party.state, party.left_at = move.target, work.now
        work.session.flush()
        authorization.take_back(work, jit, party.authority_id)
        authorization.release(work, jit, party.authority_id, Side.NEGOTIATING)
    done = "leader_named" if move.event == "lead" else "party_removed"
    tell(work, jit, done, authority=str(party.authority_id), country=party.country)
    return party


def _lead(work: UnitOfWork, jit: Jit, party: JitParty, leader: Mapping[str, Any] | None) -> None:
    if _foreign(work, party):
        raise authorization.NotAParty("each State names its own leader; only of one that has nobody here another names the office")
    if not leader:
        raise fault("/leader", "required", "name the leader")
    agreement.lead(work, jit, party, leader)
    if jit.state == "active":
        work.session.flush()
        authorization.bring_in_line(work, jit)


def _may_change(state: str, event: str) -> bool:
    """Parties change while the text is open; a State also replaces its leader while the team runs, and all are told."""
    return state in OPEN or (event == "lead" and state == "active")


def _foreign(work: UnitOfWork, row: P) -> bool:
    """Tell whether a row is for another State alone to change: its people always, its part while it has people here."""
    if isinstance(row, JitMember):
        return authorization.country_of(work, row.authority_id) != work.actor.country
    if not isinstance(row, JitParty) or row.authority_id == work.actor.authority_id:
        return False
    return not stands_in(work, row.jit_id, row.authority_id)


def add_member(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitMember:
    """Enter a person of one's own State; an organisation's people are never members (M11)."""
    jit = _working(work, jit_id)
    authority = data.get("authority_id", work.actor.authority_id)
    if authorization.state_authority(work, authority, "/authority_id").country != work.actor.country:
        raise fault("/authority_id", "own_people", "each State enters its own people")
    check_period(work, data)
    if person := data.get("principal_id"):
        _check_new_member(work, jit, authority, person)
    row_id = work.new_id()
    said = {name: data.get(name) for name in ("name", "security_id", "position")}
    member = work.add(
        JitMember(
            id=row_id,
            jit_id=jit.id,
            authority_id=authority,
            sealed=seal(key_of(work, jit), said, row_id),
            principal_id=person,
            seconded=data.get("seconded", False),
            since=data.get("since", work.now),
            until=data.get("until"),
        )
    )
    if jit.state == "active":
        authorization.bring_in_line(work, jit)
    tell(work, jit, "member_entered", seconded=member.seconded)
    return member


def check_period(work: UnitOfWork, data: Mapping[str, Any]) -> None:
    """Stop at a place that is over before it begins, or now."""
    until = data.get("until")
    if until is not None and until <= max(data.get("since") or work.now, work.now):
        raise fault("/until", "order_of_time", "a place ends after it begins, and not in the past")


def _check_new_member(work: UnitOfWork, jit: Jit, authority_id: UUID, person: UUID) -> None:
    """Stop unless it is one of the people of the caller's State, who has no other place in the team now."""
    case_sharing.own_person(work, authority_id, person, "/principal_id")
    places = work.all(JitMember).where(JitMember.jit_id == jit.id, JitMember.principal_id == person, JitMember.state == "serving")
    for place in work.session.scalars(places):
        if place.until is None or place.until > work.now:
            raise InTheTeamAlready
        place.state = "ended"
    work.session.flush()


def add_participant(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitParticipant:
    """Let an organisation take part beside the team while the text is open; its terms are signed with it."""
    jit = _working(work, jit_id)
    if jit.state not in OPEN:
        raise ByAmendmentOnly(state=jit.state)
    row = seat_participant(work, jit, data["authority_id"], data, "/authority_id")
    tell(work, jit, "participant_added", authority=str(row.authority_id), evidence=row.evidence)
    return row


def seat_participant(work: UnitOfWork, jit: Jit, authority_id: UUID, data: Mapping[str, Any], pointer: str) -> JitParticipant:
    """Enter a participant: it sees the team until its own end or the team's."""
    check_participant(work, jit.id, authority_id, pointer)
    check_period(work, data)
    if data.get("since", work.now) > work.now:
        raise fault("/since", "order_of_time", "not in the future: it takes part from now on")
    row_id = work.new_id()
    row = work.add(
        JitParticipant(
            id=row_id,
            jit_id=jit.id,
            authority_id=authority_id,
            role=data["role"],
            evidence=data.get("evidence", False),
            sealed=seal(key_of(work, jit), {"terms": data.get("terms")}, row_id),
            since=data.get("since", work.now),
            until=data.get("until"),
        )
    )
    ends = [end for end in (row.until, jit.until if jit.state == "active" else None) if end is not None]
    parties.admit(work, jit.id, authority_id, Side.PARTICIPANT, acting=False, until=min(ends, default=None))
    return row


def check_participant(work: UnitOfWork, jit_id: UUID, authority_id: UUID, pointer: str) -> None:
    """Stop unless it is an organisation or a desk that does not take part yet."""
    authorization.beside(work, authority_id, pointer)
    mine = work.all(JitParticipant).where(JitParticipant.jit_id == jit_id, JitParticipant.authority_id == authority_id)
    for place in work.session.scalars(mine.where(JitParticipant.state == "serving")):
        if place.until is None or place.until > work.now:
            raise InTheTeamAlready
        place.state = "ended"
    work.session.flush()


def add_associate(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitAssociate:
    """Note somebody whom the team works with informally; it gives no access to anything (F23)."""
    jit = _working(work, jit_id)
    row_id = work.new_id()
    said = {"name": data["name"], "contact": data["contact"]}
    sealed = seal(key_of(work, jit), said, row_id)
    row = work.add(JitAssociate(id=row_id, jit_id=jit.id, sealed=sealed, since=work.now))
    tell(work, jit, "associate_noted")
    return row


def end_place(work: UnitOfWork, model: type[Q], at: tuple[UUID, UUID], version: int, event: str) -> Q:
    """End a member's, a participant's or an associate's place."""
    jit = authorization.locked(work, at[0])
    authorization.require_party(work, jit)
    row = one(work, model, *at, version)
    move = PLACE_LIFECYCLE.move(row.state, event, None)
    work.require(move.by, human=move.human)
    if _foreign(work, row):
        raise authorization.NotAParty("each party withdraws its own people")
    if isinstance(row, JitParticipant):
        _check_parting(work, jit)
    tell(work, jit, f"{model.__kind__.removeprefix('jit')}_ended")
    row.state, row.until = move.target, work.now
    if isinstance(row, JitParticipant):
        authorization.release(work, jit, row.authority_id, Side.PARTICIPANT)
    work.session.flush()
    if isinstance(row, JitMember):
        authorization.bring_in_line(work, jit)
    return row


def _check_parting(work: UnitOfWork, jit: Jit) -> None:
    """No participant goes from under a text that is being signed; from a running team one goes by whoever may sign for it."""
    if jit.state == "signature_pending":
        raise agreement.TextIsSettled(state=jit.state)
    if jit.state == "active":
        work.require(Action.JIT_SIGN, human=True)


def one(work: UnitOfWork, model: type[P], jit_id: UUID, row_id: UUID, version: int | None = None) -> P:
    """One row that is named in one team."""
    row = work.one(model, row_id, version=version)
    if row.jit_id != jit_id:
        raise NotFound
    return row


def _signs(work: UnitOfWork) -> bool:
    return work.actor.may(Action.JIT_SIGN) and work.actor.human


def moves(work: UnitOfWork, model: type[P], jit_id: UUID, row_id: UUID) -> dict[str, Any]:
    """Say where a party or a place stands, and what the caller may do about it."""
    row = one(work, model, jit_id, row_id)
    jit = work.one(Jit, jit_id)
    life = PARTY_LIFECYCLE if isinstance(row, JitParty) else PLACE_LIFECYCLE
    own = authorization.mine(work, jit_id) is not None
    state = jit.stands(work.now)
    foreign = _foreign(work, row)
    allowed = [
        m.to_dict()
        for m in life.leaving(row.state)
        if own and work.actor.may(m.by) and not (foreign and m.event != "remove")
        if not isinstance(row, JitParty) or _may_change(state, m.event)
        if not isinstance(row, JitParticipant) or (state != "signature_pending" and (state != "active" or _signs(work)))
    ]
    return {"state": row.state, "allowed": allowed, "etag": row.etag}
