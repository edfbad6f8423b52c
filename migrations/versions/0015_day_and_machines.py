"""Who answers for a case, the worklist, imports, webhooks, and digests of older versions."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0015"
down_revision = "0014"
_TABLES = (
    "webhook_deliveries", "webhook_endpoints", "imported_rows", "import_lines", "import_chunks", "imports", "assignments",
    "duty_shifts",
)  # fmt: skip
_INDEXES = (
    "requests_open_of",
    "requests_open_to",
    "requests_open_for",
    "disclosures_waiting",
    "responsibilities",
    "disclosures_waiting_of_case",
    "evidence_waiting",
    "evidence_to_verify",
    "uses_waiting",
    "parties_of_teams",
    "amendments_that_admit",
    "meetings_by_host",
    "seats_that_wait",
    "actions_waiting",
    "replies_waiting",
    "approvals_waiting",
    "parties_by_side",
    "disclosures_by_asking_authority",
    "disclosures_by_owning_authority",
)


def upgrade() -> None:
    """Add the tables of imports, webhooks, assignments and shifts, and columns of cases, grants, sides, deadlines and tokens."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the tables, the columns and the side of those who forward."""
    for table in _TABLES:
        op.execute(f"drop table {table}")
    op.execute("alter table identifiers drop column same_as")
    op.execute("alter table holdings drop column kept_until")
    op.execute("delete from parties where side = 'forwarding'")
    op.execute(
        "alter table parties drop constraint party_side, add constraint party_side check (side in ('requesting', 'executing',"
        " 'enforcing', 'negotiating', 'member', 'participant', 'host', 'invited'))"
    )
    op.execute(
        "alter table meetings drop constraint meeting_origin, add constraint meeting_origin check"
        " (origin_type in ('case', 'overlap', 'request')) not valid"
    )
    for name in _INDEXES:
        op.execute(f"drop index {name}")
    op.execute("alter table deadlines drop column escalated")
    op.execute("alter table meeting_participants drop column recorded")
    op.execute("alter table cases drop column desk")
    op.execute("alter table shared_cases drop column sharer_id")
    op.execute("delete from case_access where kind = 'responsible'")
    op.execute("alter table case_access drop column kind")
