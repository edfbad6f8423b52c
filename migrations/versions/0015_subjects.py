"""Values that tell nobody apart, and who is told of what concerns victims alone."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0015"
down_revision = "0013"


def upgrade() -> None:
    """Mark tokens of common values, keep the values that the operator lists, and note which overlaps wait for a clearance."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the marks, the listed values and the notes."""
    op.execute("drop table clearance_watch")
    op.execute("alter table case_overlaps drop column waits_until")
    op.execute("alter table exclusions drop column listed, drop column normaliser")
    op.execute("alter table pending_holdings drop column common")
    op.execute("alter table holdings drop column common")
