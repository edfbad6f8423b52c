"""The graph around a thing: nodes and edges that the caller may see, up to a distance and a number of nodes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.cases.models import Case, Identifier, Subject
from coopapi.cases.views import show_cases
from coopapi.errors import NotFound
from coopapi.graphs.neighbours import READERS, Edge, Neighbours, Node, Place
from coopapi.http.paging import open_cursor, place_of, seal_cursor
from coopapi.jits.models import Jit
from coopapi.meetings.models import Meeting
from coopapi.mla.models import Request
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned

MOST_NODES: Final = 500
"""How many nodes a graph has at most."""
MODELS: Final[Mapping[str, tuple[type[Versioned], Action, str]]] = {
    "case": (Case, Action.CASE_READ, "/api/v1/cases/{0.id}"),
    "subject": (Subject, Action.SUBJECT_READ, "/api/v1/cases/{0.case_id}/subjects/{0.id}"),
    "identifier": (Identifier, Action.IDENTIFIER_READ, "/api/v1/cases/{0.case_id}/identifiers/{0.id}"),
    "request": (Request, Action.MLA_READ, "/api/v1/mla-requests/{0.id}"),
    "jit": (Jit, Action.JIT_READ, "/api/v1/jits/{0.id}"),
    "meeting": (Meeting, Action.MEETING_READ, "/api/v1/meetings/{0.id}"),
}
"""Each kind of node with its model, the action that is needed to see it, and its path."""
_PARTS: Final = frozenset({"subject", "identifier"})
"""The kinds of nodes that are parts of a case."""
_EMPTY: Final[Mapping[str, Any]] = {"label": None, "state": None, "category": None, "authority_id": None, "path": None}


@dataclass
class Graph:
    """A graph while it is made: the distance of each node from the first one, edges, and nodes that have more neighbours."""

    nodes: dict[Node, int]
    edges: dict[tuple[Any, ...], Edge] = field(default_factory=dict)
    cut: set[Node] = field(default_factory=set)

    def add(
        self, found: Neighbours, beyond: int, frontier: Sequence[Node], after: Place | None = None
    ) -> tuple[Place | None] | None:
        """Add edges and the nodes at their far ends, at the distance `beyond`. Where there is no more room, the near end is cut.

        If something was left out, returns the place of the last row of which everything was added; that is None before the first.
        """
        near = set(frontier)
        stop = None
        done, here = after, after
        for place, edge in found.edges:
            done, here = (here, place) if place != here else (done, here)
            new = [node for node in (edge.source, edge.target) if node not in self.nodes]
            if len(self.nodes) + len(new) > MOST_NODES:
                self.cut |= near & {edge.source, edge.target}
                stop = stop or (done,)
                continue
            self.nodes |= dict.fromkeys(new, beyond)
            self.edges.setdefault((edge.source, edge.target, edge.kind), edge)
        if found.end is not None:
            self.cut |= near
            stop = stop or (found.end,)
        return stop


def graph(work: UnitOfWork, start: tuple[str, UUID], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the graph around a thing up to a distance of `depth` edges (1 by default).

    With `after`, it begins with the neighbours that the graph from which this cursor is left out. Raises `NotFound` if the caller
    does not see the thing, and `BadCursor`.
    """
    kind, thing_id = start
    model, action, _ = MODELS[kind]
    if not work.actor.may(action):
        raise NotFound
    depth: int = wanted.get("depth", 1)
    first = work.one(model, thing_id)
    made = Graph({(kind, first.id): 0})
    going_on = _neighbours_of_first(work, made, (kind, first.id), wanted.get("after"))
    for distance in range(2, depth + 1):
        frontier = [node for node, at in made.nodes.items() if at == distance - 1]
        for name, readers in READERS.items():
            ids = [node[1] for node in frontier if node[0] == name and isinstance(node[1], UUID)]
            for read in readers if ids else ():
                made.add(read(work, ids, None), distance, [(name, one) for one in ids])
    rows = _rows(work, made.nodes)
    _note(work, kind, first, rows, depth)
    return {**_shown(work, made, rows), "next": going_on}


