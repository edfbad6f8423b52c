"""Consultations on jurisdiction, transfers and difficulties on the wire."""

import marshmallow as ma
from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.evidence.schemas import RecordedForIn, RecordedForOut
from coopapi.http.fields import Flag, Many, OneOf, Schema, Shown, Text, When, refusal
from coopapi.http.transitions import Stepped, TransitionIn, embedded
from coopapi.jurisdiction.lifecycles import CONSULTATION_LIFECYCLE


class ConsultationIn(Schema):
    """Whom to contact, about which facts (Framework Decision 2009/948/JHA Art. 8): from a case, an overlap, or two cases."""

    case_id = fields.UUID(metadata={"description": "Your case."})
    overlap_id = fields.UUID(metadata={"description": "The overlap whose other side you want to contact."})
    other_case_id = fields.UUID(metadata={"description": "The case whose owner you want to contact; you must have access to it."})
    contacted = Many(fields.UUID(), 30, metadata={"description": "The authorities of other States that you want to contact."})
    facts = Text(
        8000, required=True, metadata={"description": "The facts and circumstances, and data that identify the person (Art. 8)."}
    )
    in_custody = Flag(metadata={"description": "Whether the person is in custody; the consultation is then urgent (Art. 6(1))."})
    reply_by = When()

    @ma.validates_schema
    def require_addressee(self, data: dict[str, object], **_: object) -> None:
        """Take at least a case, an overlap or an authority."""
        if not data.keys() & {"case_id", "overlap_id", "other_case_id", "contacted"}:
            raise refusal("one_needed", "Give a case, an overlap, or the authorities to contact.", "contacted")


class ConsultedForIn(RecordedForIn):
    """The reply or position of an authority without users here, recorded for it: time, channel and proof."""

    authority_id = fields.UUID(required=True, metadata={"description": "The consulted authority for which you record this."})


class ConsultationStepIn(TransitionIn):
    """A step; a reply may bring a position, a referral names the desk that is asked."""

    position = Code("consultation_positions")
    reasons = Text(8000)
    desk = fields.UUID(metadata={"description": "With `refer`: the desk at Eurojust."})
    recorded = fields.Nested(ConsultedForIn, metadata={"description": "The record of the reply of another State."})

    @ma.validates_schema
    def of_its_kind(self, data: dict[str, object], **_: object) -> None:
        """Only a reply is another's."""
        if "recorded" in data and data.get("event") != "reply":
            raise refusal("goes_with", "This is allowed only with the event reply.", "recorded")


class ConsultationPositionIn(Schema):
    """What your State holds, and why."""

    position = Code("consultation_positions", required=True)
    reasons = Text(8000)
    recorded = fields.Nested(ConsultedForIn, metadata={"description": "The record of the position of another State."})


class ConsultedCaseIn(Schema):
    """Your case."""

    case_id = fields.UUID(required=True)


class TransferIn(Schema):
    """Proceedings to give over."""

    case_id = fields.UUID(required=True, metadata={"description": "Your case whose proceedings you transfer."})
    to_authority = fields.UUID(required=True)
    transferred_on = fields.Date(required=True)
    handed_over = Many(
        Text(300),
        200,
        least=1,
        required=True,
        metadata={"description": "The names of the files that were handed over; the files themselves are not uploaded."},
    )


class ConsultationFilter(Stepped):
    """Which consultations."""

    state = OneOf(CONSULTATION_LIFECYCLE.states)
    case_id = fields.UUID()
    urgent = fields.Boolean(metadata={"description": "Only urgent consultations, in which a person is in custody."})


_OF_DESKS = "For a desk the first moment (UTC) of a quarter; if not given, the present quarter is the last."


class DifficultyFilter(Schema):
    """Between whom, and of which requests."""

    requesting_country = Code("countries", metadata={"description": "Only requests of this country."})
    executing_country = Code("countries", metadata={"description": "Only requests to this country."})
    country = Code("countries", metadata={"description": "The older name of `executing_country`, which counts if both are given."})
    since = When(
        metadata={"description": f"Only requests sent at this time or later; a year before `until` if not given. {_OF_DESKS}"}
    )
    until = When(metadata={"description": f"Only requests that were sent before this time; until now if not given. {_OF_DESKS}"})


