"""Addresses of machine clients to which events are sent, and what was sent to them."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0019"
down_revision = "0014"


def upgrade() -> None:
    """Add the two tables of webhooks."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the addresses and what was sent to them."""
    op.execute("drop table webhook_deliveries")
    op.execute("drop table webhook_endpoints")
