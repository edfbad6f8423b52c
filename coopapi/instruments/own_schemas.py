"""Legal instruments of central authorities on the wire."""

from typing import Any

from marshmallow import fields, validates_schema

from coopapi.directory.fields import Code
from coopapi.http.fields import Like, Line, Many, OneOf, Paged, Schema, Shown, Stored, Text, When, refusal
from coopapi.instruments import service
from coopapi.instruments.own_models import APPROVED, PROPOSED, REJECTED

_STATES = (PROPOSED, APPROVED, REJECTED)
_SLUG = Like(
    r"\A[a-z][a-z0-9_]{2,39}\Z", "A code has 3 to 40 lower-case letters, digits and underscores, and begins with a letter."
)


class OwnInstrumentRulesIn(Schema):
    """What a treaty says of requests, in words."""

    form = Text(500, required=True)
    channel = Text(500, required=True)
    languages = Text(500, required=True)
    scope = Text(1000, metadata={"description": "The offences or cases for which it may be used, if not for all."})


class OwnInstrumentIn(Schema):
    """A treaty of your country that is not shipped (`code`), or what your country takes away from a shipped one (`narrows`)."""

    code = Text(40, validate=[_SLUG], metadata={"description": "The code of a new treaty, by which requests name it."})
    narrows = OneOf(
        service.codes(),
        name="InstrumentCode",
        metadata={"description": "The shipped instrument to narrow. `kinds` and `measures` are then what remains of it."},
    )
    title = Line(
        300, required=True, metadata={"description": "The name of the treaty, or why your country does not allow what is left out."}
    )
    citation = Line(
        300, required=True, metadata={"description": "Where it is published; of a narrowing, the article or declaration."}
    )
    countries = Many(
        Code("countries"),
        250,
        least=1,
        required=True,
        metadata={
            "description": "The countries that it binds, yours included. A narrowing that names only yours holds towards everybody."
        },
    )
    kinds = Many(Code("request_kinds"), 20)
    measures = fields.Dict(
        keys=Code("measures"), values=Line(200), metadata={"description": "Each measure with the article that provides for it."}
    )
    says = fields.Nested(OwnInstrumentRulesIn)
    source = Line(500, required=True, metadata={"description": "Where you read it: the official journal, or the depositary."})
    source_date = fields.Date(required=True, metadata={"description": "The day on which the source said so."})
    valid_from = fields.Date(required=True, metadata={"description": "The day of its entry into force."})
    valid_until = fields.Date(allow_none=True, metadata={"description": "The last day on which it holds."})

    @validates_schema
    def check_form(self, data: dict[str, Any], **_: object) -> None:
        """A row is a treaty or a narrowing, and a treaty says what may be asked, and how."""
        if ("code" in data) == ("narrows" in data):
            raise refusal("one_of_two", "Give `code` for a new treaty, or `narrows` for a shipped instrument.", "code")
        needed = ("kinds", "measures", "says") if "code" in data else ()
        for name in needed:
            if not data.get(name):
                raise refusal("required", "A treaty needs this.", name)


class OwnInstrumentEndIn(Schema):
    """The new last day."""

    valid_until = fields.Date(required=True)


class OwnInstrumentFilter(Paged):
    """Which instruments."""

    state = OneOf(_STATES, name="OwnInstrumentState")
    country = Code("countries", metadata={"description": "Only instruments that name this country."})
    narrows = OneOf(service.codes(), name="InstrumentCode")
    on = fields.Date(metadata={"description": "Only instruments that hold on this day."})


class OwnInstrumentOut(Shown):
    """A legal instrument that a central authority entered."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    country = Code("countries", required=True)
    code = fields.String(required=True, allow_none=True)
    narrows = OneOf(service.codes(), name="InstrumentCode", required=True, allow_none=True)
    title = fields.String(required=True)
    citation = fields.String(required=True)
    countries = fields.List(Code("countries"), required=True)
    kinds = fields.List(Code("request_kinds"), required=True)
    measures = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    says = Stored(OwnInstrumentRulesIn, required=True)
    source = fields.String(required=True)
    source_date = fields.Date(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    state = OneOf(
        _STATES,
        name="OwnInstrumentState",
        required=True,
        metadata={"description": "Only an `approved` one counts. A proposal that nobody approves in seven days never does."},
    )
    pending = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "The request for approval that waits at `/approvals`; null for those who do not see it."},
    )
    created_at = When(required=True)
    approved_at = When(required=True, allow_none=True)
    etag = fields.String(required=True)
