"""Overlaps, groups of cases and exclusions on the wire."""

from typing import Final

from marshmallow import fields, validates_schema

from coopapi.config import MOST_HOLDERS
from coopapi.directory.fields import Code
from coopapi.directory.schemas import AuthorityRef
from coopapi.http.fields import Count, Link, OneOf, Schema, Shown, Stored, Text, When, refusal
from coopapi.http.transitions import Stepped, TransitionIn, embedded
from coopapi.identifiers.kinds import KINDS
from coopapi.identifiers.schemas import CommonValueOut
from coopapi.overlaps.models import EXCLUSION_LIFECYCLE, RARITIES
from coopapi.unicode_text import MAX_TEXT

LISTED_FIELDS: Final = frozenset({"kind", "value", "platform", "country"})


class OverlapFilter(Stepped):
    """Which overlaps; those with evidence, in whatever state, if no state is asked for."""

    state = Code("overlap_states", metadata={"description": "The state of the overlap for your side."})
    strength = Code("overlap_strength", metadata={"description": "The minimum strength."})
    kind = OneOf(KINDS)
    role = Text(60, metadata={"description": "The categories of the two subjects in alphabetical order, such as suspect-victim."})
    authority_id = fields.UUID(metadata={"description": "Only overlaps with a case of this authority."})
    country = Code("countries", metadata={"description": "Only overlaps with a case of this country."})
    scope = OneOf(
        ("across", "within"), metadata={"description": "Only overlaps between different authorities, or within one authority."}
    )
    since = When(metadata={"description": "Only overlaps that changed after this time."})
    totals = fields.Boolean(metadata={"description": "Whether to return the number of overlaps, counted up to 1,000."})


class ClusterFilter(Schema):
    """Which groups of cases."""

    strength = Code("overlap_strength", metadata={"description": "The minimum strength of a link; `possible` by default."})
    kind = OneOf(KINDS)
    limit = Count(1, 200)


class CounterpartOut(Shown):
    """The other case, as its visibility allows: always whose it is, more only if its owner opened the index."""

    authority = fields.Nested(AuthorityRef, required=True)
    case_id = fields.UUID(allow_none=True)
    reference = fields.String(allow_none=True)
    title = fields.String(allow_none=True)


class OverlapEvidenceOut(Shown):
    """One of my identifiers that the other case shares, and why."""

    identifier_id = fields.UUID(required=True)
    kind = OneOf(KINDS, required=True)
    strength = Code("overlap_strength", required=True)
    score = fields.Float(required=True, metadata={"description": "The similarity from 0 to 1; 1 for equal values."})
    rule = fields.List(Code("matching_rules"), required=True, metadata={"x-codelist": "/api/v1/codelists/matching_rules"})
    why = fields.String(required=True, metadata={"description": "An explanation of the matching rule."})
    value = fields.String(
        allow_none=True,
        metadata={"description": "Your own value in clear, if you may read it. The value of the other side is never shown."},
    )
    my_roles = fields.List(
        Code("subject_categories"), required=True, metadata={"description": "The categories of the subjects of your identifier."}
    )
    their_roles = fields.List(
        Code("subject_categories"), required=True, metadata={"description": "The categories of the subjects of the other side."}
    )
    common_value = fields.Nested(
        CommonValueOut,
        allow_none=True,
        metadata={"description": "Why this is no evidence alone, so that it does not count in the overlap; otherwise null."},
    )
    theirs = fields.Integer(required=True, metadata={"description": "The number of identifiers of the other case that match."})
    holders = fields.Integer(
        required=True, metadata={"description": "The number of cases that have the value, including these two."}
    )
    rarity = OneOf(RARITIES, name="Rarity", required=True)
    since = When(required=True, metadata={"description": "The time at which the later of the two identifiers was registered."})
    new = fields.Boolean(
        required=True, metadata={"description": "Whether the evidence is newer than the last decision of your side."}
    )


class OverlapSideOut(Shown):
    """What your side made of it; the other side's judgement is its own."""

    state = Code("overlap_states", required=True)
    verifier_id = fields.UUID(allow_none=True)
    reason = fields.String(allow_none=True)
    decided_by = fields.UUID(allow_none=True)
    decided_at = When(allow_none=True)
    etag = fields.String(required=True, metadata={"description": "The ETag to send in `If-Match` with a step."})


class NextStepOut(Shown):
    """What may come next; no address where it is not open to you (yet)."""

    step = fields.String(required=True)
    href = Link(allow_none=True)


