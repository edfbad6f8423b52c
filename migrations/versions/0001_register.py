"""The register: authorities, cases, identifiers, overlaps, journal, and who sees what of them."""

from alembic import op

from coopapi.migrate import run_parts

revision = "0001"
down_revision = None

_TABLES = (
    "used_assertions signing_keys idempotency_keys journal_entries journal_heads case_overlaps holdings match_tokens identifiers "
    "subject_categories subjects case_keys case_access cases principals authorities"
)


def upgrade() -> None:
    """Build the register."""
    run_parts(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the register."""
    for table in _TABLES.split():
        op.execute(f"drop table public.{table} cascade")
    op.execute("drop schema priv cascade")
