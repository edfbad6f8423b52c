"""Who acts in a team: a State that is a party, one that is to join, or an organisation beside it that only reads."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from coopapi.directory.models import Authority
from coopapi.errors import Forbidden, Unprocessable, fault
from coopapi.evidence.authorization import stands_in
from coopapi.evidence.service import recorded_of
from coopapi.jits.models import INSIDE, Jit, JitAmendment, JitEvaluation, JitParticipant, JitParty, JitSignature, through
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side, Transition
from coopapi.shared.shared_cases import end_shares, reshare
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal, unseal

_INSTANT: Final = timedelta(microseconds=1)
_NO_STATE: Final = frozenset({"organisation", "eurojust_desk", "service_provider", "hotline", "supervisory_authority"})
_BESIDE: Final = frozenset({"organisation", "eurojust_desk", "eurojust_contact_point", "liaison_prosecutor", "jit_expert"})


class NotAParty(Forbidden):
    """That is for the States that are parties to the agreement.

    Ask the authority of your State that is a party to take this step.
    """


class OneAuthorityForEachState(Unprocessable):
    """Each State is a party once, through one authority.

    Work through the authority that is the party of that State, or replace it.
    """


class SpeaksForItself(Forbidden):
    """That State has people here: they act for it.

    Leave the step to that State's own people; only for a State with nobody here may others record it.
    """


def locked(work: UnitOfWork, jit_id: UUID, version: int | None = None) -> Jit:
    """A team, locked against other writers, for whoever negotiates in it; one whose time has passed is ended now."""
    work.one(Jit, jit_id)
    if Side.NEGOTIATING not in {part.side for part in parties.parts(work, jit_id)}:
        raise NotAParty
    jit = work.one(Jit, jit_id, version=version, lock=True)
    if jit.stands(work.now) != jit.state:
        jit.state, jit.end_reason, jit.ended_at = "ended", "expiry", jit.until
    return jit


def of_team(work: UnitOfWork, jit_id: UUID) -> list[JitParty]:
    """The parties of a team as it is now."""
    return list(work.session.scalars(work.all(JitParty).where(through(jit_id)).order_by(JitParty.id)))


def mine(work: UnitOfWork, jit_id: UUID) -> JitParty | None:
    """The caller's own State in the team."""
    return next((party for party in of_team(work, jit_id) if party.authority_id == work.actor.authority_id), None)


def require_party(work: UnitOfWork, jit: Jit) -> JitParty:
    """Stop unless the caller's authority is a party now."""
    party = mine(work, jit.id)
    if party is None:
        raise NotAParty
    return party


def take(work: UnitOfWork, jit: Jit, move: Transition) -> None:
    """Stop unless the caller may take a step for its own State."""
    require_party(work, jit)
    work.require(move.by, human=move.human)


def speaker(work: UnitOfWork, jit: Jit, recorded: Mapping[str, Any] | None, *joining: UUID) -> UUID:
    """For whom an act is: the caller's authority, or, recorded by a party, one that has nobody here."""
    if recorded is None:
        return work.actor.authority_id
    require_party(work, jit)
    authority_id: UUID = recorded["authority_id"]
    if authority_id == work.actor.authority_id:
        raise fault("/recorded", "own_side", "this is your own State: act for it, there is nobody to record it for")
    if authority_id not in {party.authority_id for party in of_team(work, jit.id)} | set(joining):
        raise fault("/recorded/authority_id", "party", "only for a party, or for the State that joins")
    if not stands_in(work, jit.id, authority_id):
        raise SpeaksForItself
    if recorded["at"] > work.now:
        raise fault("/recorded/at", "order_of_time", "not in the future")
    return authority_id


def put_recorded(work: UnitOfWork, jit: Jit, row_id: UUID, recorded: Mapping[str, Any] | None) -> bytes | None:
    """Seal how one knows what a State did that has nobody here."""
    return seal(key_of(work, jit), {"recorded": recorded}, row_id, "recorded") if recorded else None


def read_recorded(work: UnitOfWork, jit: Jit, row: JitAmendment | JitEvaluation | JitSignature) -> dict[str, Any] | None:
    """Open how one knows what a State did that has nobody here."""
    return recorded_of(unseal(key_of(work, jit), row.recorded, row.id, "recorded")) if row.recorded else None


