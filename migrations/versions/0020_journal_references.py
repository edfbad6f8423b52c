"""Entries of the journal do not refer to authorities, because the functions that write them guarantee it."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Remove the reference."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Add it again."""
    op.execute("alter table journal_entries add foreign key (authority_id) references authorities (id)")
