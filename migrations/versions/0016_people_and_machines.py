"""Own targets that count as time limits, and deliveries that a client skips."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the columns and the state."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the columns and the state."""
    op.execute("update webhook_deliveries set state = 'withheld' where state = 'skipped'")
    op.execute(
        "alter table webhook_deliveries drop constraint webhook_delivery_state, add constraint webhook_delivery_state"
        " check (state in ('waiting', 'delivered', 'failed', 'withheld'))"
    )
    for table in ("service_targets", "deadlines"):
        op.execute(f"alter table {table} drop column counts_as_due")
