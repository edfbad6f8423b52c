"""Requests for assistance as they are answered."""

from marshmallow import fields

from coopapi.deadlines.models import TIME_LIFECYCLE
from coopapi.directory.fields import Code
from coopapi.evidence.schemas import RecordedForOut
from coopapi.http.fields import Link, OneOf, Shown, Stored, When
from coopapi.http.transitions import TransitionsOut, embedded
from coopapi.mla.content import ContentIn, MeasureIn
from coopapi.mla.issuing import Validator
from coopapi.mla.lifecycles import MEASURE_LIFECYCLE, STATES
from coopapi.mla.schemas import RELATIONS
from coopapi.shared.lifecycle import Side
from coopapi.statistics.published_schemas import UsualTimeOut


class AuthorityBrief(Shown):
    """An authority, in brief."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    type = Code("authority_types", required=True)
    country = Code("countries", allow_none=True, required=True)


class SuggestionOut(Shown):
    """Something that might be done next: what to send where, and why."""

    do = OneOf(
        ("preserve", "follow_up", "try_next_contact"),
        required=True,
        metadata={"description": "The suggested action: `preserve`, `follow_up`, or `try_next_contact` of the requested country."},
    )
    why = fields.String(required=True)
    country = Code("countries")
    kind = Code("request_kinds", metadata={"description": "The kind of request with which the data can be preserved there."})
    instrument = fields.String()
    relation = OneOf(RELATIONS)
    href = Link(required=True)
    method = fields.String(required=True)
    previous = fields.UUID(required=True)


class PreviousOut(Shown):
    """The earlier request that this one goes on from."""

    request_id = fields.UUID(required=True)
    relation = OneOf(RELATIONS, required=True)


class RequestBrief(Shown):
    """A request as lists show it: who asks whom for what, and where it stands."""

    id = fields.UUID(required=True)
    transitions = embedded()
    reference = fields.String(required=True)
    foreign_reference = fields.String(allow_none=True)
    direction = OneOf(
        ("outgoing", "incoming"),
        required=True,
        metadata={"description": "The direction from the point of view of your authority: outgoing or incoming."},
    )
    side = OneOf(Side, allow_none=True, metadata={"description": "Your side; `forwarding` if you forwarded the request."})
    kind = Code("request_kinds", required=True)
    instrument = fields.String(allow_none=True)
    state = OneOf(STATES, required=True)
    urgency = Code("urgency_levels", required=True)
    emergency_ground = Code("emergency_grounds", allow_none=True)
    requesting = fields.Nested(AuthorityBrief, required=True)
    executing = fields.Nested(AuthorityBrief, allow_none=True)
    executing_country = Code("countries", allow_none=True)
    enforcing_authority = fields.UUID(attribute="enforcing_id", allow_none=True)
    case_id = fields.UUID(allow_none=True, metadata={"description": "Your own case to which the request belongs."})
    previous = fields.Nested(PreviousOut, allow_none=True)
    language = Code("languages", allow_none=True)
    validated_at = When(allow_none=True)
    transmitted_at = When(allow_none=True)
    received_at = When(allow_none=True)
    decided_at = When(allow_none=True)
    until = When(
        allow_none=True, metadata={"description": "The time until which the data are preserved or the request is postponed."}
    )
    expired = fields.Boolean(metadata={"description": "Whether the preservation period has ended, so that the data may be lost."})
    grounds = fields.List(fields.String(), required=True)
    created_at = When(required=True)
    updated_at = When(required=True)
    etag = fields.String(required=True)


class MeasureOut(Shown):
    """One measure, and what became of it."""

    id = fields.UUID(required=True)
    transitions = embedded()
    place = fields.Integer(required=True)
    code = Code("measures", required=True)
    state = OneOf(MEASURE_LIFECYCLE.states, required=True)
    asked = Stored(
        MeasureIn, required=True, metadata={"description": "The measure as it was requested, with the fields of MeasureIn."}
    )
    grounds = fields.List(fields.String(), required=True)
    outcome_reason = Code("non_execution_reasons", allow_none=True)
    until = When(allow_none=True)
    conditions = fields.List(Code("use_conditions"), required=True)
    started_at = When(allow_none=True)
    ended_at = When(allow_none=True)
    etag = fields.String(required=True)


class StageOut(Shown):
    """A state in which a request was or is, and for how long."""

    state = OneOf(STATES, required=True)
    since = When(required=True)
    until = When(allow_none=True, required=True)
    hours = fields.Float(required=True)


class RequestOut(RequestBrief):
    """A request with what it says."""

    overlap_id = fields.UUID(allow_none=True)
    jit_id = fields.UUID(allow_none=True, metadata={"description": "The team, only for callers who take part in it."})
    content = Stored(
        ContentIn,
        required=True,
        metadata={
            "description": "The fields of ContentIn that your side may see; of spontaneous information, at first only conditions."
        },
    )
    measures = fields.List(fields.Nested(MeasureOut), required=True)
    acknowledged_notices = fields.List(fields.UUID(), attribute="notices", required=True)
    path_countries = fields.List(
        Code("countries"), required=True, metadata={"description": "Other countries in which data are located (Art. 30)."}
    )
    stages = fields.List(
        fields.Nested(StageOut),
        required=True,
        metadata={"description": "How long it was in each state. Only the requesting side sees the stages before transmission."},
    )
    suggestions = fields.List(fields.Nested(SuggestionOut), required=True)
    usual = fields.Nested(
        UsualTimeOut,
        allow_none=True,
        metadata={
            "description": "Only with `include=usual`: how long such requests usually take; null if too few are known to tell."
        },
    )


class MessageOut(Shown):
    """One turn of the thread."""

    id = fields.UUID(required=True)
    at = When(required=True)
    authority_id = fields.UUID(required=True)
    side = OneOf(Side, required=True)
    act = fields.String(
        required=True,
        metadata={"description": "The kind of message: question, answer, message, or the step to which the text belongs."},
    )
    text = fields.String(allow_none=True)
    legal_remedy = fields.String(
        allow_none=True, metadata={"description": "With a refusal: the legal remedy against it in the executing State."}
    )
    reply_to = fields.UUID(allow_none=True)
    measure_id = fields.UUID(allow_none=True)
    grounds = fields.List(fields.String(), required=True)
    recorded = Stored(
        RecordedForOut,
        allow_none=True,
        metadata={"description": "The time, channel and proof of a step that was recorded for the other side."},
    )
    recorded_by = fields.UUID(required=True)
    internal = fields.Boolean(required=True)
    etag = fields.String(required=True)


class TransmissionOut(Shown):
    """How a request went out."""

    id = fields.UUID(required=True)
    from_id = fields.UUID(required=True)
    to_id = fields.UUID(required=True)
    at = When(required=True)
    sent_by = fields.UUID(required=True)
    channel = Code("channels", required=True)
    security = Code("security_levels", required=True)
    receipt = fields.String(allow_none=True)
    formal_confirmation_due = When(allow_none=True)
    etag = fields.String(required=True)


class TimeOut(Shown):
    """When something was sent or received, as the side concerned states it, and what became of that statement."""

    id = fields.UUID(required=True)
    object_id = fields.UUID(required=True, metadata={"description": "The request to which the time belongs."})
    item_id = fields.UUID(allow_none=True, metadata={"description": "The measure whose result was sent."})
    what = OneOf(("sent", "received", "delivered", "notified", "enforcement_received", "transferred"), required=True)
    side = OneOf(Side, required=True)
    authority_id = fields.UUID(required=True)
    at = When(required=True)
    channel = Code("channels", allow_none=True, required=True)
    proof = fields.String(allow_none=True, required=True)
    state = OneOf(
        TIME_LIFECYCLE.states,
        required=True,
        metadata={"description": "`proposed`: the correction waits for a second person. Only your own side sees it until then."},
    )
    replaces = fields.UUID(allow_none=True, required=True, metadata={"description": "The time that this one corrects."})
    replaced_by = fields.UUID(allow_none=True, required=True)
    reason = fields.String(allow_none=True, required=True, metadata={"description": "The reason for the correction."})
    recorded_by = fields.UUID(required=True, metadata={"description": "The authority that entered the time."})
    stated_at = When(required=True, metadata={"description": "When the time was entered here."})
    contested_by = fields.UUID(allow_none=True, required=True)
    contested_at = When(allow_none=True, required=True)
    objection = fields.String(allow_none=True, required=True, metadata={"description": "Why the other side contests the time."})
    approval_id = fields.UUID(
        allow_none=True, required=True, metadata={"description": "The request for approval that the correction waits for."}
    )
    etag = fields.String(required=True)


class ReadinessPointOut(Shown):
    """Something that a request lacks, might have, or will be refused for."""

    rule = fields.String(required=True)
    pointer = fields.String(required=True)
    detail = fields.String(required=True)
    article = fields.String()
    verify = fields.Boolean(required=True, metadata={"description": "True if the rule was not checked against the official text."})


class ReadinessOut(Shown):
    """Whether a request may go, and what would make it better."""

    ready = fields.Boolean(
        required=True, metadata={"description": "Whether nothing is missing and nobody has to validate the request first."}
    )
    needs_validation = OneOf(
        Validator,
        required=True,
        metadata={
            "description": "Who must validate the request before it is sent, if you would issue it: `judge` is a person with the "
            "function `judge`, `prosecutor` also a prosecutor. `none` once it was validated."
        },
    )
    validated_later = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the order may be validated within 48 hours after it is sent "
            "(Regulation (EU) 2023/1543 Art. 4(5))."
        },
    )
    validation_article = fields.String(
        required=True, allow_none=True, metadata={"description": "The article that says who may issue the request."}
    )
    validation_verify = fields.Boolean(
        required=True, metadata={"description": "True if that article was not checked against the official text."}
    )
    missing = fields.List(fields.Nested(ReadinessPointOut), required=True)
    advised = fields.List(fields.Nested(ReadinessPointOut), required=True)
    will_be_refused = fields.List(fields.Nested(ReadinessPointOut), required=True)
    notices = fields.List(
        fields.UUID(), required=True, metadata={"description": "The requirement notices that you still have to acknowledge."}
    )
    duplicates = fields.List(fields.UUID(), required=True, metadata={"description": "Your earlier requests for the same data."})
    accepted_languages = fields.List(Code("languages"), required=True)


class SidedTransitionsOut(TransitionsOut):
    """The present state, on which side you are, and what you may do now."""

    side = fields.String(
        required=True, metadata={"description": "Your side: requesting, executing, enforcing, forwarding, or none."}
    )
    recorded_for = fields.List(
        OneOf(Side),
        required=True,
        metadata={"description": "Sides without users in this register, for which you may record steps."},
    )


class PerformanceOut(Shown):
    """How a provider answered the requests that you take part in."""

    asked = fields.Integer(required=True, metadata={"description": "The number of measures that the provider received."})
    answered = fields.Integer(required=True)
    not_answered = fields.Integer(required=True)
    median_hours = fields.Float(allow_none=True)
    p90_hours = fields.Float(allow_none=True)
