"""Teams on the wire, as they come in."""

import marshmallow as ma
from marshmallow import fields, validate

from coopapi.directory.codelists import LANGUAGES
from coopapi.directory.fields import Code
from coopapi.evidence.schemas import RecordedForIn
from coopapi.http.fields import Count, Digest, Flag, Line, Many, OneOf, Schema, Text, When, refusal
from coopapi.http.transitions import Stepped, TransitionIn
from coopapi.jits.amendment_kinds import CHANGES
from coopapi.jits.lifecycles import CLAUSES, END_REASONS, JIT_LIFECYCLE, TEXTS

_LONG = 8000


class JitLeaderIn(Schema):
    """The leader of a State: an office, or a person of one's own authority."""

    office = Line(300)
    principal_id = fields.UUID()

    @ma.validates_schema
    def require_office_or_person(self, data: dict[str, object], **_: object) -> None:
        """Name one or the other."""
        if not data:
            raise refusal("one_needed", "Name an office or a person.", "office")


class JitPartyIn(Schema):
    """A State's authority that is to be a party; its State names the leader itself."""

    authority_id = fields.UUID(required=True)
    leader = fields.Nested(JitLeaderIn)


class CaseShareIn(Schema):
    """A case of one's own to share, and how far."""

    case_id = fields.UUID(required=True)
    level = OneOf(("index", "read", "contribute"))


class PlatformIn(Schema):
    """Who runs the space in which evidence is exchanged, and who is controller for data of third countries (Reg. (EU) 2023/969)."""

    space_administrator = fields.UUID(
        required=True, metadata={"description": "The party that administers the space on the platform."}
    )
    controller = Text(500, required=True)


class ClausesIn(Schema):
    """Clauses of the agreement."""

    disclosure = Text(_LONG)
    media = Text(_LONG, metadata={"description": "What the parties have agreed to tell the media."})
    use_of_information = Text(
        _LONG, metadata={"description": "The agreed use of information (Convention of 29 May 2000, Art. 13(10))."}
    )
    platform = fields.Nested(PlatformIn)


class AppendixIn(Schema):
    """A paper that goes with the agreement: named here, never uploaded."""

    title = Line(300, required=True)
    date = fields.Date()
    sha256 = Digest()


class _AgreementFields(Schema):
    operation_name = Line(200, allow_none=True)
    states_of_operation = Many(Code("countries"), 100)
    working_language = Code("languages", allow_none=True)
    until = When(allow_none=True, metadata={"description": "The end of the period; the period begins with the last signature."})
    purpose = Text(_LONG, metadata={"description": "The purpose of the team, and the proceedings in which it is set up."})
    facts = Text(_LONG)
    objectives = Text(_LONG)
    clauses = fields.Nested(ClausesIn)
    appendices = Many(fields.Nested(AppendixIn), 50)
    further_terms = Text(
        _LONG, metadata={"description": "Other agreed terms, such as costs, liability, place of prosecution and seized assets."}
    )


class JitPatch(_AgreementFields):
    """What changes about a text that is open; what is given replaces what was there."""

    legal_basis = Code("jit_legal_bases")


class JitIn(_AgreementFields):
    """A team to propose; reference and legal basis are enough to begin."""

    reference = Line(100, required=True, metadata={"description": "Your own reference; unique within your authority."})
    legal_basis = Code("jit_legal_bases", required=True)
    leader = fields.Nested(JitLeaderIn, metadata={"description": "The leader of your own State."})
    parties = Many(fields.Nested(JitPartyIn), 50)
    cases = Many(fields.Nested(CaseShareIn), 50)


class JitFilter(Stepped):
    """Which teams."""

    state = OneOf(JIT_LIFECYCLE.states)
    legal_basis = Code("jit_legal_bases")
    country = Code("countries", metadata={"description": "Only teams in which this State is a party."})
    case_id = fields.UUID()
    expires_within = Count(1, 3650, metadata={"description": "Only active teams that end within this number of days."})


class ActedForIn(RecordedForIn):
    """A step of a State without users here, recorded for it: time, channel and proof."""

    authority_id = fields.UUID(
        required=True, metadata={"description": "The authority whose signature you record: a party, or the authority that joins."}
    )


class JitStepIn(TransitionIn):
    """A step in the life of a team; what it needs depends on the event."""

    end_reason = OneOf(
        [reason for reason in END_REASONS if reason != "expiry"],
        name="JitStatedEndReason",
        metadata={"description": "The reason for ending the team; only with `end`."},
    )
    text_sha256 = Digest(metadata={"description": "With `sign`: the digest of the text that you sign."})
    recorded = fields.Nested(ActedForIn, metadata={"description": "With `sign`: the record of the signature of another State."})

    @ma.validates_schema
    def of_its_kind(self, data: dict[str, object], **_: object) -> None:
        """Only a signature is recorded for another State."""
        if data.get("event") != "sign" and "recorded" in data:
            raise refusal("goes_with", "This is allowed only with the event sign.", "recorded")


class PartyStepIn(TransitionIn):
    """A step about a party while the text is open."""

    leader = fields.Nested(
        JitLeaderIn,
        metadata={
            "description": "With `lead`: the leader of your State, or the office of the leader of a State without users here."
        },
    )


