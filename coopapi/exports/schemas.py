"""Exports on the wire."""

from typing import Any, Final

from marshmallow import fields, validates_schema

from coopapi.directory.codelists import LANGUAGES
from coopapi.directory.fields import Code
from coopapi.exports.formats.table import EVERY
from coopapi.exports.lines import CONSENTED
from coopapi.exports.models import STATES, STOPS
from coopapi.exports.timelines.filters import KINDS, CasesFilter, EntriesFilter
from coopapi.exports.timelines.sources import MOST_CASES, THINGS
from coopapi.exports.timelines.table import TIMELINES
from coopapi.http.fields import Flag, Line, Many, OneOf, Paged, Schema, Shown, Text, When, refusal

MOST_OTHER_CASES: Final = MOST_CASES - 1
"""How many further cases one file may have."""
MOST_CONSENTS: Final = len(CONSENTED) * MOST_CASES
"""How many consents may be recorded: one for each code of each case."""


class ExportRecipientIn(Schema):
    """For whom the file is: an authority of the directory, or somebody else with a name and a country."""

    authority_id = fields.UUID()
    name = Line(200)
    country = Code("countries")

    @validates_schema
    def require_one_recipient(self, data: dict[str, Any], **_: object) -> None:
        """A recipient is named in one way."""
        if data.keys() not in ({"authority_id"}, {"name", "country"}):
            raise refusal("exactly_one", "Give either authority_id, or name and country.", "authority_id")


class ExportRecipientOut(Shown):
    """For whom the file is."""

    authority_id = fields.UUID(allow_none=True)
    name = fields.String(required=True)
    country = Code("countries", allow_none=True)


class ExportConsentIn(Schema):
    """The consent of the authority that gave information under the handling code H2 or H3, as it was recorded."""

    handling_code = OneOf(CONSENTED, name="ConsentCode", required=True)
    case_id = fields.UUID(
        metadata={"description": "The case for which the consent was given; required if the export has `also_case_ids`."}
    )
    given_by = Line(200, required=True, metadata={"description": "The authority that gave the information and consented."})
    given_on = fields.Date(required=True)
    proof = Text(500, required=True, metadata={"description": "Where the consent can be found, such as the number of a letter."})
    conditions = Text(1000, metadata={"description": "The conditions of the consent, which the file carries; required for H3."})


class ExportConsentOut(Shown):
    """A recorded consent."""

    handling_code = OneOf(CONSENTED, name="ConsentCode", required=True)
    case_id = fields.UUID(required=True)
    given_by = fields.String(required=True)
    given_on = fields.String(required=True)
    proof = fields.String(required=True)
    conditions = fields.String(allow_none=True)


class ExportTimelineIn(EntriesFilter):
    """What of the timelines is exported, in the words of `GET /timelines`."""

    entries = Flag(
        metadata={"description": "Whether entries are in a calendar beside duties; false by default. Only for `timeline-ics`."}
    )

    @validates_schema
    def require_order(self, data: dict[str, Any], **_: object) -> None:
        """The time to which entries are wanted is after the one from which they are."""
        if "since" in data and "until" in data and data["until"] <= data["since"]:
            raise refusal("order_of_time", "The end must be after the beginning.", "until")


class ExportTimelineOut(Shown):
    """What of the timelines was asked for: the filters that apply, and the language."""

    language = OneOf(LANGUAGES, required=True)
    since = fields.String(allow_none=True)
    until = fields.String(allow_none=True)
    type = fields.List(fields.String(), allow_none=True)
    kind = OneOf(KINDS, name="TimelineKind", allow_none=True)
    subject_id = fields.UUID(allow_none=True)
    identifier_id = fields.UUID(allow_none=True)
    authority_id = fields.UUID(allow_none=True)
    text = fields.String(allow_none=True)
    as_known_on = fields.String(allow_none=True)
    entries = fields.Boolean(allow_none=True)


