"""Add and remove the parties, members, participants and associates of a team."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi.access import Action
from coopapi.errors import Conflict, fault
from coopapi.jits import agreement, authorization, case_sharing
from coopapi.jits.authorization import TeamRow
from coopapi.jits.lifecycles import AFTER, OPEN, PARTY_LIFECYCLE, PLACE_LIFECYCLE
from coopapi.jits.models import Jit, JitAssociate, JitMember, JitParticipant, JitParty
from coopapi.jits.notifications import tell
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.recording import may_record_for
from coopapi.shared.workflow import Standing, Step
from coopapi.store.db import UnitOfWork

_OVER: Final = (*AFTER, "abandoned")


class TeamHasEnded(Conflict):
    """The team has ended, so nobody can join it.

    Set up a new team.
    """


class ByAmendmentOnly(Conflict):
    """The agreement is signed, so parties and participants can join only by an amendment that all parties sign.

    Propose an amendment with `change` set to `join` or `participant`.
    """


class InTheTeamAlready(Conflict):
    """The authority or the person is already in the team.

    Use the existing entry, or end it first.
    """


def _working(work: UnitOfWork, jit_id: UUID) -> Jit:
    jit = authorization.locked(work, jit_id)
    authorization.require_party(work, jit)
    if (state := jit.stands(work.now)) in _OVER:
        raise TeamHasEnded(state=state)
    return jit


def add_party(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitParty:
    """Add a State while the text is open; raise `ByAmendmentOnly` afterwards."""
    jit = _working(work, jit_id)
    if jit.state not in OPEN:
        raise ByAmendmentOnly(state=jit.state)
    party = agreement.invite(work, jit, data, "/authority_id")
    tell(work, jit, "party_added", authority=str(party.authority_id), country=party.country)
    return party


def _require_open_text(step: Step[TeamRow[JitParty]]) -> None:
    """Raise `TextIsSettled` unless the text is open. A State may also replace its leader while the team is active."""
    state = step.thing.jit.stands(step.work.now)
    if state not in OPEN and not (step.event == "lead" and state == "active"):
        raise agreement.TextIsSettled(state=state)


def _require_own_leader(step: Step[TeamRow[JitParty]]) -> None:
    work, party = step.work, step.thing.row
    if party.authority_id != work.actor.authority_id and not may_record_for(work, party.jit_id, party.authority_id):
        raise authorization.NotAParty(
            "Each State names its own leader. For a State without users here, another State may name only the office."
        )


def _lead(step: Step[TeamRow[JitParty]]) -> None:
    """Set the leader of the caller's State, or of a State without users here."""
    work, jit, leader = step.work, step.thing.jit, step.data.get("leader")
    if not leader:
        raise fault("/leader", "required", "Name the leader.")
    agreement.lead(work, jit, step.thing.row, leader)
    if jit.state == "active":
        work.session.flush()
        authorization.update_shared_access(work, jit)


def _remove(step: Step[TeamRow[JitParty]]) -> None:
    """Remove a State from the draft."""
    work, jit, party = step.work, step.thing.jit, step.thing.row
    party.state, party.left_at = step.transition.target, work.now
    work.session.flush()
    authorization.take_back(work, jit, party.authority_id)
    authorization.release(work, jit, party.authority_id, Side.NEGOTIATING)


def _tell_of_party(step: Step[TeamRow[JitParty]]) -> None:
    party, done = step.thing.row, {"lead": "leader_named", "remove": "party_removed"}[step.event]
    tell(step.work, step.thing.jit, done, authority=str(party.authority_id), country=party.country)


PARTY: Final = authorization.workflow(
    JitParty,
    PARTY_LIFECYCLE,
    _tell_of_party,
    always=(_require_open_text,),
    guards={"lead": (_require_own_leader,)},
    effects={"lead": _lead, "remove": _remove},
)


