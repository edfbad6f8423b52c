"""Indexes in whose order the lists of overlaps are read."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the indexes."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the indexes."""
    for name in ("case_access_by_owner", "overlaps_by_first_authority_open", "overlaps_by_second_authority_open"):
        op.execute(f"drop index {name}")
