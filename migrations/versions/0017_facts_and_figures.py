"""Facts, search, figures, stages, own instruments, exports of timelines, and an index of the holdings in hidden cases."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0017"
down_revision = "0016"
_TABLES = (
    *("object_stages", "usual_times", "published_cells", "published_periods", "case_proceedings", "saved_search_finds"),
    *("saved_search_checks", "saved_searches", "search_queue", "search_grams", "search_words", "search_places", "own_instruments"),
    *("fact_history", "fact_identifiers", "fact_subjects", "facts", "searched_values"),
)
_CODES = (
    *("requesting_country", "channel", "crime_categories", "data_categories", "measure_codes", "outcome", "refusal_grounds"),
    *("validation", "acknowledged_at", "obtained_at", "postponed_at", "enforcement_at"),
)


def upgrade() -> None:
    """Add the tables, columns and indexes. The codes of earlier requests are set as far as they were not sealed."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove them, with what imports remember of facts, exports of timelines, and requests to approve these or instruments."""
    op.execute("delete from approvals where kind = 'instrument'")
    for table in _TABLES:
        op.execute(f"drop table {table}")
    for code in _CODES:
        op.execute(f"alter table mla_requests drop column {code}")
    op.execute("alter table mla_measures drop column data_categories")
    op.execute("alter table cases drop column ended_at")
    op.execute("drop index holdings_hidden")
    op.execute("drop index journal_timeline")
    op.execute("drop index cases_by_handler")
    op.execute("delete from imported_rows where kind = 'fact'")
    op.execute(
        "alter table imported_rows drop constraint imported_kind,"
        " add constraint imported_kind check (kind in ('case', 'subject', 'identifier'))"
    )
    _without_timelines()


def _without_timelines() -> None:
    op.execute("delete from approvals where object_id in (select id from exports where timeline is not null)")
    op.execute("delete from export_pieces where export_id in (select id from exports where timeline is not null)")
    op.execute("delete from exports where timeline is not null")
    op.execute(
        "alter table exports drop constraint export_of_several_cases, drop column also_case_ids, drop column timeline,"
        " drop column place, drop column entries"
    )
    op.execute("update exports set stage = 'identifiers' where stage = 'facts'")
    op.execute(
        "alter table exports drop column facts, drop constraint export_stage,"
        " add constraint export_stage check (stage in ('case', 'subjects', 'identifiers', 'end'))"
    )
