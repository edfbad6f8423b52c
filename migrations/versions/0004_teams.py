"""Teams and meetings: what is shared with those who take part, and while they do."""

from alembic import op

from coopapi.migrate import run_parts

revision = "0004"
down_revision = "0003"

_TABLES = (
    "calendar_feeds centre_entries meeting_outcomes meeting_actions meeting_conclusions meeting_answers meeting_options "
    "meeting_participants meetings proceedings_transfers consultation_positions consultations shared_cases"
)
_FUNCTIONS = ("calendar_feed(bytea, timestamptz)", "calendar_feed_lives(bytea)", "reshare(uuid, text[], text)")


def upgrade() -> None:
    """Build what teams and meetings need."""
    run_parts(op.get_bind(), revision)


def downgrade() -> None:
    """Take it away, with everything that only it can say."""
    for table in _TABLES.split():
        op.execute(f"drop table public.{table} cascade")
    for function in _FUNCTIONS:
        op.execute(f"drop function priv.{function}")
    op.execute("delete from public.case_access where via_id is not null")
    op.execute("alter table public.case_access drop column via_id")
    op.execute("delete from public.parties where side not in ('requesting', 'executing', 'enforcing')")
    op.execute("alter table public.parties drop constraint party_side")
    op.execute("alter table public.parties add constraint party_side check (side in ('requesting', 'executing', 'enforcing'))")
