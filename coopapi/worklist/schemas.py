"""The worklist on the wire."""

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.http.fields import Line, Link, Many, OneOf, Paged, Schema, Shown, Text, When
from coopapi.http.paging import WholePage
from coopapi.http.transitions import AllowedTransition, Assignee
from coopapi.shared.lifecycle import Side
from coopapi.worklist.service import MOST_COUNTED
from coopapi.worklist.sources import SOURCES
from coopapi.worklist.steps import STEPPED


class WorklistFilter(Paged):
    """Which items: filters that only some kinds have leave the other kinds out."""

    type = OneOf(SOURCES, name="WorklistType")
    case_id = fields.UUID(metadata={"description": "Only items of this case of yours."})
    assignee = Assignee()
    requesting_country = Code("countries", metadata={"description": "Only requests and disclosures that this country asks for."})
    executing_country = Code("countries", metadata={"description": "Only requests and disclosures that this country is asked for."})
    measure = Code("measures", metadata={"description": "Only requests for this measure, and these measures themselves."})
    urgency = Text(40, metadata={"description": "Only requests or disclosures of this urgency."})
    reference = Line(100, metadata={"description": "Only requests with this text in your reference or in that of the other side."})
    due_before = When(metadata={"description": "Only items that are due before this time."})
    overdue = fields.Boolean(metadata={"description": "Whether to list only what is overdue."})
    counts = fields.Boolean(metadata={"description": "Whether to count what waits, by kind."})


class WorklistItemOut(Shown):
    """Something that waits for you or your authority, and the steps that you may take now."""

    type = OneOf(SOURCES, name="WorklistType", required=True)
    id = fields.UUID(required=True)
    case_id = fields.UUID(allow_none=True, required=True, metadata={"description": "The case of yours that it belongs to."})
    title_key = Code("worklist_titles", required=True)
    side = OneOf(Side, allow_none=True, required=True, metadata={"description": "The side for which you would act."})
    due_at = When(allow_none=True, required=True, metadata={"description": "The earliest time by which your side must act."})
    overdue = fields.Boolean(required=True)
    waiting_since = When(required=True)
    assignee = fields.UUID(
        allow_none=True, required=True, metadata={"description": "The person of your authority who attends to it."}
    )
    allowed = fields.List(fields.Nested(AllowedTransition), required=True)
    etag = fields.String(required=True, metadata={"description": "The ETag to send with a step."})
    link = Link(required=True, metadata={"description": "The path of the thing; its steps are taken at `/transitions` below it."})


class WorklistCountOut(Shown):
    """How many items of one kind wait for you."""

    type = OneOf(SOURCES, name="WorklistType", required=True)
    count = fields.Integer(required=True, metadata={"description": f"The number of items, counted up to {MOST_COUNTED:,}."})
    more = fields.Boolean(required=True, metadata={"description": f"Whether there are more than {MOST_COUNTED:,}."})


class WorklistPageOut(WholePage):
    """A page of the worklist."""

    items = fields.List(fields.Nested(WorklistItemOut), required=True)
    counts = fields.List(fields.Nested(WorklistCountOut), metadata={"description": "Only if `counts` was requested."})


class WorklistStepIn(Schema):
    """One step: with what, its ETag, and the body that the route of the step itself takes."""

    type = OneOf(STEPPED, name="SteppedType", required=True)
    id = fields.UUID(required=True)
    etag = Text(100, required=True)
    step = fields.Dict(keys=fields.String(), required=True, metadata={"description": "The body of `POST .../transitions`."})


class WorklistStepsIn(Schema):
    """Up to 100 steps, which are taken in this order."""

    steps = Many(fields.Nested(WorklistStepIn), 100, least=1, distinct=False, required=True)


class WorklistStepOut(Shown):
    """What became of one step: the new ETag, or the problem that the step would have had alone."""

    id = fields.UUID(required=True)
    status = fields.Integer(required=True)
    etag = fields.String()
    problem = fields.Dict()


class AssignmentIn(Schema):
    """What is assigned to whom."""

    type = OneOf(SOURCES, name="WorklistType", required=True)
    id = fields.UUID(required=True)
    assignee = fields.UUID(
        required=True, allow_none=True, metadata={"description": "A person of your authority who may see it, or null for nobody."}
    )


class AssignmentOut(Shown):
    """Who attends to a thing."""

    id = fields.UUID(required=True, metadata={"description": "The id of the assignment."})
    type = OneOf(SOURCES, name="WorklistType", required=True)
    object_id = fields.UUID(required=True)
    assignee = fields.UUID(allow_none=True, required=True)
    assigned_by = fields.UUID(required=True)
    assigned_at = When(required=True)
