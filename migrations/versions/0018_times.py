"""When things were sent and received, as each side states it, and what the clocks that start with it need."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0018"
down_revision = "0015"


def upgrade() -> None:
    """Add stated times, stages and service targets, link deadlines to the time that started them, and fill in what is known."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove stated times, stages and service targets, and what deadlines know of them."""
    for column in ("time_id", "stood", "corrections"):
        op.execute(f"alter table deadlines drop column {column}")
    for table in ("mla_stages", "service_targets", "stated_times"):
        op.execute(f"drop table {table}")
