"""Routes without code of their own: each calls a function of the feature with what the request contains."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from inspect import signature
from typing import Any, Final

import marshmallow as ma
from sqlalchemy import Select

from coopapi.access import Action
from coopapi.http.api import Blueprint, Show
from coopapi.http.fields import Paged
from coopapi.http.paging import Order, Page, page
from coopapi.http.transitions import Stepped, with_steps
from coopapi.shared.assignments import assigned
from coopapi.shared.workflow import Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned

_PARAMETER: Final = re.compile(r"<(?:\w+:)?(\w+)>")


def serve(blueprint: Blueprint, rule: str, name: str, function: Callable[..., Any], about: str, **options: Any) -> None:
    """Register a route that calls `function`, under the operationId `name` and with the description `about`.

    The function is called by keyword with `work`, the parameters of the path, `data` if the route has a body, `wanted` if it has a
    query, and `version` if it changes something. `options` are those of `Blueprint.route`. Raises `TypeError` at import if the
    function does not take these arguments.
    """
    inputs = [argument for argument, option in (("data", "body"), ("wanted", "query")) if options.get(option)]
    version = ["version"] if options.get("changes") else []
    called = signature(function)
    called.bind(**dict.fromkeys(["work", *_PARAMETER.findall(rule), *inputs, *version]))

    def view(*given: Any, **parameters: Any) -> Any:
        return function(**dict(zip(inputs, given, strict=True)), **parameters)

    view.__name__, view.__doc__, view.__annotations__["return"] = name, about, called.return_annotation
    blueprint.route(rule, **options)(view)


def children(parent: type[Versioned], column: Any) -> Callable[..., Select[Any]]:
    """Return a function that selects the rows of one parent, whose id is in `column`.

    It raises `NotFound` if the caller may not see the parent.
    """

    def select(work: UnitOfWork, **ids: Any) -> Select[Any]:
        (parent_id,) = ids.values()
        return work.all(column.class_).where(column == work.one(parent, parent_id).id)

    return select


@dataclass(frozen=True, slots=True)
class Collection:
    """The routes of the objects of one kind, at `path`, and of one object, at `item` below it.

    `read` and `write` are the actions that are needed for GET, and for POST and PATCH; `show` returns what the caller may see.
    """

    blueprint: Blueprint
    path: str
    returns: type[ma.Schema]
    read: Action
    write: Action
    show: Show | None = None
    item: str = ""

    def list(
        self,
        name: str,
        select: Callable[..., Select[Any]],
        about: str,
        *,
        order: Order | None = None,
        embeds: Workflow[Any] | None = None,
        **options: Any,
    ) -> None:
        """Register a list in pages, by default the newest first.

        `select` returns the query. It gets `wanted` only if the list has filters (`query`). `embeds` is the workflow of the items:
        the filters are then those of `Stepped`, and the schema of an item has the field `embedded`.
        """
        filtered = "query" in options
        signature(select).bind(**dict.fromkeys(["work", *_PARAMETER.findall(self.path), *(["wanted"] if filtered else [])]))

        show: Show | None = options.get("show", self.show)

        def find(work: UnitOfWork, wanted: dict[str, Any], **ids: Any) -> Page:
            included = wanted.pop("include", None)
            found = select(work=work, **ids, **({"wanted": wanted} if filtered else {}))
            model = found.column_descriptions[0]["entity"]
            if embeds and "assignee" in wanted:
                found = found.where(assigned(work, embeds.name, model.id, wanted["assignee"]))
            rows = page(work, "/".join((name, *map(str, ids.values()))), found, order or Order((model.id,)), wanted)
            return self._with_steps(work, rows, embeds, show, ids) if embeds and included else rows

        self._show(self.path, name, find, about, page=True, **{"query": Stepped if embeds else Paged, **options})

    def _with_steps(self, work: UnitOfWork, rows: Page, workflow: Workflow[Any], show: Show | None, ids: Mapping[str, Any]) -> Page:
        """Return a page of items as they are shown, each with its steps."""
        (item,) = _PARAMETER.findall(self.item)
        shown = show(work, rows.items) if show else [row.shown() for row in rows.items]
        things = [{**ids, item: row.id} for row in rows.items]
        return replace(rows, items=with_steps(work, workflow, shown, things), shown=True)

    def add(self, name: str, make: Callable[..., Any], about: str, **options: Any) -> None:
        """Register the route that adds one object."""
        self._post(self.path, name, make, about, **{"status": HTTPStatus.CREATED, **options})

    def act(self, at: str, name: str, do: Callable[..., Any], about: str, **options: Any) -> None:
        """Register a POST route at `at` below one object."""
        self._post(self.path + self.item + at, name, do, about, **options)

    def get(self, name: str, find: Callable[..., Any] | type[Versioned], about: str, *, at: str = "", **options: Any) -> None:
        """Register the route that shows one object, or something at `at` below it.

        `find` is a function, or the model of which the row with the id in the path is shown.
        """
        function = _row_of(find) if isinstance(find, type) else find
        self._show(self.path + self.item + at, name, function, about, **options)

    def update(self, name: str, change: Callable[..., Any], about: str, *, body: type[ma.Schema], **options: Any) -> None:
        """Register the route that changes one object."""
        self._show(
            self.path + self.item, name, change, about, **{"allow": self.write, **options}, method="PATCH", body=body, changes=True
        )

    def steps(self, workflow: Workflow[Any], about: str, **options: Any) -> None:
        """Register the two routes of the workflow of these objects."""
        shown = {"read": self.read, "act": self.write, "returns": self.returns, "show": self.show, **options}
        self.blueprint.workflow(self.path + self.item, workflow, about=about, **shown)

    def _post(self, rule: str, name: str, function: Callable[..., Any], about: str, **options: Any) -> None:
        self._show(rule, name, function, about, **{"allow": self.write, **options}, method="POST")

    def _show(self, rule: str, name: str, function: Callable[..., Any], about: str, **options: Any) -> None:
        shown = {"allow": self.read, "returns": self.returns, "show": self.show, **options}
        serve(self.blueprint, rule, name, function, about, **shown)


def _row_of(model: type[Versioned]) -> Callable[..., Any]:
    def find(work: UnitOfWork, **ids: Any) -> Any:
        (row_id,) = ids.values()
        return work.one(model, row_id)

    return find
