"""Teams and meetings: what is shared with those who take part, and while they do."""

from alembic import op

from coopapi.migrate import run_parts

revision = "0004"
down_revision = "0003"

_TABLES = (
    "calendar_feeds centre_entries meeting_outcomes meeting_actions meeting_conclusions meeting_answers meeting_options "
    "meeting_participants meetings proceedings_transfers consultation_positions consultations "
    "jit_releases jit_statements jit_evaluations jit_amendments jit_signatures jit_associates jit_participants jit_members "
    "jit_parties jits "
    "shared_cases"
)  # fmt: skip
_FUNCTIONS = (
    "calendar_feed(bytea, timestamptz)", "calendar_feed_lives(bytea)",
    "public_jits(uuid, uuid, integer, integer)", "unsayable(uuid)", "end_shares(uuid, uuid)", "in_team(uuid)",
    "reshare(uuid, text[], text)",
)  # fmt: skip


def upgrade() -> None:
    """Build what teams and meetings need."""
    run_parts(op.get_bind(), revision)


def downgrade() -> None:
    """Take it away, with everything that only it can say."""
    run_parts(op.get_bind(), "0004_down")
    op.execute("alter table public.mla_requests drop column jit_id")
    for table in _TABLES.split():
        op.execute(f"drop table public.{table} cascade")
    for function in _FUNCTIONS:
        op.execute(f"drop function priv.{function}")
    op.execute("delete from public.case_access where via_id is not null")
    op.execute("alter table public.case_access drop column via_id")
    op.execute("delete from public.parties where side not in ('requesting', 'executing', 'enforcing')")
    op.execute("alter table public.parties drop constraint party_side")
    op.execute("alter table public.parties add constraint party_side check (side in ('requesting', 'executing', 'enforcing'))")
