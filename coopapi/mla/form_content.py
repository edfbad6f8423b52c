"""Schemas of what some official forms ask for besides: sections C and H of the EIO, and the boxes of an arrest warrant."""

from marshmallow import fields, validate

from coopapi.http.fields import Flag, Line, Many, OneOf, Schema, Text

URGENCY_GROUNDS = ("evidence_at_risk", "trial_date", "other")
ASSURANCES = (
    "reciprocity",
    "speciality",
    "confidentiality",
    "data_protection",
    "return",
    "costs",
    "no_death_penalty",
    "fair_trial",
)
APPEARANCES = (
    "in_person",
    "summoned_in_person",
    "informed_otherwise",
    "represented",
    "not_contested",
    "no_retrial_requested",
    "to_be_served",
)


class LegalPersonIn(Schema):
    """A person concerned that is a legal person (EIO Annex A section E(1)(ii))."""

    form = Line(100, metadata={"description": "The form of the legal person, such as limited company."})
    short_name = Line(100)
    seat = Text(300)
    registration_number = Line(100)
    representative = Line(200)


class MeasureDetailsIn(Schema):
    """What an EIO says about certain measures: the box of section C, and what section H asks for (Art. 22-30, 32)."""

    held_in = OneOf(
        ("authority_files", "databases"),
        metadata={
            "description": "Whether information held is in the files of the authority or in databases of police or judiciary."
        },
    )
    direction = OneOf(
        ("to_issuing_state", "to_executing_state"), metadata={"description": "Where a person held in custody is taken."}
    )
    means = OneOf(("videoconference", "telephone"), metadata={"description": "How a hearing at a distance is held."})
    banking = Many(OneOf(("accounts", "transactions")), 2, metadata={"description": "What information of banks is wanted."})
    consent = OneOf(
        ("given", "refused", "to_be_sought"), metadata={"description": "The consent of the person to a transfer or to a hearing."}
    )
    conducted_by = Text(500, metadata={"description": "The authority that will conduct the hearing, with contact and language."})
    relevance = Text(
        2000,
        metadata={"description": "Why the measure is relevant for the proceedings; of accounts also why a bank there has them."},
    )
    item = OneOf(("transfer", "remain"), metadata={"description": "Whether the item is transferred, or stays where it is."})
    lifted_on = fields.Date(metadata={"description": "When the provisional measure is expected to be lifted."})
    follow_up_on = fields.Date(metadata={"description": "When a later request about the item is expected."})
    delivery = OneOf(("immediate", "recorded"), metadata={"description": "How the result of an interception is sent."})
    decryption = Flag(metadata={"description": "Whether transcription, decoding or decrypting is wanted too."})


class WarrantIn(Schema):
    """What an arrest warrant says (Annex to Framework Decision 2002/584/JHA, boxes (b) to (h))."""

    decision = OneOf(("arrest_warrant", "judgment"), metadata={"description": "The decision on which the warrant is based (b)."})
    decision_type = Line(
        200, metadata={"description": "The type of an arrest warrant or of a decision with the same effect (b)(1)."}
    )
    decision_reference = Line(200)
    remaining_months = fields.Integer(
        validate=validate.Range(0, 1200), metadata={"description": "What remains to be served of `content/sentence` (c)(2)."}
    )
    appearance = OneOf(APPEARANCES, metadata={"description": "Whether the person appeared at the trial, and if not why (d)."})
    appearance_date = fields.Date(metadata={"description": "When the person was summoned in person, or served with the decision."})
    appearance_details = Text(2000, metadata={"description": "How the condition of a box of (d)(3) was met (d)(4)."})
    retrial_days = fields.Integer(
        validate=validate.Range(1, 365), metadata={"description": "The days within which a retrial or appeal can be asked for."}
    )
    other_circumstances = Text(4000, metadata={"description": "Extraterritoriality, interruption of time limits and the like (f)."})
    seizure = Many(OneOf(("evidence", "proceeds")), 2, metadata={"description": "What is to be seized and handed over (g)."})
    property = Text(2000, metadata={"description": "Description and location of that property (g)."})
    central_authority = Text(
        1000, metadata={"description": "The central authority that transmits and receives warrants, with its address (i)."}
    )
    life_sentence = Many(OneOf(("review", "clemency")), 2, metadata={"description": "How a life sentence is reviewed (h)."})
