"""Identifiers and overlaps on the wire."""

from typing import Any, Final

from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Range, Regexp

from coopapi.cases.schemas import ExternalId
from coopapi.directory.fields import Code
from coopapi.http.fields import Many, OneOf, Paged, Schema, Shown, Stored, Text, When, refusal
from coopapi.http.problems import pointers
from coopapi.identifiers.kinds import KINDS
from coopapi.identifiers.refusals import Refused
from coopapi.persons.families import DIGESTS_VERSION, FAMILIES
from coopapi.unicode_text import MAX_TEXT

MOST_IDENTIFIERS: Final = 1000
"""The maximum number of identifiers in one request."""
MOST_SUBJECTS: Final = 20
"""The maximum number of subjects of one identifier in one request."""
ON_ERROR: Final = "`all` (default): nothing is stored if one is refused. `each`: the others are stored, and the answer is 200."


class ContextIn(Schema):
    """Where and when the value was seen."""

    platform = Text(
        100,
        metadata={
            "description": "The platform: a code or alias of the codelist `platforms`, or free text; required for a username."
        },
    )
    country = Code(
        "countries",
        metadata={"description": "The issuing country; required for documents, plates, bank accounts and national numbers."},
    )
    observed_at = When(
        metadata={"description": "The time at which an address was used; without it an IP address is weak evidence."}
    )
    port = fields.Integer(strict=True, validate=Range(1, 65535))
    quality = fields.Integer(
        strict=True,
        validate=Range(0, 100),
        metadata={"description": "The quality of a PDQ hash, 0 to 100; below 50 it is weak evidence."},
    )


class ExceptionalIn(Schema):
    """Why a kind that the category does not allow is stored all the same, and until when (Eurojust Regulation Art. 27(4))."""

    reason = Text(500, required=True)
    until = When(required=True)


class NameIn(Schema):
    """A name as the file has it, in any script: whole, or given and family apart."""

    full = Text(300)
    given = Text(200)
    family = Text(200)
    type = OneOf(("name", "alias", "maiden", "nickname"), metadata={"description": "The type of the name; `name` by default."})

    @validates_schema
    def require_name(self, data: dict[str, object], **_: object) -> None:
        """A name has a part."""
        if not {"full", "given", "family"} & data.keys():
            raise refusal("one_needed", "Give either a full name, or given and family name.", "full")


class PersonDataIn(Schema):
    """A person: every name it is known by, every date of birth it gave, whole or in part."""

    names = Many(fields.Nested(NameIn), 20, least=1, distinct=False, required=True)
    birth_dates = Many(Text(10), 10, metadata={"description": "A date as YYYY-MM-DD, YYYY-MM or YYYY."})
    gender = OneOf(("M", "F", "X"), metadata={"description": "The sex as in ICAO 9303: M, F, or X for unspecified."})
    nationalities = Many(Code("countries"), 10)
    places = Many(Text(200), 10, metadata={"description": "Places of birth or residence."})


class DigestIn(Schema):
    """One match key of a person, digested with the key k1 that the operator gave your authority."""

    family = OneOf(FAMILIES, required=True)
    digest = Text(64, required=True, validate=[Regexp("^[0-9a-f]{64}$")])
    answers_only = fields.Boolean(metadata={"description": "The value that the command for digests printed."})


class SubjectLinkIn(Schema):
    """A subject to whom an identifier belongs or belonged."""

    id = fields.UUID(required=True)
    since = When(metadata={"description": "The time since which the subject has had it, if known."})
    basis = Code("basis", metadata={"description": "Whether that is a fact (default) or an assessment (LED Art. 7)."})


class SubjectLinkOut(Shown):
    """A subject to whom an identifier belongs or belonged."""

    id = fields.UUID(required=True)
    since = When(allow_none=True)
    basis = Code("basis", required=True)


class IdentifierValueIn(Schema):
    """A value that may identify somebody; of kind `person`, a person in clear or as digests alone."""

    kind = OneOf(KINDS, name="IdentifierKind", required=True)
    value = Text(MAX_TEXT)
    person = fields.Nested(PersonDataIn)
    digests = Many(fields.Nested(DigestIn), 500, least=1, distinct=False)
    digest_version = fields.Integer(
        strict=True,
        validate=Range(1, DIGESTS_VERSION),
        metadata={
            "description": "The version that the command for digests printed; 1 if it printed none. Older ones get a warning."
        },
    )
    context = fields.Nested(ContextIn)

    @validates_schema
    def require_one_content(self, data: dict[str, object], **_: object) -> None:
        """A person comes as `person` or `digests`, everything else as `value`."""
        sent = {"value", "person", "digests"} & data.keys()
        wanted = {"person", "digests"} if data.get("kind") == "person" else {"value"}
        if len(sent) != 1 or not sent <= wanted:
            raise refusal(
                "exactly_one",
                f"This kind needs exactly one of: {', '.join(sorted(wanted))}.",
                min(wanted - sent, default="value"),
            )

    @validates_schema
    def version_of_digests(self, data: dict[str, object], **_: object) -> None:
        """Only digests have a version."""
        if "digest_version" in data and "digests" not in data:
            raise refusal("digests_only", "Only a person that is sent as digests has a digest_version.", "digest_version")


