"""Changes that imports made are followed after all others."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column and its index."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove them."""
    op.execute("drop index matching_queue_to_follow")
    op.execute("alter table matching_queue drop column imported")
    op.execute("create index matching_queue_to_follow on matching_queue (id) where not followed")
