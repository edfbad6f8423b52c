"""What a caller may see is built once for all callers of a kind, and says the same as if it were built for each of them."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from coopapi.access import Actor, Role
from coopapi.store import visible
from coopapi.store.rows import Row

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ME = Actor(
    UUID(int=1), "person", "A. Person", UUID(int=2), "An authority", "NL", Role.INVESTIGATOR, (Role.INVESTIGATOR,), False, False
)
KINDS = [replace(ME, role=role, victim_cleared=flag, operator=flag) for role in Role for flag in (True, False)]


def in_full(query, values):
    """Return the SQL of a query with all its values, those of the caller included, in the order of their places."""
    compiled = query.compile(dialect=postgresql.dialect(paramstyle="format"))
    said = compiled.construct_params(values)
    return str(compiled), [said[name] for name in compiled.positiontup]


def differing(build, actor):
    """Return the tables whose query is not the one that was built for this actor alone."""
    rows = [mapper.class_ for mapper in Row.registry.mappers]
    values = visible.values(actor, NOW)
    return [m for m in rows if in_full(build(m, actor), values) != in_full(select(m).where(m.visible_to(actor, NOW)), {})]


@pytest.mark.parametrize("actor", KINDS, ids=lambda a: f"{a.role} {a.victim_cleared}")
def test_a_query_that_is_built_once_says_the_same_as_one_for_the_caller_alone(actor):
    assert differing(visible.rows_for, actor) == []


def test_a_query_that_was_built_for_another_role_is_found():
    auditor = replace(ME, role=Role.AUDITOR)

    def of_another_role(model, actor):
        return visible.rows_for(model, replace(actor, role=Role.INVESTIGATOR))

    assert differing(of_another_role, auditor) != []
