"""Points of contact and competences over HTTP."""

from coopapi.access import Action
from coopapi.contacts import roster, service
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
    ShiftIn,
    ShiftOut,
    ShiftPatch,
)
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection, children, serve

blp = Blueprint(
    "contacts", __name__, url_prefix="/api/v1", description="Points of contact and their hours, and the competences of authorities"
)
_ACTIONS = Action.DIRECTORY_READ, Action.DIRECTORY_KEEP
_ONE = "/<uuid:point_id>"

_POINTS = Collection(blp, "/contact-points", ContactPointOut, *_ACTIONS, show=service.show_points, item=_ONE)
_POINTS.list(
    "list_contact_points",
    service.points,
    "List points of contact, with whether they are reachable now and how they answered recently.",
    query=ContactPointFilter,
)
_POINTS.add("add_contact_point", service.add_point, "Add a point of contact of your authority.", body=ContactPointIn)
_POINTS.get("get_contact_point", ContactPoint, "Show one point of contact.")
_POINTS.update(
    "update_contact_point",
    service.change_point,
    "Change a point of contact, or record that it was verified today.",
    body=ContactPointPatch,
)

_CHECKS = Collection(blp, f"/contact-points{_ONE}/checks", ContactCheckOut, Action.DIRECTORY_READ, Action.MLA_TRANSMIT)
_CHECKS.list(
    "list_contact_checks",
    children(ContactPoint, ContactCheck.contact_point_id),
    "List how a point of contact answered when it was called.",
)
_CHECKS.add("add_contact_check", service.add_check, "Record how a point of contact answered when you called.", body=ContactCheckIn)

_ROSTER = Collection(blp, f"/contact-points{_ONE}/roster", ShiftOut, *_ACTIONS, show=roster.show_shifts, item="/<uuid:shift_id>")
_ROSTER.list("list_duty_shifts", roster.shifts, "List who of your authority is on duty for a point of contact, and when.")
_ROSTER.add("add_duty_shift", roster.add_shift, "Enter for which time a person of your authority is on duty.", body=ShiftIn)
_ROSTER.update(
    "update_duty_shift",
    roster.change_shift,
    "Change the times of a shift. A shift that ends when it begins is cancelled.",
    body=ShiftPatch,
)

serve(
    blp,
    "/authorities/competent",
    "find_competent_authorities",
    service.competent,
    "Find the competent authorities of a country, best match first, with accepted languages and channels.",
    allow=Action.DIRECTORY_READ,
    query=FinderIn,
    returns=CompetentAuthorityOut,
    many="items",
)

_COMPETENCES = Collection(blp, "/competences", CompetenceOut, *_ACTIONS, item="/<uuid:competence_id>")
_COMPETENCES.list("list_competences", service.competences, "List the competences of authorities.", query=CompetenceFilter)
_COMPETENCES.add("add_competence", service.add_competence, "Add a competence of your authority.", body=CompetenceIn)
_COMPETENCES.get("get_competence", Competence, "Show one competence.")
_COMPETENCES.update("update_competence", service.change_competence, "Change or confirm a competence.", body=CompetencePatch)
