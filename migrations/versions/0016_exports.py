"""Exports of cases to a named recipient."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the tables of exports."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the exports, and the requests to approve them."""
    op.execute("delete from approvals where kind = 'export'")
    op.execute("drop table export_pieces")
    op.execute("drop table exports")
