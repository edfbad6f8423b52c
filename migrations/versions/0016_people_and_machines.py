"""Own targets that count as time limits."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the columns."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the columns."""
    for table in ("service_targets", "deadlines"):
        op.execute(f"alter table {table} drop column counts_as_due")
