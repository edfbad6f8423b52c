"""The directory over HTTP: authorities, people, clients, codelists, and who I am."""

from http import HTTPStatus
from typing import Any

from coopapi.access import GRANTS, Action
from coopapi.approvals import service as approvals
from coopapi.approvals.schemas import ApprovalOut
from coopapi.directory import codelists, quota_changes, rights, service
from coopapi.directory.models import Authority
from coopapi.directory.schemas import (
    AuthorityFilter,
    AuthorityIn,
    AuthorityOut,
    AuthorityPatch,
    ClientIn,
    ClientOut,
    ClientPatch,
    CodelistNames,
    CodelistOut,
    MeOut,
    PersonIn,
    PersonPatch,
    QuotaIn,
    StaffOut,
)
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.http.paging import Order
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "directory", __name__, url_prefix="/api/v1", description="Authorities, and the people and machine clients that act for them"
)
_ACTIONS = Action.STAFF_MANAGE, Action.STAFF_MANAGE
_ONE = "/authorities/<uuid:authority_id>"


@blp.route("/me", allow=Action.WHOAMI, returns=MeOut)
def get_me(*, work: UnitOfWork) -> dict[str, Any]:
    """Show who you are in this register and what you may do."""
    actor = work.actor
    authority = {"id": str(actor.authority_id), "name": actor.authority_name, "country": actor.country}
    return {
        "id": actor.id,
        "kind": actor.kind,
        "name": actor.name,
        "authority": authority,
        "role": actor.role,
        "roles": actor.roles,
        "victim_cleared": actor.cleared,
        "functions": [function for function in actor.functions if actor.serves_as(function)],
        "actions": sorted(GRANTS[actor.role]),
    }


@blp.route("/codelists", allow=Action.DIRECTORY_READ, returns=CodelistNames)
def list_codelists(*, work: UnitOfWork) -> dict[str, Any]:
    """List the names of the codelists."""
    del work
    return {"items": codelists.names()}


@blp.route("/codelists/<name>", allow=Action.DIRECTORY_READ, returns=CodelistOut)
def get_codelist(name: str, *, work: UnitOfWork) -> dict[str, Any]:
    """Show a codelist: codes, labels in four languages, source."""
    del work
    return service.show_codelist(name)


_AUTHORITIES = Collection(
    blp, "/authorities", AuthorityOut, Action.DIRECTORY_READ, Action.AUTHORITY_MANAGE, item="/<uuid:authority_id>"
)
_AUTHORITIES.list(
    "list_authorities",
    service.authorities,
    "List the authorities in the directory.",
    query=AuthorityFilter,
    order=Order((Authority.id,), descending=False),
)
_AUTHORITIES.add(
    "add_authority",
    service.add_authority,
    "Add an authority to the directory (administrators of the operator only).",
    body=AuthorityIn,
)
_AUTHORITIES.get("get_authority", Authority, "Show one authority.")
_AUTHORITIES.update(
    "update_authority",
    service.change_authority,
    "Change the name, languages or contact data of an authority.",
    allow=Action.STAFF_MANAGE,
    body=AuthorityPatch,
)
_AUTHORITIES.act(
    "/quota",
    "request_quota_change",
    quota_changes.ask,
    """Request other quotas for the clients of an authority.

    They take effect when another administrator of the operator approves them.
    """,
    body=QuotaIn,
    returns=ApprovalOut,
    status=HTTPStatus.CREATED,
    show=approvals.show,
)

_PEOPLE = Collection(blp, f"{_ONE}/people", StaffOut, *_ACTIONS, rights.show, "/<uuid:person_id>")
_PEOPLE.list("list_people", service.people, "List the people who act for an authority.")
_PEOPLE.add(
    "add_person",
    service.add_person,
    """Add a person who acts for the authority.

    Roles other than admin and auditor wait in `pending` until another administrator approves them.
    """,
    body=PersonIn,
)
_PEOPLE.get("get_person", service.person, "Show one person of the authority.")
_PEOPLE.update(
    "update_person",
    service.change_person,
    """Change a person of the authority.

    Removed rights end with the next request. New rights wait in `pending` until another administrator approves them.
    """,
    body=PersonPatch,
)

_CLIENTS = Collection(blp, f"{_ONE}/clients", ClientOut, *_ACTIONS, rights.show, "/<uuid:client_id>")
_CLIENTS.list("list_clients", service.clients, "List the machine clients of an authority.")
_CLIENTS.add(
    "add_client",
    service.add_client,
    """Add a machine client to the authority, with a key or with a secret that is shown once.

    The client has its roles when another administrator has approved them.
    """,
    body=ClientIn,
)
_CLIENTS.get("get_client", service.client, "Show one machine client.")
_CLIENTS.update(
    "update_client",
    service.change_client,
    """Change a client or end its access.

    New roles, clearance and keys wait in `pending` until another administrator approves them.
    """,
    body=ClientPatch,
)
_CLIENTS.act(
    "/secret",
    "renew_client_secret",
    service.renew_secret,
    """Create a new secret for a client; it is shown once.

    It replaces the old secret when another administrator has approved it.
    """,
    status=HTTPStatus.CREATED,
    changes=True,
)
