"""The schemas of the two routes that every workflow has."""

from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from coopapi.http.fields import OneOf, Schema, Shown, Text
from coopapi.shared.workflow import Workflow


class TransitionIn(Schema):
    """A step to take."""

    event = Text(40, required=True)
    reason = Text(1000)


class AllowedTransition(Shown):
    """A step you may take now."""

    event = fields.String(required=True)
    target = fields.String(required=True)
    reason_needed = fields.Boolean(required=True)


class BlockedTransition(Shown):
    """A step of your side and role that something else still prevents."""

    event = fields.String(required=True)
    detail = fields.String(required=True, metadata={"description": "What prevents it."})


class TransitionsOut(Shown):
    """The present state, and what you may do now."""

    state = fields.String(required=True)
    allowed = fields.List(fields.Nested(AllowedTransition), required=True)
    blocked = fields.List(fields.Nested(BlockedTransition), required=True, dump_default=list)
    etag = fields.String(required=True)


def event_schema(body: type[ma.Schema], workflow: Workflow[Any]) -> type[ma.Schema]:
    """Return the schema for the body of a step, in which `event` is one of the workflow's events."""
    name: Final = f"{workflow.name.title().replace('_', '')}TransitionIn"
    event = OneOf(workflow.events, required=True)
    return type(name, (body,), {"event": event, "__doc__": body.__doc__, "__module__": body.__module__})
