"""Published figures on the wire."""

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.http.fields import OneOf, Schema, Shown, When
from coopapi.statistics.fields import FORMAT
from coopapi.statistics.tables import NAMES


class PublishedFilter(Schema):
    """In which format a published table is answered."""

    format = FORMAT


class PublishedTableOut(Shown):
    """A table that is published for each period."""

    name = OneOf(NAMES, name="PublishedTableName", required=True)
    by = fields.List(fields.String(), required=True)
    figures = fields.List(fields.String(), required=True)


class PublishedPeriodOut(Shown):
    """A quarter or year whose figures are published."""

    period = fields.String(required=True, metadata={"description": "A year such as 2026, or a quarter such as 2026-Q3."})
    ends_at = When(required=True)
    computed_at = When(required=True)
    tables = fields.List(fields.Nested(PublishedTableOut), required=True)


class PublishedRowOut(Shown):
    """One row of a published table."""

    keys = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    figures = fields.Dict(
        keys=fields.String(),
        values=fields.String(allow_none=True),
        required=True,
        metadata={
            "description": "Each figure rounded to a multiple of five; `<5` if it is smaller; null if it is left out, because with"
            " others it would tell a number below five."
        },
    )


class PublishedFiguresOut(Shown):
    """A published table. A group that is not listed has fewer than five things, or none."""

    period = fields.String(required=True)
    name = OneOf(NAMES, name="PublishedTableName", required=True)
    by = fields.List(fields.String(), required=True)
    rows = fields.List(fields.Nested(PublishedRowOut), required=True)


class UsualTimeOut(Shown):
    """How long requests of this kind usually take, in the figures that were published last."""

    kind = Code("request_kinds", required=True)
    of_group = OneOf(
        ("country_pair", "executing_country", "kind"),
        name="UsualGroup",
        required=True,
        metadata={"description": "Which requests were counted: between the two countries, to the executing country, or all."},
    )
    requesting_country = fields.String(required=True, allow_none=True)
    executing_country = fields.String(required=True, allow_none=True)
    period = fields.String(required=True, metadata={"description": "The period at whose end the last twelve months were counted."})
    median_hours = fields.Float(required=True)
    p90_hours = fields.Float(required=True)
