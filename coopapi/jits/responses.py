"""Teams as they are answered."""

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.directory.schemas import AuthorityRef
from coopapi.evidence.schemas import RecordedForOut
from coopapi.http.fields import OneOf, Shown, Stored, When
from coopapi.http.transitions import TransitionsOut, embedded
from coopapi.jits.amendment_kinds import CHANGES
from coopapi.jits.lifecycles import (
    AMENDMENT_LIFECYCLE,
    CLAUSES,
    END_REASONS,
    JIT_LIFECYCLE,
    PARTY_LIFECYCLE,
    PLACE_LIFECYCLE,
    STATEMENT_LIFECYCLE,
    TEXTS,
)
from coopapi.jits.schemas import AppendixIn, ClausesIn, JitLeaderIn, JitStatementTextsIn, PlatformIn


class JitAlarmOut(Shown):
    """A day on which a running team is to be extended or wound up."""

    days = fields.Integer(required=True)
    at = When(required=True)
    due = fields.Boolean(required=True)


class JitBrief(Shown):
    """A team as lists show it."""

    id = fields.UUID(required=True)
    transitions = embedded()
    reference = fields.String(required=True)
    legal_basis = Code("jit_legal_bases", required=True)
    operation_name = fields.String(allow_none=True)
    state = OneOf(
        JIT_LIFECYCLE.states,
        required=True,
        metadata={"description": "The current state; a team is ended as soon as its period has passed."},
    )
    parties = fields.List(fields.Nested(AuthorityRef), required=True)
    countries = fields.List(Code("countries"), required=True)
    since = When(allow_none=True)
    until = When(allow_none=True)
    ended_at = When(allow_none=True)
    end_reason = OneOf(END_REASONS, allow_none=True)
    days_left = fields.Integer(allow_none=True)
    alarms = fields.List(
        fields.Nested(JitAlarmOut), required=True, metadata={"description": "The reminders 60, 30 and 14 days before the end."}
    )
    created_at = When(required=True)
    updated_at = When(required=True)
    etag = fields.String(required=True)


class JitOut(JitBrief):
    """A team with its agreement."""

    states_of_operation = fields.List(Code("countries"), required=True)
    working_language = Code("languages", allow_none=True)
    purpose = fields.String()
    facts = fields.String()
    objectives = fields.String()
    clauses = Stored(ClausesIn, required=True)
    appendices = fields.List(Stored(AppendixIn), required=True)
    further_terms = fields.String()
    text_sha256 = fields.String(required=True, metadata={"description": "The digest of the agreement that a signature refers to."})
    signed_by = fields.List(fields.UUID(), required=True)
    place = OneOf(
        ("party", "joining", "participant"),
        required=True,
        metadata={"description": "Your part in the team: party, joining, or participant."},
    )
    reason = fields.String(allow_none=True, metadata={"description": "The reason of the last step."})


class JitTransitionsOut(TransitionsOut):
    """Where it stands, where you stand in it, and what you may do now."""

    place = OneOf(("party", "joining", "participant"), required=True)


class JitLeaderOut(Shown):
    """The leader of a State."""

    office = fields.String(allow_none=True)
    principal_id = fields.UUID(allow_none=True)


class JitPartyOut(Shown):
    """A State in the team."""

    id = fields.UUID(required=True)
    jit_id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    country = Code("countries", required=True)
    leader = fields.Nested(JitLeaderOut, allow_none=True)
    state = OneOf(PARTY_LIFECYCLE.states, required=True)
    joined_at = When(required=True)
    left_at = When(allow_none=True)
    signed_at = When(allow_none=True)
    signed_by = fields.UUID(allow_none=True)
    recorded = fields.Nested(RecordedForOut, allow_none=True)
    etag = fields.String(required=True)


class _PlaceOut(Shown):
    id = fields.UUID(required=True)
    jit_id = fields.UUID(required=True)
    state = OneOf(PLACE_LIFECYCLE.states, required=True)
    since = When(required=True)
    until = When(allow_none=True)
    etag = fields.String(required=True)


class JitMemberOut(_PlaceOut):
    """A member."""

    authority_id = fields.UUID(required=True)
    name = fields.String()
    security_id = fields.String()
    principal_id = fields.UUID(allow_none=True)
    position = fields.String(required=True)
    seconded = fields.Boolean(required=True)


