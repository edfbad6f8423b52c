"""The register: all tables as they were before the first release."""

from alembic import op

from coopapi.migrate import drop_everything, run_tables

revision = "0010"
down_revision = None


def upgrade() -> None:
    """Create the tables and the first rows."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the register with everything in it."""
    drop_everything(op.get_bind())
