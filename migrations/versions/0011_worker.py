"""What the worker needs: the links of the journal in a table of their own, and the changes that matching has to follow."""

from alembic import op

from coopapi.migrate import run_tables

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Move the chain of the journal, and add the queue of matching and the key with which the worker signs its context."""
    run_tables(op.get_bind(), revision)


def downgrade() -> None:
    """Leave everything to revision 0010, which removes it. There is no way back to 0010 itself.

    Raises `RuntimeError` for any target but `base`: entries that are not linked yet have no place in the chain of 0010.
    """
    environment = op.get_context().environment_context
    if environment is None or environment.get_revision_argument() not in {None, "base", ()}:
        raise RuntimeError("there is no way back from revision 0011: restore the backup that was made before the upgrade")
