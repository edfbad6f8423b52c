"""Work that failed is put off, changes are found by indexes, records about Eurojust name teams, and requests who validated them.

Earlier exemptions from the duty towards Eurojust get the ground that their article named.
"""

from alembic import op

from coopapi.migrate import run_tables

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the table, the indexes and the columns."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove them, and put the ground of exemptions back into the article."""
    op.execute("drop table put_off")
    op.execute("drop index search_queue_by_object, matching_queue_by_age, matching_queue_followed")
    op.execute(
        "alter table eurojust_records drop constraint refusal_or_exemption_has_its_ground,"
        " drop column team_id, drop column team_step"
    )
    op.execute(
        "update eurojust_records set article = case ground when 'national_security' then '21(7)(a)' else '21(7)(b)' end,"
        " ground = null where kind = 'exemption'"
    )
    op.execute(
        "alter table eurojust_records add constraint refusal_has_its_ground"
        " check ((answer is not distinct from 'declined') = (ground is not null))"
    )
    op.execute("alter table mla_requests drop column validating_id, drop column validated_as")