class ExportIn(CasesFilter):
    """What is exported, for whom, and why.

    A timeline takes the cases of an overlap, a team or a meeting instead of named ones, as they are at this moment.
    """

    case_id = fields.UUID()
    also_case_ids = Many(
        fields.UUID(),
        MOST_OTHER_CASES,
        metadata={"description": "Further cases of the same timeline; only for formats of timelines."},
    )
    timeline = fields.Nested(ExportTimelineIn, metadata={"description": "What of the timelines; only for formats of timelines."})
    format = OneOf(EVERY, name="ExportFormat", required=True)
    purpose = Code("purposes", required=True)
    recipient = fields.Nested(ExportRecipientIn, required=True)
    handling_code = Code(
        "handling_codes", metadata={"description": "The handling code for everything that has none of its own; H0 by default."}
    )
    victims = Flag(
        metadata={"description": "Whether data about victims are exported; only people with victim clearance may ask for that."}
    )
    consents = Many(fields.Nested(ExportConsentIn), MOST_CONSENTS, distinct=False)
    reason = Text(500, required=True)

    @validates_schema
    def require_format_of_timelines(self, data: dict[str, Any], **_: object) -> None:
        """Several cases, and parts of a timeline, are only for formats of timelines; a case is named once."""
        for name in ("also_case_ids", "timeline", *THINGS):
            if name in data and data.get("format") not in TIMELINES:
                raise refusal("timeline_only", "Only the formats of timelines have this.", name)
        if "also_case_ids" in data and "case_id" not in data:
            raise refusal("alone", "Name further cases only beside case_id.", "also_case_ids")
        if data.get("case_id") in data.get("also_case_ids", ()):
            raise refusal("distinct", "The case is named twice.", "also_case_ids")
        if "entries" in data.get("timeline", {}) and data["format"] != "timeline-ics":
            raise refusal("calendar_only", "Only a calendar can be without entries.", "timeline")


class ExportFilter(Paged):
    """Which exports."""

    state = OneOf(STATES, name="ExportState")
    case_id = fields.UUID()


class LeftOutOut(Shown):
    """Something that is not in the file, and why."""

    what = fields.String(required=True, metadata={"description": "A type of line, a field such as `case.state`, or a kind."})
    why = OneOf(
        ("withdrawn", "victim", "no_subject", "consent_missing", "digests_only", "same_value", "no_place", "undated", "of_others"),
        name="WhyLeftOut",
        required=True,
    )
    count = fields.Integer(required=True)


class ExportOut(Shown):
    """An export, and how far it is."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    also_case_ids = fields.List(fields.UUID(), required=True)
    timeline = fields.Nested(ExportTimelineOut, required=True, allow_none=True)
    format = OneOf(EVERY, name="ExportFormat", required=True)
    format_version = fields.String(required=True)
    purpose = Code("purposes", required=True)
    recipient = fields.Nested(ExportRecipientOut, required=True)
    reason = fields.String(required=True)
    handling_code = Code("handling_codes", required=True)
    victims = fields.Boolean(required=True)
    consents = fields.List(fields.Nested(ExportConsentOut), required=True)
    four_eyes = fields.Boolean(
        required=True, metadata={"description": "Whether a second person must approve it, because it leaves the Member States."}
    )
    state = OneOf(STATES, name="ExportState", required=True)
    state_reason = OneOf(STOPS, name="ExportStop", allow_none=True)
    requested_by = fields.UUID(attribute="principal_id", required=True)
    subjects = fields.Integer(required=True)
    identifiers = fields.Integer(required=True)
    links = fields.Integer(required=True, metadata={"description": "The links of identifiers to subjects."})
    facts = fields.Integer(required=True)
    entries = fields.Integer(required=True, metadata={"description": "The entries of a timeline in the file."})
    handling_codes = fields.List(Code("handling_codes"), required=True, metadata={"description": "The codes in the file."})
    left_out = fields.List(fields.Nested(LeftOutOut), required=True)
    size = fields.Integer(required=True, metadata={"description": "The bytes of the file."})
    sha256 = fields.String(allow_none=True)
    created_at = When(required=True)
    ready_at = When(allow_none=True)
    expires_at = When(allow_none=True, metadata={"description": "When the file is deleted."})
    ended_at = When(allow_none=True)
    etag = fields.String(required=True)
