"""Figures on the wire."""

from marshmallow import fields

from coopapi.http.fields import Paged, Shown


class FigureFilter(Paged):
    """Which figures."""

    client_id = fields.UUID(metadata={"description": "Only the figures of this client or person."})


class RegistrationFigureOut(Shown):
    """What one client or person registered on one day (UTC)."""

    client_id = fields.UUID(attribute="principal_id", required=True)
    authority_id = fields.UUID(required=True)
    day = fields.Date(required=True)
    registered = fields.Integer(required=True, metadata={"description": "The number of values that were new to their case."})
    met = fields.Integer(
        required=True, metadata={"description": "The number of these values that also occur in another case that you may know of."}
    )
    withdrawn = fields.Integer(
        required=True, metadata={"description": "The number of these values that were withdrawn from matching within a week."}
    )
    unusual = fields.Boolean(
        attribute="alarmed",
        required=True,
        metadata={"description": "Whether the figures differ so much from the past that an alarm was raised."},
    )
