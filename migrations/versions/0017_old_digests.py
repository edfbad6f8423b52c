"""Keep older tokens of persons for a stated time, in which digests of the older version still match."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0017"
down_revision = "0014"


def upgrade() -> None:
    """Add the time until which a token is kept."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove it."""
    op.execute("alter table holdings drop column kept_until")
