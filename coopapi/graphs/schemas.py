"""Graphs on the wire."""

import re
from typing import Any, Final
from uuid import UUID

from marshmallow import fields, validates_schema

from coopapi.directory.fields import Code
from coopapi.graphs.neighbours import READERS
from coopapi.http.fields import Count, Like, Link, OneOf, Schema, Shown, Text, refusal
from coopapi.identifiers.kinds import KINDS
from coopapi.search.models import STATES

STARTS: Final = {"case_id": "case", "request_id": "request", "jit_id": "jit", "meeting_id": "meeting"}
EDGES: Final = ("concerns", "follows", "has_identifier", "has_subject", "linked", "of_jit", "overlap")
_NODE: Final = re.compile(rf"\A({'|'.join(READERS)}):([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})\Z")


class GraphFilter(Schema):
    """Where the graph begins, and how far it goes. Exactly one beginning is given."""

    case_id = fields.UUID()
    request_id = fields.UUID()
    jit_id = fields.UUID()
    meeting_id = fields.UUID()
    from_ = Text(
        60,
        data_key="from",
        validate=[
            Like(
                _NODE.pattern,
                "A node is named by its kind and its id, such as case:018f0000-0000-7000-8000-000000000000."
                " The pseudonym of a case of others is no beginning.",
            )
        ],
        metadata={
            "description": "A node of another graph from which to go on, such as one in `cut`."
            " The pseudonym of a case of others is no beginning."
        },
    )
    after = Text(2000, metadata={"description": "`next` of the graph with the same beginning, to read further neighbours of it."})
    depth = Count(1, 3, metadata={"description": "How many edges the graph goes from its beginning (1 by default)."})
    format = OneOf(("json", "graphml"), name="GraphFormat", metadata={"description": "`json` by default, or as `Accept` says."})

    @validates_schema
    def one_beginning(self, data: dict[str, Any], **_: Any) -> None:
        """A graph has one beginning."""
        if len({*STARTS, "from_"} & data.keys()) != 1:
            raise refusal("exactly_one", f"Give exactly one of: {', '.join(sorted({*STARTS, 'from'}))}.", "case_id")


def start_of(wanted: dict[str, Any]) -> tuple[str, UUID]:
    """Return the kind and the id of the node at which a graph begins."""
    if "from_" in wanted:
        kind, _, one = wanted["from_"].partition(":")
        return kind, UUID(one)
    ((name, one),) = ((name, wanted[name]) for name in STARTS if name in wanted)
    return STARTS[name], one


class GraphNodeOut(Shown):
    """A thing in the graph, without values and titles. A case of others that you do not see is a pseudonym."""

    id = fields.String(
        required=True,
        metadata={"description": "The kind and the id of the thing, or a pseudonym, at which no graph begins."},
    )
    kind = OneOf(READERS, name="GraphNodeKind", required=True)
    label = fields.String(
        allow_none=True, metadata={"description": "The reference, the pseudonym of a subject, or the kind of an identifier."}
    )
    state = OneOf(STATES, name="SearchedState", allow_none=True)
    category = fields.String(allow_none=True, metadata={"description": "The category of a subject, or the kind of an identifier."})
    authority_id = fields.UUID(allow_none=True)
    path = Link(allow_none=True)
    distance = fields.Integer(required=True, metadata={"description": "How many edges it is from the beginning."})


class GraphEdgeOut(Shown):
    """A connection between two nodes."""

    source = fields.String(required=True)
    target = fields.String(required=True)
    kind = OneOf(EDGES, name="GraphEdgeKind", required=True)
    overlap_id = fields.UUID(metadata={"description": "Of an overlap."})
    strength = Code("overlap_strength", metadata={"description": "Of an overlap."})
    kinds = fields.List(OneOf(KINDS, name="IdentifierKind"), metadata={"description": "Of an overlap: the kinds of its evidence."})
    basis = Code("basis", metadata={"description": "Of a link between a subject and an identifier."})


class GraphOut(Shown):
    """What hangs together. Nodes that have more neighbours than were read or shown are in `cut`."""

    nodes = fields.List(fields.Nested(GraphNodeOut), required=True)
    edges = fields.List(fields.Nested(GraphEdgeOut), required=True)
    complete = fields.Boolean(required=True, metadata={"description": "Whether nothing was left out up to this depth."})
    cut = fields.List(fields.String(), required=True, metadata={"description": "Nodes from which to go on with `from`."})
    next = fields.String(
        allow_none=True,
        required=True,
        metadata={"description": "The cursor with which to read further neighbours of the beginning (`after`), or null."},
    )
