"""Queries of the rows that a caller may see. They are built once for each kind of caller, and get their values when they run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from sqlalchemy import Connection, DateTime, Engine, Select, SelectBase, Uuid, bindparam, event, select

from coopapi.access import Actor, Role
from coopapi.store.rows import Row, Versioned
from coopapi.store.together import together

R = TypeVar("R", bound=Row)
NOW: Final = cast(datetime, bindparam("caller_now", type_=DateTime(timezone=True)))
"""Stands for the time of the transaction in a query that is built once."""
_ID: Final = cast(UUID, bindparam("caller_id", type_=Uuid()))
_HOME: Final = cast(UUID, bindparam("caller_authority", type_=Uuid()))


@cache
def stand_in(kind: str, role: Role, victim_cleared: bool, operator: bool) -> Actor:  # noqa: FBT001 (all four say what it may do)
    """Return an actor that stands for all callers of this kind. Its ids are parameters, so they can only be used in SQL."""
    return Actor(_ID, kind, "", _HOME, "", None, role, (role,), victim_cleared, operator)


CALLER: Final = stand_in("person", Role.INVESTIGATOR, victim_cleared=False, operator=False)
"""Stands for the caller in a condition that uses only the caller's ids."""


@cache
def _all(model: type[Row], kind: str, role: Role, victim_cleared: bool, operator: bool) -> Select[Any]:  # noqa: FBT001 (see above)
    return select(model).where(model.visible_to(stand_in(kind, role, victim_cleared, operator), NOW))


def rows_for(model: type[R], actor: Actor) -> Select[R]:
    """Select all rows of this model that the actor may see. It runs only in a transaction of this actor."""
    return _all(model, actor.kind, actor.role, actor.victim_cleared, actor.operator)


@together
def row_of(work: Any, keys: Sequence[tuple[type[Versioned], UUID]]) -> dict[tuple[type[Versioned], UUID], Versioned | None]:
    """Return rows by their model and id, and None for each that is absent or hidden from the actor of the work."""
    found: dict[tuple[type[Versioned], UUID], Versioned | None] = dict.fromkeys(keys)
    for model in dict.fromkeys(model for model, _ in keys):
        query = rows_for(model, work.actor).where(model.id.in_([row_id for named, row_id in keys if named is model]))
        found |= {(model, row.id): row for row in work.session.scalars(query)}
    return found


def values(actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Return the values that the queries need in a transaction of this actor, as the execution option `caller`."""
    return {"caller_id": actor.id, "caller_authority": actor.authority_id, "caller_now": now}


def give_values(engine: Engine) -> None:
    """Give each query of a transaction the values of its caller."""

    @event.listens_for(engine, "before_execute", retval=True)
    def add(connection: Connection, query: Any, several: Any, one: Mapping[str, Any], options: Any) -> Any:  # noqa: ARG001
        if isinstance(query, SelectBase) and (caller := connection.get_execution_options().get("caller")):
            one = {**one, **caller}
        return query, several, one
