"""Schemas of the content of a request.

One set of fields serves all kinds of requests; it follows the T-CY templates, EIO Annex A and EPOC Annex I.
"""

import marshmallow as ma
from marshmallow import fields, validate

from coopapi.directory.fields import Code
from coopapi.http.fields import Digest, Flag, Line, Many, OneOf, Schema, Text, When, Zone, refusal
from coopapi.identifiers.kinds import KINDS
from coopapi.identifiers.schemas import ContextIn
from coopapi.mla.form_content import ASSURANCES, URGENCY_GROUNDS, LegalPersonIn, MeasureDetailsIn, WarrantIn

_LONG = 8000


class OffenceIn(Schema):
    """An offence under the law of the requesting State.

    Dual criminality is tested on the conduct, not on the name of the offence.
    """

    national_article = Text(300, required=True)
    label = Line(300, required=True)
    category = Code("crime_categories")
    max_penalty_years = fields.Float(validate=validate.Range(0, 99))
    list_offence = Flag(metadata={"description": "Older way to say that the offence is listed; name the category in `listed`."})
    listed = Code(
        "listed_offences",
        metadata={"description": "The category of that list; a form ticks it if `max_penalty_years` is at least three."},
    )
    union_offence = Code(
        "union_offences",
        metadata={"description": "The offence of Union law that this is, if Regulation (EU) 2023/1543 Art. 5(4)(b)-(c) lists it."},
    )
    by_information_system = Flag(
        metadata={"description": "Whether it was wholly or partly committed by means of an information system (Art. 5(4)(b))."}
    )


class SentenceIn(Schema):
    """A sentence that is to be executed, if the order serves that (Regulation (EU) 2023/1543 Art. 5(3), 6(3))."""

    months = fields.Integer(required=True, validate=validate.Range(1, 1200))
    in_absentia = Flag()
    absconded = Flag(metadata={"description": "Whether the convicted person absconded from justice."})


class ProtectionIn(Schema):
    """How a child is protected, as victim or witness, or as suspect.

    Directive 2012/29/EU Art. 20-24 and Lanzarote Convention Art. 35; for suspects Directive (EU) 2016/800.
    """

    individual_assessment = Text(2000, metadata={"description": "What the assessment found, or when it takes place (Art. 22)."})
    accompanied_by = Text(300, metadata={"description": "A representative, or an adult of the child's choice: function, not name."})
    recorded = fields.Boolean(metadata={"description": "Whether the interview is recorded audiovisually (Art. 24(1)(a))."})
    interviews_so_far = fields.Integer(validate=validate.Range(0, 100))
    interviews_planned = fields.Integer(validate=validate.Range(1, 100))
    assisted_by = Text(300, metadata={"description": "The lawyer who assists a child suspect (Directive (EU) 2016/800 Art. 6)."})
    holder_informed = Text(
        500,
        metadata={
            "description": "Which holder of parental responsibility was told of the rights of a child suspect, and when (Art. 5)."
        },
    )
    strictly_necessary = Text(2000, metadata={"description": "Why a sample or an examination is strictly necessary (Art. 20(d))."})


class ConcernedIn(Schema):
    """A person whom the request concerns, identified by a reference. Give only what the execution needs."""

    ref = Line(40, required=True, metadata={"description": "The reference by which measures name the person; may be a pseudonym."})
    role = OneOf(("suspect", "convicted", "victim", "witness", "expert", "third_party"), required=True)
    name = Text(300)
    maiden_name = Text(300)
    aliases = Many(Text(300), 20)
    birth_date = Text(10, validate=[validate.Regexp(r"\d{4}(-\d{2}(-\d{2})?)?\Z")])
    age_status = Code("age_status")
    birth_place = Text(200)
    nationality = Code("countries")
    gender = OneOf(("F", "M", "X"))
    address = Text(500)
    document = Text(100)
    id_number = Text(100, metadata={"description": "The identity number or social security number."})
    marks = Text(500, metadata={"description": "Distinctive marks; where photograph, fingerprints or DNA profile can be had."})
    legal_person = fields.Nested(LegalPersonIn)
    languages = Many(Code("languages"), 10)
    protection = fields.Nested(ProtectionIn)


