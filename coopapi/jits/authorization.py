"""Decide who acts in a team: a State that is a party, a State that is to join, or an organisation that may only read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import select, text

from coopapi.directory.entries import known_authority
from coopapi.directory.models import Authority
from coopapi.errors import Forbidden, NotFound, Unprocessable, broken, fault
from coopapi.jits.lifecycles import AFTER
from coopapi.jits.models import (
    INSIDE,
    Jit,
    JitAmendment,
    JitAssociate,
    JitEvaluation,
    JitMember,
    JitParticipant,
    JitParty,
    JitSignature,
    OfTeam,
)
from coopapi.shared import parties
from coopapi.shared.lifecycle import Lifecycle, Side
from coopapi.shared.recording import may_record_for, moment_of, recorded_of
from coopapi.shared.shared_cases import end_shares, reshare
from coopapi.shared.workflow import Effect, Standing, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.together import grouped, together
from coopapi.store.vault import key_of, seal, unseal

Q = TypeVar("Q", bound=OfTeam)
_INSTANT: Final = timedelta(microseconds=1)
_NO_STATE: Final = frozenset({"organisation", "eurojust_desk", "service_provider", "hotline", "supervisory_authority"})
_BESIDE: Final = frozenset({"organisation", "eurojust_desk", "eurojust_contact_point", "liaison_prosecutor", "jit_expert"})


class NotAParty(Forbidden):
    """Only the States that are parties to the agreement may do this.

    Ask the authority that represents your State in the team to take this step.
    """


class OneAuthorityForEachState(Unprocessable):
    """Each State can be a party only once, through one authority.

    Work with the authority that already represents that State, or replace it.
    """


class SpeaksForItself(Forbidden):
    """The authority of that State uses this register and must take the step itself.

    Ask the authority of that State. You may record a step for another State only if its authority has no users in this
    register.
    """


@dataclass(slots=True)
class TeamRow(Generic[Q]):
    """A row of a team together with the team."""

    jit: Jit
    row: Q


def locked(work: UnitOfWork, jit_id: UUID, version: int | None = None) -> Jit:
    """Return a team, locked against other writers; raise `NotAParty` if the caller does not negotiate in it."""
    work.one(Jit, jit_id)
    if Side.NEGOTIATING not in parties.sides(work, jit_id):
        raise NotAParty
    return work.one(Jit, jit_id, version=version, lock=True)


def lock_row(work: UnitOfWork, found: TeamRow[Q], version: int) -> TeamRow[Q]:
    """Lock a team and then a row of it, so that steps in one team are taken one after the other."""
    jit = locked(work, found.jit.id)
    return TeamRow(jit, work.one(type(found.row), found.row.id, version=version, lock=True))


def workflow(model: type[Q], lifecycle: Lifecycle, finish: Effect[TeamRow[Q]], **more: Any) -> Workflow[TeamRow[Q]]:
    """Return the workflow of one kind of row of a team. `more` are further fields of `Workflow`."""
    kind = model.__kind__.removeprefix("jit")

    def find(work: UnitOfWork, **ids: UUID) -> TeamRow[Q]:
        jit, row = work.one(Jit, ids["jit_id"]), work.one(model, ids[f"{kind}_id"])
        if row.jit_id != jit.id:
            raise NotFound
        return TeamRow(jit, row)

    fields: dict[str, Any] = {
        "name": f"jit_{kind}",
        "lifecycles": (lifecycle,),
        "find": find,
        "lock": lock_row,
        "row": lambda found: found.row,
        "state": lambda _, found: found.row.state,
        "standing": lambda work, found: standing(work, found.jit.id),
        "finish": finish,
        "wrong_side": NotAParty,
    }
    return Workflow[TeamRow[Q]](**{**fields, **more})


def state_of_place(work: UnitOfWork, jit: Jit, row: JitMember | JitParticipant | JitAssociate, *, gone: bool) -> str:
    """Return the state of a place in a team. It ends with its period, with the team, and for a member when its State has gone."""
    over = gone or (row.until is not None and row.until <= work.now) or jit.stands(work.now) in AFTER
    return "ended" if over else row.state


def countries_of(work: UnitOfWork, jit_id: UUID) -> set[str | None]:
    """Return the countries of the present parties of a team."""
    return {party.country for party in of_team(work, jit_id)}


def of_team(work: UnitOfWork, jit_id: UUID) -> list[JitParty]:
    """Return the present parties of a team."""
    return _of_teams(work, jit_id)


@together
def _of_teams(work: UnitOfWork, jit_ids: Sequence[UUID]) -> dict[UUID, list[JitParty]]:
    present = work.all(JitParty).where(JitParty.jit_id.in_(jit_ids), JitParty.state == "party")
    return grouped(jit_ids, work.session.scalars(present.order_by(JitParty.id)), lambda row: row.jit_id)


def mine(work: UnitOfWork, jit_id: UUID) -> JitParty | None:
    """Return the party of the caller's authority, or None."""
    return next((party for party in of_team(work, jit_id) if party.authority_id == work.actor.authority_id), None)