class OverlapOut(Shown):
    """Two cases that share identifiers, seen from mine."""

    id = fields.UUID(required=True)
    transitions = embedded()
    case_id = fields.UUID(required=True, metadata={"description": "My case."})
    state = Code("overlap_states", required=True)
    strength = Code("overlap_strength", allow_none=True)
    score = fields.Float(required=True)
    rarity = OneOf(
        RARITIES,
        name="Rarity",
        required=True,
        metadata={
            "description": "The number of cases that have the strongest evidence: rare (2), few (up to 5), some (up to 20), many."
        },
    )
    shared_count = fields.Integer(
        required=True, metadata={"description": "The number of your identifiers that the other case shares."}
    )
    of_mine = fields.Integer(required=True)
    of_theirs = fields.Integer(required=True)
    kinds = fields.List(OneOf(KINDS), required=True)
    roles = fields.List(
        fields.String(), required=True, metadata={"description": "The categories of the two subjects, such as suspect-victim."}
    )
    first_seen = When(allow_none=True)
    last_seen = When(allow_none=True)
    new_since_decision = fields.Boolean(required=True)
    counterpart = fields.Nested(CounterpartOut, required=True)
    side = fields.Nested(OverlapSideOut, required=True)
    next_steps = fields.List(fields.Nested(NextStepOut), required=True)
    evidence = fields.List(fields.Nested(OverlapEvidenceOut), required=True)
    evidence_complete = fields.Boolean(
        required=True,
        metadata={"description": "False if there is more. A list shows the best 10, one overlap the best 100, `.../evidence` all."},
    )
    detected_at = When(required=True)
    changed_at = When(required=True)


class SideQuery(Schema):
    """Which of both sides, where both are yours."""

    case_id = fields.UUID()


class JudgementIn(TransitionIn):
    """A step of your side."""

    case_id = fields.UUID(metadata={"description": "The case for which you take the step; required if both cases are yours."})


class ClusterMemberOut(Shown):
    """A case of a group: yours by its id, another's by a name that means something to your authority alone."""

    case_id = fields.UUID(allow_none=True)
    member = fields.String(required=True)
    authority_id = fields.UUID(required=True)


class ClusterOut(Shown):
    """Cases that hang together."""

    size = fields.Integer(required=True)
    strength = Code("overlap_strength", required=True)
    cases = fields.List(fields.Nested(ClusterMemberOut), required=True)
    overlaps = fields.List(fields.UUID(), required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "False if the group has more cases or overlaps than the 100 that are listed."}
    )


class ClusterList(Shown):
    """The largest groups, how many there are, and whether all overlaps were read: at most 1,000, the strongest first."""

    items = fields.List(fields.Nested(ClusterOut), required=True)
    total = fields.Integer(required=True)
    complete = fields.Boolean(required=True)


class ExcludedValue(Schema):
    """The value of one identifier of your case; or, from the operator, a value that tells nobody apart."""

    case_id = fields.UUID()
    identifier_id = fields.UUID()
    kind = OneOf(KINDS)
    value = Text(
        MAX_TEXT,
        metadata={"description": "The value in clear. Everybody who may list exclusions sees it, so it must not be secret."},
    )
    platform = Text(100, metadata={"description": "The platform, where the kind needs one."})
    country = Code("countries", metadata={"description": "The country, where the kind needs one."})

    @validates_schema
    def require_one_form(self, data: dict[str, object], **_: object) -> None:
        """A value is that of an identifier, or is written out."""
        if data.keys() != {"case_id", "identifier_id"} and not {"kind", "value"} <= data.keys() <= LISTED_FIELDS:
            raise refusal("exactly_one", "Give either case_id and identifier_id, or kind and value.", "identifier_id")


class ExclusionIn(Schema):
    """What is no evidence for overlaps of your cases: one of value, kind, other_id."""

    value = fields.Nested(ExcludedValue)
    kind = OneOf(KINDS)
    other_id = fields.UUID(metadata={"description": "The authority whose overlaps with your cases are excluded."})
    reason = Text(500, required=True)
    until = When()

    @validates_schema
    def require_one_exclusion(self, data: dict[str, object], **_: object) -> None:
        """Exactly one thing is excluded."""
        if len({"value", "kind", "other_id"} & data.keys()) != 1:
            raise refusal("exactly_one", "Give exactly one of value, kind and other_id.", "kind")


class ListedValueOut(Schema):
    """A value that the operator listed because it tells nobody apart."""

    kind = OneOf(KINDS, required=True)
    value = fields.String(required=True)
    platform = fields.String()
    country = Code("countries")


class ExclusionOut(Shown):
    """An exclusion, by whom and until when."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    everywhere = fields.Boolean(required=True)
    identifier_id = fields.UUID(allow_none=True)
    listed = Stored(ListedValueOut, allow_none=True, metadata={"description": "The value that the operator listed."})
    kind = OneOf(KINDS, allow_none=True)
    other_id = fields.UUID(allow_none=True)
    reason = fields.String(required=True)
    until = When(allow_none=True)
    state = OneOf((*EXCLUSION_LIFECYCLE.states, "lapsed"), required=True)
    created_by = fields.UUID(required=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class HighFrequencyOut(Shown):
    """One of my identifiers that is evidence for no overlap, because too many hold its value, or a match key of a person."""

    identifier_id = fields.UUID(required=True)
    kind = OneOf(KINDS, required=True)
    value = fields.String(allow_none=True)
    holders = Count(
        0,
        MOST_HOLDERS + 1,
        required=True,
        metadata={"description": f"The number of holders, up to {MOST_HOLDERS + 1}."},
    )


class HighFrequencyList(Shown):
    """The limit, and the identifiers above it."""

    limit = fields.Integer(required=True)
    items = fields.List(fields.Nested(HighFrequencyOut), required=True)
