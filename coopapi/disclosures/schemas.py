"""Disclosures on the wire."""

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.disclosures.models import DISCLOSURE_LIFECYCLE
from coopapi.http.fields import Many, OneOf, Schema, Shown, Stored, Text, When
from coopapi.http.transitions import Stepped, TransitionIn, embedded
from coopapi.identifiers.kinds import KINDS
from coopapi.identifiers.schemas import PersonDataIn
from coopapi.shared.lifecycle import Side


class DisclosureIn(Schema):
    """What is asked of the other side of an overlap, and why (Prüm II Art. 33: purpose, offence, case)."""

    case_id = fields.UUID(metadata={"description": "The case that requests the disclosure; required if both cases are yours."})
    purpose = Code("purposes", required=True)
    offence = Code("crime_categories", required=True)
    facts = Text(4000, metadata={"description": "The facts, for the other side to read; do not use names."})
    items_asked = Many(Code("disclosure_items"), 20, least=1, required=True)
    urgency = Code("disclosure_urgencies", metadata={"description": "The urgency; `ordinary` (48 hours) by default."})


class DisclosedItemIn(Schema):
    """One identifier to disclose."""

    identifier_id = fields.UUID(required=True)
    handling_code = Code("handling_codes", metadata={"description": "The handling code; that of the identifier by default."})
    conditions = Text(1000, metadata={"description": "The conditions for the use of the item."})


class DecisionIn(TransitionIn):
    """A step: what is disclosed item by item, or on which ground it is refused."""

    items = Many(fields.Nested(DisclosedItemIn), 1000, distinct=False)
    until = When(metadata={"description": "The time at which access to the disclosed items ends."})
    ground = Code("refusal_grounds")


class DisclosureFilter(Stepped):
    """Which disclosures: those owed by you with side=owner are your worklist."""

    side = OneOf(Side)
    state = OneOf(DISCLOSURE_LIFECYCLE.states)
    overdue = fields.Boolean()


class DisclosedItemOut(Shown):
    """One disclosed identifier; its value while the disclosure lasts, for those who may read values."""

    identifier_id = fields.UUID(required=True)
    kind = OneOf(KINDS, allow_none=True)
    value = fields.String(allow_none=True)
    person = Stored(PersonDataIn, allow_none=True)
    handling_code = Code("handling_codes", required=True)
    conditions = fields.String(required=True)


class DisclosureOut(Shown):
    """A request for disclosure, and what came of it."""

    id = fields.UUID(required=True)
    transitions = embedded()
    overlap_id = fields.UUID(required=True)
    side = OneOf(Side, required=True, metadata={"description": "The side on which you are."})
    state = OneOf(DISCLOSURE_LIFECYCLE.states, required=True)
    overdue = fields.Boolean(required=True)
    asking_authority = fields.UUID(required=True)
    owner_authority = fields.UUID(required=True)
    asking_case = fields.UUID(allow_none=True)
    owner_case = fields.UUID(allow_none=True)
    purpose = Code("purposes", required=True)
    offence = Code("crime_categories", required=True)
    facts = fields.String(allow_none=True)
    items_asked = fields.List(Code("disclosure_items"), required=True)
    urgency = Code("disclosure_urgencies", required=True)
    asked_by = fields.UUID(required=True)
    asked_at = When(required=True)
    due_at = When(required=True)
    decided_by = fields.UUID(allow_none=True)
    decided_at = When(allow_none=True)
    reason = fields.String(allow_none=True)
    ground = Code("refusal_grounds", allow_none=True)
    until = When(allow_none=True)
    items = fields.List(fields.Nested(DisclosedItemOut), required=True)
    etag = fields.String(required=True)