class AuthorisationIn(Schema):
    """The decision of a judge or of an independent authority (Budapest Art. 15)."""

    authority = Line(300, required=True)
    date = fields.Date(required=True)
    reference = Line(100)
    domestic_law = Text(500)
    valid_until = fields.Date()
    scope = Text(2000)


class ConfidentialityIn(Schema):
    """Whether the request must be kept secret, and from whom (Budapest Art. 27(8), EIO Art. 19, e-Evidence Art. 13)."""

    requested = Flag(required=True)
    reasons = Text(2000)
    notify_user = Flag()
    deferred_until = When()
    ground = Code("user_notification_grounds")


class OfficeIn(Schema):
    """An office that can be contacted about the request; not a person's private contact details."""

    office = Line(300, required=True)
    person_in_charge = Line(200)
    phone = Text(40)
    mobile = Text(40)
    email = fields.Email(validate=validate.Length(max=254))
    address = Text(500)
    office_hours = Text(200)
    time_zone = Zone()
    languages = Many(Code("languages"), 10)


class TranslationIn(Schema):
    """A translation that is sent with the request."""

    language = Code("languages", required=True)
    certified = Flag()
    by = Text(200)


class AttachmentIn(Schema):
    """A document that is sent with the request through its channel. Only its description is stored here; it is never uploaded."""

    title = Line(300, required=True)
    sha256 = Digest()
    size = fields.Integer(validate=validate.Range(0, 10**15))
    media_type = Text(100)


class CertificationIn(Schema):
    """Who certifies that the request is accurate, and how it is signed (eIDAS, Reg. 2023/2844 Art. 7)."""

    name = Line(200, required=True)
    post = Text(200, required=True)
    signature_type = OneOf(("handwritten", "advanced", "qualified", "seal", "none"), required=True)


class PreservationIn(Schema):
    """What Art. 29(2) requires besides offence, facts and data: the custodian (d) and the intent to request the data (f)."""

    custodian = Text(
        500, metadata={"description": "The holder or the location of the data, as far as known; `unknown` is allowed."}
    )
    intends_mla = Flag(metadata={"description": "Art. 29(2)(f)."})
    mla_expected_on = fields.Date()
    disclose_path = Flag(metadata={"description": "Whether you request the partial disclosure of traffic data (Art. 30)."})
    risk = Text(2000)


class OrderIn(Schema):
    """Additional content of an order to a provider (EPOC Annex I)."""

    addressee = OneOf(("designated_establishment", "legal_representative", "other_establishment"))
    send_to = OneOf(
        ("issuing", "validating", "other"),
        metadata={"description": "To which authority the data go (EPOC section L): without it, to `recipient`, or to the issuer."},
    )
    recipient = Text(500, metadata={"description": "The recipient of the data. `send_to` `other` needs it."})
    format = Text(200)
    service = Text(200)
    residence_of_user = Code("countries")
    acts_as = OneOf(
        ("controller", "processor"),
        metadata={"description": "Whether the provider is the controller of the data or processes them for it (Art. 5(6))."},
    )
    processor_because = OneOf(
        ("unidentified", "detrimental"),
        metadata={"description": "Why a processor is addressed: the controller is unknown, or to ask it might do harm."},
    )
    may_inform_controller = Flag(metadata={"description": "Whether the processor may inform the controller (Art. 5(7))."})
    not_told_because = Text(500, metadata={"description": "A short justification if the controller must not be informed."})
    offence_in_issuing_state = Flag(
        metadata={
            "description": "Whether there are reasonable grounds to believe that the offence was, is or will be committed in the "
            "issuing State. If the user resides there too, the enforcing authority need not be notified (Art. 8(2))."
        }
    )


