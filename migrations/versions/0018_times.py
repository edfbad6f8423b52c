"""When things were sent and received, as each side states it, and what the clocks that start with it need."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0018"
down_revision = "0013"


def upgrade() -> None:
    """Add stated times, link deadlines to the time that started them, and state the times of requests that exist."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove stated times and what deadlines know of them."""
    for column in ("time_id", "stood", "corrections"):
        op.execute(f"alter table deadlines drop column {column}")
    op.execute("drop table stated_times")
