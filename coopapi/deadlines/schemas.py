"""Deadlines on the wire."""

from typing import Any

from marshmallow import fields, validate

from coopapi.deadlines.models import DEADLINE_LIFECYCLE
from coopapi.directory.fields import Code
from coopapi.http.fields import Count, OneOf, Paged, Schema, Shown, Stored, Text, When, in_languages
from coopapi.http.transitions import Stepped, TransitionIn, embedded
from coopapi.shared.lifecycle import Side

NATURES = ("law", "agreement", "target")


class DeadlineFilter(Stepped):
    """Which deadlines: `overdue=true&side=mine` is the morning list."""

    overdue = fields.Boolean()
    within = Count(1, 8760, metadata={"description": "Only those that are due within this number of hours."})
    authority = fields.UUID(metadata={"description": "The authority that must meet the deadline."})
    state = OneOf(DEADLINE_LIFECYCLE.states)
    rule = Text(60)
    nature = OneOf(NATURES)
    side = OneOf(("mine", "theirs"))
    object_id = fields.UUID(metadata={"description": "The request to which the deadline belongs."})


class DeadlineStepIn(TransitionIn):
    """An extension, with its reason and, where the article asks for it, the date by which it will be done."""

    estimate = When()


class MadeExtensionOut(Shown):
    """An extension that was made: when, until when, and why."""

    at = fields.String(required=True, metadata={"format": "date-time"})
    to = fields.String(required=True, metadata={"format": "date-time"})
    reason = fields.String(allow_none=True)
    estimate = fields.String(allow_none=True, metadata={"format": "date-time"})


class CorrectedDeadlineOut(Shown):
    """What another starting time did to a deadline: from when it ran before, and when it was due and is due now.

    The other time is the correction of a stated time, or the receipt by the notified authority after a provable delivery.
    """

    at = fields.String(required=True, metadata={"format": "date-time"})
    from_was = fields.String(required=True, metadata={"format": "date-time"})
    due_was = fields.String(required=True, metadata={"format": "date-time"})
    due = fields.String(required=True, metadata={"format": "date-time"})


class DeadlineOut(Shown):
    """A deadline: by which article, what started it, who owes it, how it stands."""

    id = fields.UUID(required=True)
    transitions = embedded()
    object_id = fields.UUID(required=True)
    object_type = fields.String(required=True)
    item_id = fields.UUID(allow_none=True, metadata={"description": "The measure, if each measure has a deadline of its own."})
    rule = fields.String(required=True)
    article = fields.String(required=True)
    titles = in_languages(required=True)
    nature = OneOf(
        NATURES,
        required=True,
        metadata={"description": "Whether law, an agreement or the authority's own target sets it."},
    )
    verify = fields.Boolean(
        required=True,
        metadata={"description": "True if nobody compared the rule with the official text of the instrument; check it yourself."},
    )
    unchecked = fields.String(
        required=True,
        metadata={
            "description": "The article of the instrument of the request that was not compared with the official text; empty if it "
            "was."
        },
    )
    owed_by = OneOf(Side, required=True)
    authority_id = fields.UUID(required=True)
    country = Code("countries", allow_none=True)
    zone = fields.String(required=True)
    calendar = fields.String(
        required=True,
        metadata={
            "description": "The days that extend the period: holidays, weekends only (holidays are not known), or none. With "
            "`national law` the period is computed by national law, which is not known here: check the date."
        },
    )
    moved_over_holidays = fields.Boolean(
        required=True, metadata={"description": "Whether the deadline was moved to the next working day (Regulation 1182/71)."}
    )
    started_by = fields.String(required=True)
    from_at = When(required=True)
    due_at = When(required=True)
    first_due_at = When(required=True)
    state = OneOf(DEADLINE_LIFECYCLE.states, required=True)
    met_at = When(allow_none=True)
    met_by = fields.String(allow_none=True)
    cancelled_at = When(allow_none=True)
    suspended_at = When(allow_none=True)
    extensions = fields.List(fields.Nested(MadeExtensionOut), required=True)
    time_id = fields.UUID(
        allow_none=True, required=True, metadata={"description": "The stated time from which the deadline runs, at `/times/{id}`."}
    )
    corrections = fields.List(fields.Nested(CorrectedDeadlineOut), required=True)
    contested = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the other side contests the time from which the deadline runs. If that time is a correction, "
            "the last entry of `corrections` has the end by the time before."
        },
    )
    rule_version = fields.String(required=True)
    etag = fields.String(required=True)


