"""What imports insert most is in fewer indexes, and rows of the queue of matching are not compressed."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Merge two indexes of holdings, drop that of rows of imports without keys, and compress rows of the queue less."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Undo all that."""
    op.execute("alter table matching_queue reset (toast_tuple_target)")
    op.execute("drop index holdings_by_case")
    op.execute("create index holdings_by_case on holdings (case_id, token)")
    op.execute("create index holdings_of_evidence on holdings (case_id, token) where strength > 0")
    op.execute("create index imported_rows_by_row on imported_rows (row_id)")
