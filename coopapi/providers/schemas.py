"""Providers and memoranda on the wire."""

from marshmallow import fields, validate

from coopapi.directory.fields import Code
from coopapi.http.fields import Count, Line, Many, OneOf, Paged, Schema, Shown, Stored, Text, When


class EstablishmentIn(Schema):
    """Where and as what a provider takes orders (Directive (EU) 2023/1544 Art. 3)."""

    kind = OneOf(("designated_establishment", "legal_representative", "other_establishment"), required=True)
    name = Line(300, required=True)
    country = Code("countries", required=True)
    address = Text(500)


class RetentionIn(Schema):
    """How long a category of data is kept."""

    data_category = Code("data_categories", required=True)
    days = fields.Integer(required=True, strict=True, validate=validate.Range(0, 36_500))
    note = Text(500)


class ProviderPatch(Schema):
    """What changes about a provider."""

    legal_entity = Line(300)
    brands = Many(Line(100), 50)
    services = Many(Line(100), 100)
    establishment = fields.Nested(EstablishmentIn)
    portal = fields.Url(schemes={"https"}, validate=validate.Length(max=500), allow_none=True)
    languages = Many(Code("languages"), 30)
    retention = Many(fields.Nested(RetentionIn), 20)
    emergency_channel = Text(300, allow_none=True)
    notification_policy = Code("notification_policies")
    costs = Text(500, allow_none=True)
    confirmed = fields.Boolean(truthy={True}, falsy=set())


class ProviderIn(ProviderPatch):
    """The profile of an authority of type service_provider."""

    authority_id = fields.UUID(required=True)
    legal_entity = Line(300, required=True, metadata={"description": "The name of the legal entity, not of a brand."})
    establishment = fields.Nested(EstablishmentIn, required=True)
    notification_policy = Code("notification_policies", required=True)
    valid_from = fields.Date(required=True)


class ProviderFilter(Paged):
    """Which providers."""

    country = Code("countries", metadata={"description": "The country of the establishment."})
    brand = Line(100)


class ProviderOut(Shown):
    """A provider."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    legal_entity = fields.String(required=True)
    brands = fields.List(fields.String(), required=True)
    services = fields.List(fields.String(), required=True)
    establishment = Stored(EstablishmentIn, required=True)
    portal = fields.String(allow_none=True)
    languages = fields.List(Code("languages"), required=True)
    retention = fields.List(Stored(RetentionIn), required=True)
    emergency_channel = fields.String(allow_none=True)
    notification_policy = Code("notification_policies", required=True)
    costs = fields.String(allow_none=True)
    valid_from = fields.Date(required=True)
    last_confirmed_at = When(allow_none=True)
    etag = fields.String(required=True)


class MouPatch(Schema):
    """What changes about a memorandum."""

    title = Line(300)
    parties = Many(Line(300), 50, least=1)
    scope = Text(4000)
    standards = Many(Text(100), 50)
    valid_until = fields.Date(allow_none=True)


class MouIn(MouPatch):
    """A memorandum of understanding of your authority."""

    provider_id = fields.UUID()
    title = Line(300, required=True)
    parties = Many(Line(300), 50, least=1, required=True)
    scope = Text(4000, required=True)
    valid_from = fields.Date(required=True)


class MouFilter(Paged):
    """Which memoranda."""

    provider_id = fields.UUID()
    expiring_within = Count(1, 3650, metadata={"description": "Only memoranda that end within this number of days."})


class MouOut(Shown):
    """A memorandum of understanding."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    provider_id = fields.UUID(allow_none=True)
    title = fields.String(required=True)
    parties = fields.List(fields.String(), required=True)
    scope = fields.String(required=True)
    standards = fields.List(fields.String(), required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)
    etag = fields.String(required=True)
