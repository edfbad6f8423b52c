"""Search by text, and saved searches."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0017"
down_revision = "0016"
_TABLES = (
    "saved_search_finds", "saved_search_checks", "saved_searches", "search_queue", "search_grams", "search_words", "search_places",
)  # fmt: skip


def upgrade() -> None:
    """Add the tables."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the tables."""
    for table in _TABLES:
        op.execute(f"drop table {table}")
