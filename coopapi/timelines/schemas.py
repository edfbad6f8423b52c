"""Entries of the journal on the wire."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from coopapi.access import Role
from coopapi.directory.fields import Code
from coopapi.http.fields import Count, OneOf, Paged, Shown, Text, When, refusal
from coopapi.http.waiting import LONGEST_POLL
from coopapi.journal.models import ALARM


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
    action = Text(60, metadata={"description": "The type of events, such as `overlap.detected`."})
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
