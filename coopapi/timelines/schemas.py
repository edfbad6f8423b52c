"""Entries of the journal on the wire."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from coopapi.access import Role
from coopapi.directory.fields import Code
from coopapi.exports.timelines.filters import KINDS, CasesFilter, EntriesFilter
from coopapi.exports.timelines.sources import MOST_CASES
from coopapi.facts.models import CONFIDENCES
from coopapi.facts.schemas import InvolvedIdentifierOut, InvolvedSubjectOut, PlaceOut
from coopapi.facts.times import PRECISIONS
from coopapi.http.fields import Count, Many, OneOf, Paged, Shown, Text, When, refusal
from coopapi.http.paging import WholePage
from coopapi.http.waiting import LONGEST_POLL
from coopapi.journal.catalogue import EVENTS
from coopapi.journal.models import ALARM
from coopapi.timelines.line import MOST_LOOKED_AT, MOST_READ


class EventOut(Shown):
    """What was done, by whom for whom, to what: ids and figures only."""

    id = fields.UUID(attribute="uid", required=True)
    at = When(required=True)
    authority_id = fields.UUID(required=True)
    role = OneOf(
        (*Role, "machine"),
        name="EventRole",
        required=True,
        metadata={"description": "The role; `machine` if the service itself acted."},
    )
    action = fields.String(required=True)
    object_type = fields.String(required=True)
    object_id = fields.UUID(allow_none=True)
    case_id = fields.UUID(allow_none=True)
    detail = fields.Dict(required=True)


class CaseConsultationOut(EventOut):
    """Who looked at a case, and why. How much there was to see (`count`) is shown to those who are cleared for victims."""

    principal_id = fields.UUID(allow_none=True)
    purpose = Code("purposes", required=True)
    request_id = fields.String(required=True)
    consultation = fields.Boolean(required=True)


class JournalEntryOut(CaseConsultationOut):
    """An entry as the auditor sees it: with its place in the chain of the authority, and the hash of this link.

    Both are null for a moment, until the worker has linked the entry.
    """

    seq = fields.Integer(required=True, allow_none=True)
    hash = fields.Function(
        lambda entry: bytes(entry["hash"]).hex() if entry["hash"] else None, metadata={"type": ["string", "null"]}
    )


class EventsFilter(Paged):
    """Which events: all that the caller may see, or alarms alone; from which place; and for how long to wait for one."""

    kind = OneOf(
        [ALARM], metadata={"description": "The kind of events; `alarm` returns only alarms (auditors and administrators)."}
    )
    action = OneOf(EVENTS, name="EventName", metadata={"description": "The name of the events, such as `overlap.detected`."})
    case_id = fields.UUID(metadata={"description": "The case that the events are about."})
    start = OneOf(
        ["now"],
        data_key="from",
        metadata={"description": "`now` returns no event, only the cursor for those that come from now on. Not with `cursor`."},
    )
    wait = Count(
        0, LONGEST_POLL, metadata={"description": "The most seconds to wait if there is no new event (default 0). Not with `from`."}
    )

    @ma.validates_schema
    def _one_place(self, wanted: dict[str, Any], **_: Any) -> None:
        for name in ("cursor", "wait"):
            if "start" in wanted and wanted.get(name):
                raise refusal("alone", f"Send either from or {name}.", name)


class JournalFilter(Paged):
    """Which entries."""

    case_id = fields.UUID()
    action = Text(60)


_ORDERS = ("asc", "desc")


class TimelineFilter(EntriesFilter, Paged):
    """Which entries of a timeline, in which order and language."""

    order = OneOf(
        _ORDERS, name="TimelineOrder", metadata={"description": "The earliest first (`asc`), or the newest first (default)."}
    )
    undated = fields.Boolean(
        metadata={"description": "Whether to list the facts without a time, in the order of their recording, and nothing else."}
    )
    change = Text(
        100, metadata={"description": "`change` of an earlier answer: if nothing changed for you since, the answer has no items."}
    )

    @ma.validates_schema
    def _undated_alone(self, wanted: dict[str, Any], **_: Any) -> None:
        for name in ("since", "until"):
            if wanted.get("undated") and name in wanted:
                raise refusal("alone", "Facts without a time have no place between two times.", name)


class TimelinesFilter(CasesFilter, TimelineFilter):
    """Which cases, and which entries of them."""

    case_id = Many(fields.UUID(), MOST_CASES, least=1, metadata={"description": "The cases, each as a parameter of its own."})


class TimelineAuthorityOut(Shown):
    """An authority, with its name and country."""

    id = fields.UUID(required=True)
    name = fields.String(required=True, allow_none=True)
    country = Code("countries", required=True, allow_none=True)


class TimelineCaseOut(Shown):
    """The case of an entry. The reference is null for those who see no more than that the case exists."""

    id = fields.UUID(required=True)
    reference = fields.String(required=True, allow_none=True)


class TimelineMergedCaseOut(TimelineCaseOut):
    """A case of a merged timeline, with the authority that owns it."""

    authority = fields.Nested(TimelineAuthorityOut, required=True)


class TimelineObjectOut(Shown):
    """What an entry is about. `restricted` says that the entry tells of it, but that you do not see the thing itself."""

    type = fields.String(required=True)
    id = fields.UUID(required=True, allow_none=True)
    name = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Its kind and reference, its pseudonym, or the other authority; never a value. Null if it has none."
        },
    )
    restricted = fields.Boolean(required=True)


class TimelinePlaceOut(PlaceOut):
    """Where a fact happened. Only the country is shown to roles that read no text about people."""

    country = Code("countries", required=True, allow_none=True)


class CoOccurrenceOut(Shown):
    """What coincides with entries of other cases."""

    kind = OneOf(("identifier", "place", "minute"), name="CoOccurrenceKind", required=True)
    with_ = fields.List(fields.UUID(), attribute="with", data_key="with", required=True)


class TimelineEntryOut(Shown):
    """An act in the register, or a fact of the world."""

    id = fields.UUID(required=True)
    kind = OneOf(KINDS, name="TimelineKind", required=True)
    begins_at = When(
        required=True,
        allow_none=True,
        metadata={"description": "When it happened or began, as precisely as `precision` says; null for facts without a time."},
    )
    ends_at = When(required=True, allow_none=True, metadata={"description": "When it ended, if it lasted."})
    precision = OneOf(PRECISIONS, name="FactPrecision", required=True, allow_none=True)
    offset = fields.String(required=True, allow_none=True, metadata={"description": "The offset from UTC as it was stated."})
    zone = fields.String(required=True, allow_none=True, metadata={"description": "The time zone as it was stated."})
    recorded_at = When(required=True, metadata={"description": "When the register learned of it."})
    type = fields.String(required=True, metadata={"description": "The name of the event, or the kind of the fact."})
    sentence = fields.String(required=True)
    case = fields.Nested(TimelineCaseOut, required=True)
    authority = fields.Nested(TimelineAuthorityOut, required=True)
    role = OneOf(
        (*Role, "machine"),
        name="EventRole",
        required=True,
        allow_none=True,
        metadata={"description": "The role of who acted; `machine` if the register recorded it for the authority; null for facts."},
    )
    object = fields.Nested(TimelineObjectOut, required=True)
    subjects = fields.List(fields.Nested(InvolvedSubjectOut), required=True)
    identifiers = fields.List(fields.Nested(InvolvedIdentifierOut), required=True)
    place = fields.Nested(TimelinePlaceOut, required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)
    basis = Code("basis", required=True, allow_none=True)
    confidence = OneOf(CONFIDENCES, name="Confidence", required=True, allow_none=True)
    source_grading = Code("source_grading", required=True, allow_none=True)
    information_grading = Code("information_grading", required=True, allow_none=True)
    detail = fields.Dict(required=True, allow_none=True, metadata={"description": "The ids, codes and figures of an act."})
    co_occurrences = fields.List(
        fields.Nested(CoOccurrenceOut),
        required=True,
        metadata={"description": "In a merged timeline: entries of other cases with the same identifier, place or minute."},
    )


class TimelinePageOut(WholePage):
    """A page of a timeline."""

    items = fields.List(fields.Nested(TimelineEntryOut), required=True)
    change = fields.String(
        required=True, metadata={"description": "Send it as `change` to learn cheaply whether anything changed for you."}
    )
    changed = fields.Boolean(
        required=True, metadata={"description": "False if it is the same as the `change` that was sent; there are no items then."}
    )
    complete = fields.Boolean(
        required=True,
        metadata={
            "description": "False if filters stopped this page before it was full, because it had looked at"
            f" {MOST_LOOKED_AT:,} entries, or with `text` had read {MOST_READ:,}. More may follow at `next`."
        },
    )


class MergedTimelinePageOut(TimelinePageOut):
    """A page of the merged timeline of several cases."""

    cases = fields.List(fields.Nested(TimelineMergedCaseOut), required=True)
