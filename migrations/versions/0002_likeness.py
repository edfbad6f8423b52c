"""Likeness: persons in two spellings, judgements of overlaps, disclosures, exclusions."""

from alembic import op

from coopapi.migrate import run_parts

revision = "0002"
down_revision = "0001"

_FUNCTIONS = (
    "repair(uuid[], uuid[], real[], smallint[], text[], integer[], text)", "recheck(uuid, integer, integer[])",
    "tell(uuid, text, jsonb, text)", "differences(integer[])", "pairs()", "disclosed(uuid)", "openly(uuid)",
    "value_tokens(uuid, uuid)",
    "reconsider(uuid, integer[], text)", "high_frequency(uuid, integer[])", "evidence(uuid[], uuid[], integer[])",
    "settle(uuid, bytea[], integer[], uuid[], uuid[], uuid[], real[], smallint[], text[], integer[], text)",
    "candidates(uuid, uuid[], bytea[], integer[], integer[])", "relabel(uuid, uuid[], text)", "release(uuid, uuid[])",
    "locked(uuid, uuid[])", "hold(uuid, uuid[], bytea[], text[], smallint[], text[], text[])",
    "refresh(uuid[], uuid[], integer[], text)",
    "news(uuid, uuid, uuid, uuid, uuid, boolean, boolean, boolean, text, bigint, bigint, integer, timestamptz, timestamptz)",
    "totals(uuid[], uuid[], integer[])", "links(uuid[], uuid[], integer[])",
    "excluded(bytea, text[], uuid, uuid)", "rank(integer, integer, bigint)", "width(integer)", "counterparts(uuid[], uuid[])",
    "require_level(uuid, integer)", "told(uuid, text, uuid, uuid, uuid, uuid, boolean, boolean, boolean, text, jsonb)",
)  # fmt: skip


def upgrade() -> None:
    """Build what likeness needs."""
    run_parts(op.get_bind(), revision)


def downgrade() -> None:
    """Take it away, with what only it can say: likenesses, judgements, disclosures, exclusions."""
    for table in ("exclusions", "disclosed_items", "disclosures", "overlap_sides", "likenesses"):
        op.execute(f"drop table public.{table} cascade")
    op.execute("drop policy seen on public.case_overlaps")
    for function in _FUNCTIONS:
        op.execute(f"drop function priv.{function}")
    op.execute("delete from public.holdings where strength <= 0")
    op.execute("delete from public.match_tokens where not exact")
    op.execute("drop index public.holdings_of_evidence")
    op.execute("alter table public.match_tokens drop column exact")
    op.execute("alter table public.holdings drop column since")
    for column in ("rarity", "open_rarity", "roles", "open_roles", "first_at", "last_at", "open_first_at", "open_last_at",
                   "open_changed_at", "score", "open_score", "ever"):  # fmt: skip
        op.execute(f"alter table public.case_overlaps drop column {column}")
    op.execute("revoke select on public.identifiers, public.case_keys from coopapi_definer")
    run_parts(op.get_bind(), "0001", ("5_matching",))
    run_parts(op.get_bind(), "0002_down")
