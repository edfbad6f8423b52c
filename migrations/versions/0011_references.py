"""References: a folded form of each, which is unique where the reference was."""

from typing import Final

from alembic import op
from sqlalchemy import Connection, text

from coopapi.migrate import run_tables
from coopapi.writing import fold_reference

revision = "0011"
down_revision = "0010"

_REFERENCES: Final = {
    "cases": ("reference", "authority_id", "case_reference"),
    "subjects": ("pseudonym", "case_id", "subject_pseudonym"),
    "jits": ("reference", "maker_id", "jit_reference"),
    "mla_requests": ("reference", "maker_id, requesting_id", "request_reference"),
}
"""Which column of a table is a reference, within what it is unique, and the constraint that says so."""


def upgrade() -> None:
    """Add the folded forms. Of references that are one by now, the first keeps it and the others get their id behind it."""
    for table, (column, *_) in _REFERENCES.items():
        op.execute(f"alter table {table} add column {column}_folded text, no force row level security")
        _fill(op.get_bind(), table)
        op.execute(f"alter table {table} force row level security")
    run_tables(op.get_bind(), revision)


def _fill(connection: Connection, table: str) -> None:
    column, scope, _ = _REFERENCES[table]
    taken = set()
    for row in connection.execute(text(f"select id, {column} as reference, concat({scope}) as scope from {table} order by id")):  # noqa: S608 (names above)
        folded = fold_reference(row.reference)
        if (row.scope, folded) in taken:
            folded = f"{folded} {row.id}"
        taken.add((row.scope, folded))
        connection.execute(text(f"update {table} set {column}_folded = :folded where id = :id"), {"folded": folded, "id": row.id})  # noqa: S608 (names above)


def downgrade() -> None:
    """Remove the folded forms; references are unique as they are written again."""
    for table, (column, scope, constraint) in _REFERENCES.items():
        op.execute(f"alter table {table} drop column {column}_folded, add constraint {constraint} unique ({scope}, {column})")
