"""The two routes that every workflow has: their schemas, and how they call the gate."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import marshmallow as ma
from marshmallow import fields

from coopapi.access import Action
from coopapi.http.fields import OneOf, Paged, Schema, Shown, Text, refusal
from coopapi.shared.workflow import Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned
from coopapi.store.together import each

_PARAMETER: Final = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Served:
    """A workflow as it is served: at which path, which action its steps need, their body, and how the changed row is shown.

    The fields in `named`, together with the path, identify the object.
    """

    path: str
    workflow: Workflow[Any]
    act: Action
    body: type[ma.Schema]
    named: Sequence[str]
    show: Callable[[UnitOfWork, Sequence[Any]], Sequence[Any]] | None

    def take(self, work: UnitOfWork, version: int, data: Mapping[str, Any], **ids: Any) -> Versioned:
        """Take one step with a body that was read by the schema, and return the row that changed."""
        return self.workflow.take(work, version, data, **ids, **{name: data[name] for name in self.named if name in data})


def link(path: str, ids: Mapping[str, Any]) -> str:
    """Return a path of a route with the values of its parameters."""
    return _PARAMETER.sub(lambda found: str(ids[found[1]]), path)


SERVED: Final[dict[str, Served]] = {}
"""Every workflow that has routes, by its name. `Blueprint.workflow` fills it."""


class Assignee(fields.String):
    """The person to whom something is assigned, in a filter: an id, or `me` or `none`."""

    def __init__(self, **kwargs: Any) -> None:
        about = {"description": "The id of a person of your authority to whom it is assigned, or `me` or `none`."}
        super().__init__(metadata=about, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text in {"me", "none"}:
            return text
        try:
            return UUID(text)
        except ValueError as error:
            raise refusal("assignee", "The value must be the id of a person, or me or none.") from error


class Included(Schema):
    """Whether the steps of the items of a list are listed with them."""

    include = OneOf(
        ("transitions",), name="Included", metadata={"description": "What to add to each item: the steps that you may take now."}
    )


class Stepped(Included, Paged):
    """The size of a page of things with steps, to whom they are assigned, and whether their steps are listed with them."""

    assignee = Assignee()


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
    detail = fields.String(required=True, metadata={"description": "The reason why the step is not possible now."})


class TransitionsOut(Shown):
    """The present state, and what you may do now."""

    state = fields.String(required=True)
    allowed = fields.List(fields.Nested(AllowedTransition), required=True)
    blocked = fields.List(fields.Nested(BlockedTransition), required=True, dump_default=list)
    etag = fields.String(required=True)


class ListedSteps(TransitionsOut):
    """The present state of an item of a list, and what you may do now."""


def with_steps(
    work: UnitOfWork, workflow: Workflow[Any], shown: Sequence[Mapping[str, Any]], things: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return items as they are shown, each with its steps. `things` are the parameters of the workflow for each."""
    steps = each(work, lambda ids: workflow.options(work, **ids), things)
    return [{**one, "transitions": its} for one, its in zip(shown, steps, strict=True)]


def embedded() -> fields.Nested:
    """Return the field for the steps of an item of a list."""
    return fields.Nested(ListedSteps, metadata={"description": "Only in lists, with `include=transitions`."})


def event_schema(body: type[ma.Schema], workflow: Workflow[Any]) -> type[ma.Schema]:
    """Return the schema for the body of a step, in which `event` is one of the workflow's events."""
    return _derived(body, f"{_title(workflow)}TransitionIn", event=_event(workflow))


def options_schema(options: type[ma.Schema], workflow: Workflow[Any]) -> type[ma.Schema]:
    """Return the schema of the list of steps, in which states and events are those of the workflow."""
    title, states = _title(workflow), _states(workflow)
    allowed = _derived(AllowedTransition, f"{title}AllowedTransition", event=_event(workflow), target=states)
    blocked = _derived(BlockedTransition, f"{title}BlockedTransition", event=_event(workflow))
    lists = {
        "allowed": fields.List(fields.Nested(allowed), required=True),
        "blocked": fields.List(fields.Nested(blocked), required=True, dump_default=list),
    }
    return _derived(options, f"{title}TransitionsOut", state=states, **lists)


def _title(workflow: Workflow[Any]) -> str:
    return workflow.name.title().replace("_", "")


def _event(workflow: Workflow[Any]) -> OneOf:
    return OneOf(workflow.events, name=f"{_title(workflow)}Event", required=True)


def _states(workflow: Workflow[Any]) -> OneOf:
    return OneOf(workflow.states, required=True)


def _derived(schema: type[ma.Schema], name: str, **more: fields.Field[Any]) -> type[ma.Schema]:
    return type(name, (schema,), {**more, "__doc__": schema.__doc__, "__module__": schema.__module__})
