"""Keep older tokens of persons for a stated time, and name the earlier of two identifiers that became one value."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0017"
down_revision = "0014"


def upgrade() -> None:
    """Add the time until which a token is kept, and the earlier identifier with the same value."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove both."""
    op.execute("alter table identifiers drop column same_as")
    op.execute("alter table holdings drop column kept_until")
