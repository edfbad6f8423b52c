"""Typed subclasses of flask-smorest in which each request has one actor, needs one action, and runs in one transaction.

A route without `allow` fails at import. The response is built inside the transaction, but sent only after the commit.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

import flask_smorest
import marshmallow as ma
from flask import Request, Response, current_app, g, json, request
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser

from coopapi import errors, strictjson
from coopapi.access import Action
from coopapi.http import etags, idempotency, waiting
from coopapi.http.files import Download, Printed
from coopapi.http.middleware import LARGEST_BODY, UPLOADED_TO, digest_of_upload, read_body
from coopapi.http.openapi import Notes, document_route
from coopapi.http.opening import Opens
from coopapi.http.outcomes import Outcomes, results_of
from coopapi.http.paging import Page, brief_of, list_of, page_of, settled_of
from coopapi.http.proxies import here
from coopapi.http.transactions import retried, separately, work_of_request
from coopapi.http.transitions import SERVED, Served, TransitionIn, TransitionsOut, event_schema, options_schema
from coopapi.shared.workflow import Workflow
from coopapi.store import quotas
from coopapi.store.db import Database, UnitOfWork
from coopapi.store.rows import Versioned

V = TypeVar("V", bound=Callable[..., Any])
Show = Callable[[UnitOfWork, Sequence[Any]], Sequence[Any]]
_LIST_DOC = "List the current state, the steps that you may take now, and the steps of your side that are blocked, with the reason."


class StrictParser(FlaskParser):
    """Reads JSON with the strict parser of `strictjson`, and rejects unknown query parameters.

    The query becomes a plain dictionary, which our schemas read with less work.
    """

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}

    def _raw_load_json(self, req: Request) -> Any:
        del req
        return _json()

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """Return the query parameters, with lists for those that the schema reads as lists."""
        return dict(super().load_querystring(req, schema)) if req.query_string else {}


class Blueprint(flask_smorest.Blueprint):
    """A blueprint whose routes must each name the action that they need."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, **kwargs: Any) -> None:
        super().__init__(name, import_name, **kwargs)
        self._prepare_doc_cbks.append(document_route)

    def route(  # noqa: PLR0913 (one contract, all in one place)
        self,
        rule: str,
        *,
        allow: Action,
        method: str = "GET",
        body: type[ma.Schema] | None = None,
        form: type[ma.Schema] | None = None,
        query: type[ma.Schema] | None = None,
        returns: type[ma.Schema] | None = None,
        status: int = HTTPStatus.OK,
        page: bool = False,
        many: str | None = None,
        changes: bool = False,
        counts_values: bool = False,
        settles: bool = False,
        polls: bool = False,
        only_reads: int | Opens | None = None,
        also: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        show: Show | None = None,
        steps: Mapping[str, Collection[Action]] | None = None,
        apart: bool = False,
    ) -> Callable[[V], V]:
        """Register a view: check access, open a transaction, and document its input and output.

        `page` and `many` list. `changes` passes the `version` of If-Match. `settles` and `polls` wait. `only_reads` limits bytes.
        """

        def decorator(view: V) -> V:
            schema = _answer(returns, page=page, many=many, settles=settles)
            shown = self._answering(status, schema, only_reads)(_serve(view, show, many, returns, only_reads))
            served = self._reading(shown, {"query": query, "form": form, "json": body}, only_reads)
            guarded = _within_work(served, allow, changes=changes, settles=settles, polls=polls, apart=apart)
            reads, has_form = isinstance(only_reads, int), form is not None
            has = (bool("<" in rule or body), bool(body or form or files), counts_values, page, settles, polls, reads, has_form)
            _document(guarded, served, Notes(view.__name__, allow, method, also, steps or {}, changes, *has, files or {}))
            return self._entered(rule, method, view, guarded)

        return decorator

    def _entered(self, rule: str, method: str, view: V, guarded: Callable[..., Any]) -> V:
        """Let a rule be answered by the guarded form of a view, and return the view."""
        self.add_url_rule(rule, view.__name__, guarded, methods=[method])
        return view

    def by_item(self, schema: type[ma.Schema]) -> Callable[[V], V]:
        """Document that a view may also answer 200 with what became of each item."""
        said: Callable[[V], V] = self.alt_response(int(HTTPStatus.OK), schema=schema)
        return said

    def _answering(self, status: int, schema: type[ma.Schema] | None, reads: int | Opens | None) -> Callable[[V], V]:
        """Document the response of a view, and the other one of a view that opens something."""
        usual: Callable[[V], V] = self.response(int(status), schema)
        opened = self.alt_response(int(HTTPStatus.CREATED), **reads.documented) if isinstance(reads, Opens) else None
        return (lambda view: opened(usual(view))) if opened else usual

    def _reading(
        self, view: Callable[..., Any], places: Mapping[str, type[ma.Schema] | None], reads: int | Opens | None
    ) -> Callable[..., Any]:
        """Have the input of a view read by its schemas. With `reads`, body and each text in it are limited."""
        for place, schema in places.items():
            view = self.arguments(schema(), location=place)(view) if schema else view
        if reads is None:
            return view
        most = reads.most_bytes if isinstance(reads, Opens) else reads

        @wraps(view)
        def limited(**params: Any) -> Any:
            g.limits = {"max_bytes": most, "max_string": most}
            return view(**params)

        limited.most_bytes = most  # type: ignore[attr-defined]  # the middleware refuses larger bodies unread
        return limited

    def workflow(  # noqa: PLR0913 (one contract, all in one place)
        self,
        path: str,
        workflow: Workflow[Any],
        *,
        read: Action,
        act: Action,
        returns: type[ma.Schema],
        about: str,
        body: type[ma.Schema] = TransitionIn,
        query: type[ma.Schema] | None = None,
        options: type[ma.Schema] = TransitionsOut,
        show: Show | None = None,
    ) -> None:
        """Register the two routes of a workflow: GET lists the steps that the caller may take now, POST takes one.

        `about` is the description of the POST route and `options` the schema of the list. The fields of `query`, together with the
        path, identify the object.
        """
        named = tuple(query().fields) if query else ()
        served = Served(f"{self.url_prefix or ''}{path}", workflow, act, event_schema(body, workflow), named, show)
        SERVED[workflow.name] = served

        def list_steps(wanted: dict[str, Any] | None = None, *, work: UnitOfWork, **ids: Any) -> dict[str, Any]:
            return workflow.options(work, **ids, **(wanted or {}))

        def take_step(data: dict[str, Any], *, version: int, work: UnitOfWork, **ids: Any) -> Versioned:
            return served.take(work, version, data, **ids)

        list_steps.__name__, take_step.__name__ = f"list_{workflow.name}_transitions", f"take_{workflow.name}_transition"
        list_steps.__doc__ = _LIST_DOC
        take_step.__doc__ = about
        at = f"{path}/transitions"
        self.route(at, allow=read, query=query, returns=options_schema(options, workflow))(list_steps)
        steps = workflow.steps
        self.route(at, method="POST", allow=act, body=served.body, returns=returns, changes=True, show=show, steps=steps)(take_step)


