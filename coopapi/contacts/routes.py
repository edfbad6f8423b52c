"""Points of contact and competences over HTTP."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.contacts import service
from coopapi.contacts.models import Competence, ContactCheck, ContactPoint
from coopapi.contacts.schemas import (
    CompetenceFilter,
    CompetenceIn,
    CompetenceOut,
    CompetencePatch,
    CompetentAuthorityOut,
    ContactCheckIn,
    ContactCheckOut,
    ContactPointFilter,
    ContactPointIn,
    ContactPointOut,
    ContactPointPatch,
    FinderIn,
)
from coopapi.http.api import Blueprint
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.store.db import UnitOfWork

blp = Blueprint(
    "contacts", __name__, url_prefix="/api/v1", description="Points of contact and their hours, and the competences of authorities"
)


@blp.route(
    "/contact-points",
    allow=Action.DIRECTORY_READ,
    query=ContactPointFilter,
    returns=ContactPointOut,
    page=True,
    show=service.show_points,
)
def list_contact_points(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List points of contact, with whether they are reachable now and how they answered recently."""
    return page(work, "contact-points", service.points(work, wanted), Order((ContactPoint.id,)), wanted)


@blp.route(
    "/contact-points",
    method="POST",
    allow=Action.DIRECTORY_KEEP,
    body=ContactPointIn,
    returns=ContactPointOut,
    status=HTTPStatus.CREATED,
    show=service.show_points,
)
def add_contact_point(data: dict[str, Any], *, work: UnitOfWork) -> ContactPoint:
    """Add a point of contact of your authority."""
    return service.add_point(work, data)


@blp.route("/contact-points/<uuid:point_id>", allow=Action.DIRECTORY_READ, returns=ContactPointOut, show=service.show_points)
def get_contact_point(point_id: UUID, *, work: UnitOfWork) -> ContactPoint:
    """Show one point of contact."""
    return work.one(ContactPoint, point_id)


@blp.route(
    "/contact-points/<uuid:point_id>",
    method="PATCH",
    allow=Action.DIRECTORY_KEEP,
    body=ContactPointPatch,
    returns=ContactPointOut,
    changes=True,
    show=service.show_points,
)
def update_contact_point(data: dict[str, Any], *, point_id: UUID, version: int, work: UnitOfWork) -> ContactPoint:
    """Change a point of contact, or record that it was verified today."""
    return service.change_point(work, work.one(ContactPoint, point_id, version=version), data)


@blp.route("/contact-points/<uuid:point_id>/checks", allow=Action.DIRECTORY_READ, query=Paged, returns=ContactCheckOut, page=True)
def list_contact_checks(wanted: dict[str, Any], *, point_id: UUID, work: UnitOfWork) -> Page:
    """List how a point of contact answered when it was called."""
    query = work.all(ContactCheck).where(ContactCheck.contact_point_id == work.one(ContactPoint, point_id).id)
    return page(work, f"checks/{point_id}", query, Order((ContactCheck.id,)), wanted)


@blp.route(
    "/contact-points/<uuid:point_id>/checks",
    method="POST",
    allow=Action.MLA_TRANSMIT,
    body=ContactCheckIn,
    returns=ContactCheckOut,
    status=HTTPStatus.CREATED,
)
def add_contact_check(data: dict[str, Any], *, point_id: UUID, work: UnitOfWork) -> ContactCheck:
    """Record how a point of contact answered when you called."""
    return service.add_check(work, work.one(ContactPoint, point_id), data)


@blp.route("/authorities/competent", allow=Action.DIRECTORY_READ, query=FinderIn, returns=CompetentAuthorityOut, many="items")
def find_competent_authorities(wanted: dict[str, Any], *, work: UnitOfWork) -> list[service.Found]:
    """Find the competent authorities of a country, best match first, with accepted languages and channels."""
    return service.competent(work, wanted)


@blp.route("/competences", allow=Action.DIRECTORY_READ, query=CompetenceFilter, returns=CompetenceOut, page=True)
def list_competences(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the competences of authorities."""
    return page(work, "competences", service.competences(work, wanted), Order((Competence.id,)), wanted)


@blp.route(
    "/competences",
    method="POST",
    allow=Action.DIRECTORY_KEEP,
    body=CompetenceIn,
    returns=CompetenceOut,
    status=HTTPStatus.CREATED,
)
def add_competence(data: dict[str, Any], *, work: UnitOfWork) -> Competence:
    """Add a competence of your authority."""
    return service.add_competence(work, data)


@blp.route("/competences/<uuid:competence_id>", allow=Action.DIRECTORY_READ, returns=CompetenceOut)
def get_competence(competence_id: UUID, *, work: UnitOfWork) -> Competence:
    """Show one competence."""
    return work.one(Competence, competence_id)


@blp.route(
    "/competences/<uuid:competence_id>",
    method="PATCH",
    allow=Action.DIRECTORY_KEEP,
    body=CompetencePatch,
    returns=CompetenceOut,
    changes=True,
)
def update_competence(data: dict[str, Any], *, competence_id: UUID, version: int, work: UnitOfWork) -> Competence:
    """Change or confirm a competence."""
    return service.change_competence(work, work.one(Competence, competence_id, version=version), data)
