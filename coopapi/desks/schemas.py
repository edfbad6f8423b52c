"""The index of a State on the wire."""

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.directory.schemas import AuthorityRef
from coopapi.http.fields import OneOf, Paged, Shown, When

_TYPES = ("request", "jit", "meeting", "disclosure", "team")
_ABOUT = "The kind of thing, as in `object_type`. `team` is the older name of `jit`, and is shown only to those who ask for it."


class StateIndexFilter(Paged):
    """Which part of the index."""

    type = OneOf(_TYPES, name="StateIndexType", required=True, metadata={"description": _ABOUT})
    missed = fields.Boolean(metadata={"description": "Only entries of which a deadline was missed."})


class StateIndexOut(Shown):
    """An entry of the index: that something exists between the States and where it stands, without its content."""

    id = fields.UUID(required=True)
    type = OneOf(_TYPES, name="StateIndexType", required=True)
    reference = fields.String(allow_none=True)
    what = fields.String(
        attribute="kind",
        required=True,
        metadata={"description": "The kind of request, the level of a meeting, the urgency of a disclosure, or `jit` for a team."},
    )
    stage = fields.String(required=True, attribute="state", metadata={"description": "The state, as the thing itself names it."})
    countries = fields.List(Code("countries"), required=True)
    authority = fields.Nested(AuthorityRef, required=True, metadata={"description": "The authority of your State."})
    at = When(required=True)
    due_at = When(allow_none=True)
    missed = fields.Boolean(required=True)