def require_party(work: UnitOfWork, jit: Jit) -> JitParty:
    """Return the caller's party; raise `NotAParty` if its authority is not one now."""
    party = mine(work, jit.id)
    if party is None:
        raise NotAParty
    return party


def standing(work: UnitOfWork, jit_id: UUID) -> Standing:
    """Return the standing of a caller in a team: it acts for a State if its authority is a party."""
    return (
        Standing.on(Side.NEGOTIATING) if mine(work, jit_id) else Standing(refusal="Your authority is not a party to the agreement.")
    )


def signing(work: UnitOfWork, jit: Jit, joining: UUID | None = None) -> set[UUID]:
    """Return the authorities that sign a text of a team: its parties, and the authority that joins by it."""
    return {party.authority_id for party in of_team(work, jit.id)} | ({joining} if joining else set())


def recordable(work: UnitOfWork, jit: Jit, joining: UUID | None = None) -> set[UUID]:
    """Return the signing authorities for which the caller, as a party, may record steps because they have no users here."""
    if mine(work, jit.id) is None:
        return set()
    others = signing(work, jit, joining) - {work.actor.authority_id}
    return {authority_id for authority_id in others if may_record_for(work, jit.id, authority_id)}


def acting_authority(work: UnitOfWork, jit: Jit, recorded: Mapping[str, Any] | None, joining: UUID | None = None) -> UUID:
    """Return the authority that acts: the caller's, or the one whose act is recorded because it has no users here.

    Raises `NotAParty`, `SpeaksForItself` and `Unprocessable`.
    """
    if recorded is None:
        return work.actor.authority_id
    require_party(work, jit)
    authority_id: UUID = recorded["authority_id"]
    own = authority_id == work.actor.authority_id
    if not own and authority_id not in signing(work, jit, joining):
        raise fault("/recorded/authority_id", "party", "You may record this only for a party or for the State that joins.")
    if not own and not may_record_for(work, jit.id, authority_id):
        raise SpeaksForItself
    moment_of(work, recorded, own=own)
    return authority_id


def put_recorded(work: UnitOfWork, jit: Jit, row_id: UUID, recorded: Mapping[str, Any] | None) -> bytes | None:
    """Encrypt when, how and by which proof the act of a State without users here is known."""
    return seal(key_of(work, jit), {"recorded": recorded}, row_id, "recorded") if recorded else None


def read_recorded(work: UnitOfWork, jit: Jit, row: JitAmendment | JitEvaluation | JitSignature) -> dict[str, Any] | None:
    """Decrypt when, how and by which proof the act of a State without users here is known."""
    return recorded_of(unseal(key_of(work, jit), row.recorded, row.id, "recorded")) if row.recorded else None