class JitParticipantOut(_PlaceOut):
    """An organisation beside the team."""

    authority_id = fields.UUID(required=True)
    role = fields.String(required=True)
    terms = fields.String()
    evidence = fields.Boolean(required=True)


class JitAssociateOut(_PlaceOut):
    """Somebody whom the team works with informally."""

    name = fields.String(required=True)
    contact = fields.String(required=True)


class JitSignatureOut(Shown):
    """A signature; voided when the text under it changed."""

    id = fields.UUID(required=True)
    jit_id = fields.UUID(required=True)
    subject_id = fields.UUID(
        required=True, metadata={"description": "The id of what was signed: the team itself, an amendment, or the statement."}
    )
    authority_id = fields.UUID(required=True)
    principal_id = fields.UUID(
        required=True, metadata={"description": "The person who signed, or who recorded the signature of the State."}
    )
    text_sha256 = fields.String(required=True)
    signed_at = When(required=True)
    voided_at = When(allow_none=True)
    recorded = fields.Nested(RecordedForOut, allow_none=True)
    etag = fields.String(required=True)


class JitAmendmentOut(Shown):
    """An amendment, what it changes, and who has signed it."""

    id = fields.UUID(required=True)
    transitions = embedded()
    jit_id = fields.UUID(required=True)
    change = OneOf(CHANGES, required=True)
    authority_id = fields.UUID(allow_none=True)
    until = When(allow_none=True)
    purpose = fields.String()
    clause = OneOf((*CLAUSES, *TEXTS, "platform"))
    text = fields.String()
    platform = Stored(PlatformIn)
    leader = Stored(JitLeaderIn)
    role = fields.String()
    terms = fields.String()
    evidence = fields.Boolean()
    states_of_operation = fields.List(Code("countries"))
    state = OneOf(AMENDMENT_LIFECYCLE.states, required=True)
    proposed_by = fields.UUID(required=True)
    proposed_at = When(required=True)
    decided_at = When(allow_none=True)
    text_sha256 = fields.String(required=True)
    signed_by = fields.List(fields.UUID(), required=True)
    reason = fields.String(allow_none=True)
    recorded = fields.Nested(RecordedForOut, allow_none=True)
    etag = fields.String(required=True)


class JitEvaluationOut(Shown):
    """Answers of one State, or of all together."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(allow_none=True)
    joint = fields.Boolean(required=True)
    legal_issues = fields.String()
    operational_issues = fields.String()
    practical_issues = fields.String()
    role_of_europol = fields.String()
    role_of_eurojust = fields.String()
    funding = fields.String()
    outcome = fields.String(required=True)
    lessons = fields.String()
    answered_at = When(required=True)
    recorded = fields.Nested(RecordedForOut, allow_none=True)
    etag = fields.String(required=True)


class JitStatementOut(Shown):
    """What is to be told in public, and who has approved it."""

    id = fields.UUID(required=True)
    jit_id = fields.UUID(required=True)
    texts = Stored(JitStatementTextsIn, required=True)
    names_operation = fields.Boolean(required=True)
    victims_checked = fields.Boolean(required=True)
    no_ongoing_trial = fields.Boolean(required=True)
    state = OneOf(STATEMENT_LIFECYCLE.states, required=True)
    proposed_by = fields.UUID(required=True)
    proposed_at = When(required=True)
    text_sha256 = fields.String(required=True)
    approved_by = fields.List(fields.UUID(), required=True)
    etag = fields.String(required=True)


class PublicJitOut(Shown):
    """What anybody may know of a team: nothing but what all parties approved."""

    id = fields.UUID(required=True)
    operation_name = fields.String(allow_none=True)
    countries = fields.List(Code("countries"), required=True)
    year = fields.Integer(required=True, metadata={"description": "The year in which the team ended."})
    texts = Stored(
        JitStatementTextsIn, required=True, metadata={"description": "The text in each of the languages en, fr, es and pt."}
    )


class PublicJitsOut(Shown):
    """Public statements, newest first."""

    items = fields.List(fields.Nested(PublicJitOut), required=True)
    next = fields.UUID(allow_none=True, required=True)
