"""Requirement notices on the wire."""

from marshmallow import fields, validate

from coopapi.directory.fields import Code
from coopapi.http.fields import Line, Many, OneOf, Paged, Schema, Shown, Stored, Text
from coopapi.instruments import service as instruments

APPLICABILITY = ("applicable", "not_applicable", "to_a_certain_extent")


class RequirementNoticeTextIn(Schema):
    """What the notice says: the fields of the EJN Fiches Belges, then those of the Council of Europe's country form."""

    scope = Text(4000)
    alternative = Text(4000)
    competent_authority = Text(1000)
    practical_details = Text(4000)
    special_requirements = Text(4000)
    deadlines = Text(2000)
    address_of_receipt = Text(500)
    means_of_communication = Text(2000)
    encryption = Text(1000)
    double_criminality = Text(2000)
    limitation_of_use = Text(2000)
    other_documents = Text(2000)
    links = Many(fields.Url(schemes={"https"}, validate=validate.Length(max=500)), 20)


class RequirementNoticeVersionIn(Schema):
    """A new version of a notice: it replaces the one before on its day."""

    applicability = OneOf(APPLICABILITY, required=True)
    says = fields.Nested(RequirementNoticeTextIn, required=True)
    languages = Many(Code("languages"), 20)
    channels = Many(Code("channels"), 20)
    declared_by = Line(200, required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)


class RequirementNoticeIn(RequirementNoticeVersionIn):
    """What your country asks of requests."""

    measure = Code(
        "measures", allow_none=True, metadata={"description": "The measure that the notice is about; all measures by default."}
    )
    instrument = OneOf(
        instruments.codes(),
        name="InstrumentCode",
        allow_none=True,
        metadata={"description": "The instrument that the notice is about; all instruments by default."},
    )
    theme = Line(300, required=True)


class NoticeFilter(Paged):
    """Which notices: those in force, unless `history` is asked for."""

    country = Code("countries")
    measure = Code("measures")
    instrument = OneOf(instruments.codes(), name="InstrumentCode")
    on = fields.Date(metadata={"description": "The day on which the notices are in force; today by default."})
    history = fields.Boolean(metadata={"description": "Whether to include replaced and ended notices."})


class RequirementNoticeOut(Shown):
    """A requirement notice."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    country = Code("countries", required=True)
    measure = Code("measures", allow_none=True)
    instrument = OneOf(instruments.codes(), name="InstrumentCode", allow_none=True)
    theme = fields.String(required=True)
    applicability = OneOf(APPLICABILITY, required=True)
    says = Stored(RequirementNoticeTextIn, required=True)
    languages = fields.List(Code("languages"), required=True)
    channels = fields.List(Code("channels"), required=True)
    declared_by = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)
    supersedes = fields.UUID(allow_none=True)
    superseded_by = fields.UUID(
        allow_none=True, metadata={"description": "The newer version, which applies from its own valid_from on."}
    )
    etag = fields.String(required=True)
