"""Facts on the wire."""

from typing import Any, Final

from marshmallow import fields, validates_schema
from marshmallow.validate import Range

from coopapi.cases.schemas import ExternalId
from coopapi.directory.fields import Code
from coopapi.facts.models import CONFIDENCES, FACT_LIFECYCLE
from coopapi.facts.times import PRECISIONS
from coopapi.http.fields import Flag, Line, Many, OneOf, Paged, Schema, Shown, Text, When, Zone, refusal
from coopapi.identifiers.kinds import KINDS
from coopapi.identifiers.schemas import ON_ERROR, Items

MOST_FACTS: Final = 1000
"""The maximum number of facts in one request."""
MOST_LINKS: Final = 50
"""The maximum number of subjects, and of identifiers, of one fact."""
_AT: Final = "When it began, as precisely as it is known: 2026, 2026-03, 2026-03-05 or 2026-03-05T14:20+02:00. Undated without it."


class Degrees(fields.Float):
    """Degrees of latitude or longitude, as a JSON number."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(validate=Range(-most, most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input="")
        return super()._deserialize(value, attr, data, **kwargs)


class PlaceIn(Schema):
    """A place: its name, its coordinates (WGS 84), or both."""

    name = Line(200)
    latitude = Degrees(90)
    longitude = Degrees(180)

    @validates_schema
    def require_place(self, data: dict[str, Any], **_: object) -> None:
        """A place has a name or both coordinates."""
        if ("latitude" in data) != ("longitude" in data):
            raise refusal("coordinates", "Give both latitude and longitude.", "latitude")
        if not data:
            raise refusal("one_needed", "Give the name or the coordinates of the place.", "name")


class PlaceOut(Shown):
    """A place of a fact."""

    name = fields.String(allow_none=True)
    latitude = fields.Float(allow_none=True)
    longitude = fields.Float(allow_none=True)


class InvolvedIn(Schema):
    """A subject or an identifier of the same case that is involved."""

    id = fields.UUID(required=True)


class InvolvedSubjectOut(Shown):
    """A subject who is involved in a fact."""

    id = fields.UUID(required=True)
    pseudonym = fields.String(required=True)
    category = Code("subject_categories", required=True)


class InvolvedIdentifierOut(Shown):
    """An identifier that is involved in a fact. Its value is shown with the identifier."""

    id = fields.UUID(required=True)
    kind = OneOf(KINDS, name="IdentifierKind", required=True)


class _Fields(Schema):
    """What a fact says apart from its kind."""

    until = Text(40, allow_none=True, metadata={"description": "When it ended, if it lasted; as precise as the beginning."})
    precision = OneOf(
        PRECISIONS,
        name="FactPrecision",
        allow_none=True,
        metadata={"description": "How precise the time is, if that is less than what is written in `at`."},
    )
    zone = Zone(allow_none=True)
    country = Code("countries", allow_none=True)
    place = fields.Nested(PlaceIn, allow_none=True, metadata={"description": "The place; it is encrypted like the text."})
    text = Text(
        4000, allow_none=True, metadata={"description": "What happened, in words; it is encrypted under the key of the case."}
    )
    source = Text(500, allow_none=True, metadata={"description": "The source of the fact; it is encrypted like the text."})
    about_victim = Flag(metadata={"description": "Whether the fact is about a victim, also if no subject is named."})
    basis = Code("basis", metadata={"description": "Whether this is a fact (default) or an assessment (LED Art. 7)."})
    confidence = OneOf(CONFIDENCES, name="Confidence", allow_none=True)
    source_grading = Code("source_grading", allow_none=True)
    information_grading = Code("information_grading", allow_none=True)
    handling_code = Code("handling_codes", metadata={"description": "The handling code; that of the case by default."})


class FactFields(_Fields):
    """A fact without its links, which requests name by id and lines of files by key."""

    kind = Code("fact_kinds", required=True)
    at = Text(40, allow_none=True, metadata={"description": _AT})


class FactIn(FactFields):
    """Something that happened in the world."""

    subjects = Many(fields.Nested(InvolvedIn), MOST_LINKS)
    identifiers = Many(fields.Nested(InvolvedIn), MOST_LINKS)
    external_id = ExternalId(allow_none=True)


class FactsIn(Schema):
    """Facts to record: all or none, or each by itself."""

    facts = Items(fields.Nested(FactIn), MOST_FACTS, least=1, distinct=False, required=True)
    on_error = OneOf(("all", "each"), name="OnError", metadata={"description": ON_ERROR})


class FactPatch(_Fields):
    """A correction. What is left out stays as it is, and null takes a field away; a new time replaces the old one as a whole."""

    kind = Code("fact_kinds")
    at = Text(40, allow_none=True, metadata={"description": _AT})
    subjects = Many(fields.Nested(InvolvedIn), MOST_LINKS, metadata={"description": "All subjects that are involved."})
    identifiers = Many(fields.Nested(InvolvedIn), MOST_LINKS, metadata={"description": "All identifiers that are involved."})
    external_id = ExternalId(allow_none=True)


class FactFilter(Paged):
    """Which facts of a case."""

    kind = Code("fact_kinds")
    subject_id = fields.UUID()
    identifier_id = fields.UUID()
    country = Code("countries")
    state = OneOf(FACT_LIFECYCLE.states, name="FactState")
    external_id = ExternalId()


class _Said(Shown):
    """What a fact says, or said in an earlier state."""

    kind = Code("fact_kinds", required=True)
    at = fields.String(
        required=True, allow_none=True, metadata={"description": "When it began, as it was stated; null if unknown."}
    )
    until = fields.String(allow_none=True, metadata={"description": "When it ended, as it was stated."})
    precision = OneOf(PRECISIONS, name="FactPrecision", allow_none=True)
    offset = fields.String(allow_none=True, metadata={"description": "The offset from UTC that was stated, such as +02:00."})
    zone = fields.String(allow_none=True)
    begins_at = When(
        allow_none=True, metadata={"description": "The beginning of the time as far as it is known, such as the start of the day."}
    )
    ends_at = When(allow_none=True)
    country = Code("countries", allow_none=True)
    place = fields.Nested(PlaceOut, allow_none=True, metadata={"description": "Null for those who may not read texts in clear."})
    text = fields.String(allow_none=True)
    source = fields.String(allow_none=True)
    subjects = fields.List(fields.Nested(InvolvedSubjectOut), required=True)
    identifiers = fields.List(fields.Nested(InvolvedIdentifierOut), required=True)
    about_victim = fields.Boolean(required=True)
    victims = fields.Boolean(
        required=True,
        metadata={"description": "Whether it is about a victim, so that only callers with victim clearance see it."},
    )
    basis = Code("basis", required=True)
    confidence = OneOf(CONFIDENCES, name="Confidence", allow_none=True)
    source_grading = Code("source_grading", allow_none=True)
    information_grading = Code("information_grading", allow_none=True)
    handling_code = Code("handling_codes", required=True)
    external_id = fields.String(allow_none=True)


class FactOut(_Said):
    """A fact of a case; text, source and place are null for those who may not read them in clear."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    state = OneOf(FACT_LIFECYCLE.states, name="FactState", required=True)
    withdrawal_reason = Code("withdrawal_reasons", group="identifier", allow_none=True)
    recorded_at = When(required=True)
    changed_at = When(required=True, metadata={"description": "When it was recorded or last corrected."})
    etag = fields.String(required=True)


class EarlierFactOut(_Said):
    """An earlier state of a fact."""

    version = fields.Integer(required=True)
    recorded_at = When(required=True, metadata={"description": "When this state was recorded."})
    superseded_at = When(required=True, metadata={"description": "When it was corrected."})


class FactWithdrawalIn(Schema):
    """Withdraw a fact: why."""

    reason = Code("withdrawal_reasons", group="identifier")