class ConsultationPositionOut(Shown):
    """What one State holds."""

    id = fields.UUID(required=True)
    consultation_id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    country = Code("countries", allow_none=True)
    side = fields.String(required=True)
    position = Code("consultation_positions", required=True)
    reasons = fields.String(allow_none=True)
    recorded = fields.Nested(RecordedForOut, allow_none=True)
    replied_at = When(allow_none=True)
    updated_at = When(required=True)
    etag = fields.String(required=True)


class ConsultationOut(Shown):
    """A consultation on jurisdiction."""

    id = fields.UUID(required=True)
    transitions = embedded()
    reference = fields.String(required=True)
    contacting_id = fields.UUID(required=True)
    case_id = fields.UUID(allow_none=True, metadata={"description": "Your case."})
    overlap_id = fields.UUID(allow_none=True)
    meeting_id = fields.UUID(allow_none=True)
    facts = fields.String(required=True)
    in_custody = fields.Boolean(required=True)
    reply_by = When(allow_none=True)
    overdue = fields.Boolean(required=True)
    state = OneOf(CONSULTATION_LIFECYCLE.states, required=True)
    reason = fields.String(allow_none=True)
    prosecuting_country = Code("countries", allow_none=True)
    positions = fields.List(fields.Nested(ConsultationPositionOut), required=True)
    created_at = When(required=True)
    updated_at = When(required=True)
    etag = fields.String(required=True)


class TransferOut(Shown):
    """Proceedings given over: where they come from, where they go on, what went with them."""

    id = fields.UUID(required=True)
    consultation_id = fields.UUID(required=True)
    from_case = fields.UUID(required=True)
    from_id = fields.UUID(required=True)
    to_id = fields.UUID(required=True)
    to_case = fields.UUID(allow_none=True)
    transferred_on = fields.Date(required=True)
    handed_over = fields.List(fields.String(), required=True)
    received_at = When(allow_none=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class DifficultyStepOut(Shown):
    """What may be done about a difficulty."""

    step = Code("next_steps", required=True)
    article = fields.String(
        required=True, allow_none=True, metadata={"description": "Where the law provides for it; null for a custom."}
    )
    verify = fields.Boolean(required=True, metadata={"description": "Whether the article was not read in the official text."})


def _numbers(about: str) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": about})


class OneDifficultyOut(Shown):
    """One difficulty between two States. A request counts in each of its stages, details and difficulties.

    A desk is told no number by stage, detail or instrument that is below five.
    """

    difficulty = Code("difficulties", required=True)
    requests = fields.Integer(required=True, metadata={"description": "How many requests have it."})
    repeated = fields.Boolean(required=True)
    by_stage = _numbers("The requests by the state in which it happened, or in which the time limit ended.")
    by_detail = _numbers(
        "The requests by ground of refusal, reason of non-execution, rule of the deadline, or by what is not answered (`request`,"
        " `question`)."
    )
    by_instrument = _numbers("The requests by instrument; `none` if they have none.")
    next_steps = fields.List(fields.Nested(DifficultyStepOut), required=True)


class DifficultyOut(Shown):
    """What went wrong between two States, among the requests you see.

    `refused`, `not_executed` and `overdue` count each request once, by its most serious difficulty.
    """

    requesting_country = Code("countries", required=True)
    executing_country = Code("countries", required=True)
    refused = fields.Integer(required=True)
    not_executed = fields.Integer(required=True)
    overdue = fields.Integer(required=True)
    total = fields.Integer(required=True)
    requests = fields.List(
        fields.UUID(),
        required=True,
        metadata={"description": "Those that `total` counts, up to the 200 newest; none for desks, analysts and auditors."},
    )
    difficulties = fields.List(fields.Nested(OneDifficultyOut), required=True)
    candidate_for_opinion = fields.Boolean(
        required=True,
        metadata={"description": "Whether a written opinion of Eurojust may be asked for: both are bound Member States."},
    )
    article = fields.String(allow_none=True)
