"""Facts of cases with their history, also in imports and exports."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0017"
down_revision = "0016"
_TABLES = ("fact_history", "fact_identifiers", "fact_subjects", "facts")


def upgrade() -> None:
    """Add the tables and columns."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the tables and columns, and what imports remember of facts."""
    for table in _TABLES:
        op.execute(f"drop table {table}")
    op.execute("drop index journal_timeline")
    op.execute("delete from imported_rows where kind = 'fact'")
    op.execute(
        "alter table imported_rows drop constraint imported_kind,"
        " add constraint imported_kind check (kind in ('case', 'subject', 'identifier'))"
    )
    op.execute("update exports set stage = 'identifiers' where stage = 'facts'")
    op.execute(
        "alter table exports drop column facts, drop constraint export_stage,"
        " add constraint export_stage check (stage in ('case', 'subjects', 'identifiers', 'end'))"
    )
