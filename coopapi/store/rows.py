"""Base classes for rows of the database, which are hidden by default."""

import itertools
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, declared_attr, make_transient_to_detached, mapped_column
from sqlalchemy.types import DateTime, Text

from coopapi.access import Actor
from coopapi.unicode_text import fold_reference

Q = TypeVar("Q")
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
        return UUID(int=moment << 80 | 7 << 76 | place << 64 | 2 << 62 | secrets.randbits(62))

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


def take_in(session: Session, rows: Iterable["Row"]) -> None:
    """Take in new rows, all columns of which a statement has just stored."""
    for row in rows:
        make_transient_to_detached(row)
        session.add(row)


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
