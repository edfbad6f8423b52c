"""The keys under which national systems know cases, subjects and identifiers."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the columns and the indexes that keep the keys unique."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the keys."""
    op.execute("alter table identifiers drop column external_id")
    op.execute("alter table subjects drop column external_id")
    op.execute("alter table cases drop column external_id")