def add_member(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitMember:
    """Add a person of the caller's State as a member; raise `Unprocessable` for an organisation or another State."""
    jit = _working(work, jit_id)
    authority = data.get("authority_id", work.actor.authority_id)
    if authorization.state_authority(work, authority, "/authority_id").country != work.actor.country:
        raise fault("/authority_id", "own_people", "Each State must add its own people.")
    check_period(work, data)
    if person := data.get("principal_id"):
        _check_new_member(work, jit, authority, person)
    said = {name: data.get(name) for name in ("name", "security_id", "position")}
    about = {"authority_id": authority, "principal_id": person, "seconded": data.get("seconded", False)}
    member = work.add(parties.new_part(work, JitMember, jit, said, **about, **_period(work, data)))
    if jit.state == "active":
        authorization.update_shared_access(work, jit)
    tell(work, jit, "member_entered", seconded=member.seconded)
    return member


def _period(work: UnitOfWork, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"since": data.get("since", work.now), "until": data.get("until")}


def check_period(work: UnitOfWork, data: Mapping[str, Any]) -> None:
    """Raise `Unprocessable` for a period that ends before it begins, or in the past."""
    until = data.get("until")
    if until is not None and until <= max(data.get("since") or work.now, work.now):
        raise fault("/until", "order_of_time", "The end must be after the beginning and not in the past.")


def _check_new_member(work: UnitOfWork, jit: Jit, authority_id: UUID, person: UUID) -> None:
    """Raise a fault unless the person belongs to the caller's State and is not a member now (`InTheTeamAlready`)."""
    case_sharing.own_person(work, authority_id, person, "/principal_id")
    places = work.all(JitMember).where(JitMember.jit_id == jit.id, JitMember.principal_id == person, JitMember.state == "serving")
    for place in work.session.scalars(places):
        if place.until is None or place.until > work.now:
            raise InTheTeamAlready
        place.state = "ended"
    work.session.flush()


def add_participant(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitParticipant:
    """Add an organisation as a participant while the text is open; its terms are signed with the text. Raises `ByAmendmentOnly`."""
    jit = _working(work, jit_id)
    if jit.state not in OPEN:
        raise ByAmendmentOnly(state=jit.state)
    row = seat_participant(work, jit, data["authority_id"], data, "/authority_id")
    tell(work, jit, "participant_added", authority=str(row.authority_id), evidence=row.evidence)
    return row


def seat_participant(work: UnitOfWork, jit: Jit, authority_id: UUID, data: Mapping[str, Any], pointer: str) -> JitParticipant:
    """Add a participant. It sees the team until its own end or the end of the team."""
    check_participant(work, jit.id, authority_id, pointer)
    for place in work.session.scalars(_serving(work, jit.id, authority_id)):
        place.state = "ended"
    work.session.flush()
    check_period(work, data)
    if data.get("since", work.now) > work.now:
        raise fault("/since", "order_of_time", "The date must not be in the future, because participation begins now.")
    about = {"authority_id": authority_id, "role": data["role"], "evidence": data.get("evidence", False)}
    row = work.add(parties.new_part(work, JitParticipant, jit, {"terms": data.get("terms")}, **about, **_period(work, data)))
    ends = [end for end in (row.until, jit.until if jit.state == "active" else None) if end is not None]
    parties.admit(work, jit.id, authority_id, Side.PARTICIPANT, acting=False, until=min(ends, default=None))
    return row


def check_participant(work: UnitOfWork, jit_id: UUID, authority_id: UUID, pointer: str) -> None:
    """Raise a fault unless it is an organisation or a desk that does not take part now (`InTheTeamAlready`)."""
    authorization.participant_authority(work, authority_id, pointer)
    if any(place.until is None or place.until > work.now for place in work.session.scalars(_serving(work, jit_id, authority_id))):
        raise InTheTeamAlready


def _serving(work: UnitOfWork, jit_id: UUID, authority_id: UUID) -> Select[JitParticipant]:
    """Select the participant rows that were not ended explicitly, including those whose period has passed."""
    places = work.all(JitParticipant).where(JitParticipant.jit_id == jit_id, JitParticipant.authority_id == authority_id)
    return places.where(JitParticipant.state == "serving")


def add_associate(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitAssociate:
    """Record an informal contact of the team, who gets no access to anything."""
    jit = _working(work, jit_id)
    said = {"name": data["name"], "contact": data["contact"]}
    row = work.add(parties.new_part(work, JitAssociate, jit, said, since=work.now))
    tell(work, jit, "associate_noted")
    return row


def _standing_of_member(work: UnitOfWork, found: TeamRow[JitMember]) -> Standing:
    if authorization.country_of(work, found.row.authority_id) != work.actor.country:
        return Standing(refusal="Each State may only end the membership of its own people.")
    return authorization.standing(work, found.jit.id)


def _require_parting(step: Step[TeamRow[JitParticipant]]) -> None:
    """Raise a fault if a participant cannot leave now.

    During signature it is `TextIsSettled`. While the team is active, only a person who may sign for a State removes a participant.
    """
    state = step.thing.jit.stands(step.work.now)
    if state == "signature_pending":
        raise agreement.TextIsSettled(state=state)
    if state == "active":
        step.work.require(Action.JIT_SIGN, human=True)


def _end_place(step: Step[TeamRow[Any]]) -> None:
    """End the place of a member, a participant or an associate."""
    work, jit, row = step.work, step.thing.jit, step.thing.row
    row.state, row.until = step.transition.target, work.now
    tell(work, jit, f"{row.__kind__.removeprefix('jit')}_ended")
    if isinstance(row, JitParticipant):
        authorization.release(work, jit, row.authority_id, Side.PARTICIPANT)
    if isinstance(row, JitMember):
        authorization.update_shared_access(work, jit)


def _state(work: UnitOfWork, found: TeamRow[Any]) -> str:
    row, jit = found.row, found.jit
    there = authorization.countries_of(work, jit.id) if isinstance(row, JitMember) else set()
    gone = isinstance(row, JitMember) and authorization.country_of(work, row.authority_id) not in there
    return authorization.state_of_place(work, jit, row, gone=gone)


MEMBER: Final = authorization.workflow(JitMember, PLACE_LIFECYCLE, _end_place, state=_state, standing=_standing_of_member)
PARTICIPANT: Final = authorization.workflow(JitParticipant, PLACE_LIFECYCLE, _end_place, state=_state, always=(_require_parting,))
ASSOCIATE: Final = authorization.workflow(JitAssociate, PLACE_LIFECYCLE, _end_place, state=_state)
