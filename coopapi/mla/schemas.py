"""Requests for assistance on the wire."""

import marshmallow as ma
from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.http.fields import Count, Flag, Line, Many, OneOf, Schema, Text, When, refusal
from coopapi.http.transitions import Stepped, TransitionIn
from coopapi.mla.content import ContentIn, MeasureIn
from coopapi.mla.lifecycles import KINDS, STATES
from coopapi.shared.lifecycle import Side

_REMEDY = {"description": "With a refusal: the legal remedy against it in the executing State, and its time limit."}
RELATIONS = ("follow_up", "after_preservation", "extension", "supplement", "same_matter")


class PreviousIn(Schema):
    """An earlier request that this one goes on from."""

    request_id = fields.UUID(required=True)
    relation = OneOf(RELATIONS, required=True)
    reuse = Flag(
        metadata={
            "description": "Copy the content of that request; after partial execution, also the measures that were not carried out."
        },
    )


class _DraftFields(Schema):
    instrument = Text(
        40, allow_none=True, metadata={"description": "A code of `/instruments`. `/instruments/applicable` helps to find it."}
    )
    executing_authority = fields.UUID(allow_none=True, metadata={"description": "The addressee: an authority or a provider."})
    executing_country = Code(
        "countries",
        allow_none=True,
        metadata={"description": "The requested country. In a draft or an emergency it is sufficient without an addressee."},
    )
    enforcing_authority = fields.UUID(
        allow_none=True,
        metadata={"description": "The authority that is notified of an order to a provider (Regulation (EU) 2023/1543 Art. 8)."},
    )
    overlap_id = fields.UUID(allow_none=True)
    jit_id = fields.UUID(allow_none=True, metadata={"description": "The team for which the request is made."})
    foreign_reference = Line(100, allow_none=True)
    urgency = Code("urgency_levels")
    emergency_ground = Code("emergency_grounds", allow_none=True)
    language = Code("languages", allow_none=True)
    content = fields.Nested(ContentIn)
    measures = Many(fields.Nested(MeasureIn), 50, distinct=False)
    acknowledged_notices = Many(fields.UUID(), 200)


class RequestPatch(_DraftFields):
    """What changes about a draft; `content` and `measures` replace what was there."""


class RequestIn(_DraftFields):
    """A draft; kind and reference are enough, `readiness` says what is missing.

    With `incoming` the request of an authority that is not here yet is entered by the one it was sent to.
    """

    reference = Line(100, required=True)
    kind = OneOf(KINDS, required=True)
    case_id = fields.UUID(
        allow_none=True, metadata={"description": "Your case. Without it, all people of your authority can see the request."}
    )
    previous = fields.Nested(PreviousIn)
    incoming = fields.Nested(lambda: IncomingIn())  # noqa: PLW0108 (declared below)

    @ma.validates_schema
    def require_emergency_ground(self, data: dict[str, object], **_: object) -> None:
        """An emergency has a listed ground: urgent in words is none."""
        if data.get("urgency") == "emergency" and not data.get("emergency_ground"):
            raise refusal("emergency_ground", "An emergency needs a ground of the codelist emergency_grounds.", "emergency_ground")


class RecordedIn(Schema):
    """A step of the other side that is recorded for it because it has no users here: time, channel and proof."""

    at = When(required=True)
    channel = Code("channels", required=True)
    proof = Text(500, required=True, metadata={"description": "The proof of the step, such as the number of a letter or a ticket."})


class IncomingIn(Schema):
    """Who asks, and how the request came."""

    requesting_authority = fields.UUID(required=True)
    recorded = fields.Nested(RecordedIn, required=True)


class TransmissionIn(Schema):
    """How a request goes out (Budapest Art. 25(3))."""

    channel = Code("channels", required=True)
    security = Code("security_levels", required=True)
    receipt = Text(200)
    formal_confirmation_due = When(
        metadata={"description": "The date by which the other side wants a formal confirmation (Budapest Art. 25(3))."}
    )


class SendingIn(TransmissionIn):
    """How and when a request went out."""

    sent_at = When(
        metadata={"description": "When it was sent, if not now; `receipt` is then the proof. Your side states this time."},
    )

    delivered_at = When(
        metadata={
            "description": "When it was delivered to the notified authority, if `receipt` proves it. Its period runs from then "
            "until the receipt of the notification is stated."
        },
    )

    @ma.validates_schema
    def require_proof(self, data: dict[str, object], **_: object) -> None:
        """A time that is stated has a proof."""
        if (data.get("sent_at") or data.get("delivered_at")) and not data.get("receipt"):
            raise refusal("proof", "Give the proof of the time in `receipt`.", "receipt")


class ReceiptIn(Schema):
    """When something arrived, if not now, as your side states it."""

    received_at = When(required=True)
    channel = Code("channels", required=True)
    proof = Text(500, required=True, metadata={"description": "The proof of the time, such as the number of a return receipt."})