class IdentifierIn(IdentifierValueIn):
    """A value that may identify somebody, with its subjects, its basis and its handling code."""

    subjects = Many(
        fields.Nested(SubjectLinkIn),
        MOST_SUBJECTS,
        distinct=False,
        metadata={"description": "The subjects to whom the identifier belongs or belonged, if known; a person needs one."},
    )
    basis = Code("basis", metadata={"description": "Whether this is a fact (default) or an assessment (LED Art. 7)."})
    source = Text(500, metadata={"description": "The source of the identifier; it is encrypted like the value."})
    source_grading = Code("source_grading")
    information_grading = Code("information_grading")
    handling_code = Code("handling_codes", metadata={"description": "The handling code; that of the case by default."})
    exceptional_processing = fields.Nested(ExceptionalIn)
    external_id = ExternalId()

    @validates_schema
    def assessments_are_graded(self, data: dict[str, object], **_: object) -> None:
        """An assessment says how reliable it is (LED Art. 7(2), Europol Regulation Art. 29)."""
        if data.get("basis") == "assessment" and not {"source_grading", "information_grading"} <= data.keys():
            raise refusal("graded", "An assessment needs source_grading and information_grading.", "source_grading")


class Items(Many):
    """The items of a request. With `on_error: each`, one that breaks the schema is refused by itself."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list) or data.get("on_error") != "each":
            return super()._deserialize(value, attr, data, **kwargs)
        return [self._one(item, f"/{attr}/{index}", **kwargs) for index, item in enumerate(value)]

    def _one(self, item: Any, pointer: str, **kwargs: Any) -> Any:
        try:
            return self.inner.deserialize(item, **kwargs)
        except ValidationError as fault:
            return Refused(list(pointers(fault.messages, "json", pointer)))


class IdentifiersIn(Schema):
    """Identifiers to register: all or none, or each by itself."""

    identifiers = Items(fields.Nested(IdentifierIn), MOST_IDENTIFIERS, least=1, distinct=False, required=True)
    on_error = OneOf(("all", "each"), name="OnError", metadata={"description": ON_ERROR})


class IdentifierPatch(Schema):
    """A correction: of the value, its context, or what it rests on."""

    value = Text(MAX_TEXT)
    person = fields.Nested(PersonDataIn)
    context = fields.Nested(ContextIn)
    subjects = Many(
        fields.Nested(SubjectLinkIn),
        MOST_SUBJECTS,
        distinct=False,
        metadata={"description": "All subjects that you see. A link that is left out is withdrawn; the value stays."},
    )
    basis = Code("basis")
    source = Text(500)
    source_grading = Code("source_grading")
    information_grading = Code("information_grading")
    handling_code = Code("handling_codes")
    exceptional_processing = fields.Nested(ExceptionalIn)
    external_id = ExternalId(allow_none=True)


class IdentifierFilter(Paged):
    """Which identifiers of a case."""

    kind = OneOf(KINDS)
    subject_id = fields.UUID()
    state = OneOf(("registered", "withdrawn"))
    external_id = ExternalId()
    warning = Text(50, metadata={"description": "A code among the warnings, such as `old_digests`."})


class IdentifierWarningOut(Shown):
    """What is doubtful about a value that was kept."""

    code = fields.String(required=True)
    detail = fields.String(required=True)


class CommonValueOut(Shown):
    """Why a value alone finds nothing: everybody or nobody has it."""

    code = fields.String(required=True, metadata={"description": "The reason; `excluded` if the operator added the value."})
    detail = fields.String(required=True)
    list_version = fields.String(
        allow_none=True, metadata={"description": "The version of the register's list of such values; null for `excluded`."}
    )


class IdentifierOut(Shown):
    """An identifier; value, context and source are null for those who may not read them in clear."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    subjects = fields.List(
        fields.Nested(SubjectLinkOut),
        required=True,
        metadata={"description": "To whom it belongs or belonged; victims are shown to callers with victim clearance only."},
    )
    kind = OneOf(KINDS, required=True)
    value = fields.String(allow_none=True)
    normalised = fields.String(allow_none=True)
    person = Stored(PersonDataIn, allow_none=True)
    digest_version = fields.Integer(
        allow_none=True, metadata={"description": "The version of the digests of a person, if it was sent with them."}
    )
    context = Stored(ContextIn, allow_none=True)
    source = fields.String(allow_none=True)
    same_as = fields.UUID(
        allow_none=True, metadata={"description": "The earlier identifier of the case that has the same value by newer rules."}
    )
    strength = Code("overlap_strength", required=True)
    warnings = fields.List(fields.Nested(IdentifierWarningOut), required=True)
    common_value = fields.Nested(
        CommonValueOut, allow_none=True, metadata={"description": "Why the value alone links no cases; otherwise null."}
    )
    basis = Code("basis", required=True)
    source_grading = Code("source_grading", allow_none=True)
    information_grading = Code("information_grading", allow_none=True)
    handling_code = Code("handling_codes", required=True)
    exceptional_reason = fields.String(allow_none=True)
    exceptional_until = When(allow_none=True)
    external_id = fields.String(allow_none=True)
    state = OneOf(("registered", "withdrawn"), required=True)
    withdrawal_reason = Code("withdrawal_reasons", group="identifier", allow_none=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class WithdrawalIn(Schema):
    """Take an identifier out of matching: why."""

    reason = Code("withdrawal_reasons", group="identifier")
