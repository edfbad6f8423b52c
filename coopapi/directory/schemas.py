"""Authorities, people, clients and codelists on the wire."""

from marshmallow import fields, validate, validates_schema

from coopapi.access import CLEARABLE, HOLDERS, Action, Function, Role
from coopapi.approvals.schemas import ApprovalOut
from coopapi.directory.fields import Code
from coopapi.http.fields import Flag, Line, Many, OneOf, Paged, Schema, Shown, Stored, Text, When, in_languages, refusal

_VALUES = validate.Range(0, 10**9)
CLIENT_ROLES = (Role.SYSTEM, Role.ANALYST, Role.AUDITOR, Role.CENTRAL_AUTHORITY, Role.CONTACT_POINT)


class ContactIn(Schema):
    """How an authority is reached: offices, not persons."""

    email = fields.Email(validate=validate.Length(max=254))
    phone = Text(40)
    address = Text(500)
    hours = Text(200)
    url = fields.Url(schemes={"https"}, validate=validate.Length(max=500))


class AuthorityIn(Schema):
    """An authority to enter in the directory."""

    name = Line(200, required=True)
    type = Code("authority_types", required=True)
    country = Code("countries", allow_none=True, metadata={"description": "A code of ISO 3166-1, or XK; null for an organisation."})
    languages = Many(Code("languages"), 20)
    contact = fields.Nested(ContactIn)

    @validates_schema
    def only_organisations_have_no_country(self, data: dict[str, object], **_: object) -> None:
        """An organisation is not a country (Europol, OLAF, EPPO, Interpol)."""
        if "type" in data and (data["type"] == "organisation") != (data.get("country") is None):
            raise refusal("country", "An organisation must not have a country; every other authority must have one.", "country")


class AuthorityPatch(Schema):
    """What changes about an authority."""

    name = Line(200)
    languages = Many(Code("languages"), 20)
    contact = fields.Nested(ContactIn)


class AuthorityFilter(Paged):
    """Which authorities."""

    country = Code("countries")
    type = Code("authority_types")


class AuthorityOut(Shown):
    """An authority."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    type = Code("authority_types", required=True)
    country = Code("countries", allow_none=True)
    languages = fields.List(Code("languages"), required=True)
    contact = Stored(ContactIn, required=True)
    etag = fields.String(required=True)


def _clearance(data: dict[str, object], roles: object) -> None:
    if data.get("victim_cleared") and isinstance(roles, list) and not CLEARABLE & {Role(r) for r in roles}:
        raise refusal(
            "clearable", f"Only {', '.join(sorted(CLEARABLE))} can be cleared for evidence about victims.", "victim_cleared"
        )


class _StaffFields(Schema):
    name = Line(200)
    victim_cleared = Flag()
    active = Flag()

    @validates_schema
    def some_roles_are_never_cleared(self, data: dict[str, object], **_: object) -> None:
        """Clearance for victims' evidence belongs to some roles only."""
        _clearance(data, data.get("roles"))


_ISSUER = {"description": "The claim `iss` of the person's access tokens."}
_SUBJECT = {"description": "The subject claim of the person's access tokens."}


class PersonPatch(_StaffFields):
    """What changes about a person: what is taken ends with this, what gives power waits for another administrator."""

    roles = Many(OneOf(Role), 9, least=1)
    functions = Many(
        OneOf(Function),
        len(Function),
        metadata={"description": "`judge`: the person issues and validates the orders that the law reserves for a judge."},
    )
    issuer = Text(300, metadata=_ISSUER)
    subject = Text(255, metadata=_SUBJECT)

    @validates_schema
    def some_roles_have_no_function(self, data: dict[str, object], **_: object) -> None:
        """A function belongs to some roles only."""
        named, roles = data.get("functions"), data.get("roles")
        if not isinstance(named, list) or not isinstance(roles, list):
            return
        for name in named:
            if not HOLDERS[Function(name)] & {Role(role) for role in roles}:
                raise refusal("function", f"Only {', '.join(sorted(HOLDERS[Function(name)]))} can be {name}.", "functions")


class PersonIn(PersonPatch):
    """A person who signs in with an issuer of the deployment."""

    name = Line(200, required=True)
    roles = Many(OneOf(Role), 9, least=1, required=True)
    issuer = Text(300, required=True, metadata=_ISSUER)
    subject = Text(255, required=True, metadata=_SUBJECT)


class JsonWebKeyIn(Schema):
    """A public key (RFC 7517)."""

    kty = fields.String(required=True)
    kid = fields.String()
    use = fields.String()
    alg = fields.String()
    crv = fields.String()
    x = fields.String()
    y = fields.String()
    n = fields.String()
    e = fields.String()


class JsonWebKeySetIn(Schema):
    """Public keys (RFC 7517)."""

    keys = fields.List(fields.Nested(JsonWebKeyIn), required=True)


