"""Legal instruments that central authorities enter."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0017"
down_revision = "0016"
_TABLES = ("own_instruments",)


def upgrade() -> None:
    """Add the tables."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the tables, and the requests to approve instruments."""
    op.execute("delete from approvals where kind = 'instrument'")
    for table in _TABLES:
        op.execute(f"drop table {table}")
