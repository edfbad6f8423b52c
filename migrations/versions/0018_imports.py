"""Bulk intake: imports, their staged pieces, what became of each line, and the rows that imports made."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0018"
down_revision = "0014"


def upgrade() -> None:
    """Add the tables of imports."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the tables of imports."""
    for table in ("imported_rows", "import_lines", "import_chunks", "imports"):
        op.execute(f"drop table {table}")
