"""Statements in SQL that are sent as they are written. Compiling each one as SQLAlchemy's `text` costs three times as much work."""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, SafeUUID

import psycopg2
from psycopg2.extensions import new_array_type, new_type, register_type
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, NoResultFound

_NAME: Final = re.compile(r"(?<!:):([a-z_]+)")
_UUID: Final = 2950
_UUIDS: Final = 2951
"""The numbers of the types uuid and uuid[] in PostgreSQL."""
_PLAIN: Final = {bool, int, float, UUID}
"""The types of which the text needs no quotes in an array."""
_NEXT: Final = '","'
_BYTES: Final = "\\\\x"
_ESCAPED: Final = re.compile(r'["\\]')
"""What is escaped in a text."""


class Statement:
    """One or more SQL statements with named values, such as `:case`, which are sent in one round trip."""

    def __init__(self, sql: str) -> None:
        self.sql = _NAME.sub(r"%(\1)s", sql.replace("%", "%%"))

    def rows(self, session: Any, **values: Any) -> list[Any]:
        """Send the statement in the transaction of this session. Returns named tuples, which are empty if it returns no rows.

        Changes of objects that the session has not flushed are not flushed first. Raises `DBAPIError` as other statements do.
        """
        found: list[Any] = session.send(self.sql, values)
        return found

    def alone(self, session: Any, **values: Any) -> list[Any]:
        """Send the statement as the whole transaction, which is committed in the same round trip, and return what `rows` returns.

        Nothing may be sent after it. If the connection turns out to be dead, it may have been committed and is sent again. In a
        transaction that another statement has begun, this is like any other statement.
        """
        found: list[Any] = session.send(self.sql, values, alone=True)
        return found

    def ahead(self, session: Any, **values: Any) -> list[Any]:
        """Send the statement as a transaction of its own, before the one of this session begins, and return what `rows` returns."""
        found: list[Any] = session.send_ahead(self.sql, values)
        return found

    def behind(self, session: Any, then: Callable[[list[Any]], None], **values: Any) -> None:
        """Send the statement in the transaction of this session, and go on before the database has carried it out.

        Whatever is done next with the session waits for that, calls `then` with what `rows` returns, and raises what it raises.
        """
        session.send_behind(self.sql, values, then)

    def later(self, session: Any, **values: Any) -> None:
        """Have the statement sent together with the next one, before it."""
        session.defer(self, **values)

    def first(self, session: Any, **values: Any) -> Any | None:
        """Return the first row, or None."""
        return next(iter(self.rows(session, **values)), None)

    def one(self, session: Any, **values: Any) -> Any:
        """Return the first row. Raises `NoResultFound` if there is none."""
        found = self.first(session, **values)
        if found is None:
            raise NoResultFound
        return found

    def value(self, session: Any, **values: Any) -> Any:
        """Return the only value of the first row, or None if there is no row."""
        found = self.first(session, **values)
        return None if found is None else found[0]


def array(values: Iterable[Any]) -> str:
    """Return values as the text of an array. PostgreSQL reads it much faster than the list of constants that the driver makes."""
    some = list(values)
    kinds = set(map(type, some))
    if kinds == {UUID}:
        return f"{{{','.join([f'{value.int:032x}' for value in some])}}}"  # a third of the time of its usual form
    if kinds == {bytes}:
        return f"{{{','.join([_BYTES + value.hex() for value in some])}}}"
    if kinds == {str} and not _ESCAPED.search("".join(some)):
        return f'{{"{_NEXT.join(some)}"}}'
    return f"{{{','.join(map(str if kinds <= _PLAIN else _element, some))}}}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f'"{_BYTES}{value.hex()}"'
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def named(description: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Return the rows of a cursor as named tuples."""
    return list(map(_row_class(tuple(column.name for column in description))._make, rows))


@lru_cache(maxsize=500)
def _row_class(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 (the names are known only at run time)


def as_refused(engine: Engine, fault: psycopg2.Error, *, lost: bool) -> DBAPIError:
    """Return an error of the driver as SQLAlchemy raises it, without the values."""
    refused: DBAPIError = DBAPIError.instance(
        None, None, fault, psycopg2.Error, hide_parameters=True, connection_invalidated=lost, dialect=engine.dialect
    )
    return refused


def read_ids_fast(engine: Engine) -> None:
    """Have the driver make UUIDs without the checks of the class, since PostgreSQL sends only valid ones."""
    one = new_type((_UUID,), "UUID", _as_uuid)
    several = new_array_type((_UUIDS,), "UUID[]", one)

    @event.listens_for(engine, "connect")
    def register(connection: Any, record: Any) -> None:
        del record
        register_type(one, connection)
        register_type(several, connection)


def _as_uuid(value: str | None, cursor: Any) -> UUID | None:
    del cursor
    return None if value is None else uuid_of(int(value.replace("-", ""), 16))


def uuid_of(number: int) -> UUID:
    """Return the UUID with this number, without the checks of the class, which take as long as the rest."""
    made = object.__new__(UUID)
    object.__setattr__(made, "int", number)
    object.__setattr__(made, "is_safe", SafeUUID.unknown)
    return made
