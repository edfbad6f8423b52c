"""The register: authorities, cases, identifiers, overlaps, journal, and who sees what of them."""

import re
from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_SQL = Path(__file__).parents[1] / "sql" / revision
_TABLES = (
    "used_assertions signing_keys idempotency_keys journal_entries journal_heads case_overlaps holdings match_tokens identifiers "
    "subject_categories subjects case_keys case_access cases principals authorities"
)
_GRANTED = """exists (select from public.case_access g where g.case_id = {case}
    and g.authority_id = (select priv.authority()) and g.level >= {level}
    and (g.principal_id is null or g.principal_id = (select priv.principal()))
    and g.withdrawn_at is null and (g.until is null or g.until > (select priv.at())))"""


def upgrade() -> None:
    """Build the register."""
    for part in sorted(_SQL.glob("*.sql")):
        text = re.sub(
            r"(?<!-- )GRANTED\(([\w.]+), (\d)\)",
            lambda m: _GRANTED.format(case=m[1], level=m[2]),
            part.read_text(),
        )
        op.get_bind().exec_driver_sql(text.replace("%", "%%"))


def downgrade() -> None:
    """Remove the register."""
    for table in _TABLES.split():
        op.execute(f"drop table public.{table} cascade")
    op.execute("drop schema priv cascade")
