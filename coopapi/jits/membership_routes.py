"""Who is named in a team, over HTTP: parties, members, participants, associates."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.jits import membership, presentation
from coopapi.jits.models import Jit, JitAssociate, JitMember, JitParticipant, JitParty
from coopapi.jits.responses import JitAssociateOut, JitMemberOut, JitParticipantOut, JitPartyOut
from coopapi.jits.schemas import JitAssociateIn, JitMemberIn, JitParticipantIn, JitPartyIn, PartyStepIn
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "jit_people",
    __name__,
    url_prefix="/api/v1",
    description="Parties, members, participants and associates of joint investigation teams",
)
_ONE: Final = "/jits/<uuid:jit_id>"


@blp.route(f"{_ONE}/parties", allow=Action.JIT_READ, query=Paged, returns=JitPartyOut, page=True, show=presentation.show_parties)
def list_jit_parties(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the States in a team, their leaders, and when each of them signed."""
    query = work.all(JitParty).where(JitParty.jit_id == work.one(Jit, jit_id).id)
    return page(work, f"jit-parties/{jit_id}", query, Order((JitParty.id,), descending=False), wanted)


@blp.route(
    f"{_ONE}/parties",
    method="POST",
    allow=Action.JIT_WRITE,
    body=JitPartyIn,
    returns=JitPartyOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_parties,
)
def add_jit_party(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitParty:
    """Add a State while the text is open; after the signatures it can join only by an amendment."""
    return membership.add_party(work, jit_id, data)


blp.workflow(
    f"{_ONE}/parties/<uuid:party_id>",
    membership.PARTY,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    body=PartyStepIn,
    returns=JitPartyOut,
    show=presentation.show_parties,
    about="Name the leader of your State or of a State without users here (`lead`), or remove a State from the draft (`remove`).",
)


@blp.route(f"{_ONE}/members", allow=Action.JIT_READ, query=Paged, returns=JitMemberOut, page=True, show=presentation.show_people)
def list_jit_members(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the members of the team (only for States in the team, not for participants)."""
    query = work.all(JitMember).where(JitMember.jit_id == work.one(Jit, jit_id).id)
    return page(work, f"jit-members/{jit_id}", query, Order((JitMember.id,), descending=False), wanted)


@blp.route(
    f"{_ONE}/members",
    method="POST",
    allow=Action.JIT_WRITE,
    body=JitMemberIn,
    returns=JitMemberOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_people,
)
def add_jit_member(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitMember:
    """Add a member of your own State, under a name or a security number."""
    return membership.add_member(work, jit_id, data)


blp.workflow(
    f"{_ONE}/members/<uuid:member_id>",
    membership.MEMBER,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    returns=JitMemberOut,
    show=presentation.show_people,
    about="End the membership of a person of your own State (`end`).",
)


@blp.route(
    f"{_ONE}/participants", allow=Action.JIT_READ, query=Paged, returns=JitParticipantOut, page=True, show=presentation.show_people
)
def list_jit_participants(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the organisations that take part in the team, and on which terms."""
    query = work.all(JitParticipant).where(JitParticipant.jit_id == work.one(Jit, jit_id).id)
    return page(work, f"jit-participants/{jit_id}", query, Order((JitParticipant.id,), descending=False), wanted)


@blp.route(
    f"{_ONE}/participants",
    method="POST",
    allow=Action.JIT_WRITE,
    body=JitParticipantIn,
    returns=JitParticipantOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_people,
)
def add_jit_participant(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitParticipant:
    """Add an organisation while the text is open; after the signatures it can take part only by an amendment."""
    return membership.add_participant(work, jit_id, data)


blp.workflow(
    f"{_ONE}/participants/<uuid:participant_id>",
    membership.PARTICIPANT,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    returns=JitParticipantOut,
    show=presentation.show_people,
    about="End the participation of an organisation (`end`); its access ends with the next request.",
)


@blp.route(
    f"{_ONE}/associates", allow=Action.JIT_READ, query=Paged, returns=JitAssociateOut, page=True, show=presentation.show_people
)
def list_jit_associates(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the persons and bodies with whom the team works informally."""
    query = work.all(JitAssociate).where(JitAssociate.jit_id == work.one(Jit, jit_id).id)
    return page(work, f"jit-associates/{jit_id}", query, Order((JitAssociate.id,), descending=False), wanted)


@blp.route(
    f"{_ONE}/associates",
    method="POST",
    allow=Action.JIT_WRITE,
    body=JitAssociateIn,
    returns=JitAssociateOut,
    status=HTTPStatus.CREATED,
    show=presentation.show_people,
)
def add_jit_associate(data: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> JitAssociate:
    """Record a person or body with whom the team works informally; this gives no access."""
    return membership.add_associate(work, jit_id, data)


blp.workflow(
    f"{_ONE}/associates/<uuid:associate_id>",
    membership.ASSOCIATE,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    returns=JitAssociateOut,
    show=presentation.show_people,
    about="End the cooperation with an associate (`end`).",
)
