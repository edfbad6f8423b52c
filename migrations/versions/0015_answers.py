"""The authority that is responsible for a case, and whether the desk of the State sees the case."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the kind of a grant, who shared a case, whether the desk sees a case, and the side of those who forward."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the columns and the side."""
    op.execute("delete from parties where side = 'forwarding'")
    op.execute(
        "alter table parties drop constraint party_side, add constraint party_side check (side in ('requesting', 'executing',"
        " 'enforcing', 'negotiating', 'member', 'participant', 'host', 'invited'))"
    )
    op.execute(
        "alter table meetings drop constraint meeting_origin, add constraint meeting_origin check"
        " (origin_type in ('case', 'overlap', 'request')) not valid"
    )
    for name in ("parties_by_side", "disclosures_by_asking_authority", "disclosures_by_owning_authority"):
        op.execute(f"drop index {name}")
    op.execute("alter table meeting_participants drop column recorded")
    op.execute("alter table cases drop column desk")
    op.execute("alter table shared_cases drop column sharer_id")
    op.execute("delete from case_access where kind = 'responsible'")
    op.execute("alter table case_access drop column kind")
