"""Mail to people: their choices, their addresses, and what is to be sent."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the tables of mail, and an index for the entries of the journal that people are told of."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the tables and the index."""
    for table in ("mails", "mail_addresses", "mail_accounts"):
        op.execute(f"drop table {table}")
    op.execute("drop index entries_to_tell")
