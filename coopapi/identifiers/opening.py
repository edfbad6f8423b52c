"""Opening a case together with its subjects and identifiers, in one request."""

from http import HTTPStatus
from typing import Any, Final

from marshmallow import fields, validates_schema

from coopapi.access import Action
from coopapi.cases import service, views
from coopapi.cases.models import Case
from coopapi.cases.schemas import CaseIn, CaseOut, SubjectIn
from coopapi.cases.subjects import add_subjects
from coopapi.directory.fields import Code
from coopapi.errors import Unprocessable, broken
from coopapi.http.api import Blueprint
from coopapi.http.fields import Line, Many, Schema, When, refusal
from coopapi.identifiers import registration
from coopapi.identifiers.schemas import MOST_IDENTIFIERS, MOST_SUBJECTS, IdentifierIn
from coopapi.store.db import UnitOfWork
from coopapi.unicode_text import fold_reference

MOST_NEW_SUBJECTS: Final = 200

blp = Blueprint("opening", __name__, url_prefix="/api/v1/cases", description="Opening cases")


class PseudonymIn(Schema):
    """A subject of the same request to whom an identifier belongs or belonged."""

    pseudonym = Line(100, required=True)
    since = When(metadata={"description": "The time since which the subject has had it, if known."})
    basis = Code("basis", metadata={"description": "Whether that is a fact (default) or an assessment (LED Art. 7)."})


class NewIdentifierIn(IdentifierIn):
    """An identifier of a case that is opened with it."""

    subjects = Many(
        fields.Nested(PseudonymIn),
        MOST_SUBJECTS,
        distinct=False,
        metadata={"description": "The subjects to whom it belongs or belonged, by their pseudonyms; a person needs one."},
    )


class CaseWithContentIn(CaseIn):
    """A case to register, with its subjects and identifiers if they are known: reference and title are enough."""

    subjects = Many(fields.Nested(SubjectIn), MOST_NEW_SUBJECTS, distinct=False)
    identifiers = Many(fields.Nested(NewIdentifierIn), MOST_IDENTIFIERS, distinct=False)

    @validates_schema
    def subjects_differ(self, data: dict[str, Any], **_: object) -> None:
        """Two subjects have neither the same pseudonym nor the same key."""
        said = data.get("subjects", ())
        names = [fold_reference(one["pseudonym"]) for one in said]
        keys = [one["external_id"] for one in said if "external_id" in one]
        if len(set(names)) != len(names) or len(set(keys)) != len(keys):
            raise refusal("distinct", "Two subjects have the same pseudonym or external_id.", "subjects")


@blp.route(
    "",
    method="POST",
    allow=Action.CASE_OPEN,
    body=CaseWithContentIn,
    returns=CaseOut,
    status=HTTPStatus.CREATED,
    counts_values=True,
    show=views.show_cases,
)
def open_case(data: dict[str, Any], *, work: UnitOfWork) -> Case:
    """Register a case of your authority; only reference and title are required.

    Its subjects and up to 1000 identifiers may come in the same request. Then either all is registered or nothing.
    """
    subjects, identifiers = data.pop("subjects", ()), data.pop("identifiers", ())
    case = service.open_case(work, data)
    if subjects:
        work.require(Action.SUBJECT_WRITE)
    rows = add_subjects(work, [(case.id, said) for said in subjects])
    if identifiers:
        work.require(Action.IDENTIFIER_WRITE)
        items = _linked(identifiers, {row.pseudonym_folded: row.id for row in rows})
        try:
            registration.register(work.in_one_transaction(), case.id, items)
        except Unprocessable as fault:
            for error in fault.extra.get("errors", ()):
                if "/subjects/" in error["pointer"]:
                    error["pointer"] = error["pointer"].removesuffix("/id") + "/pseudonym"
            raise
    return case


def _linked(identifiers: Any, ids: Any) -> list[dict[str, Any]]:
    """Return the identifiers with the ids of their subjects in place of the pseudonyms. Raises `Unprocessable`."""
    faults = [
        broken(f"/identifiers/{n}/subjects/{m}/pseudonym", "subject", "The request has no subject with this pseudonym.")
        for n, item in enumerate(identifiers)
        for m, link in enumerate(item.get("subjects", ()))
        if fold_reference(link["pseudonym"]) not in ids
    ]
    if faults:
        raise Unprocessable(errors=faults)
    return [
        {
            **item,
            "subjects": [
                {"id": ids[fold_reference(link["pseudonym"])], **{name: said for name, said in link.items() if name != "pseudonym"}}
                for link in item.get("subjects", ())
            ],
        }
        for item in identifiers
    ]
