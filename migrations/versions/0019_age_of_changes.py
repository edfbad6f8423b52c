"""The changes that the worker asks for are found by indexes, however many of imports wait."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the indexes."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove them."""
    op.execute("drop index matching_queue_by_age")
    op.execute("drop index matching_queue_followed")