def _neighbours_of_first(work: UnitOfWork, made: Graph, first: tuple[str, UUID], after: str | None) -> str | None:
    """Add the neighbours of the first node, after a cursor. Returns the cursor with which to read further ones, or None."""
    bound = place_of(work, f"graph/{name_of(first)}", {})
    begin: dict[str, Any] = open_cursor(work, after, bound) if after else {"reader": 0, "at": None}
    stopped = None
    for number, read in enumerate(READERS[first[0]]):
        if number >= begin["reader"]:
            at = begin["at"] if number == begin["reader"] else None
            stop = made.add(read(work, [first[1]], at), 1, [first], at)
            if stop and not stopped:
                stopped = {"reader": number, "at": stop[0]}
    return seal_cursor(work, stopped, bound) if stopped else None


def _note(work: UnitOfWork, kind: str, first: Versioned, rows: Mapping[Node, Any], depth: int) -> None:
    """Record a consultation of the thing that the graph begins with, and of each case with a subject or an identifier in it."""
    start: UUID | None = _case_of(kind, first)
    work.note("graph.consulted", object_type=first.__kind__, case_id=start, consultation=True, depth=depth)
    shown = {_case_of(name, row) for (name, _), row in rows.items() if name in _PARTS}
    for case_id in sorted(case for case in shown if case not in {None, start}):
        work.note("graph.consulted", object_type="case", case_id=case_id, consultation=True, depth=depth)


def _case_of(kind: str, row: Any) -> UUID | None:
    """Return the case that a node is or belongs to, or None."""
    found: UUID | None = row.id if kind == "case" else row.case_id if kind in _PARTS else None
    return found


def _shown(work: UnitOfWork, made: Graph, rows: Mapping[Node, Any]) -> dict[str, Any]:
    said = _said(work, rows)
    nodes = [
        {**_EMPTY, "id": name_of(node), "kind": node[0], "distance": distance, **said.get(node, {})}
        for node, distance in sorted(made.nodes.items(), key=lambda item: (item[1], item[0][0], str(item[0][1])))
    ]
    edges = [
        {"source": name_of(edge.source), "target": name_of(edge.target), "kind": edge.kind, **edge.said}
        for edge in sorted(made.edges.values(), key=lambda edge: (edge.kind, name_of(edge.source), name_of(edge.target)))
    ]
    cut = sorted(name_of(node) for node in made.cut)
    return {"nodes": nodes, "edges": edges, "complete": not cut, "cut": cut}


def name_of(node: Node) -> str:
    """Return the id of a node: its kind and the id of the thing, or a pseudonym."""
    return f"{node[0]}:{node[1]}"


def _rows(work: UnitOfWork, nodes: Iterable[Node]) -> dict[Node, Any]:
    """Return the row of each node that is a thing which the caller sees."""
    found: dict[Node, Any] = {}
    for kind, (model, _, _) in MODELS.items():
        ids = [node[1] for node in nodes if node[0] == kind and isinstance(node[1], UUID)]
        rows: Sequence[Any] = work.session.scalars(work.all(model).where(model.id.in_(ids))).all() if ids else []
        found |= {(kind, row.id): row for row in rows}
    return found


def _said(work: UnitOfWork, rows: Mapping[Node, Any]) -> dict[Node, dict[str, Any]]:
    """Return what is shown of each node that is a thing which the caller sees."""
    cases = [row for (kind, _), row in rows.items() if kind == "case"]
    views = {view["id"]: view for view in show_cases(work, cases)} if cases else {}
    return {
        (kind, row.id): {**_about(kind, row, views.get(row.id, {})), "path": MODELS[kind][2].format(row)}
        for (kind, _), row in rows.items()
        if kind != "case" or row.id in views  # otherwise the access has ended meanwhile
    }


def _about(kind: str, row: Any, view: Mapping[str, Any]) -> dict[str, Any]:
    """Return the label, the state and the like of a thing. No value of an identifier and no title is among them."""
    if kind == "case":
        return {"label": view["reference"], "state": view["state"], "authority_id": view["authority"]["id"]}
    if kind == "subject":
        return {"label": row.pseudonym, "category": row.category}
    if kind == "identifier":
        return {"label": row.kind, "category": row.kind}
    made_by = next(getattr(row, name) for name in ("requesting_id", "maker_id", "convener_id") if hasattr(row, name))
    return {"label": row.reference, "state": row.state, "authority_id": made_by}
