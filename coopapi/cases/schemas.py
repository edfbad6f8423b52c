"""Cases, access and subjects on the wire."""

from typing import Any, Final

from marshmallow import fields

from coopapi.cases.models import CASE_LIFECYCLE
from coopapi.directory.fields import Code
from coopapi.directory.schemas import AuthorityRef
from coopapi.http.fields import Flag, Line, Many, OneOf, Paged, Schema, Shown, Text, When
from coopapi.http.transitions import TransitionIn
from coopapi.shared.grants import ACCESS_LIFECYCLE
from coopapi.shared.shared_cases import SHARE_LIFECYCLE

_EXTERNAL: Final = "Your own system's key: unique within your authority for cases, within the case for subjects and identifiers."


class AccessIn(Schema):
    """Access to give: to an authority or one of its people, how far, until when, and why."""

    authority_id = fields.UUID(required=True)
    level = OneOf(("index", "read", "contribute"), name="GrantedLevel", required=True)
    principal_id = fields.UUID(
        metadata={"description": "Limits the access to one person or client of that authority (need-to-know)."}
    )
    until = When()
    reason = Text(500, required=True)


class AccessOut(Shown):
    """Access that was given."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    level = Code("access_levels", attribute="level_name", required=True)
    kind = OneOf(("access", "responsible"), name="AccessKind", required=True)
    principal_id = fields.UUID(allow_none=True)
    since = When(allow_none=True)
    until = When(allow_none=True)
    reason = fields.String()
    state = OneOf(ACCESS_LIFECYCLE.states, required=True)
    granted_at = When()
    withdrawn_at = When(allow_none=True)
    withdrawal_reason = fields.String(allow_none=True)
    etag = fields.String(required=True)


class ExternalId(Line):
    """The key under which a national system knows a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(100, metadata={"description": _EXTERNAL}, **kwargs)


