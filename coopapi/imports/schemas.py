"""Imports on the wire."""

from marshmallow import fields

from coopapi.http.fields import Count, OneOf, Paged, Schema, Shown, Text, When
from coopapi.imports.models import OUTCOMES, STATES


class ImportQuery(Schema):
    """How a file is read."""

    dry_run = OneOf(("true", "false"), name="DryRun", metadata={"description": "`true`: report, but store nothing."})
    mapping = Text(
        8000,
        metadata={
            "description": "For CSV: a JSON object with the `type` of all lines, and `columns` that gives for each column the "
            "field that it fills, such as `context.country`."
        },
    )


class ImportFilter(Paged):
    """Which imports."""

    state = OneOf(STATES, name="ImportState")


class ReportFilter(Paged):
    """Which lines of a report."""

    limit = Count(1, 5000, metadata={"description": "The maximum number of lines (default 50)."})
    outcome = OneOf(OUTCOMES, name="LineOutcome")


class ImportOut(Shown):
    """An import, and how far it is."""

    id = fields.UUID(required=True)
    format = OneOf(("ndjson", "csv"), name="ImportFormat", required=True)
    dry_run = fields.Boolean(required=True)
    state = OneOf(STATES, name="ImportState", required=True)
    state_reason = OneOf(
        ("asked", "client_revoked", "failed"),
        name="ImportStop",
        allow_none=True,
        metadata={
            "description": "Why it was stopped: the client asked for it, the client was deactivated or lost a right that it needs,"
            " or the register failed."
        },
    )
    client_id = fields.UUID(attribute="principal_id", required=True, metadata={"description": "The client that sent it."})
    lines = fields.Integer(required=True, metadata={"description": "The lines of the file."})
    read = fields.Integer(required=True, metadata={"description": "The lines that were processed."})
    accepted = fields.Integer(required=True, metadata={"description": "The sum of the next four."})
    stored = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    withdrawn = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    conflicts = fields.Integer(
        required=True, metadata={"description": "Lines about rows that this client's imports did not make, or that changed since."}
    )
    rate = fields.Float(allow_none=True, metadata={"description": "Lines in a second of work."})
    seconds_left = fields.Integer(allow_none=True)
    waits_until = When(allow_none=True, metadata={"description": "When the quota allows it to go on."})
    created_at = When(required=True)
    started_at = When(allow_none=True)
    ended_at = When(allow_none=True)
    report_until = When(allow_none=True, metadata={"description": "Until then the report of an import that has ended can be read."})
    etag = fields.String(required=True)


class LineFaultOut(Shown):
    """A rule that a line breaks, and the JSON pointer of the field in the line."""

    pointer = fields.String(required=True)
    rule = fields.String(required=True)


class ReportLineOut(Shown):
    """What became of one line."""

    line = fields.Integer(required=True, metadata={"description": "The number of the line, counted from 1."})
    type = fields.String(allow_none=True)
    external_id = fields.String(allow_none=True)
    case = fields.String(attribute="case_external_id", allow_none=True, metadata={"description": "The key of its case."})
    outcome = OneOf(OUTCOMES, name="LineOutcome", required=True)
    faults = fields.List(fields.Nested(LineFaultOut), allow_none=True)
