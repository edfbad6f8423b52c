"""Base classes for rows of the database, which are hidden by default."""

import itertools
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Final, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, inspect
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedColumn,
    Session,
    class_mapper,
    declared_attr,
    make_transient_to_detached,
    mapped_column,
)
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.types import DateTime, Text

from coopapi.access import Actor
from coopapi.store.statements import Statement, uuid_of
from coopapi.unicode_text import fold_reference

Q = TypeVar("Q")
R = TypeVar("R", bound="Row")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Named(Protocol):
    """Something that entries of the journal can be about."""

    __kind__: ClassVar[str]

    @property
    def id(self) -> Any:
        """Its id."""


def ids_of(now: datetime) -> Callable[[], UUID]:
    """Return a function that makes the ids of one transaction: UUIDv7 (RFC 9562) in increasing order, otherwise random."""
    places = itertools.count((now - _EPOCH) // _MILLISECOND << 12)

    def new_id() -> UUID:
        moment, place = divmod(next(places), 1 << 12)
        return uuid_of(moment << 80 | 7 << 76 | place << 64 | 2 << 62 | secrets.randbits(62))

    return new_id


def own_id(context: ExecutionContext) -> UUID:
    """Make the id of a row that was created without one, from the clock of its transaction."""
    made: UUID = context.root_connection.get_execution_options()["new_id"]()
    return made


def folded(column: str) -> MappedColumn[str]:
    """Make a column that stores the folded form of another column. The database keeps it unique."""
    return mapped_column(default=lambda context: fold_reference(context.get_current_parameters()[column]))


def matching(query: Select[Q], wanted: Mapping[str, Any], **columns: Any) -> Select[Q]:
    """Restrict a query to rows in which each column that has a filter of its name equals the filter."""
    return query.where(*(column == wanted[name] for name, column in columns.items() if name in wanted))


def columns_of(row: "Row") -> dict[str, Any]:
    """Return the columns of a new row that were set."""
    return {name: value for name, value in vars(row).items() if name[0] != "_"}


def as_stored(model: type[R], values: Mapping[str, Any]) -> R:
    """Return a row whose columns a statement has already stored, without SQLAlchemy's bookkeeping for each column.

    The bookkeeping takes most of the time.
    """
    row: R = class_mapper(model).class_manager.new_instance()
    vars(row).update(values)
    return row


def take_in(session: Session, rows: Iterable["Row"]) -> None:
    """Take in new rows, all columns of which a statement has just stored."""
    for row in rows:
        make_transient_to_detached(row)
        session.add(row)


def store_changes(session: Session, rows: Sequence["Versioned"]) -> None:
    """Store what was set in rows of one kind with one statement, which increases their versions, as flushing does one by one.

    Raises `StaleDataError` if one of them has another version by now, or the caller may not change it.
    """
    changed = {row: {one.key for one in inspect(row).attrs if one.history.has_changes()} for row in rows}
    changed = {row: names for row, names in changed.items() if names}
    if not changed:
        return
    names = tuple(sorted(set().union(*changed.values())))
    sent = [{name: _as_sent(getattr(row, name)) for name in ("id", "version", *names)} for row in changed]
    stored = _change(type(rows[0]), names).rows(session, rows=json.dumps(sent, default=str))
    if len(stored) < len(changed):
        raise StaleDataError(f"{len(changed) - len(stored)} of {len(changed)} rows have changed")
    for row in changed:
        for name in names:
            set_committed_value(row, name, getattr(row, name))
        set_committed_value(row, "version", row.version + 1)


@cache
def _change(model: type["Versioned"], names: Sequence[str]) -> Statement:
    table, columns = model.__tablename__, ", ".join(f"{name} = u.{name}" for name in names)
    return Statement(
        f"update {table} t set version = t.version + 1, {columns}"  # noqa: S608 (names of tables and columns)
        f" from jsonb_populate_recordset(null::{table}, cast(:rows as jsonb)) u"
        " where t.id = u.id and t.version = u.version returning t.id"
    )


def _as_sent(value: Any) -> Any:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else value


class Row(DeclarativeBase):
    """Base class of all tables. No caller sees a row until the model defines `visible_to`."""

    type_annotation_map = {
        str: Text,
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text),
        dict[str, Any]: JSONB,
        bytes: BYTEA,
    }

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for rows that the actor may see. The default is that it sees none."""
        del actor, now
        return false()


class Versioned(Row):
    """Base class of rows with an id and a version. A change must name the version that it changes (RFC 9110, 13.1.1)."""

    __abstract__ = True
    __kind__: ClassVar[str]
    """The name of this kind of row in the journal and in idempotency keys. It is stored, so it must not change if the class is
    renamed.
    """

    id: Mapped[UUID] = mapped_column(primary_key=True, default=own_id)
    version: Mapped[int] = mapped_column()

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        """Make every update compare and increase the version, so that no concurrent change is lost."""
        return {"version_id_col": cls.__table__.c.version}

    @property
    def etag(self) -> str:
        """Return the version as an ETag."""
        return f"v{self.version}"

    def set(self, data: Mapping[str, Any]) -> None:
        """Set columns to new values."""
        for column, value in data.items():
            setattr(self, column, value)

    def shown(self) -> dict[str, Any]:
        """Return the columns and the ETag, from which a schema selects what is shown."""
        return {**{column.key: getattr(self, column.key) for column in self.__table__.columns}, "etag": self.etag}
