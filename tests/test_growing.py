"""The tables of tokens can be partitioned or distributed by token (docs/growing.md): they depend on no other table."""

import pytest

TOKENS = ("match_tokens", "holdings")
ALONE = """
    select
        (select count(*) from pg_constraint where contype = 'f' and {0}::regclass in (conrelid, confrelid)),
        (select count(*) from pg_trigger where tgrelid = {0}::regclass),
        (select count(*) from pg_index i where i.indrelid = {0}::regclass and i.indisunique and
            (select attname from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[0]) <> 'token'),
        (select count(*) from pg_attribute where attrelid = {0}::regclass and attidentity <> '')
"""
BREACHES = (
    "alter table {0} add column other uuid references cases",
    "create trigger counted after insert on {0} for each row execute function suppress_redundant_updates_trigger()",
    "alter table {0} add column other uuid unique",
    "alter table {0} add column number bigint generated always as identity",
)


def dependencies(owner, table):
    """Foreign keys, triggers, unique keys that do not begin with the token, and identity columns."""
    with owner.cursor() as cursor:
        cursor.execute(ALONE.format(f"'{table}'"))
        return cursor.fetchone()


@pytest.mark.parametrize("table", TOKENS)
def test_a_table_of_tokens_depends_on_no_other_table_and_every_key_begins_with_the_token(owner, table):
    assert dependencies(owner, table) == (0, 0, 0, 0)


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_would_be_seen(owner, breach):
    with owner.cursor() as cursor:
        cursor.execute("begin")
        try:
            cursor.execute(breach.format("holdings"))
            assert sum(dependencies(owner, "holdings")) >= 1
        finally:
            cursor.execute("rollback")
