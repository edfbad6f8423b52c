"""What is exchanged in a team, to whom, and who of its members reads what."""

from alembic import op

from coopapi.migrate import run_parts

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Build it."""
    run_parts(op.get_bind(), revision)


def downgrade() -> None:
    """Take it away, with everything that only it can say."""
    run_parts(op.get_bind(), "0005_down")
