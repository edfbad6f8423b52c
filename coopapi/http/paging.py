"""Lists in pages: keyset pagination with an encrypted cursor that is valid only for the same caller and query."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

import marshmallow as ma
from marshmallow import fields
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import KeyedColumnElement

from coopapi.errors import BadRequest
from coopapi.http.fields import Shown, bare_name
from coopapi.store import vault
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.vault import BrokenSeal

LIMIT: Final = 50
MOST: Final = 200
LIFETIME: Final = 7 * 24 * 3600
_BLOCK: Final = 256
_READERS: Final[Mapping[type, Callable[[Any], Any]]] = {UUID: UUID, int: int, str: str, date: date.fromisoformat}


class BadCursor(BadRequest):
    """The cursor has expired, or it belongs to another list or another caller.

    Start again with the first page. Send each `next` unchanged, as the same caller and with the same filters.
    """


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, the cursor of the next page, and the total number of rows if it was requested.

    `complete` says of a feed whether there was nothing more when it was read. `counts` are the figures of the worklist, if they
    were requested. `shown` says that the items are already as they are shown. `more` has further members of the page.
    """

    items: Sequence[Any]
    next: str | None
    total: int | None = None
    complete: bool | None = None
    counts: Sequence[Any] | None = None
    shown: bool = False
    more: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """The columns that a list is sorted by. None of them may be null, and the last one must be unique."""

    columns: tuple[InstrumentedAttribute[Any] | KeyedColumnElement[Any], ...]
    descending: bool = True

    def after(self, query: Select[Any], values: Sequence[Any]) -> Select[Any]:
        """Restrict the query to rows that come after these values."""
        here = tuple_(*self.columns)
        return query.where(here < tuple_(*values) if self.descending else here > tuple_(*values))

    def first(self, query: Select[Any], count: int) -> Select[Any]:
        """Sort the query and limit it to the first rows."""
        return query.order_by(*(c.desc() if self.descending else c.asc() for c in self.columns)).limit(count)


def page(work: UnitOfWork, name: str, query: Select[Any], order: Order, wanted: Mapping[str, Any], **more: Any) -> Page:
    """Return one page of a list. `wanted` holds the limit, the cursor, and the filters that the cursor is bound to."""
    limit: int = wanted.get("limit", LIMIT)
    place = place_of(work, name, wanted)
    if (at := begins_at(work, wanted, place)) is not None:
        query = order.after(query, values_of(order, at))
    rows = work.session.scalars(order.first(query, limit + 1)).all()
    return cut(work, rows, limit, place, lambda row: [str(getattr(row, c.key)) for c in order.columns], **more)


def begins_at(work: UnitOfWork, wanted: Mapping[str, Any], place: str) -> Any:
    """Return where a page begins: the place of the last row before it, or None for the first page."""
    return open_cursor(work, wanted["cursor"], place)["at"] if wanted.get("cursor") else None


def cut(work: UnitOfWork, rows: Sequence[Any], limit: int, place: str, at: Callable[[Any], Any], **more: Any) -> Page:
    """Return a page of up to `limit` of the rows, which are one more if another page follows. `at` returns the place of a row."""
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], seal_cursor(work, {"at": at(rows[limit - 1]), **more}, place))


def place_of(work: UnitOfWork, name: str, wanted: Mapping[str, Any]) -> str:
    """Return what a cursor is bound to: the caller, the list and its filters."""
    filters = {key: value for key, value in wanted.items() if key not in {"limit", "cursor"}}
    return f"cursor|{work.actor.authority_id}|{work.actor.id}|{name}|{json.dumps(filters, sort_keys=True, default=str)}"


def values_of(order: Order, texts: Sequence[str]) -> list[Any]:
    """Return the values of the columns of an order from their texts in a cursor."""
    return [
        _READERS[c.type.python_type if c.type.python_type in _READERS else str](t)
        for c, t in zip(order.columns, texts, strict=True)
    ]


def seal_cursor(work: UnitOfWork, content: Mapping[str, Any], place: str) -> str:
    """Encrypt a position in a list, for one caller and one query. Padding hides the length of the values in it."""
    plain = as_json({"until": work.now.timestamp() + LIFETIME, **content})
    plain = plain.ljust(-(-len(plain) // _BLOCK) * _BLOCK)
    return (
        base64.urlsafe_b64encode(vault.seal_bytes(vault.service_key(work.keys, "cursors"), plain.encode(), place))
        .decode()
        .rstrip("=")
    )


def open_cursor(work: UnitOfWork, cursor: str, place: str) -> dict[str, Any]:
    """Decrypt a cursor, or raise `BadCursor`."""
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != cursor:
            raise BadCursor
        content: dict[str, Any] = json.loads(vault.open_bytes(vault.service_key(work.keys, "cursors"), sealed, place))
    except (ValueError, BrokenSeal) as fault:
        raise BadCursor from fault
    if content["until"] < work.now.timestamp():
        raise BadCursor("The cursor has expired. Start again with the first page.")
    return content


class WholePage(Shown):
    """Base class of schemas of a page that has more members than other pages."""

    next = fields.String(allow_none=True, required=True, metadata={"description": "The cursor of the next page, or null."})


@cache
def page_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of one page of a list with items of this schema. A schema of a whole page is returned as it is."""
    if issubclass(schema, WholePage):
        return schema
    name = f"{bare_name(schema)}Page"
    return Shown.from_dict(
        {
            "items": fields.List(fields.Nested(schema), required=True),
            "next": fields.String(
                allow_none=True, required=True, metadata={"description": "The cursor of the next page, or null."}
            ),
            "total": fields.Integer(
                metadata={"description": "The total number of items, if `totals` was requested, counted up to 1,000."}
            ),
            "complete": fields.Boolean(
                metadata={
                    "description": "In the feed of events: whether there were no more; if not, ask for `next` at once."
                    " In a search: whether everything was looked at."
                }
            ),
        },
        name=name,
    )


@cache
def settled_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """Return a schema with the member that says whether the worker has followed every change of the case."""
    said = "Whether the overlaps are up to date with the last change of the case. POST says so only if it was asked to wait."
    return type(f"Settled{schema.__name__}", (schema,), {"settled": fields.Boolean(metadata={"description": said})})


@cache
def list_of(schema: type[ma.Schema], member: str) -> type[ma.Schema]:
    """Return the schema of an object with one member, which is a list with items of this schema."""
    return Shown.from_dict({member: fields.List(fields.Nested(schema), required=True)}, name=f"{bare_name(schema)}List")


@cache
def brief_of(schema: type[ma.Schema], member: str) -> type[ma.Schema]:
    """Return the schema of a list that a caller may ask to get as ids only (RFC 7240, `return=minimal`)."""
    said = f"The ids in the order of the request, if `Prefer: return=minimal` was sent; `{member}` is empty then."
    return type(schema.__name__, (schema,), {"ids": fields.List(fields.UUID(), metadata={"description": said})})
