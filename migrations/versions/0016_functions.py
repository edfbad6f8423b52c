"""Functions of people, and what is recorded of the duties towards Eurojust."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the functions of people, and the table of exemptions and written opinions."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove both."""
    op.execute("drop table eurojust_records")
    op.execute("alter table principals drop constraint functions_of_prosecutors, drop constraint function_is_known")
    op.execute("alter table principals drop column functions")
