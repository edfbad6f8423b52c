"""Meetings as they come in."""

from marshmallow import fields, validate

from coopapi.directory import codelists
from coopapi.directory.fields import Code
from coopapi.disclosures.schemas import DisclosureIn
from coopapi.http.fields import Count, Line, Many, OneOf, Schema, Text, When, Zone
from coopapi.http.transitions import Stepped, TransitionIn
from coopapi.jits.schemas import JitIn
from coopapi.jurisdiction.schemas import ConsultationIn
from coopapi.meetings.lifecycles import ACTION_LIFECYCLE, MEETING_LIFECYCLE, MODES
from coopapi.meetings.outcomes import OUTCOMES
from coopapi.mla.schemas import RecordedIn, RequestIn


class PlaceStepIn(TransitionIn):
    """An answer to an invitation. The host desk records it for an authority without users here."""

    recorded = fields.Nested(RecordedIn)


class ParticipantRecordedIn(RecordedIn):
    """The agreement of a participant without users here, recorded for it: whose, time, channel and proof."""

    authority_id = fields.UUID(required=True)


class SeatedIn(Schema):
    """A person who comes for an authority."""

    name = Line(200, required=True)
    post = Line(200)


class MeetingPlaceIn(Schema):
    """An authority or organisation to invite."""

    authority_id = fields.UUID(required=True)
    function = Code("meeting_functions", required=True)
    persons = Many(fields.Nested(SeatedIn), 20)


class _MeetingFields(Schema):
    agenda = Text(8000)
    legal_issues = Text(8000)
    confidentiality = Text(2000, metadata={"description": "What must be kept confidential, and from whom."})
    place = Text(500, metadata={"description": "The room, or how to join by video conference."})
    countries = Many(Code("countries"), 60)
    interpretation = Many(Code("languages"), 24, metadata={"description": "The languages for which there is interpretation."})


class MeetingIn(_MeetingFields):
    """A meeting to propose, from what you see: a case, an overlap, or a request."""

    level = Code("meeting_levels", required=True)
    origin_type = OneOf(
        ("case", "overlap", "request", "delegations"),
        required=True,
        metadata={
            "description": "`delegations` for a bilateral meeting of two delegations about many cases, which has no `origin_id`."
        },
    )
    origin_id = fields.UUID()
    title = Line(300, required=True)
    host_desk = fields.UUID(metadata={"description": "The desk that you ask to host; the desk of your country by default."})
    function = Code(
        "meeting_functions", metadata={"description": "Your own function if another desk hosts; `prosecutor` by default."}
    )
    mode = OneOf(MODES, required=True)
    time_zone = Zone(required=True)
    participants = Many(fields.Nested(MeetingPlaceIn), 60, distinct=False)


class MeetingPatch(_MeetingFields):
    """What changes about a meeting."""

    title = Line(300)
    mode = OneOf(MODES)
    time_zone = Zone()
    access_until = When(
        metadata={"description": "The time until which participants can see the meeting and the cases shared for it."}
    )


class MeetingOptionIn(Schema):
    """A time at which the meeting could be."""

    starts_at = When(required=True)
    ends_at = When(required=True)


class MeetingStepIn(TransitionIn):
    """A step: a poll offers times, scheduling takes one of them or another."""

    options = Many(fields.Nested(MeetingOptionIn), 20)
    option_id = fields.UUID()
    starts_at = When()
    ends_at = When()
    recorded = fields.Nested(ParticipantRecordedIn)


class MeetingAnswerIn(Schema):
    """Whether one time suits you."""

    option_id = fields.UUID(required=True)
    answer = OneOf(("yes", "no", "maybe"), required=True)


class MeetingAnswersIn(Schema):
    """Which times suit you."""

    answers = Many(fields.Nested(MeetingAnswerIn), 20, least=1, required=True)


class MeetingShareIn(Schema):
    """A case of yours to share with those who take part."""

    case_id = fields.UUID(required=True)
    level = OneOf(("index", "read"), metadata={"description": "The access level; `read` by default."})


class MeetingConclusionIn(Schema):
    """What was concluded for a country."""

    country = Code("countries", required=True)
    text = Text(8000, required=True)


class MinutesIn(Schema):
    """The minutes."""

    text = Text(20_000, required=True)


class MeetingActionIn(Schema):
    """What an authority will do, by the end of which day in its country."""

    owner = fields.UUID(metadata={"description": "The authority that is responsible; your own by default."})
    due_on = fields.Date(required=True)
    text = Text(4000, required=True)


class OutcomeDisclosureIn(DisclosureIn):
    """What is asked of the other side of an overlap."""

    overlap_id = fields.UUID(required=True)


class MeetingOutcomeIn(Schema):
    """What is begun, as its own endpoint takes it, under the name of its kind."""

    kind = OneOf(OUTCOMES, required=True)
    jit_proposal = fields.Nested(JitIn)
    request = fields.Nested(RequestIn)
    consultation = fields.Nested(ConsultationIn)
    disclosure = fields.Nested(OutcomeDisclosureIn)


class CentreEntryIn(Schema):
    """A line of the log of an action day."""

    at = When(required=True)
    country = Code("countries", required=True)
    measure = Code("operation_measures", required=True)
    figures = fields.Dict(
        keys=fields.String(validate=validate.OneOf(sorted(codelists.load("operation_results").codes))),
        values=fields.Integer(strict=True, validate=validate.Range(0, 1_000_000)),
        validate=validate.Length(max=20),
    )
    note = Text(2000)


class MeetingFilter(Stepped):
    """Which meetings."""

    state = OneOf(MEETING_LIFECYCLE.states)
    level = Code("meeting_levels")
    country = Code("countries")
    origin_id = fields.UUID(metadata={"description": "The case, overlap or request that the meeting is about."})
    side = OneOf(("host", "invited"))
    upcoming = fields.Boolean()


class ActionFilter(Stepped):
    """Which actions: `side=mine&overdue=true` is the morning list."""

    side = OneOf(("mine", "theirs"))
    owner = fields.UUID()
    meeting_id = fields.UUID()
    state = OneOf((*ACTION_LIFECYCLE.states, "overdue"), name="MeetingActionState")
    overdue = fields.Boolean()
    within = Count(1, 8760, metadata={"description": "Only those that are due within this number of hours."})