class JitMemberIn(Schema):
    """A person of one's own State who works in the team, under a name or a security number."""

    authority_id = fields.UUID(metadata={"description": "An authority of your own State, such as the police; your own by default."})
    name = Line(200)
    security_id = Text(100)
    principal_id = fields.UUID(
        metadata={"description": "The account of the member in this register; it gets access to the cases of the team."}
    )
    position = Line(200, required=True)
    seconded = Flag(metadata={"description": "Whether the member works outside their own State (Art. 13(4))."})
    since = When()
    until = When()

    @ma.validates_schema
    def require_name_or_number(self, data: dict[str, object], **_: object) -> None:
        """Give a name or a security number."""
        if not data.keys() & {"name", "security_id"}:
            raise refusal("one_needed", "Give a name or a security number.", "name")


class JitParticipantIn(Schema):
    """An organisation or a desk that takes part beside the team (Art. 13(12))."""

    authority_id = fields.UUID(required=True)
    role = Text(300, required=True)
    terms = Text(_LONG, metadata={"description": "The rights under the appendix to the agreement."})
    evidence = Flag(metadata={"description": "Whether these rights include access to the evidence."})
    since = When(metadata={"description": "The beginning of the participation; it must not be in the future."})
    until = When()


class JitAssociateIn(Schema):
    """Somebody whom the team works with informally: a name and an office, and no access to anything."""

    name = Line(200, required=True)
    contact = Text(500, required=True)


class JitSignatureIn(Schema):
    """A signature: under the text with this digest and under no other."""

    text_sha256 = Digest(required=True)
    recorded = fields.Nested(ActedForIn, metadata={"description": "The record of the signature of another State."})


class JitAmendmentIn(Schema):
    """A change of the agreement of a running team."""

    change = OneOf(CHANGES, required=True)
    authority_id = fields.UUID(metadata={"description": "The authority that joins, leaves, or takes part."})
    until = When(
        metadata={"description": "With `period`: the new end of the team; with `participant`: the end of the participation."}
    )
    purpose = Text(_LONG)
    states_of_operation = Many(Code("countries"), 100, least=1)
    clause = OneOf((*CLAUSES, *TEXTS, "platform"))
    text = Text(_LONG)
    platform = fields.Nested(PlatformIn)
    leader = fields.Nested(JitLeaderIn, metadata={"description": "With `join`: the office of the leader."})
    role = Text(300)
    terms = Text(_LONG)
    evidence = Flag()

    @ma.validates_schema
    def of_its_kind(self, data: dict[str, object], **_: object) -> None:
        """Only a change of parties or participants names an authority; a leader who joins is named by office."""
        named = data.get("change") in {"join", "leave", "participant"}
        if named != ("authority_id" in data):
            raise refusal(
                "goes_with", "This is required with join, leave and participant, and not allowed otherwise.", "authority_id"
            )
        if data.get("change") == "period" and "until" not in data:
            raise refusal("required", "Give the new end.", "until")
        leader = data.get("leader")
        if isinstance(leader, dict) and "principal_id" in leader:
            raise refusal("office_only", "Name only the office; the State itself names the person.", "leader")
        if data.get("change") == "join" and not leader:
            raise refusal("required", "Each State must name one leader.", "leader")


class AmendmentStepIn(TransitionIn):
    """A step of an amendment."""

    text_sha256 = Digest(metadata={"description": "With `sign`: the digest of the text that you sign."})
    recorded = fields.Nested(ActedForIn, metadata={"description": "The record of the signature or refusal of another State."})

    @ma.validates_schema
    def of_its_kind(self, data: dict[str, object], **_: object) -> None:
        """Only the State that proposed an amendment withdraws it."""
        if data.get("event") == "withdraw" and "recorded" in data:
            raise refusal("goes_with", "This is allowed only with the events sign and refuse.", "recorded")


class JitEvaluationIn(Schema):
    """Answers to the form: of one's own State, or of all together once every State has answered."""

    joint = Flag()
    recorded = fields.Nested(ActedForIn, metadata={"description": "The record of the answer of another State."})
    legal_issues = Text(_LONG)
    operational_issues = Text(_LONG)
    practical_issues = Text(_LONG)
    role_of_europol = Text(_LONG)
    role_of_eurojust = Text(_LONG)
    funding = Text(_LONG)
    outcome = Text(_LONG, required=True)
    lessons = Text(_LONG)

    @ma.validates_schema
    def of_one_state(self, data: dict[str, object], **_: object) -> None:
        """The joint answer is nobody's alone."""
        if data.get("joint") and "recorded" in data:
            raise refusal("goes_with", "This is allowed only with the answer of one State.", "recorded")


JitStatementTextsIn: type[ma.Schema] = Schema.from_dict(
    {language: Text(4000, required=True) for language in LANGUAGES}, name="JitStatementTextsIn"
)


class JitStatementIn(Schema):
    """What is to be told in public, in four languages; both checks must have been made."""

    texts = fields.Nested(JitStatementTextsIn, required=True)
    names_operation = Flag(metadata={"description": "Whether the statement may contain the name of the operation."})
    victims_checked = Flag(required=True, validate=validate.Equal(True))  # noqa: FBT003 (the only value there may be)
    no_ongoing_trial = Flag(required=True, validate=validate.Equal(True))  # noqa: FBT003


class PublicFilter(Schema):
    """Which public statements."""

    year = Count(1900, 2200)
    limit = Count(1, 100)
    after = fields.UUID(metadata={"description": "The value of `next` from the previous page."})