class ResponsibleOut(Shown):
    """The prosecution authority that is responsible for a case, or is named for it."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    country = Code("countries", required=True)
    access_id = fields.UUID(
        required=True,
        metadata={"description": "The grant of access that makes the authority responsible; it accepts or refuses there."},
    )


class _CaseFields(Schema):
    operation_name = Line(200, allow_none=True)
    crime_categories = Many(Code("crime_categories"), 100)
    case_type = Code("case_types")
    countries = Many(Code("countries"), 250)
    visibility = Code("visibility")
    visibility_reason = Text(
        1000, allow_none=True, metadata={"description": "The reason for hiding the case; required from a machine client."}
    )
    handling_code = Code("handling_codes")
    handler_id = fields.UUID(allow_none=True, metadata={"description": "The person of your authority who handles the case."})
    eurojust_number = Line(100, allow_none=True)
    siena_reference = Line(100, allow_none=True)
    ecodex_id = Line(200, allow_none=True)
    external_id = ExternalId(allow_none=True)
    desk = OneOf(
        ("index", "none"),
        name="DeskAccess",
        metadata={"description": "Whether the Eurojust desk of your State sees reference, title and handler of the case."},
    )
    responsible_authority = fields.UUID(
        metadata={
            "description": "The prosecution authority of your State that is to be responsible for the case. It must accept; a"
            " machine client may name it at registration only."
        }
    )


class CaseIn(_CaseFields):
    """A case to register: reference and title are enough."""

    reference = Line(200, required=True, metadata={"description": "Your own reference; unique within your authority."})
    title = Line(300, required=True)
    access = Many(fields.Nested(AccessIn), 100)


class CasePatch(_CaseFields):
    """What changes about a case."""

    title = Line(300)


class CaseFilter(Paged):
    """Which cases."""

    state = OneOf(CASE_LIFECYCLE.states)
    country = Code("countries")
    crime_category = Code("crime_categories")
    authority_id = fields.UUID()
    reference = Line(200)
    external_id = ExternalId()


class CaseOut(Shown):
    """A case, as far as your access goes. With index alone it shows that it exists and whose it is.

    The Eurojust desk of the owner's State is also shown reference, title, state and handler.
    """

    id = fields.UUID(required=True)
    authority = fields.Nested(AuthorityRef, required=True)
    level = Code("access_levels", required=True)
    crime_categories = fields.List(Code("crime_categories"), required=True)
    reference = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    title_warnings = fields.List(
        OneOf(("identifier", "name"), name="TitleWarning"),
        required=True,
        metadata={
            "description": "What the title seems to contain although others read it: an identifier, or the name of a person."
        },
    )
    operation_name = fields.String(allow_none=True)
    case_type = Code("case_types", allow_none=True)
    countries = fields.List(Code("countries"), allow_none=True)
    visibility = Code("visibility", allow_none=True)
    visibility_reason = fields.String(allow_none=True)
    handling_code = Code("handling_codes", allow_none=True)
    handler_id = fields.UUID(allow_none=True)
    handler_name = fields.String(
        allow_none=True, metadata={"description": "The name of the handler, for the Eurojust desk of the State."}
    )
    desk = OneOf(("index", "none"), name="DeskAccess", allow_none=True)
    responsible_authority = fields.Nested(ResponsibleOut, allow_none=True)
    named_authority = fields.Nested(
        ResponsibleOut,
        allow_none=True,
        metadata={"description": "The authority that is named as responsible and has not accepted yet."},
    )
    eurojust_number = fields.String(allow_none=True)
    siena_reference = fields.String(allow_none=True)
    ecodex_id = fields.String(allow_none=True)
    external_id = fields.String(allow_none=True)
    state = OneOf(CASE_LIFECYCLE.states, allow_none=True)
    state_reason = fields.String(allow_none=True)
    created_at = When(allow_none=True)
    updated_at = When(allow_none=True)
    etag = fields.String(required=True)


class CaseStepIn(TransitionIn):
    """A step of a case."""

    force = Flag(
        metadata={"description": "End the case although items that depend on it are still open; all other sides are notified."}
    )


class SubjectIn(Schema):
    """A person the case is about: never a name here, a pseudonym."""

    pseudonym = Line(100, required=True)
    category = Code("subject_categories", required=True, metadata={"description": "The category of the subject (LED Art. 6)."})
    age_status = Code(
        "age_status", metadata={"description": "A victim of unknown age is presumed a child (Dir. 2012/29 Art. 24(2))."}
    )
    external_id = ExternalId()


class SubjectFilter(Paged):
    """Which subjects of a case."""

    external_id = ExternalId()


class SubjectPatch(Schema):
    """What changes about a subject."""

    category = Code("subject_categories")
    age_status = Code("age_status")
    external_id = ExternalId(allow_none=True)


class CategoryOut(Shown):
    """A category the subject had from a moment on."""

    category = Code("subject_categories", required=True)
    since = When(required=True)


class SubjectOut(Shown):
    """A person the case is about."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    pseudonym = fields.String(required=True)
    category = Code("subject_categories", required=True)
    age_status = Code("age_status", required=True)
    external_id = fields.String(allow_none=True)
    history = fields.List(fields.Nested(CategoryOut), required=True)
    created_at = When()
    etag = fields.String(required=True)


class SharedCaseOut(Shown):
    """A case that its owner shares with a team or a meeting."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    owner_id = fields.UUID(required=True)
    level = OneOf(("index", "read", "contribute"), required=True)
    state = OneOf(SHARE_LIFECYCLE.states, required=True)
    shared_at = When(required=True)
    ended_at = When(allow_none=True)
    etag = fields.String(required=True)


class ProceedingsIn(Schema):
    """A stage that the proceedings of a case reached."""

    stage = Code("proceedings_stages", required=True)
    result = Code("proceedings_results", required=True)
    procedure = Code("procedures", allow_none=True)
    reached_on = fields.Date(required=True, metadata={"description": "The day on which the stage, or its result, was reached."})


class ProceedingsPatch(Schema):
    """What is corrected about a stage."""

    stage = Code("proceedings_stages")
    result = Code("proceedings_results")
    procedure = Code("procedures", allow_none=True)
    reached_on = fields.Date()


class ProceedingsOut(Shown):
    """A stage that the proceedings of a case reached."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    stage = Code("proceedings_stages", required=True)
    result = Code("proceedings_results", required=True)
    procedure = Code("procedures", required=True, allow_none=True)
    reached_on = fields.Date(required=True)
    created_at = When(required=True)
    etag = fields.String(required=True)
