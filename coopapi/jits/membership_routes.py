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

blp = Blueprint("jit_people", __name__, url_prefix="/api/v1", description="Who is named in joint investigation teams")
_ONE: Final = "/jits/<uuid:jit_id>"


@blp.route(f"{_ONE}/parties", allow=Action.JIT_READ, query=Paged, returns=JitPartyOut, page=True, show=presentation.show_parties)
def list_jit_parties(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the States in a team, their leaders, and when each signed."""
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
    """Bring a State in while the text is open; later it joins by an amendment."""
    return membership.add_party(work, jit_id, data)


blp.workflow(
    f"{_ONE}/parties/<uuid:party_id>",
    membership.PARTY,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    body=PartyStepIn,
    returns=JitPartyOut,
    show=presentation.show_parties,
    about="Name the leader of your State or of one that has nobody here (`lead`), or take a State out of the draft (`remove`).",
)


@blp.route(f"{_ONE}/members", allow=Action.JIT_READ, query=Paged, returns=JitMemberOut, page=True, show=presentation.show_people)
def list_jit_members(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the people who work in the team: for the States in it, and for no participant."""
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
    """Enter a person of your own State, under a name or a security number."""
    return membership.add_member(work, jit_id, data)


blp.workflow(
    f"{_ONE}/members/<uuid:member_id>",
    membership.MEMBER,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    returns=JitMemberOut,
    show=presentation.show_people,
    about="End the place of a person of your own State (`end`).",
)


@blp.route(
    f"{_ONE}/participants", allow=Action.JIT_READ, query=Paged, returns=JitParticipantOut, page=True, show=presentation.show_people
)
def list_jit_participants(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List the organisations beside the team, and by which terms they take part."""
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
    """Let an organisation take part while the text is open; later it comes by an amendment."""
    return membership.add_participant(work, jit_id, data)


blp.workflow(
    f"{_ONE}/participants/<uuid:participant_id>",
    membership.PARTICIPANT,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    returns=JitParticipantOut,
    show=presentation.show_people,
    about="End an organisation's part (`end`): it is gone at the next request.",
)


@blp.route(
    f"{_ONE}/associates", allow=Action.JIT_READ, query=Paged, returns=JitAssociateOut, page=True, show=presentation.show_people
)
def list_jit_associates(wanted: dict[str, Any], *, jit_id: UUID, work: UnitOfWork) -> Page:
    """List whom the team works with informally."""
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
    """Note somebody whom the team works with informally: it gives no access to anything."""
    return membership.add_associate(work, jit_id, data)


blp.workflow(
    f"{_ONE}/associates/<uuid:associate_id>",
    membership.ASSOCIATE,
    read=Action.JIT_READ,
    act=Action.JIT_WRITE,
    returns=JitAssociateOut,
    show=presentation.show_people,
    about="End working with an associate (`end`).",
)
