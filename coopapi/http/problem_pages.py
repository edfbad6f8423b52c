"""The pages to which the `type` of a problem refers: they explain it and what to do, as HTML or JSON."""

from typing import Any

from flask import Flask, Response, json, render_template, request

from coopapi.errors import CoopError, NotFound
from coopapi.http import problems
from coopapi.http.files import Printed


def register(app: Flask) -> None:
    """Add the list of all problems and a page for each one. They need no token."""

    @app.get("/problems")
    def problem_index() -> Response:
        kinds = problems.catalogue().values()
        return _answer({"items": [_explained(kind) for kind in kinds]}, "problems.html")

    @app.get("/problems/<problem>")
    def explain(problem: str) -> Response:
        kind = problems.catalogue().get(problem)
        if kind is None:
            raise NotFound("There is no problem with this name. `/problems` lists all problems.")
        return _answer(_explained(kind), "problem.html")


def _explained(kind: type[CoopError]) -> dict[str, Any]:
    return {**problems.named(kind), "remedy": problems.remedy(kind)}


def _answer(found: dict[str, Any], template: str) -> Response:
    """Return a page if the client asks for HTML, as a browser does, and otherwise JSON."""
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    if wanted == "text/html":
        answer = Printed(render_template(template, **found).encode(), "text/html", template).answer()
    else:
        answer = Response(json.dumps(found) + "\n", content_type="application/json")
    answer.headers["Vary"] = "Accept"
    return answer
