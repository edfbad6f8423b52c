"""Values that tell nobody apart, and who is told of what concerns victims alone."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0015"
down_revision = "0013"


def upgrade() -> None:
    """Mark tokens of common values, and keep the values that the operator lists."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the marks and the listed values."""
    op.execute("alter table exclusions drop column listed, drop column normaliser")
    op.execute("alter table pending_holdings drop column common")
    op.execute("alter table holdings drop column common")
