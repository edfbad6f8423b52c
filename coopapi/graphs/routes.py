"""Graphs over HTTP."""

from typing import Any

from flask import request

from coopapi.access import Action
from coopapi.graphs import service
from coopapi.graphs.graphml import MEDIA_TYPE, as_graphml
from coopapi.graphs.schemas import GraphFilter, GraphOut, start_of
from coopapi.http.api import Blueprint
from coopapi.http.files import Printed
from coopapi.store.db import UnitOfWork

blp = Blueprint("graphs", __name__, url_prefix="/api/v1", description="What hangs together, as a graph")


@blp.route("/graph", allow=Action.CASE_READ, query=GraphFilter, returns=GraphOut, also=(MEDIA_TYPE,))
def get_graph(wanted: dict[str, Any], *, work: UnitOfWork) -> dict[str, Any] | Printed:
    """Show what hangs together around a case, a request, a team or a meeting, as far as you see it.

    A graph has at most 500 nodes. `cut` names nodes whose neighbours are not all there; go on from them with `from`. If `next` is
    given, the beginning has more neighbours: send it as `after`. Identifiers are shown by their kind, without values. With
    `format=graphml` or `Accept: application/graphml+xml` the answer is GraphML.
    """
    found = service.graph(work, start_of(wanted), wanted)
    preferred = request.accept_mimetypes.best_match(["application/json", MEDIA_TYPE], "application/json")
    if wanted.get("format") == "graphml" or ("format" not in wanted and preferred == MEDIA_TYPE):
        return Printed(as_graphml(found), MEDIA_TYPE, "graph.graphml")
    return found
