"""Who is named in a team, over HTTP: parties, members, participants, associates."""

from typing import Final

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, children
from coopapi.http.paging import Order
from coopapi.jits import membership, presentation
from coopapi.jits.models import Jit, JitAssociate, JitMember, JitParticipant, JitParty
from coopapi.jits.responses import JitAssociateOut, JitMemberOut, JitParticipantOut, JitPartyOut
from coopapi.jits.schemas import JitAssociateIn, JitMemberIn, JitParticipantIn, JitPartyIn, PartyStepIn

blp = Blueprint(
    "jit_people",
    __name__,
    url_prefix="/api/v1",
    description="Parties, members, participants and associates of joint investigation teams",
)
_ACTIONS: Final = Action.JIT_READ, Action.JIT_WRITE
_ONE: Final = "/jits/<uuid:jit_id>"
_PEOPLE: Final = presentation.show_people

_PARTIES = Collection(blp, f"{_ONE}/parties", JitPartyOut, *_ACTIONS, presentation.show_parties, "/<uuid:party_id>")
_PARTIES.list(
    "list_jit_parties",
    children(Jit, JitParty.jit_id),
    "List the States in a team, their leaders, and when each of them signed.",
    order=Order((JitParty.id,), descending=False),
)
_PARTIES.add(
    "add_jit_party",
    membership.add_party,
    "Add a State while the text is open; after the signatures it can join only by an amendment.",
    body=JitPartyIn,
)
_PARTIES.steps(
    membership.PARTY,
    "Name the leader of your State or of a State without users here (`lead`), or remove a State from the draft (`remove`).",
    body=PartyStepIn,
)

_MEMBERS = Collection(blp, f"{_ONE}/members", JitMemberOut, *_ACTIONS, _PEOPLE, "/<uuid:member_id>")
_MEMBERS.list(
    "list_jit_members",
    children(Jit, JitMember.jit_id),
    "List the members of the team (only for States in the team, not for participants).",
    order=Order((JitMember.id,), descending=False),
)
_MEMBERS.add(
    "add_jit_member", membership.add_member, "Add a member of your own State, under a name or a security number.", body=JitMemberIn
)
_MEMBERS.steps(membership.MEMBER, "End the membership of a person of your own State (`end`).")

_PARTICIPANTS = Collection(blp, f"{_ONE}/participants", JitParticipantOut, *_ACTIONS, _PEOPLE, "/<uuid:participant_id>")
_PARTICIPANTS.list(
    "list_jit_participants",
    children(Jit, JitParticipant.jit_id),
    "List the organisations that take part in the team, and on which terms.",
    order=Order((JitParticipant.id,), descending=False),
)
_PARTICIPANTS.add(
    "add_jit_participant",
    membership.add_participant,
    "Add an organisation while the text is open; after the signatures it can take part only by an amendment.",
    body=JitParticipantIn,
)
_PARTICIPANTS.steps(
    membership.PARTICIPANT, "End the participation of an organisation (`end`); its access ends with the next request."
)

_ASSOCIATES = Collection(blp, f"{_ONE}/associates", JitAssociateOut, *_ACTIONS, _PEOPLE, "/<uuid:associate_id>")
_ASSOCIATES.list(
    "list_jit_associates",
    children(Jit, JitAssociate.jit_id),
    "List the persons and bodies with whom the team works informally.",
    order=Order((JitAssociate.id,), descending=False),
)
_ASSOCIATES.add(
    "add_jit_associate",
    membership.add_associate,
    "Record a person or body with whom the team works informally; this gives no access.",
    body=JitAssociateIn,
)
_ASSOCIATES.steps(membership.ASSOCIATE, "End the cooperation with an associate (`end`).")
