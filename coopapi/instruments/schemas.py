"""Instruments on the wire."""

from datetime import date
from typing import Any

from marshmallow import fields, validate, validates_schema

from coopapi.directory.fields import Code
from coopapi.http.fields import Schema, Shown, refusal


class InstrumentFilter(Schema):
    """Which instruments."""

    country = Code("countries", metadata={"description": "Only those that bind this country, did so or will."})


class ApplicableFilter(Schema):
    """What one country wants to ask of another."""

    sender = Code("countries", required=True, data_key="from", metadata={"description": "The country that asks."})
    addressee = Code("countries", required=True, data_key="to", metadata={"description": "The country that is asked."})
    measure = Code("measures", metadata={"description": "What is asked for; `measure`, `kind` or both."})
    kind = Code("request_kinds", metadata={"description": "The kind of request."})
    on = fields.Date(
        validate=validate.Range(date(1950, 1, 1), date(2199, 12, 31)),
        metadata={"description": "The day of sending; today if not said."},
    )

    @validates_schema
    def a_request_goes_abroad_for_something(self, data: dict[str, Any], **_: object) -> None:
        """A request goes to another country, and asks for something."""
        if data.get("sender") is not None and data.get("sender") == data.get("addressee"):
            raise refusal("abroad", "A request goes to another country.", "to")
        if not data.keys() & {"measure", "kind"}:
            raise refusal("one_needed", "Say which measure or which kind of request.", "measure")


class RuleOut(Shown):
    """What an instrument says of one point, and where."""

    text = fields.String(required=True)
    article = fields.String(required=True)


class PrecedenceOut(RuleOut):
    """Which instruments go first, and for what they don't."""

    to = fields.List(fields.String(), required=True)
    except_kinds = fields.List(fields.String(), required=True)
    except_measures = fields.List(fields.String(), required=True)


class ReservationOut(RuleOut):
    """What a party declared."""

    effect = fields.String(required=True, metadata={"description": "`excludes` or `conditions`"})
    measures = fields.List(fields.String(), required=True, metadata={"description": "The measures concerned."})
    kinds = fields.List(fields.String(), required=True, metadata={"description": "The kinds of request concerned."})
    verify = fields.Boolean(required=True)


class PartyOut(Shown):
    """A country that an instrument binds."""

    country = fields.String(required=True)
    in_force_from = fields.Date(required=True, allow_none=True, metadata={"description": "null: the date is not recorded."})
    provisional_from = fields.Date(required=True, allow_none=True)
    until = fields.Date(required=True, allow_none=True, metadata={"description": "The last day."})
    side = fields.String(required=True)
    reservations = fields.List(fields.Nested(ReservationOut), required=True)
    verify = fields.Boolean(required=True, metadata={"description": "Not checked against the depositary."})


class OutsiderOut(RuleOut):
    """A country of which one must know that it is not bound."""

    country = fields.String(required=True)
    verify = fields.Boolean(required=True)


class PairOut(Shown):
    """Two countries with a treaty between them."""

    countries = fields.Function(lambda pair: sorted(pair.countries), metadata={"type": "array", "items": {"type": "string"}})
    in_force_from = fields.Date(required=True)
    until = fields.Date(required=True, allow_none=True)
    verify = fields.Boolean(required=True)


class RatificationOut(Shown):
    """A ratification that waits for others."""

    country = fields.String(required=True)
    on = fields.Date(required=True)


class InstrumentOut(Shown):
    """An instrument in short."""

    code = fields.String(required=True)
    group = fields.String(required=True)
    titles = fields.Dict(required=True)
    citation = fields.String(required=True)
    in_force = fields.Boolean(required=True)
    in_force_from = fields.Date(required=True, allow_none=True)
    evidence = fields.Boolean(required=True, metadata={"description": "Whether what it yields is given as evidence."})
    kinds = fields.List(fields.String(), required=True)
    verify = fields.Boolean(required=True)


class InstrumentDetailOut(InstrumentOut):
    """An instrument with its rules, parties and reservations."""

    measures = fields.Dict(required=True, metadata={"description": "Each measure it serves, with the article."})
    form = fields.Nested(RuleOut, required=True)
    channel = fields.Nested(RuleOut, required=True)
    languages = fields.Nested(RuleOut, required=True)
    scope = fields.Nested(RuleOut, required=True, allow_none=True)
    supplements = fields.String(required=True, metadata={"description": "The instrument it is a protocol to."})
    excluded = fields.Dict(keys=fields.String(), values=fields.Nested(RuleOut), required=True)
    yields = fields.List(fields.Nested(PrecedenceOut), required=True, metadata={"description": "What goes first."})
    not_among = fields.List(fields.String(), required=True, metadata={"description": "Sides without effect among themselves."})
    outside = fields.List(fields.Nested(OutsiderOut), required=True)
    ratified = fields.List(fields.Nested(RatificationOut), required=True)
    parties = fields.List(fields.Nested(PartyOut), required=True)
    pairs = fields.List(fields.Nested(PairOut), required=True)
    open = fields.Boolean(required=True, metadata={"description": "Whether any two countries may use it."})
    source = fields.String(required=True)
    version = fields.String(required=True)


class ReasonOut(RuleOut):
    """Why an instrument may not be used, or on which condition it may."""

    code = fields.String(required=True)


class AssessmentOut(Shown):
    """Whether one instrument may be used; with the reasons if not, and the conditions if so."""

    instrument = fields.Nested(InstrumentOut, required=True)
    applicable = fields.Boolean(required=True)
    article = fields.String(required=True, metadata={"description": "The article on the measure; empty if there is none."})
    reasons = fields.List(fields.Nested(ReasonOut), required=True)
    conditions = fields.List(fields.Nested(ReasonOut), required=True)
