"""Evidence on the wire: metadata alone. There is no field for content, and an unknown one is an error."""

from typing import Final

from marshmallow import fields, validate

from coopapi.directory.fields import Code
from coopapi.evidence.models import EVIDENCE_LIFECYCLE, USE_LIFECYCLE
from coopapi.http.fields import Digest, Flag, Like, Line, Lower, Many, OneOf, Schema, Shown, Text, When
from coopapi.http.transitions import Stepped, TransitionIn, embedded
from coopapi.shared.lifecycle import Side

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE: Final = Like(rf"\A{_NAME}/{_NAME}\Z", "The value must be a media type such as application/pdf (RFC 6838).")
_MOST: Final = 2**53 - 1


class UseConditionIn(Schema):
    """One condition of use (Budapest Art. 28(2), EIO Dir. Art. 19)."""

    code = Code("use_conditions", required=True)
    text = Text(1000, metadata={"description": "The meaning of the condition for this item; do not use names."})
    until = When(metadata={"description": "The end of the time limit; required for the condition time_limit."})


class RecordedForIn(Schema):
    """A step of an authority without users here, recorded for it: time, channel and proof."""

    authority_id = fields.UUID(metadata={"description": "The receiver whose step you record; omit it for the provider."})
    at = When(required=True)
    channel = Code("channels", required=True)
    proof = Text(500, required=True, metadata={"description": "The proof of the step, such as the number of a letter."})


class EvidenceIn(Schema):
    """An item to give: a digital one has sha256, size and media type, a physical object none of them."""

    object_id = fields.UUID(required=True, metadata={"description": "The request or team in which the item is shared."})
    object_type = OneOf(("request", "jit"), required=True)
    item_id = fields.UUID(metadata={"description": "The measure of the request that the item answers."})
    provider_id = fields.UUID(
        metadata={"description": "The providing authority, if it has no users in this register and you record the item for it."}
    )
    recorded = fields.Nested(RecordedForIn)
    title = Line(300, required=True)
    description = Text(4000)
    tool = Text(300, metadata={"description": "The tool with which the item was acquired or made (provenance)."})
    formalities_requested = Text(4000)
    formalities_observed = Text(4000)
    admissibility_notes = Text(4000)
    source_country = Code("countries", required=True, metadata={"description": "The country in which the item was obtained."})
    sha256 = Digest()
    size = fields.Integer(strict=True, validate=validate.Range(0, _MOST), metadata={"description": "In bytes."})
    media_type = Lower(
        255,
        validate=[_MEDIA_TYPE],
        metadata={"description": "The media type as a label (RFC 6838); the content itself is never accepted."},
    )
    obtained_on = fields.Date(required=True)
    obtained_under = Text(300, required=True, metadata={"description": "The article and law under which the item was obtained."})
    handling_code = Code("handling_codes", required=True)
    handling_text = Text(1000, metadata={"description": "The restrictions of the handling code H3."})
    conditions = Many(fields.Nested(UseConditionIn), 20)
    recipients = Many(
        fields.UUID(),
        100,
        metadata={"description": "The receiving authorities; by default all participants that may receive evidence."},
    )


class RecipientIn(Schema):
    """One more authority to which an item is given."""

    authority_id = fields.UUID(required=True)


class EvidenceFilter(Stepped):
    """Which items."""

    object_id = fields.UUID()
    state = OneOf(EVIDENCE_LIFECYCLE.states)
    handling_code = Code("handling_codes")


class EvidenceStepIn(TransitionIn):
    """A step to take, or to record for an authority without users here."""

    recorded = fields.Nested(RecordedForIn)


class UseStepIn(EvidenceStepIn):
    """A step with a use; a consent may have conditions of its own."""

    conditions = Many(fields.Nested(UseConditionIn), 20)


class CustodyIn(Schema):
    """A link of the chain of custody."""

    act = Code("custody_acts", required=True)
    at = When(required=True)
    authority_id = fields.UUID(
        metadata={"description": "The authority that held the item: your own, or one without users in this register."}
    )
    tool = Text(300)
    standard = Text(200, metadata={"description": "The standard that was followed, such as ISO/IEC 27037."})
    note = Text(2000)


class UseIn(Schema):
    """A use to be made of an item in one of your cases."""

    case_id = fields.UUID(required=True)
    purpose = Code("purposes", required=True)
    use_as = OneOf(("intelligence", "evidence"), required=True)
    reason = Text(
        2000, metadata={"description": "The reason, for the provider to read if its consent is asked for; do not use names."}
    )
    serious_threat = Flag(
        metadata={
            "description": "In a team: if the use prevents an immediate and serious threat to public security (Art. 13(10)(c))."
        }
    )
    ask_consent = Flag(metadata={"description": "Ask the provider for consent if it is needed; otherwise the answer is 409."})


