"""Points of contact and competences on the wire."""

import re
from typing import Final

import marshmallow as ma
from marshmallow import fields, validate

from coopapi.contacts.roster import REACHABLE
from coopapi.directory.fields import Code
from coopapi.directory.schemas import AuthorityOut, ContactIn
from coopapi.http.fields import Flag, Line, Many, OneOf, Paged, Schema, Shown, Stored, Text, When, Zone, refusal
from coopapi.instruments import service as instruments

OUTCOMES: Final = ("reached", "no_answer", "wrong_number", "out_of_order")
_CLOCK: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


class HoursIn(Schema):
    """Open on one weekday, by the local clock."""

    weekday = fields.Integer(
        required=True, strict=True, validate=validate.Range(0, 6), metadata={"description": "The day of the week; 0 is Monday."}
    )
    opens = Text(5, required=True, validate=[validate.Regexp(_CLOCK)])
    closes = Text(5, required=True, validate=[validate.Regexp(_CLOCK)])

    @ma.validates_schema
    def opens_before_it_closes(self, data: dict[str, str], **_: object) -> None:
        """A night is two entries: until 24:00, and from 00:00 of the next day."""
        if data["opens"] >= data["closes"]:
            raise refusal(
                "order_of_time",
                "The closing time must be after the opening time. For hours over midnight, use one entry for each day.",
                "closes",
            )


class OfficeContactIn(ContactIn):
    """How the office is reached: never a person's own number."""

    emergency_phone = Text(40)


class _PointFields(Schema):
    network = Code("contact_networks")
    always = Flag(metadata={"description": "Whether the point of contact is reachable around the clock."})
    hours = Many(fields.Nested(HoursIn), 21)
    time_zone = Zone()
    languages = Many(Code("languages"), 20)
    powers = Many(Code("contact_powers"), 6)
    contact = fields.Nested(OfficeContactIn)
    application = OneOf(("none", "applied", "accepted"), allow_none=True)
    declared_by = Line(200)
    valid_from = fields.Date()
    valid_until = fields.Date(allow_none=True)


class ContactPointPatch(_PointFields):
    """What changes about a point of contact; `verified` says that somebody looked today."""

    verified = fields.Boolean(truthy={True}, falsy=set())


class ContactPointIn(_PointFields):
    """A point of contact."""

    authority_id = fields.UUID(
        metadata={"description": "The authority; your own by default. Administrators of the operator may name any authority."}
    )
    network = Code("contact_networks", required=True)
    time_zone = Zone(required=True)
    declared_by = Line(200, required=True)
    valid_from = fields.Date(required=True)


class ContactPointFilter(Paged):
    """Which points of contact."""

    country = Code("countries")
    network = Code("contact_networks")
    power = Code("contact_powers")


class ContactPointOut(Shown):
    """A point of contact, and whether it is reachable now."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    network = Code("contact_networks", required=True)
    always = fields.Boolean(required=True)
    hours = fields.List(Stored(HoursIn), required=True)
    time_zone = fields.String(required=True)
    languages = fields.List(Code("languages"), required=True)
    powers = fields.List(Code("contact_powers"), required=True)
    contact = Stored(OfficeContactIn, required=True)
    application = OneOf(("none", "applied", "accepted"), allow_none=True)
    declared_by = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)
    last_verified_at = When(allow_none=True)
    verified_days_ago = fields.Integer(allow_none=True)
    stale = fields.Boolean(required=True, metadata={"description": "Whether the entry has not been verified for 180 days."})
    reachable_now = OneOf(
        REACHABLE,
        name="Reachable",
        required=True,
        metadata={
            "description": "Whether it can be reached now: `no` outside its hours, `unverified` if the entry is stale or if"
            " nobody is on duty by its roster."
        },
    )
    checks_30_days = fields.Integer(required=True)
    reached_30_days = fields.Integer(required=True)
    etag = fields.String(required=True)


class ShiftPatch(Schema):
    """Other times of a shift."""

    since = When()
    until = When(metadata={"description": "At most 31 days after the start. A shift that ends when it begins is cancelled."})


class ShiftIn(ShiftPatch):
    """For which time a person is on duty."""

    person_id = fields.UUID(required=True)
    since = When(required=True)
    until = When(required=True)


class ShiftOut(Shown):
    """For which time a person of your authority is on duty."""

    id = fields.UUID(required=True)
    contact_point_id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    since = When(required=True)
    until = When(required=True)
    etag = fields.String(required=True)


class ContactCheckIn(Schema):
    """A call to a point of contact."""

    outcome = OneOf(OUTCOMES, required=True)
    minutes = fields.Integer(
        strict=True, validate=validate.Range(0, 10_000), metadata={"description": "The number of minutes until somebody answered."}
    )


class ContactCheckOut(Shown):
    """How a point of contact answered."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    at = When(required=True)
    outcome = OneOf(OUTCOMES, required=True)
    minutes = fields.Integer(allow_none=True)
    etag = fields.String(required=True)


class CompetencePatch(Schema):
    """What changes about a competence; an empty list means all."""

    measures = Many(Code("measures"), 50)
    kinds = Many(Code("request_kinds"), 20)
    instruments = Many(OneOf(instruments.codes(), name="InstrumentCode"), 30)
    places = Many(Text(200), 200)
    languages = Many(Code("languages"), 20)
    channels = Many(Code("channels"), 20)
    declared_by = Line(200)
    valid_until = fields.Date(allow_none=True)
    confirmed = fields.Boolean(truthy={True}, falsy=set())


class CompetenceIn(CompetencePatch):
    """What an authority is competent for."""

    authority_id = fields.UUID(metadata={"description": "The authority; your own by default."})
    declared_by = Line(200, required=True)
    valid_from = fields.Date(required=True)


class CompetenceFilter(Paged):
    """Whose competences."""

    authority_id = fields.UUID()
    country = Code("countries")


class CompetenceOut(Shown):
    """What an authority is competent for."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    measures = fields.List(Code("measures"), required=True)
    kinds = fields.List(Code("request_kinds"), required=True)
    instruments = fields.List(OneOf(instruments.codes(), name="InstrumentCode"), required=True)
    places = fields.List(fields.String(), required=True)
    languages = fields.List(Code("languages"), required=True)
    channels = fields.List(Code("channels"), required=True)
    declared_by = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)
    last_confirmed_at = When(allow_none=True)
    etag = fields.String(required=True)


class FinderIn(Schema):
    """For what an authority is looked for."""

    country = Code("countries", required=True)
    measure = Code("measures")
    kind = Code("request_kinds")
    instrument = OneOf(instruments.codes(), name="InstrumentCode")
    place = Text(200)


class CompetentAuthorityOut(Shown):
    """A competent authority, best first, and why."""

    authority = fields.Nested(AuthorityOut, required=True)
    why = OneOf(
        ("place", "country", "some_places", "central_authority"),
        required=True,
        metadata={"description": "Why this authority is listed: place, country, some_places or central_authority."},
    )
    languages = fields.List(Code("languages"), required=True)
    channels = fields.List(Code("channels"), required=True)
    last_confirmed_at = When(allow_none=True)