class ResultSendingIn(Schema):
    """When the result of a measure was sent, if not now, as your side states it."""

    sent_at = When(required=True)
    channel = Code("channels", required=True)
    proof = Text(500, required=True)


class PathIn(Schema):
    """Through whom else a communication went (Budapest Art. 30)."""

    countries = Many(Code("countries"), 20, least=1, required=True)
    providers = Many(Text(300), 20)
    text = Text(2000)


class RequestStepIn(TransitionIn):
    """A step in the life of a request; what it needs depends on the event."""

    reason = Text(4000, metadata={"description": "The question, the answer or the reason, for the other side to read."})
    grounds = Many(
        Text(60),
        10,
        metadata={"description": "The grounds of a refusal or postponement: codes of mla_refusal_grounds or postponement_grounds."},
    )
    legal_remedy = Text(2000, metadata=_REMEDY)
    until = When(metadata={"description": "The date until which the request is postponed, or the data are preserved."})
    to_authority = fields.UUID(metadata={"description": "The authority to which the request is forwarded."})
    foreign_reference = Line(100, metadata={"description": "The reference of the executing side."})
    outcome_reason = Code("non_execution_reasons")
    transmission = fields.Nested(SendingIn)
    receipt = fields.Nested(ReceiptIn)
    indirect = Flag(
        metadata={
            "description": "With the receipt of a police request: whether the information must be obtained from other authorities "
            "or private parties (Directive (EU) 2023/977 Art. 5(1)(b))."
        }
    )
    path = fields.Nested(PathIn)
    recorded = fields.Nested(RecordedIn)


class MeasureStepIn(TransitionIn):
    """A step in the life of one measure."""

    reason = Text(4000)
    grounds = Many(Text(60), 10)
    legal_remedy = Text(2000, metadata=_REMEDY)
    until = When(metadata={"description": "The date until which the measure is postponed."})
    outcome_reason = Code("non_execution_reasons")
    conditions = Many(Code("use_conditions"), 10, metadata={"description": "The conditions on which the result is offered."})
    sending = fields.Nested(ResultSendingIn)
    recorded = fields.Nested(RecordedIn)


class TimeStepIn(TransitionIn):
    """A step with a stated time; a correction has the new time with its proof."""

    reason = Text(2000, metadata={"description": "The reason, for the other side to read."})
    at = When(metadata={"description": "The corrected time."})
    channel = Code("channels", metadata={"description": "The channel; as before if it is omitted."})
    proof = Text(500, metadata={"description": "The proof of the corrected time."})


class MessageIn(Schema):
    """A question, an answer, or a word besides."""

    act = OneOf(("question", "answer", "message"), required=True)
    text = Text(8000, required=True)
    reply_to = fields.UUID()
    measure_id = fields.UUID()
    internal = Flag(metadata={"description": "Whether only your own side can read the message."})
    recorded = fields.Nested(RecordedIn)


class RequestPartyIn(Schema):
    """An authority to bring in on your side: to validate, to transmit, to execute, or only to read."""

    authority_id = fields.UUID(required=True)
    acting = Flag()
    until = When(metadata={"description": "The time at which the participation ends; a time in the past ends it immediately."})


class RequestCaseIn(Schema):
    """Your own case, through which your people see the request."""

    case_id = fields.UUID(required=True)


class RequestIncluded(Schema):
    """What to add to a request."""

    include = OneOf(
        ("usual",), name="RequestIncluded", metadata={"description": "What to add: how long such requests usually take."}
    )


class RequestFilter(Stepped):
    """Which requests."""

    direction = OneOf(("outgoing", "incoming"))
    side = OneOf(
        (Side.REQUESTING, Side.EXECUTING, Side.ENFORCING, Side.FORWARDING),
        name="RequestSide",
        metadata={"description": "Your side; `forwarding` lists what you forwarded to another authority of your State."},
    )
    kind = OneOf(KINDS)
    state = OneOf(STATES)
    urgency = Code("urgency_levels")
    instrument = Text(40)
    case_id = fields.UUID()
    overlap_id = fields.UUID()
    jit_id = fields.UUID()
    authority = fields.UUID(metadata={"description": "The authority of the other side."})
    country = Code("countries", metadata={"description": "The same as `executing_country`."})
    requesting_country = Code("countries", metadata={"description": "The country that makes the request."})
    executing_country = Code("countries", metadata={"description": "The country in which the request is executed."})
    measure = Code("measures", metadata={"description": "A measure that is requested."})
    reference = Line(100, metadata={"description": "A part of your reference or of that of the other side."})
    due_before = When(metadata={"description": "Only requests with a running deadline of your side that ends before this time."})
    overdue = fields.Boolean(metadata={"description": "Only requests with an overdue deadline."})
    expires_within = Count(1, 8760, metadata={"description": "Only preservation requests that end within this number of hours."})
    never_followed_up = fields.Boolean(
        metadata={"description": "Only preservation requests that were never followed by a request for the data."}
    )