def _document(view: Callable[..., Any], served: Callable[..., Any], notes: Notes) -> None:
    """Keep for the API document what flask-smorest noted of a view, and what its route says."""
    view._apidoc = getattr(served, "_apidoc", {}) | {"coopapi": notes}  # type: ignore[attr-defined]  # noqa: SLF001


def _answer(returns: type[ma.Schema] | None, *, page: bool, many: str | None, settles: bool) -> type[ma.Schema] | None:
    if returns is None:
        return None
    schema = page_of(returns) if page else list_of(returns, many) if many else returns
    return settled_of(brief_of(schema, many) if many else schema) if settles else schema


def database() -> Database:
    """Return the database of the running application."""
    found: Database = current_app.extensions["coopapi"].database
    return found


def _serve(
    view: Callable[..., Any], show: Show | None, many: str | None, returns: type[ma.Schema] | None, reads: int | Opens | None
) -> Callable[..., Any]:
    """Call the view, only once for each idempotency key, and convert its rows to what this caller sees."""

    @wraps(view)
    def served(*args: Any, **params: Any) -> Any:
        work: UnitOfWork | None = params.get("work")
        makes = reads.wanted(args) if isinstance(reads, Opens) else not reads
        key = request.headers.get("Idempotency-Key") if makes and request.method == "POST" else None
        if key is not None and work is not None:
            made: Any = idempotency.once(work, key, _asked(), lambda: view(*args, **params), params.get("case_id"))
        else:
            made = view(*args, **params)
        if work is not None:
            work.session.flush()  # the version is increased by the flush, and the response must contain the new one
        g.etag = getattr(made, "etag", None)
        if isinstance(reads, Opens) and work is not None and isinstance(made, Versioned):
            return reads.answer(work, made)
        if isinstance(made, Outcomes) and returns and show and work:
            shown = [] if g.get("minimal") else show(work, made.rows)
            return current_app.json.response(results_of(made, shown, returns))
        return _shown(made, show, many, work)

    return served


