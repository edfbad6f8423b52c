"""What the worker needs to read stored identifiers again after the readers changed."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the index that finds identifiers of an older version, and mark tokens and changes that come from reading again."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the index and the marks."""
    op.execute("alter table matching_queue drop column anew")
    op.execute("alter table holdings drop column outdated")
    op.execute("drop index identifiers_by_normaliser")