class ExtensionOut(Shown):
    """By how much a deadline may be extended, how often, by which article."""

    length = fields.Integer(required=True)
    unit = fields.String(
        required=True, metadata={"description": "The unit of the period; `given` means until the date that the request gives."}
    )
    most = fields.Integer(required=True)
    estimate = fields.Boolean(required=True, metadata={"description": "Whether an extension must give the new date."})
    article = fields.String(required=True)


class DeadlineScope(Schema):
    """The requests to which a rule applies."""

    kinds = fields.List(fields.String())
    instruments = fields.List(fields.String())
    urgencies = fields.List(Code("urgency_levels"))
    measures = fields.List(Code("measures"))
    facts = fields.Dict(keys=fields.String(), values=fields.Boolean())


class DeadlineRuleOut(Shown):
    """One rule of the law, as data."""

    code = fields.String(required=True)
    article = fields.String(required=True)
    titles = in_languages(required=True)
    owed_by = OneOf(Side, required=True)
    length = fields.Integer(required=True)
    unit = fields.String(required=True)
    given = fields.String(
        required=True, metadata={"description": "The field with the date on which the period ends, if there is one."}
    )
    or_later = fields.String(required=True, metadata={"description": "The field with a date that applies instead if it is later."})
    per = fields.String(required=True)
    moves = fields.Boolean(required=True)
    starts_on = fields.List(fields.String(), required=True)
    ends_on = fields.List(fields.String(), required=True)
    cancelled_on = fields.List(fields.String(), required=True)
    suspended_on = fields.List(fields.String(), required=True)
    resumed_on = fields.List(fields.String(), required=True)
    moved_on = fields.List(fields.String(), required=True)
    restarts_on = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Events from which a running deadline runs again, such as receipt."},
    )
    counted_from = fields.String(
        required=True, metadata={"description": "The field with the date from which the period runs instead of the event."}
    )
    extension = fields.Nested(ExtensionOut, allow_none=True)
    lapses = fields.Boolean(required=True, metadata={"description": "Whether the right lapses if there is no answer in time."})
    minimum = fields.Boolean(
        required=True, metadata={"description": "Whether this is a minimum period that must pass, and not a time limit."}
    )
    applies = Stored(
        DeadlineScope, required=True, metadata={"description": "The requests to which the rule applies; empty lists mean all."}
    )
    nature = OneOf(NATURES, required=True)
    national = fields.Boolean(
        required=True,
        metadata={"description": "Whether the period is computed by national law; here its days are counted plainly."},
    )
    verify = fields.Boolean(
        required=True, metadata={"description": "True if nobody compared the rule with an official text, under any instrument."}
    )
    unchecked_under = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={
            "description": "For each instrument under which the rule also holds: the article that was not compared with the "
            "official text."
        },
    )


class HolidaysIn(Schema):
    """Of which country and year."""

    country = Code("countries", required=True)
    year = Count(1990, 2100, required=True)


class HolidayOut(Shown):
    """A public holiday."""

    date = fields.Date(required=True)
    name = fields.String(required=True)


class TargetFilter(Paged):
    """Whose targets."""

    authority = fields.UUID()


class CountsAsDue(fields.Boolean):
    """Whether a target counts as a time limit in the authority that set it."""

    def __init__(self, **kwargs: Any) -> None:
        said = (
            "Whether your authority treats the target as a time limit: it counts for `due_at` and `overdue` in the worklist, and "
            "those on duty are told at half and at four fifths of the period. For the other side it stays a target."
        )
        super().__init__(metadata={"description": said}, **kwargs)


class TargetIn(Schema):
    """Within how many hours your authority wants to answer requests: its own target, which is not law."""

    kind = Code("request_kinds", allow_none=True, metadata={"description": "The kind of request; without it, every kind."})
    urgency = Code("urgency_levels", required=True)
    hours = fields.Integer(required=True, strict=True, validate=validate.Range(1, 8760))
    counts_as_due = CountsAsDue(load_default=False)


class TargetPatch(Schema):
    """Another number of hours, whether it counts as a time limit, or the end of a target. Deadlines that run are not changed."""

    hours = fields.Integer(strict=True, validate=validate.Range(1, 8760))
    counts_as_due = CountsAsDue()
    ended = fields.Boolean()


class TargetOut(Shown):
    """A target of an authority."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    kind = Code("request_kinds", allow_none=True, required=True)
    urgency = Code("urgency_levels", required=True)
    hours = fields.Integer(required=True)
    counts_as_due = CountsAsDue(required=True)
    set_at = When(required=True)
    ended_at = When(allow_none=True, required=True)
    etag = fields.String(required=True)