class ClientPatch(_StaffFields):
    """What changes about a client."""

    roles = Many(OneOf(CLIENT_ROLES, name="ClientRole"), 5, least=1)
    jwks = Stored(
        JsonWebKeySetIn, allow_none=True, metadata={"description": "Public keys (RFC 7517) for private_key_jwt (RFC 7523)."}
    )


class ClientIn(ClientPatch):
    """A machine client of a national system; with `jwks` it proves itself by key, without it gets a secret."""

    name = Line(200, required=True)
    roles = Many(OneOf(CLIENT_ROLES, name="ClientRole"), 5, least=1, required=True)


class StaffOut(Shown):
    """A person or a client."""

    id = fields.UUID(required=True)
    authority_id = fields.UUID(required=True)
    name = fields.String(required=True)
    roles = fields.List(OneOf(Role), required=True)
    victim_cleared = fields.Boolean(required=True)
    functions = fields.List(OneOf(Function), required=True)
    active = fields.Boolean(required=True)
    issuer = fields.String(required=True)
    subject = fields.String(required=True)
    created_at = When()
    vouched_by = fields.UUID(
        allow_none=True,
        metadata={
            "description": "The one administrator who gave this account the role admin; null after another has confirmed it."
        },
    )
    pending = fields.List(
        fields.Nested(ApprovalOut),
        required=True,
        metadata={"description": "The requested changes that wait for another administrator."},
    )
    etag = fields.String(required=True)


class ClientOut(StaffOut):
    """A client; `client_id` is its id."""

    jwks = Stored(JsonWebKeySetIn, allow_none=True)
    client_secret = fields.String(
        metadata={"description": "The secret. It is shown only once, when it is created; the service stores only a digest."}
    )


class AuthorityRef(Shown):
    """An authority, in short."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    country = Code("countries", allow_none=True)


class MeOut(Shown):
    """Who I am here, and what I may do."""

    id = fields.UUID(required=True)
    kind = OneOf(("person", "client"), name="PrincipalKind", required=True)
    name = fields.String(required=True)
    authority = fields.Nested(AuthorityRef, required=True)
    role = OneOf(Role, required=True)
    roles = fields.List(OneOf(Role), required=True)
    victim_cleared = fields.Boolean(required=True)
    functions = fields.List(
        OneOf(Function),
        required=True,
        metadata={"description": "The functions that you have; people of a court in the role prosecutor are judges."},
    )
    actions = fields.List(OneOf(Action), required=True)


class CodelistItemOut(Shown):
    """One code with its labels."""

    code = fields.String(required=True)
    labels = in_languages(required=True)
    article = fields.String()
    group = fields.String()
    footnote = in_languages()
    aliases = fields.List(fields.String())
    allowed = fields.List(
        fields.String(),
        metadata={"description": "In `kind_by_category`: the categories of persons for which this kind may be stored."},
    )
    description = in_languages()
    hours = fields.Integer(metadata={"description": "In `disclosure_urgencies`: the number of hours that the owner has to answer."})
    intrusive = fields.Boolean(
        metadata={"description": "In `measures`: whether a request must state authorisation, necessity and proportionality."}
    )
    judicial = fields.Boolean(
        metadata={"description": "In `channels`: whether material sent through this channel may be used as evidence."}
    )
    security = fields.String(
        metadata={"description": "In `channels`: the minimum security level of the channel, a code of `security_levels`."}
    )
    instruments = fields.List(fields.String(), metadata={"description": "The instruments that provide for this ground."})
    instrument = fields.String(metadata={"description": "In `jit_legal_bases`: the instrument that contains the legal basis."})
    measures = fields.List(fields.String(), metadata={"description": "The measures to which the ground is limited, if any."})
    not_for = fields.List(fields.String(), metadata={"description": "The measures to which the ground does not apply."})
    consult_first = fields.Boolean(metadata={"description": "Whether the other side must be consulted before a refusal."})


class CodelistOut(Shown):
    """A codelist, with where it comes from."""

    name = fields.String(required=True)
    title = in_languages(required=True)
    source = fields.String(required=True)
    version = fields.String(required=True)
    items = fields.List(fields.Nested(CodelistItemOut), required=True)


class CodelistNames(Shown):
    """The names of all codelists."""

    items = fields.List(fields.String(), required=True)


class QuotaIn(Schema):
    """How many new values each client of the authority may register, in place of the quotas in the settings."""

    hour = fields.Integer(strict=True, required=True, validate=_VALUES)
    day = fields.Integer(strict=True, required=True, validate=_VALUES)
    hidden_hour = fields.Integer(
        strict=True, required=True, validate=_VALUES, metadata={"description": "The limit for new values in hidden cases."}
    )
    hidden_day = fields.Integer(
        strict=True, required=True, validate=_VALUES, metadata={"description": "The limit for new values in hidden cases."}
    )
    until = When(metadata={"description": "The time at which the standard quotas apply again; never if omitted."})
    reason = Text(500, required=True)
