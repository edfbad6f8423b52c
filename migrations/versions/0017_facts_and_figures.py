"""An index of the holdings in hidden cases, which are counted apart."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the index."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the index."""
    op.execute("drop index holdings_hidden")