class UseFilter(Stepped):
    """Which uses: those to decide on are side=provider&state=consent_asked."""

    side = OneOf((Side.ASKING, Side.PROVIDER))
    state = OneOf(USE_LIFECYCLE.states)


class UseConditionOut(Shown):
    """One condition of use."""

    code = Code("use_conditions", required=True)
    text = fields.String(allow_none=True)
    until = When(allow_none=True)


class RecordedForOut(Shown):
    """How a step is known that was recorded for somebody else."""

    authority_id = fields.UUID(allow_none=True)
    at = When(required=True)
    channel = Code("channels", required=True)
    proof = fields.String(required=True)


class RecipientOut(Shown):
    """An authority to which an item is given; what it answered in words is for itself and for the provider."""

    authority_id = fields.UUID(required=True)
    state = OneOf(EVIDENCE_LIFECYCLE.states, required=True)
    decided_at = When(allow_none=True)
    received_at = When(
        allow_none=True, metadata={"description": "The time of receipt that the receiver recorded in the chain of custody."}
    )
    reason = fields.String(allow_none=True)
    decision_recorded = fields.Nested(RecordedForOut, allow_none=True)


class EvidenceOut(Shown):
    """An item of evidence: its words where they are open to you, which for a receiver is while its conditions are accepted."""

    id = fields.UUID(required=True)
    transitions = embedded()
    object_id = fields.UUID(required=True)
    object_type = OneOf(("request", "jit"), required=True)
    item_id = fields.UUID(allow_none=True)
    provider_id = fields.UUID(required=True)
    side = OneOf(Side, required=True, metadata={"description": "The side on which you are."})
    state = OneOf(
        EVIDENCE_LIFECYCLE.states,
        required=True,
        metadata={"description": "The state for your side; for a receiver it depends on its own answer."},
    )
    open = fields.Boolean(required=True)
    title = fields.String(allow_none=True)
    description = fields.String(allow_none=True)
    tool = fields.String(allow_none=True)
    formalities_requested = fields.String(allow_none=True)
    formalities_observed = fields.String(allow_none=True)
    admissibility_notes = fields.String(allow_none=True)
    source_country = Code("countries", required=True)
    sha256 = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)
    media_type = fields.String(allow_none=True)
    obtained_on = fields.Date(required=True)
    obtained_under = fields.String(required=True)
    handling_code = Code("handling_codes", required=True)
    handling_text = fields.String(allow_none=True)
    conditions = fields.List(fields.Nested(UseConditionOut), required=True)
    usable_until = When(allow_none=True)
    recorded = fields.Nested(RecordedForOut, allow_none=True)
    recipients = fields.List(fields.Nested(RecipientOut), required=True)
    verifier_id = fields.UUID(
        allow_none=True, metadata={"description": "The authority that must verify the item before others can see it."}
    )
    verified_at = When(allow_none=True)
    erase_at = When(
        allow_none=True, metadata={"description": "The time at which the description is erased; the other data are kept."}
    )
    reason = fields.String(allow_none=True)
    decided_by = fields.UUID(allow_none=True)
    decided_at = When(allow_none=True)
    decision_recorded = fields.Nested(RecordedForOut, allow_none=True)
    created_by = fields.UUID(required=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class CustodyOut(Shown):
    """A link of the chain of custody."""

    id = fields.UUID(required=True)
    evidence_id = fields.UUID(required=True)
    act = Code("custody_acts", required=True)
    at = When(required=True)
    authority_id = fields.UUID(required=True)
    tool = fields.String(allow_none=True)
    standard = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    principal_id = fields.UUID(required=True)
    recorded_at = When(required=True)


class UseOut(Shown):
    """A use of an item: by whom, for what, with whose consent; the case where you may know of it."""

    id = fields.UUID(required=True)
    transitions = embedded()
    evidence_id = fields.UUID(required=True)
    object_id = fields.UUID(required=True)
    side = OneOf(Side, required=True, metadata={"description": "The side on which you are."})
    provider_id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    case_id = fields.UUID(allow_none=True)
    purpose = Code("purposes", required=True)
    use_as = OneOf(("intelligence", "evidence"), required=True)
    consent_needed = fields.Boolean(required=True)
    serious_threat = fields.Boolean(required=True)
    state = OneOf(USE_LIFECYCLE.states, required=True)
    reason = fields.String(allow_none=True)
    conditions = fields.List(fields.Nested(UseConditionOut), required=True)
    answer = fields.String(allow_none=True)
    asked_by = fields.UUID(required=True)
    asked_at = When(required=True)
    decided_by = fields.UUID(allow_none=True)
    decided_at = When(allow_none=True)
    decision_recorded = fields.Nested(RecordedForOut, allow_none=True)
    etag = fields.String(required=True)
