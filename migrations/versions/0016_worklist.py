"""Assignments, rosters, what the worklist needs to find what waits for one authority, and how far deadlines were told of."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the tables of assignments and shifts, the column of escalation, and indexes of what waits."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the indexes, the column and the tables."""
    for index in (
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
    ):
        op.execute(f"drop index {index}")
    op.execute("drop table assignments")
    op.execute("alter table deadlines drop column escalated")
    op.execute("drop table duty_shifts")
