"""Work that failed is put off, each piece by itself."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the table and an index."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove them."""
    op.execute("drop index search_queue_by_object")
    op.execute("drop table put_off")
