"""Figures on the wire."""

from marshmallow import fields

from coopapi.http.fields import Paged, Shown


class FigureFilter(Paged):
    """Which figures."""

    client_id = fields.UUID(metadata={"description": "Of one client or person alone."})


class RegistrationFigureOut(Shown):
    """What one client or person registered on one day (UTC)."""

    client_id = fields.UUID(attribute="principal_id", required=True)
    authority_id = fields.UUID(required=True)
    day = fields.Date(required=True)
    registered = fields.Integer(required=True, metadata={"description": "Values that were new to their case."})
    met = fields.Integer(required=True, metadata={"description": "Of these, how many another case holds that you could know of."})
    withdrawn = fields.Integer(required=True, metadata={"description": "Of these, how many left matching again within a week."})
    unusual = fields.Boolean(attribute="alarmed", required=True, metadata={"description": "Unlike its past: an alarm was raised."})
