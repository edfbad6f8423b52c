"""Requests for assistance: who takes part, requests and measures, deadlines, evidence, and the directory they need."""

from alembic import op

from coopapi.migrate import run_parts

revision = "0003"
down_revision = "0002"

_TABLES = (
    "evidence_uses custody evidence_texts evidence "
    "mla_messages mla_transmissions mla_measures mla_requests deadlines "
    "requirement_notices mous providers competences contact_checks contact_points "
    "parties"
)  # fmt: skip
_FUNCTIONS = (
    "keeps(uuid)", "part_company(uuid, text, uuid, timestamptz)", "keeps_provider(text)", "declares(uuid, text)",
    "admit(uuid, uuid, text, uuid, boolean, timestamptz)", "joined(uuid)", "stands_in(uuid, uuid)", "takes_part(uuid, integer)",
)  # fmt: skip


def upgrade() -> None:
    """Build what requests need."""
    run_parts(op.get_bind(), revision)


def downgrade() -> None:
    """Take it away, with everything that only it can say."""
    for table in _TABLES.split():
        op.execute(f"drop table public.{table} cascade")
    for function in _FUNCTIONS:
        op.execute(f"drop function priv.{function}")
    run_parts(op.get_bind(), "0003_down")
