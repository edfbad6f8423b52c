"""Identifiers and overlaps on the wire."""

from marshmallow import ValidationError, fields, validates_schema

from coopapi.cases.schemas import AuthorityRef
from coopapi.directory.fields import Code
from coopapi.fields import Count, Many, OneOf, Paged, Schema, Shown, Text, When
from coopapi.overlaps.kinds import KINDS
from coopapi.overlaps.text import MAX_TEXT


class ContextIn(Schema):
    """Where and when the value was seen."""

    platform = Text(100, metadata={"description": "Where the account is; a username needs it."})
    country = Code(
        "countries", metadata={"description": "Who issued it; a passport, national id, plate or national number needs it."}
    )
    observed_at = When(metadata={"description": "When an address was used: without it an IP address is weak."})
    port = fields.Integer(strict=True, validate=lambda port: 0 < port <= 65535, metadata={"minimum": 1, "maximum": 65535})  # noqa: PLR2004


class ExceptionalIn(Schema):
    """Why a kind that the category does not allow is stored all the same, and until when (Eurojust Regulation Art. 27(4))."""

    reason = Text(500, required=True)
    until = When(required=True)


class IdentifierIn(Schema):
    """A value that may identify somebody."""

    kind = OneOf(KINDS, required=True)
    value = Text(MAX_TEXT, required=True)
    context = fields.Nested(ContextIn)
    subject_id = fields.UUID(metadata={"description": "Whose it is, if that is known."})
    basis = Code("basis", metadata={"description": "fact (default) or assessment (LED Art. 7)"})
    source = Text(500, metadata={"description": "Where it comes from; sealed like the value."})
    source_grading = Code("source_grading")
    information_grading = Code("information_grading")
    handling_code = Code("handling_codes", metadata={"description": "That of the case, if not said."})
    exceptional_processing = fields.Nested(ExceptionalIn)

    @validates_schema
    def assessments_are_graded(self, data: dict[str, object], **_: object) -> None:
        """An assessment says how reliable it is (LED Art. 7(2), Europol Regulation Art. 29)."""
        if data.get("basis") == "assessment" and not {"source_grading", "information_grading"} <= data.keys():
            raise ValidationError("An assessment needs source_grading and information_grading.", "source_grading")


class IdentifiersIn(Schema):
    """Identifiers to register, all or none."""

    identifiers = Many(fields.Nested(IdentifierIn), 1000, least=1, distinct=False, required=True)


class IdentifierPatch(Schema):
    """A correction: of the value, its context, or what it rests on."""

    value = Text(MAX_TEXT)
    context = fields.Nested(ContextIn)
    subject_id = fields.UUID(allow_none=True)
    basis = Code("basis")
    source = Text(500)
    source_grading = Code("source_grading")
    information_grading = Code("information_grading")
    handling_code = Code("handling_codes")
    exceptional_processing = fields.Nested(ExceptionalIn)


class IdentifierFilter(Paged):
    """Which identifiers of a case."""

    kind = OneOf(KINDS)
    subject_id = fields.UUID()
    state = OneOf(("registered", "withdrawn"))


class WarningOut(Shown):
    """What is doubtful about a value that was kept."""

    code = fields.String(required=True)
    detail = fields.String(required=True)


class IdentifierOut(Shown):
    """An identifier; value, context and source are null for those who may not read them in clear."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    subject_id = fields.UUID(allow_none=True)
    kind = fields.String(required=True)
    value = fields.String(allow_none=True)
    normalised = fields.String(allow_none=True)
    context = fields.Dict(allow_none=True)
    source = fields.String(allow_none=True)
    strength = fields.String(required=True)
    warnings = fields.List(fields.Nested(WarningOut), required=True)
    basis = fields.String(required=True)
    source_grading = fields.String(allow_none=True)
    information_grading = fields.String(allow_none=True)
    handling_code = fields.String(required=True)
    exceptional_reason = fields.String(allow_none=True)
    exceptional_until = When(allow_none=True)
    state = fields.String(required=True)
    withdrawal_reason = fields.String(allow_none=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class WithdrawalIn(Schema):
    """Take an identifier out of matching: why."""

    event = OneOf(("withdraw",), required=True)
    reason = Code("withdrawal_reasons", group="identifier")


class OverlapFilter(Paged):
    """Which overlaps."""

    state = Code("overlap_states")
    strength = Code("overlap_strength", metadata={"description": "At least this strong."})


class CounterpartOut(Shown):
    """The other case, as its visibility allows: always whose it is, more only if its owner opened the index."""

    authority = fields.Nested(AuthorityRef, required=True)
    case_id = fields.UUID(allow_none=True)
    reference = fields.String(allow_none=True)
    title = fields.String(allow_none=True)


class EvidenceOut(Shown):
    """One of my identifiers that the other case shares."""

    identifier_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    strength = fields.String(required=True)
    value = fields.String(allow_none=True, metadata={"description": "Mine, in clear, for those who may read it; theirs never."})
    my_role = fields.String(allow_none=True)
    their_role = fields.String(allow_none=True)
    theirs = fields.Integer(required=True, metadata={"description": "How many identifiers of the other case match it."})
    holders = fields.Integer(required=True, metadata={"description": "How many cases hold the value, both of these among them."})


class OverlapOut(Shown):
    """Two cases that share identifiers, seen from mine."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True, metadata={"description": "My case."})
    state = fields.String(required=True)
    strength = fields.String(allow_none=True)
    shared_count = fields.Integer(required=True, metadata={"description": "How many of my identifiers the other case shares."})
    kinds = fields.List(fields.String(), required=True)
    counterpart = fields.Nested(CounterpartOut, required=True)
    evidence = fields.List(fields.Nested(EvidenceOut), required=True)
    evidence_complete = fields.Boolean(required=True, metadata={"description": "False in lists that show the first 100 only."})
    detected_at = When(required=True)
    changed_at = When(required=True)


class HighFrequencyOut(Shown):
    """One of my identifiers whose value more cases hold than the limit: evidence for no overlap."""

    identifier_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    value = fields.String(allow_none=True)
    holders = Count(0, 2**31, required=True)


class HighFrequencyList(Shown):
    """The limit, and the identifiers above it."""

    limit = fields.Integer(required=True)
    items = fields.List(fields.Nested(HighFrequencyOut), required=True)