def place_of(work: UnitOfWork, jit_id: UUID) -> str:
    """Return the caller's place in the team: `party`, `joining` or `participant`."""
    if mine(work, jit_id):
        return "party"
    sides = parties.sides(work, jit_id)
    return "joining" if sides & set(INSIDE) else "participant"


def state_authority(work: UnitOfWork, authority_id: UUID, pointer: str) -> Authority:
    """Return an authority of a State, which may be a party; raise `Unprocessable` for an organisation."""
    found = known_authority(work, authority_id, pointer)
    if found.type in _NO_STATE or found.country is None:
        raise fault(pointer, "member_state", "An organisation cannot be a party or a member; it takes part under Art. 13(12).")
    return found


def participant_authority(work: UnitOfWork, authority_id: UUID, pointer: str) -> Authority:
    """Return an organisation or a desk, which may be a participant; raise `Unprocessable` for the authority of a State."""
    found = known_authority(work, authority_id, pointer)
    if found.type not in _BESIDE:
        raise fault(
            pointer,
            "participant",
            "An authority of a State can only join as a party; only organisations and desks are participants.",
        )
    return found


def check_new_state(work: UnitOfWork, jit_id: UUID, country: str | None, pointer: str) -> None:
    """Raise `OneAuthorityForEachState` if the State is a party already."""
    if any(party.country == country for party in of_team(work, jit_id)):
        rule = broken(pointer, "one_per_state", f"{country} is already a party.")
        raise OneAuthorityForEachState(errors=[rule])


def seat(work: UnitOfWork, jit: Jit) -> None:
    """Give the parties and participants of an active team access until its end, to the team and to its cases."""
    for party in of_team(work, jit.id):
        parties.admit(work, jit.id, party.authority_id, Side.MEMBER, until=jit.until)
    seat_participants(work, jit, jit.until)
    update_shared_access(work, jit)


def seat_participants(work: UnitOfWork, jit: Jit, until: datetime | None) -> None:
    """Give each participant access to the team until its own end or the end of the team, whichever is earlier."""
    serving = work.all(JitParticipant).where(JitParticipant.jit_id == jit.id, JitParticipant.state == "serving")
    for row in work.session.scalars(serving):
        ends = [end for end in (row.until, until) if end is not None]
        parties.admit(work, jit.id, row.authority_id, Side.PARTICIPANT, acting=False, until=min(ends, default=None))


def dissolve(work: UnitOfWork, jit: Jit) -> None:
    """End all access to the team and its cases, except for the negotiating sides, which the evaluation needs."""
    for party in of_team(work, jit.id):
        parties.admit(work, jit.id, party.authority_id, Side.MEMBER, until=work.now)
    seat_participants(work, jit, work.now)
    update_shared_access(work, jit)


def release(work: UnitOfWork, jit: Jit, authority_id: UUID, *sides: Side) -> None:
    """End an authority's parts at this moment. It is still told of the step that ends them."""
    for side in sides:
        parties.admit(work, jit.id, authority_id, side, acting=side != Side.PARTICIPANT, until=work.now + _INSTANT)


def take_back(work: UnitOfWork, jit: Jit, authority_id: UUID) -> None:
    """End the sharing of an authority's cases, and the membership of its State's people, after it has left the team."""
    end_shares(work, jit.id, authority_id)
    work.session.execute(text("select priv.end_members(:jit, :authority)"), {"jit": jit.id, "authority": authority_id})
    update_shared_access(work, jit)


def update_shared_access(work: UnitOfWork, jit: Jit) -> None:
    """Give the present members, and no one else, access to the shared cases."""
    reshare(work, jit.id, f"joint investigation team {jit.id}")


def country_of(work: UnitOfWork, authority_id: UUID) -> str | None:
    """Return the country of an authority."""
    found: str | None = work.session.scalar(select(Authority.country).where(Authority.id == authority_id))
    return found
