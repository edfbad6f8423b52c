"""Functions of people, records about Eurojust, exports, mail, service targets that count as due, and skipped deliveries."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0016"
down_revision = "0015"
_TABLES = ("mails", "mail_addresses", "mail_accounts", "export_pieces", "exports", "eurojust_records")


def upgrade() -> None:
    """Add the tables and columns. References of imports that the policies guarantee are removed."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Remove the tables and columns, and the requests to approve exports."""
    op.execute("delete from approvals where kind = 'export'")
    for table in _TABLES:
        op.execute(f"drop table {table}")
    op.execute("drop index entries_to_tell")
    op.execute("update webhook_deliveries set state = 'withheld' where state = 'skipped'")
    op.execute(
        "alter table webhook_deliveries drop constraint webhook_delivery_state, add constraint webhook_delivery_state"
        " check (state in ('waiting', 'delivered', 'failed', 'withheld'))"
    )
    for table in ("service_targets", "deadlines"):
        op.execute(f"alter table {table} drop column counts_as_due")
    op.execute("alter table import_lines add foreign key (import_id) references imports (id)")
    op.execute(
        "alter table imported_rows add foreign key (authority_id) references authorities (id),"
        " add foreign key (principal_id) references principals (id)"
    )
    op.execute("alter table principals drop constraint functions_of_prosecutors, drop constraint function_is_known")
    op.execute("alter table principals drop column functions")