def _shown(made: Any, show: Show | None, many: str | None, work: UnitOfWork | None) -> Any:
    if isinstance(made, Printed | Download):
        return made.answer()
    if isinstance(made, Page):
        g.next = made.next
        g.nothing_new = made.complete is True and not made.items
        items = show(work, made.items) if show and work and not made.shown else made.items
        more = {name: said for name in ("total", "complete", "counts") if (said := getattr(made, name)) is not None}
        settled = {"settled": g.settled} if "settled" in g else {}
        return {"items": items, "next": made.next, **more, **(made.more or {}), **settled}
    if many and g.get("minimal"):
        return {many: [], "ids": [row.id for row in made]}
    if many:
        return {many: show(work, made) if show and work else made}
    if show and work and made is not None:
        if not (shown := show(work, [made])):
            raise errors.NotFound  # the caller's access has ended meanwhile
        made = shown[0]
        g.etag = getattr(made, "etag", g.etag)
    return made


def _json() -> Any:
    """Read the body as JSON, or raise `BadJson`."""
    return strictjson.loads(read_body(), **g.get("limits", {"max_bytes": LARGEST_BODY}))


def _asked() -> bytes:
    """Return the request in a canonical form, to compare it with an earlier request that had the same key."""
    if request.path == UPLOADED_TO:
        return f"{request.method} {request.full_path} {digest_of_upload()}".encode()
    body = _json() if read_body() else None
    return f"{request.method} {request.path} {json.dumps(body, sort_keys=True)}".encode()


def _within_work(  # noqa: PLR0913 (one contract, all in one place)
    view: Callable[..., Any], allow: Action, *, changes: bool, settles: bool, polls: bool, apart: bool
) -> Callable[..., Any]:
    """Run the view in one transaction of one actor, and retry it after a serialization failure or a deadlock.

    A public view runs without an actor. With `apart` only the caller's right is checked, in a transaction of its own.
    """
    if allow is Action.PUBLIC:
        return view
    if apart:
        return _required(view, allow)

    @wraps(view)
    def guarded(**params: Any) -> Any:
        return retried(lambda: _once(view, allow, {**params, **({"version": etags.expected_version()} if changes else {})}))

    return waiting.settling(guarded) if settles else waiting.polling(guarded) if polls else guarded


def _required(view: Callable[..., Any], allow: Action) -> Callable[..., Any]:
    """Check that the caller's role includes the action, in a transaction of its own, and then run the view without one."""

    @wraps(view)
    def guarded(**params: Any) -> Any:
        separately(lambda work: work.require(allow))
        return view(**params)

    return guarded


def _once(view: Callable[..., Any], allow: Action, params: dict[str, Any]) -> Response:
    with work_of_request() as work:
        work.require(allow)
        g.caller = work.actor.id
        response: Response = current_app.make_response(view(**params, work=work))
        response.headers.update(quotas.fields(work.quotas))
    etags.mark(response, work.now)
    if g.get("next"):
        args = urlencode({**request.args, "cursor": g.next})
        response.headers["Link"] = f'<{here(request.path)}?{args}>; rel="next"'
    return response
