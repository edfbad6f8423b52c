"""Search on the wire."""

from typing import Final

from marshmallow import fields

from coopapi.access import Purpose
from coopapi.directory.fields import Code
from coopapi.http.fields import Flag, Line, Link, OneOf, Paged, Schema, Shown, Text, When
from coopapi.identifiers.kinds import KINDS as IDENTIFIER_KINDS
from coopapi.identifiers.schemas import CommonValueOut, IdentifierValueIn, IdentifierWarningOut
from coopapi.search.models import KINDS, STATES

FIELDS: Final = ("reference", "title", "operation", "handler", "state", "category", "type", "country", "further_country")
"""The names of the fields in which a text is searched."""


class SearchFilter(Paged):
    """The text, and which things."""

    q = Text(
        200,
        required=True,
        metadata={
            "description": "Words, each of which must occur: whole, as the beginning of a word, with a typing error, or as the"
            " label of a code in one of the four languages. At most eight."
        },
    )
    kind = OneOf(
        KINDS,
        name="SearchedKind",
        metadata={"description": "The kind of things (`jit` is a team); by default all that your role may see."},
    )
    state = OneOf(STATES, name="SearchedState", metadata={"description": "The state, as the thing itself names it."})
    country = Code("countries", metadata={"description": "A country that takes part, as far as you see it."})


class SearchHitOut(Shown):
    """A thing that was found, as far as your access to it goes."""

    kind = OneOf(KINDS, name="SearchedKind", required=True)
    id = fields.UUID(required=True)
    path = Link(required=True)
    reference = fields.String(allow_none=True)
    title = fields.String(allow_none=True, metadata={"description": "The title of a case; those of other things are encrypted."})
    authority_id = fields.UUID(
        required=True, metadata={"description": "The owner of a case, or who asks in a request, made a team or convened a meeting."}
    )
    state = OneOf(STATES, name="SearchedState", allow_none=True)
    countries = fields.List(Code("countries"), required=True)
    matched = fields.List(
        OneOf(FIELDS, name="SearchedField"), required=True, metadata={"description": "The fields in which words were found."}
    )


class SavedSearchIn(Schema):
    """A search by text to keep. Identifiers and names of persons do not belong in it: register them, and overlaps are found."""

    name = Line(100, required=True)
    q = Text(200, required=True, metadata={"description": "The words, as in `GET /search`."})
    kind = OneOf(KINDS, name="SearchedKind")
    state = OneOf(STATES, name="SearchedState")
    country = Code("countries")


class SavedSearchPatch(Schema):
    """A change of a saved search. To search for something else, save another one."""

    name = Line(100)
    active = Flag(metadata={"description": "Whether you are told of what it finds."})


class SavedSearchOut(Shown):
    """A saved search of yours."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    q = fields.String(required=True)
    kind = OneOf(KINDS, name="SearchedKind", allow_none=True)
    state = OneOf(STATES, name="SearchedState", allow_none=True)
    country = Code("countries", allow_none=True)
    role = Code("roles", required=True, metadata={"description": "The role in which it is made."})
    active = fields.Boolean(required=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class IdentifierSearchIn(Schema):
    """A value or a person to find, for a case and a purpose."""

    case_id = fields.UUID(required=True, metadata={"description": "The case that the search is for; you must be able to read it."})
    purpose = OneOf(Purpose, required=True, metadata={"description": "Why you search; recorded with the consultation of the case."})
    identifier = fields.Nested(IdentifierValueIn, required=True)
    cursor = Text(4000, metadata={"description": "The value of `next` of the answer before, to go on with older cases."})


class FoundIdentifierOut(Shown):
    """An identifier of a case that you may read: the same value, or a similar person or picture."""

    identifier_id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    reference = fields.String(required=True)
    authority_id = fields.UUID(required=True)
    kind = OneOf(IDENTIFIER_KINDS, name="IdentifierKind", required=True)
    strength = Code("overlap_strength", required=True)
    score = fields.Float(required=True, metadata={"description": "The similarity from 0 to 1, scored as in overlaps."})
    rule = fields.List(Code("matching_rules"), required=True)
    why = fields.String(required=True)
    path = Link(required=True)


class IdentifierSearchOut(Shown):
    """What was found, the best first, and what is to be said about the value itself."""

    strength = Code("overlap_strength", required=True, metadata={"description": "How strong the value is as evidence."})
    warnings = fields.List(fields.Nested(IdentifierWarningOut), required=True)
    common_value = fields.Nested(
        CommonValueOut, allow_none=True, metadata={"description": "Why the value tells nobody apart; otherwise null."}
    )
    items = fields.List(fields.Nested(FoundIdentifierOut), required=True)
    next = fields.String(
        allow_none=True, required=True, metadata={"description": "Send it as `cursor` to search older cases, or null."}
    )