class ContentIn(Schema):
    """The content of a request. A draft may leave out what `readiness` lists as missing."""

    title = Line(200)
    offences = Many(fields.Nested(OffenceIn), 50)
    facts = Text(_LONG)
    link = Text(
        4000,
        metadata={"description": "The relation of the data or measures to the offence (Art. 29(2)(c), EIO Annex A section G)."},
    )
    persons = Many(fields.Nested(ConcernedIn), 200)
    proceedings = Code("proceeding_types")
    sentence = fields.Nested(SentenceIn)
    stage = Text(500)
    necessity = Text(4000)
    proportionality = Text(4000)
    authorisation = fields.Nested(AuthorisationIn)
    domestic_legal_basis = Text(1000)
    urgency_reasons = Text(2000)
    urgency_grounds = Many(OneOf(URGENCY_GROUNDS), 3, metadata={"description": "The boxes of EIO Annex A section B."})
    wanted_by = When(metadata={"description": "A shorter deadline or a specific date for execution (EIO Art. 12(2))."})
    confidentiality = fields.Nested(ConfidentialityIn)
    formalities = Many(Text(1000), 20)
    officials_present = Text(1000)
    legal_remedies = Text(2000)
    remedies_contact = Text(1000, metadata={"description": "The authority that informs of legal remedies (EIO section J(2))."})
    also_addressed_to = Many(
        Code("countries"), 30, metadata={"description": "Other States to which such a request was sent in the same case."}
    )
    assurances = Many(OneOf(ASSURANCES), 10, metadata={"description": "What the requesting State assures in a letter."})
    assurances_text = Text(2000, metadata={"description": "Further assurances, in words."})
    contact = fields.Nested(OfficeIn)
    investigating_authority = fields.Nested(OfficeIn)
    court = Text(500)
    use_conditions = Many(Code("use_conditions"), 10)
    conditions_text = Text(2000)
    information = Text(_LONG, metadata={"description": "The information that is given spontaneously (Budapest Art. 26)."})
    translations = Many(fields.Nested(TranslationIn), 30)
    attachments = Many(fields.Nested(AttachmentIn), 50)
    certification = fields.Nested(CertificationIn)
    preservation = fields.Nested(PreservationIn)
    order = fields.Nested(OrderIn)
    warrant = fields.Nested(WarrantIn)
    extra = fields.Dict(
        keys=Text(60),
        values=Text(2000),
        validate=validate.Length(max=50),
        metadata={"description": "Further fields of a national form, by their names.", "maxProperties": 50},
    )


class SoughtIn(Schema):
    """An identifier that a measure is about: a reference to one of the case, or a kind and a value.

    Times carry their UTC offset.
    """

    identifier_id = fields.UUID(metadata={"description": "An identifier of the case, instead of kind and value."})
    kind = OneOf(KINDS)
    value = Text(2048)
    context = fields.Nested(ContextIn)

    @ma.validates_schema
    def one_or_the_other(self, data: dict[str, object], **_: object) -> None:
        """Check that there is either an identifier of the case, or a kind and a value."""
        if ("identifier_id" in data) == ("kind" in data and "value" in data):
            raise refusal("one_of_two", "Give either an identifier of the case, or kind and value.", "identifier_id")


class MeasureIn(Schema):
    """One measure that is requested."""

    code = Code("measures", required=True)
    description = Text(4000)
    identifiers = Many(fields.Nested(SoughtIn), 200)
    data_categories = Many(Code("data_categories"), 10)
    since = When(metadata={"description": "The start of the time range of the data."})
    until = When(metadata={"description": "The end of the time range of the data."})
    place_of_execution = Text(300)
    persons = Many(Line(40), 50, metadata={"description": "The references of persons in this request."})
    formalities = Text(2000)
    deadline = When()
    authorisation = fields.Nested(AuthorisationIn)
    duration_days = fields.Integer(validate=validate.Range(1, 3650))
    questions = Text(_LONG)
    details = fields.Nested(MeasureDetailsIn)
