"""Plans of requests on the wire."""

from typing import Any

from marshmallow import fields, validate, validates_schema

from coopapi.contacts.schemas import CompetentAuthorityOut
from coopapi.deadlines.schemas import ExtensionOut
from coopapi.directory.fields import Code
from coopapi.http.fields import Flag, Line, Many, OneOf, Schema, Shown, Stored, Text, in_languages, refusal
from coopapi.instruments.schemas import AssessmentReasonOut, InstrumentOut, InstrumentRuleOut
from coopapi.mla import forms
from coopapi.mla.issuing import Validator
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.responses import ReadinessPointOut
from coopapi.mla.schemas import RequestIn
from coopapi.notices.schemas import APPLICABILITY
from coopapi.shared.lifecycle import Side


class PlannedOffenceIn(Schema):
    """What is known of the offence. With article and label it is taken over into the draft."""

    national_article = Text(300)
    label = Line(300)
    category = Code("crime_categories")
    max_penalty_years = fields.Float(validate=validate.Range(0, 99))
    list_offence = Flag()
    union_offence = Code("union_offences")
    by_information_system = Flag()


class PlanIn(Schema):
    """What is wanted, of which country, for which offence."""

    measure = Code("measures", required=True)
    data_categories = Many(Code("data_categories"), 10)
    country = Code(
        "countries", required=True, metadata={"description": "The country in which the data, the thing or the person is."}
    )
    kind = OneOf(KINDS, metadata={"description": "Only proposals of this kind; by default the kinds that obtain the measure."})
    offence = fields.Nested(PlannedOffenceIn)
    urgency = Code("urgency_levels")
    emergency_ground = Code("emergency_grounds")
    provider = fields.UUID(
        metadata={"description": "The legal entity of the provider that holds the data, as listed in `/providers`."}
    )
    enforcing_authority = fields.UUID(
        metadata={"description": "The authority to notify of an order to a provider (Regulation (EU) 2023/1543 Art. 8)."}
    )
    preserved = Flag(metadata={"description": "Whether the data are preserved already, so that only production is asked for."})
    case_id = fields.UUID(metadata={"description": "Your case, for the draft."})
    reference = Line(100, metadata={"description": "The reference of the draft."})
    language = Code("languages")
    open = Flag(metadata={"description": "Open the draft of the first proposal, and answer with it (201). Needs `reference`."})

    @validates_schema
    def check_reference(self, data: dict[str, Any], **_: object) -> None:
        """A draft has a reference."""
        if data.get("open") and not data.get("reference"):
            raise refusal("required", "A draft needs a reference.", "reference")

    @validates_schema
    def check_ground(self, data: dict[str, Any], **_: object) -> None:
        """An emergency has a listed ground."""
        if data.get("urgency") == "emergency" and not data.get("emergency_ground"):
            raise refusal("emergency_ground", "An emergency needs a ground of the codelist emergency_grounds.", "emergency_ground")


class PlannedFormOut(Shown):
    """A form of the request."""

    form = OneOf(forms.all_forms(), required=True)
    verify = fields.Boolean(required=True, metadata={"description": "True if nobody compared its text with the official form."})
    unchecked = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "For each language of the form: what was not compared with the official form."},
    )


class PlannedNoticeOut(Shown):
    """A requirement notice that has to be read and acknowledged; `/requirement-notices` has its text."""

    id = fields.UUID(required=True)
    theme = fields.String(required=True)
    applicability = OneOf(APPLICABILITY, required=True)
    declared_by = fields.String(required=True)


class PlannedClockOut(Shown):
    """A deadline that the request would start, with its article. `/deadline-rules` has the whole rule."""

    code = fields.String(required=True)
    titles = in_languages(required=True)
    article = fields.String(required=True)
    length = fields.Integer(required=True)
    unit = fields.String(required=True)
    owed_by = OneOf(Side, required=True)
    starts_on = fields.List(fields.String(), required=True)
    extension = fields.Nested(ExtensionOut, allow_none=True)
    lapses = fields.Boolean(required=True)
    minimum = fields.Boolean(required=True)
    verify = fields.Boolean(
        required=True, metadata={"description": "True if nobody compared the rule with the official text of the instrument."}
    )
    unchecked = fields.String(
        required=True,
        metadata={"description": "The article of the instrument that was not compared with the official text; empty if it was."},
    )


class PlannedRequestOut(Shown):
    """One way to ask, each part of it with its article."""

    kind = Code("request_kinds", required=True)
    instrument = fields.Nested(InstrumentOut, required=True)
    article = fields.String(required=True, metadata={"description": "The article of the instrument about the measure."})
    conditions = fields.List(fields.Nested(AssessmentReasonOut), required=True)
    evidence = fields.Boolean(required=True, metadata={"description": "Whether the result may be used as evidence."})
    needs_validation = OneOf(
        Validator, required=True, metadata={"description": "Who must validate it before it is sent, if you issue it."}
    )
    validated_later = fields.Boolean(
        required=True, metadata={"description": "Whether it may be validated within 48 hours instead."}
    )
    validation_article = fields.String(required=True, allow_none=True)
    validation_verify = fields.Boolean(required=True)
    form = fields.Nested(InstrumentRuleOut, required=True)
    forms = fields.List(fields.Nested(PlannedFormOut), required=True)
    channel = fields.Nested(InstrumentRuleOut, required=True)
    also_through = fields.List(
        fields.Nested(AssessmentReasonOut),
        required=True,
        metadata={"description": "Treaties that give both countries a further channel; `code` is the treaty."},
    )
    languages = fields.Nested(InstrumentRuleOut, required=True)
    accepted_languages = fields.List(
        Code("languages"),
        required=True,
        metadata={"description": "What the authorities of the country declared; empty if nothing."},
    )
    addressees = fields.List(
        fields.Nested(CompetentAuthorityOut), required=True, metadata={"description": "At most five, best match first."}
    )
    contact_point = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "The 24/7 point of contact that would be tried first, if it is urgent."},
    )
    notices = fields.List(fields.Nested(PlannedNoticeOut), required=True)
    clocks = fields.List(fields.Nested(PlannedClockOut), required=True)
    to_state = fields.List(
        fields.Nested(ReadinessPointOut),
        required=True,
        metadata={"description": "What the request must still say, as `readiness` does."},
    )
    against = fields.List(
        fields.Nested(ReadinessPointOut), required=True, metadata={"description": "What keeps such a request from being issued."}
    )
    draft = Stored(RequestIn, required=True, metadata={"description": "The body for `POST /mla-requests`."})


class PlanOut(Shown):
    """How to ask, best first. Nothing was stored."""

    proposals = fields.List(fields.Nested(PlannedRequestOut), required=True, metadata={"description": "At most ten."})
    send_first = fields.List(
        fields.Nested(PlannedRequestOut),
        required=True,
        metadata={
            "description": "Preservation that should be asked for before, so that data are not deleted meanwhile; empty if no "
            "instrument makes it possible there, or if it is not needed."
        },
    )
    not_possible = fields.List(
        fields.Nested(PlannedRequestOut),
        required=True,
        metadata={"description": "Requests that the offence or the ground of urgency does not allow, with `against`."},
    )
    only_reciprocity = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the register knows no treaty that serves. It does not know all: ask your central authority."
        },
    )
