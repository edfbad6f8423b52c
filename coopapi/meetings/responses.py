"""Meetings as they go out."""

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.directory.schemas import AuthorityRef
from coopapi.evidence.schemas import RecordedForOut
from coopapi.http.fields import Link, OneOf, Shown, When
from coopapi.http.transitions import embedded
from coopapi.meetings.lifecycles import ACTION_LIFECYCLE, FEED_LIFECYCLE, MEETING_LIFECYCLE, MODES, PLACE_LIFECYCLE
from coopapi.meetings.outcomes import OUTCOMES


class MeetingBrief(Shown):
    """A meeting, in lists."""

    id = fields.UUID(required=True)
    transitions = embedded()
    reference = fields.String(required=True)
    level = Code("meeting_levels", required=True)
    state = OneOf(MEETING_LIFECYCLE.states, required=True)
    title = fields.String(allow_none=True)
    side = OneOf(("host", "invited"), required=True, metadata={"description": "Whether you host the meeting or were invited."})
    host = fields.Nested(AuthorityRef, required=True)
    convener = fields.Nested(AuthorityRef, required=True)
    origin_type = OneOf(("case", "overlap", "request", "delegations"), required=True, allow_none=True)
    origin_id = fields.UUID(
        allow_none=True,
        metadata={"description": "The id, only for callers who may see that resource independently of the meeting."},
    )
    countries = fields.List(Code("countries"), required=True)
    interpretation = fields.List(Code("languages"), required=True)
    mode = OneOf(MODES, required=True)
    time_zone = fields.String(required=True)
    starts_at = When(allow_none=True)
    ends_at = When(allow_none=True)
    sequence = fields.Integer(required=True)
    access_until = When(required=True)
    created_at = When(required=True)
    updated_at = When(required=True)
    etag = fields.String(required=True)


class MeetingOut(MeetingBrief):
    """A meeting, with what is said of it."""

    agenda = fields.String(allow_none=True)
    legal_issues = fields.String(allow_none=True)
    confidentiality = fields.String(allow_none=True)
    place = fields.String(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "The reason why the meeting was moved or cancelled."})
    minutes = fields.String(allow_none=True)
    awaited = fields.List(
        fields.UUID(), required=True, metadata={"description": "The authorities that still have to agree to the minutes."}
    )


class SeatedOut(Shown):
    """A person who comes for an authority."""

    name = fields.String(required=True)
    post = fields.String()


class MeetingPlaceOut(Shown):
    """An authority's place at a meeting."""

    id = fields.UUID(required=True)
    transitions = embedded()
    meeting_id = fields.UUID(required=True)
    authority = fields.Nested(AuthorityRef, required=True)
    country = Code("countries", allow_none=True)
    function = Code("meeting_functions", required=True)
    persons = fields.List(fields.Nested(SeatedOut), required=True)
    state = OneOf(PLACE_LIFECYCLE.states, required=True)
    invited_at = When(required=True)
    answered_at = When(allow_none=True)
    agreed_at = When(allow_none=True)
    recorded_answer = fields.Nested(RecordedForOut, allow_none=True)
    recorded_agreement = fields.Nested(RecordedForOut, allow_none=True)
    etag = fields.String(required=True)


class MeetingAnswerOut(Shown):
    """Whether a time suits an authority."""

    id = fields.UUID(required=True)
    option_id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    answer = OneOf(("yes", "no", "maybe"), required=True)
    at = When(required=True)


class MeetingOptionOut(Shown):
    """A time at which the meeting could be, and whom it suits."""

    id = fields.UUID(required=True)
    starts_at = When(required=True)
    ends_at = When(required=True)
    answers = fields.List(fields.Nested(MeetingAnswerOut), required=True)


class MeetingConclusionOut(Shown):
    """What was concluded for a country."""

    id = fields.UUID(required=True)
    meeting_id = fields.UUID(required=True)
    country = Code("countries", required=True)
    authority_id = fields.UUID(required=True)
    text = fields.String(required=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class MeetingActionOut(Shown):
    """What an authority undertook, by when."""

    id = fields.UUID(required=True)
    transitions = embedded()
    meeting_id = fields.UUID(required=True)
    owner_id = fields.UUID(required=True)
    country = Code("countries", allow_none=True)
    due_on = fields.Date(required=True)
    due_at = When(required=True)
    zone = fields.String(required=True, metadata={"description": "The time zone in which the day ends."})
    text = fields.String(required=True)
    state = OneOf((*ACTION_LIFECYCLE.states, "overdue"), name="MeetingActionState", required=True)
    reason = fields.String(allow_none=True)
    recorded = fields.Nested(RecordedForOut, allow_none=True)
    ended_at = When(allow_none=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class MeetingOutcomeOut(Shown):
    """What was begun with a meeting, and where those who see it find it."""

    id = fields.UUID(required=True)
    meeting_id = fields.UUID(required=True)
    kind = OneOf(OUTCOMES, required=True)
    made_type = fields.String(required=True)
    made_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "The id, only for callers who may see that resource independently of the meeting."},
    )
    href = Link(required=True, allow_none=True)
    authority_id = fields.UUID(required=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class CentreEntryOut(Shown):
    """A line of the log of an action day."""

    id = fields.UUID(required=True)
    meeting_id = fields.UUID(required=True)
    at = When(required=True)
    country = Code("countries", required=True)
    authority_id = fields.UUID(required=True)
    measure = Code("operation_measures", required=True)
    figures = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    note = fields.String(allow_none=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class CountryResultOut(Shown):
    """The figures of one country."""

    country = Code("countries", required=True)
    figures = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class CentreResultsOut(Shown):
    """What came of an action day, by country and in all."""

    countries = fields.List(fields.Nested(CountryResultOut), required=True)
    total = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    entries = fields.Integer(required=True)


class CalendarFeedOut(Shown):
    """A private calendar of your authority."""

    id = fields.UUID(required=True)
    state = OneOf(FEED_LIFECYCLE.states, required=True)
    address = fields.String(
        metadata={"description": "The secret address, which is shown only once. Anybody who has it can read the calendar."}
    )
    created_at = When(required=True)
    revoked_at = When(allow_none=True)
    etag = fields.String(required=True)
