"""Imports write each line with fewer look-ups."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Remove references that the policies guarantee."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Add the references again."""
    op.execute("alter table import_lines add foreign key (import_id) references imports (id)")
    op.execute(
        "alter table imported_rows add foreign key (authority_id) references authorities (id),"
        " add foreign key (principal_id) references principals (id)"
    )
