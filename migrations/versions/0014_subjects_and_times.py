"""Keys of national systems, several subjects for an identifier, common values, waiting notices, and stated times."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the new columns and tables, make the subject of an identifier the first of its links, and fill in known times."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove stated times and keys, keep the first of the links of an identifier, and remove what the rest needed."""
    for column in ("time_id", "stood", "corrections"):
        op.execute(f"alter table deadlines drop column {column}")
    for table in ("mla_stages", "service_targets", "stated_times"):
        op.execute(f"drop table {table}")
    op.execute("alter table pending_holdings add column role text")
    op.execute("alter table holdings rename column roles to role")
    op.execute("alter table holdings alter column role type text using role[1]")
    op.execute("alter table identifiers no force row level security")
    op.execute("alter table identifiers add column subject_id uuid")
    op.execute(
        "update identifiers i set subject_id = (select l.subject_id from identifier_subjects l where l.identifier_id = i.id"
        " order by l.created_at, l.subject_id limit 1)"
    )
    op.execute(
        "alter table identifiers add constraint identifier_of_subject foreign key (subject_id, case_id)"
        " references subjects (id, case_id)"
    )
    op.execute("create index identifiers_by_subject on identifiers (subject_id) where subject_id is not null")
    op.execute("alter table identifiers force row level security")
    op.execute("drop table identifier_subjects")
    op.execute("alter table identifiers drop constraint identifier_in_case, drop column victim_version")
    op.execute("create index identifiers_by_case on identifiers (case_id, id)")
    op.execute("drop table clearance_watch")
    op.execute("alter table case_overlaps drop column waits_until")
    op.execute("alter table exclusions drop column listed, drop column normaliser")
    op.execute("alter table pending_holdings drop column common")
    op.execute("alter table holdings drop column common")
    for table in ("identifiers", "subjects", "cases"):
        op.execute(f"alter table {table} drop column external_id")