def place_of(work: UnitOfWork, jit_id: UUID) -> str:
    """Where the caller stands: party, joining, participant."""
    if mine(work, jit_id):
        return "party"
    sides = {part.side for part in parties.parts(work, jit_id)}
    return "joining" if sides & set(INSIDE) else "participant"


def state_authority(work: UnitOfWork, authority_id: UUID, pointer: str) -> Authority:
    """A State's authority, such as may be a party; an organisation never is (M11)."""
    found = known(work, authority_id, pointer)
    if found.type in _NO_STATE or found.country is None:
        raise fault(pointer, "member_state", "an organisation is no party and no member: it takes part by Art. 13(12)")
    return found


def beside(work: UnitOfWork, authority_id: UUID, pointer: str) -> Authority:
    """An organisation or a desk, such as may take part beside the team."""
    found = known(work, authority_id, pointer)
    if found.type not in _BESIDE:
        raise fault(pointer, "participant", "a State's authority joins as a party; organisations and desks take part")
    return found


def known(work: UnitOfWork, authority_id: UUID, pointer: str) -> Authority:
    """An authority of the directory."""
    found = work.session.scalar(work.all(Authority).where(Authority.id == authority_id))
    if found is None:
        raise fault(pointer, "unknown", "there is no such authority")
    return found


def check_new_state(work: UnitOfWork, jit_id: UUID, country: str | None, pointer: str) -> None:
    """Stop if the State is a party already."""
    if any(party.country == country for party in of_team(work, jit_id)):
        rule = {"in": "body", "pointer": pointer, "rule": "one_per_state", "detail": f"{country} is a party already"}
        raise OneAuthorityForEachState(errors=[rule])


def seat(work: UnitOfWork, jit: Jit) -> None:
    """Give every party and participant of a running team its part until the team's end, and access to the cases with it."""
    for party in of_team(work, jit.id):
        parties.admit(work, jit.id, party.authority_id, Side.MEMBER, until=jit.until)
    seat_participants(work, jit, jit.until)
    bring_in_line(work, jit)


def seat_participants(work: UnitOfWork, jit: Jit, until: datetime | None) -> None:
    """Let every participant see the team until its own end or the team's."""
    serving = work.all(JitParticipant).where(JitParticipant.jit_id == jit.id, JitParticipant.state == "serving")
    for row in work.session.scalars(serving):
        ends = [end for end in (row.until, until) if end is not None]
        parties.admit(work, jit.id, row.authority_id, Side.PARTICIPANT, acting=False, until=min(ends, default=None))


def dissolve(work: UnitOfWork, jit: Jit) -> None:
    """End every part in the team but that of negotiating, which evaluation needs; access to the cases ends with it."""
    for party in of_team(work, jit.id):
        parties.admit(work, jit.id, party.authority_id, Side.MEMBER, until=work.now)
    seat_participants(work, jit, work.now)
    bring_in_line(work, jit)


def release(work: UnitOfWork, jit: Jit, authority_id: UUID, *sides: Side) -> None:
    """End an authority's parts with this moment: it is still told of the step that ends them, and of none after it."""
    for side in sides:
        parties.admit(work, jit.id, authority_id, side, acting=side != Side.PARTICIPANT, until=work.now + _INSTANT)


def take_back(work: UnitOfWork, jit: Jit, authority_id: UUID) -> None:
    """End what an authority shared, and the places of its State's people, once it is in the team no more."""
    end_shares(work, jit.id, authority_id)
    work.session.execute(text("select priv.end_members(:jit, :authority)"), {"jit": jit.id, "authority": authority_id})
    bring_in_line(work, jit)


def bring_in_line(work: UnitOfWork, jit: Jit) -> None:
    """Access to the shared cases for members, while they are, and for nobody else."""
    reshare(work, jit.id, f"joint investigation team {jit.id}")


def country_of(work: UnitOfWork, authority_id: UUID) -> str | None:
    """The country of an authority."""
    found: str | None = work.session.scalar(select(Authority.country).where(Authority.id == authority_id))
    return found
