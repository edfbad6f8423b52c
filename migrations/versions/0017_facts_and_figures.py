"""The codes from which statistics are made, and the tables of published figures."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0017"
down_revision = "0016"
_TABLES = ("object_stages", "usual_times", "published_cells", "published_periods", "case_proceedings")
_CODES = (
    *("requesting_country", "channel", "crime_categories", "data_categories", "measure_codes", "outcome", "refusal_grounds"),
    *("validation", "acknowledged_at", "obtained_at", "postponed_at", "enforcement_at"),
)


def upgrade() -> None:
    """Add the tables and columns. The codes of earlier requests are set as far as they were not sealed."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the tables and columns."""
    for table in _TABLES:
        op.execute(f"drop table {table}")
    for code in _CODES:
        op.execute(f"alter table mla_requests drop column {code}")
    op.execute("alter table mla_measures drop column data_categories")
    op.execute("alter table cases drop column ended_at")
