"""The directory over HTTP: authorities, people, clients, codelists, and who I am."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import GRANTS, Action
from coopapi.approvals import service as approvals
from coopapi.approvals.models import Approval
from coopapi.approvals.schemas import ApprovalOut
from coopapi.directory import codelists, quota_changes, rights, service
from coopapi.directory.models import Authority, Principal
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
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "directory", __name__, url_prefix="/api/v1", description="Authorities, and the people and machine clients that act for them"
)


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


@blp.route("/authorities", allow=Action.DIRECTORY_READ, query=AuthorityFilter, returns=AuthorityOut, page=True)
def list_authorities(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the authorities in the directory."""
    query = work.all(Authority)
    for name in ("country", "type"):
        if name in wanted:
            query = query.where(getattr(Authority, name) == wanted[name])
    return page(work, "authorities", query, Order((Authority.id,), descending=False), wanted)


@blp.route(
    "/authorities",
    method="POST",
    allow=Action.AUTHORITY_MANAGE,
    body=AuthorityIn,
    returns=AuthorityOut,
    status=HTTPStatus.CREATED,
)
def add_authority(data: dict[str, Any], *, work: UnitOfWork) -> Authority:
    """Add an authority to the directory (administrators of the operator only)."""
    return service.add_authority(work, data)


@blp.route("/authorities/<uuid:authority_id>", allow=Action.DIRECTORY_READ, returns=AuthorityOut)
def get_authority(authority_id: UUID, *, work: UnitOfWork) -> Authority:
    """Show one authority."""
    return work.one(Authority, authority_id)


@blp.route(
    "/authorities/<uuid:authority_id>",
    method="PATCH",
    allow=Action.STAFF_MANAGE,
    body=AuthorityPatch,
    returns=AuthorityOut,
    changes=True,
)
def update_authority(data: dict[str, Any], *, authority_id: UUID, version: int, work: UnitOfWork) -> Authority:
    """Change the name, languages or contact data of an authority."""
    return service.change_authority(work, work.one(Authority, authority_id, version=version), data)


@blp.route(
    "/authorities/<uuid:authority_id>/quota",
    method="POST",
    allow=Action.AUTHORITY_MANAGE,
    body=QuotaIn,
    returns=ApprovalOut,
    status=HTTPStatus.CREATED,
    show=approvals.show,
)
def request_quota_change(data: dict[str, Any], *, authority_id: UUID, work: UnitOfWork) -> Approval:
    """Request other quotas for the clients of an authority.

    They take effect when another administrator of the operator approves them.
    """
    return quota_changes.ask(work, authority_id, data)


@blp.route(
    "/authorities/<uuid:authority_id>/people", allow=Action.STAFF_MANAGE, query=Paged, returns=StaffOut, page=True, show=rights.show
)
def list_people(wanted: dict[str, Any], *, authority_id: UUID, work: UnitOfWork) -> Page:
    """List the people who act for an authority."""
    query = service.staff(work, authority_id, "person")
    return page(work, f"people/{authority_id}", query, Order((Principal.id,)), wanted)


@blp.route(
    "/authorities/<uuid:authority_id>/people",
    method="POST",
    allow=Action.STAFF_MANAGE,
    body=PersonIn,
    returns=StaffOut,
    show=rights.show,
    status=HTTPStatus.CREATED,
)
def add_person(data: dict[str, Any], *, authority_id: UUID, work: UnitOfWork) -> Principal:
    """Add a person who acts for the authority.

    Roles other than admin and auditor wait in `pending` until another administrator approves them.
    """
    return service.add_person(work, authority_id, data)


@blp.route(
    "/authorities/<uuid:authority_id>/people/<uuid:person_id>", allow=Action.STAFF_MANAGE, returns=StaffOut, show=rights.show
)
def get_person(authority_id: UUID, person_id: UUID, *, work: UnitOfWork) -> Principal:
    """Show one person of the authority."""
    return service.one_of_staff(work, authority_id, "person", person_id)


@blp.route(
    "/authorities/<uuid:authority_id>/people/<uuid:person_id>",
    method="PATCH",
    allow=Action.STAFF_MANAGE,
    body=PersonPatch,
    returns=StaffOut,
    show=rights.show,
    changes=True,
)
def update_person(data: dict[str, Any], *, authority_id: UUID, person_id: UUID, version: int, work: UnitOfWork) -> Principal:
    """Change a person of the authority.

    Removed rights end with the next request. New rights wait in `pending` until another administrator approves them.
    """
    return service.change_staff(work, service.one_of_staff(work, authority_id, "person", person_id, version), data)


@blp.route(
    "/authorities/<uuid:authority_id>/clients",
    allow=Action.STAFF_MANAGE,
    query=Paged,
    returns=ClientOut,
    page=True,
    show=rights.show,
)
def list_clients(wanted: dict[str, Any], *, authority_id: UUID, work: UnitOfWork) -> Page:
    """List the machine clients of an authority."""
    query = service.staff(work, authority_id, "client")
    return page(work, f"clients/{authority_id}", query, Order((Principal.id,)), wanted)


@blp.route(
    "/authorities/<uuid:authority_id>/clients",
    method="POST",
    allow=Action.STAFF_MANAGE,
    body=ClientIn,
    returns=ClientOut,
    show=rights.show,
    status=HTTPStatus.CREATED,
)
def add_client(data: dict[str, Any], *, authority_id: UUID, work: UnitOfWork) -> Principal:
    """Add a machine client to the authority, with a key or with a secret that is shown once.

    The client has its roles when another administrator has approved them.
    """
    return service.add_client(work, authority_id, data)


@blp.route(
    "/authorities/<uuid:authority_id>/clients/<uuid:client_id>", allow=Action.STAFF_MANAGE, returns=ClientOut, show=rights.show
)
def get_client(authority_id: UUID, client_id: UUID, *, work: UnitOfWork) -> Principal:
    """Show one machine client."""
    return service.one_of_staff(work, authority_id, "client", client_id)


@blp.route(
    "/authorities/<uuid:authority_id>/clients/<uuid:client_id>",
    method="PATCH",
    allow=Action.STAFF_MANAGE,
    body=ClientPatch,
    returns=ClientOut,
    show=rights.show,
    changes=True,
)
def update_client(data: dict[str, Any], *, authority_id: UUID, client_id: UUID, version: int, work: UnitOfWork) -> Principal:
    """Change a client or end its access.

    New roles, clearance and keys wait in `pending` until another administrator approves them.
    """
    return service.change_staff(work, service.one_of_staff(work, authority_id, "client", client_id, version), data)


@blp.route(
    "/authorities/<uuid:authority_id>/clients/<uuid:client_id>/secret",
    method="POST",
    allow=Action.STAFF_MANAGE,
    returns=ClientOut,
    show=rights.show,
    status=HTTPStatus.CREATED,
    changes=True,
)
def renew_client_secret(authority_id: UUID, client_id: UUID, *, version: int, work: UnitOfWork) -> Principal:
    """Create a new secret for a client; it is shown once.

    It replaces the old secret when another administrator has approved it.
    """
    return service.renew_secret(work, service.one_of_staff(work, authority_id, "client", client_id, version))
