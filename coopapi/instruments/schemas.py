"""Instruments on the wire."""

from datetime import date
from typing import Any

from marshmallow import fields, validate, validates_schema

from coopapi.directory.fields import Code
from coopapi.http.fields import OneOf, Schema, Shown, in_languages, refusal


class InstrumentFilter(Schema):
    """Which instruments."""

    country = Code(
        "countries", metadata={"description": "Only instruments that bind this country now, or that did so or will do so."}
    )


class ApplicableFilter(Schema):
    """What one country wants to ask of another."""

    sender = Code("countries", required=True, data_key="from", metadata={"description": "The requesting country."})
    addressee = Code("countries", required=True, data_key="to", metadata={"description": "The requested country."})
    measure = Code("measures", metadata={"description": "The requested measure. Give `measure`, `kind` or both."})
    kind = Code("request_kinds", metadata={"description": "The kind of request."})
    on = fields.Date(
        validate=validate.Range(date(1950, 1, 1), date(2199, 12, 31)),
        metadata={"description": "The day on which the request is sent; today by default."},
    )

    @validates_schema
    def check_question(self, data: dict[str, Any], **_: object) -> None:
        """A request goes to another country, and asks for something."""
        if data.get("sender") is not None and data.get("sender") == data.get("addressee"):
            raise refusal("abroad", "The requested country must be different from the requesting country.", "to")
        if not data.keys() & {"measure", "kind"}:
            raise refusal("one_needed", "Give a measure or a kind of request.", "measure")


class InstrumentRuleOut(Shown):
    """What an instrument says of one point, and where."""

    text = fields.String(required=True)
    article = fields.String(required=True)


class PrecedenceOut(InstrumentRuleOut):
    """Which instruments go first, and for what they don't."""

    to = fields.List(fields.String(), required=True)
    except_kinds = fields.List(Code("request_kinds"), required=True)
    except_measures = fields.List(Code("measures"), required=True)
    only_kinds = fields.List(
        Code("request_kinds"),
        required=True,
        metadata={"description": "The kinds of request that the rule is about; empty for all."},
    )
    own = fields.Boolean(
        required=True, metadata={"description": "Whether treaties that central authorities have entered also take precedence."}
    )


class ReservationOut(InstrumentRuleOut):
    """What a party declared."""

    effect = OneOf(("excludes", "conditions"), required=True, metadata={"description": "The effect: `excludes` or `conditions`."})
    measures = fields.List(Code("measures"), required=True, metadata={"description": "The measures concerned."})
    kinds = fields.List(Code("request_kinds"), required=True, metadata={"description": "The kinds of request concerned."})
    verify = fields.Boolean(required=True)


class InstrumentPartyOut(Shown):
    """A country that an instrument binds."""

    country = Code("countries", required=True)
    in_force_from = fields.Date(
        required=True, allow_none=True, metadata={"description": "The date of entry into force; null if it is not recorded."}
    )
    provisional_from = fields.Date(required=True, allow_none=True)
    until = fields.Date(required=True, allow_none=True, metadata={"description": "The last day on which the country is bound."})
    side = fields.String(required=True)
    reservations = fields.List(fields.Nested(ReservationOut), required=True)
    verify = fields.Boolean(
        required=True, metadata={"description": "True if the entry was not checked against the data of the depositary."}
    )


class OutsiderOut(InstrumentRuleOut):
    """A country of which one must know that it is not bound."""

    country = Code("countries", required=True)
    verify = fields.Boolean(required=True)


class TreatyPairOut(Shown):
    """Two countries with a treaty between them."""

    countries = fields.List(Code("countries"), attribute="both", required=True)
    in_force_from = fields.Date(required=True)
    until = fields.Date(required=True, allow_none=True)
    verify = fields.Boolean(required=True)


class RatificationOut(Shown):
    """A ratification that waits for others."""

    country = Code("countries", required=True)
    on = fields.Date(required=True)


class NarrowingOut(InstrumentRuleOut):
    """What remains of a shipped instrument for one country."""

    country = Code("countries", required=True)
    others = fields.List(Code("countries"), required=True, metadata={"description": "Towards whom; empty for everybody."})
    kinds = fields.List(Code("request_kinds"), required=True)
    measures = fields.List(Code("measures"), required=True)
    since = fields.Date(required=True)
    until = fields.Date(required=True, allow_none=True)


class InstrumentOut(Shown):
    """An instrument in short."""

    code = fields.String(required=True)
    group = fields.String(required=True)
    titles = in_languages(required=True)
    citation = fields.String(required=True)
    in_force = fields.Boolean(required=True)
    in_force_from = fields.Date(required=True, allow_none=True)
    evidence = fields.Boolean(required=True, metadata={"description": "Whether the result may be used as evidence."})
    kinds = fields.List(Code("request_kinds"), required=True)
    verify = fields.Boolean(required=True, metadata={"description": "True if its text was not compared with the official one."})
    unchecked = fields.String(
        required=True,
        metadata={"description": "What was not compared with the official text or the data of the depositary; empty if all was."},
    )
    own = fields.Boolean(
        required=True,
        metadata={"description": "Whether a central authority entered it (`/own-instruments`); otherwise it is shipped."},
    )


class InstrumentDetailOut(InstrumentOut):
    """An instrument with its rules, parties and reservations."""

    measures = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Each measure that the instrument provides for, with the article."},
    )
    of_kind = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.String()),
        required=True,
        metadata={"description": "The kinds of request that may ask only for some measures: each with its measures and articles."},
    )
    form = fields.Nested(InstrumentRuleOut, required=True)
    channel = fields.Nested(InstrumentRuleOut, required=True)
    languages = fields.Nested(InstrumentRuleOut, required=True)
    scope = fields.Nested(InstrumentRuleOut, required=True, allow_none=True)
    supplements = fields.String(required=True, metadata={"description": "The instrument that this protocol supplements."})
    excluded = fields.Dict(keys=fields.String(), values=fields.Nested(InstrumentRuleOut), required=True)
    yields = fields.List(
        fields.Nested(PrecedenceOut), required=True, metadata={"description": "The instruments that take precedence over this one."}
    )
    not_among = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The sides of the agreement between whose own members it does not apply."},
    )
    outside = fields.List(fields.Nested(OutsiderOut), required=True)
    ratified = fields.List(fields.Nested(RatificationOut), required=True)
    parties = fields.List(fields.Nested(InstrumentPartyOut), required=True)
    pairs = fields.List(fields.Nested(TreatyPairOut), required=True)
    open = fields.Boolean(required=True, metadata={"description": "Whether any two countries may use the instrument."})
    narrowed = fields.List(
        fields.Nested(NarrowingOut),
        required=True,
        metadata={"description": "What central authorities took away for their country."},
    )
    source = fields.String(required=True)
    version = fields.String(required=True)


class AssessmentReasonOut(InstrumentRuleOut):
    """Why an instrument may not be used, or on which condition it may."""

    code = fields.String(required=True)


class AssessmentOut(Shown):
    """Whether one instrument may be used; with the reasons if not, and the conditions if so."""

    instrument = fields.Nested(InstrumentOut, required=True)
    applicable = fields.Boolean(required=True)
    article = fields.String(required=True, metadata={"description": "The article about the measure; empty if there is none."})
    reasons = fields.List(fields.Nested(AssessmentReasonOut), required=True)
    conditions = fields.List(fields.Nested(AssessmentReasonOut), required=True)
