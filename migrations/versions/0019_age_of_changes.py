"""The oldest change that waits for the worker is found by an index."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the index."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove it."""
    op.execute("drop index matching_queue_by_age")
