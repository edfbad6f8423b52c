"""What imports insert most is in fewer indexes."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Merge two indexes of holdings, and remove the one that finds rows of imports without their keys."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Make them again."""
    op.execute("drop index holdings_by_case")
    op.execute("create index holdings_by_case on holdings (case_id, token)")
    op.execute("create index holdings_of_evidence on holdings (case_id, token) where strength > 0")
    op.execute("create index imported_rows_by_row on imported_rows (row_id)")
