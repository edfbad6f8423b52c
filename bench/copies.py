"""Make a large register of a smaller one by copying all its cases, with what they hold and what was found between them.

A copy has other ids, keys and match tokens, so its cases meet each other as those of the original do, and nothing else. Each
authority owns its cases in all copies. The journal has the entries of each copy, but not chained, so it cannot be verified.
What a newly registered value meets, and how many cases hold the most frequent values, is as in the original.
"""

import contextlib
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from coopapi.store import sealing, vault
from coopapi.store.crypto import Keyring
from coopapi.store.quick_json import quick_json

WRITTEN: Final = (
    "cases",
    "case_access",
    "case_keys",
    "hiding_confirmations",
    "subjects",
    "subject_categories",
    "identifiers",
    "identifier_subjects",
    "holdings",
    "registered_values",
    "journal_entries",
)
"""The tables that registrations write besides the queue of the worker, in the order in which rows name each other."""
TABLES: Final = (
    *WRITTEN,
    "match_tokens",
    "likenesses",
    "case_overlaps",
    "overlap_sides",
    "journal_links",
    "search_places",
    "search_words",
)
"""The tables that are copied. All others are the same for any number of cases, or empty when all is settled."""
_CASES_AT_ONCE: Final = 1000
"""Of how many cases the values are encrypted again before they are written."""
_PREPARE: Final = """
    set session_replication_role = replica;
    set local maintenance_work_mem = '1GB';
    create function pg_temp.copied(uuid, int) returns uuid language sql immutable as $$
        select (substr(h, 1, 16) || '8' || substr(h, 18, 15))::uuid
        from (select encode(substring(uuid_send($1) for 8) || sha256(uuid_send($1) || int4send($2)), 'hex')) hex (h)
    $$;
    create temp table sealed_again (id uuid primary key, sealed bytea);
    create temp table wrapped_again (case_id uuid primary key, wrapped bytea)
"""
"""References are not checked: the originals were. An id keeps its first half, so copies are in the order of their originals."""
_VALUES: Final = """
    select c.id::text, c.authority_id::text, k.wrapped,
           array(select pg_temp.copied(c.id, n)::text from generate_series(1, %(copies)s) n),
           array(select array[i.id::text, encode(i.sealed, 'hex')]
                        || array(select pg_temp.copied(i.id, n)::text from generate_series(1, %(copies)s) n)
                 from identifiers i where i.case_id = c.id)
    from cases c join case_keys k on k.case_id = c.id
"""
_GO_ON: Final = """
    update journal_heads h set seq = (select max(seq) from journal_links l where l.authority_id = h.authority_id);
    select setval(pg_get_serial_sequence('journal_entries', 'id'), (select max(id) from journal_entries))
"""
"""Lets the numbers of new entries of the journal follow those of the copies."""
_COLUMNS: Final = """
    select attname, format_type(atttypid, null) from pg_attribute
    where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
"""
_INDEXES: Final = """
    select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i
    where i.indrelid = %s::regclass and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
"""
_OTHERWISE: Final = {
    ("journal_entries", "id"): "t.id + number * (select max(id) from journal_entries)",
    ("journal_links", "entry_id"): "t.entry_id + number * (select max(entry_id) from journal_links)",
    ("journal_links", "seq"): "t.seq + number * (select max(seq) from journal_links)",
    ("cases", "reference"): "t.reference || '-' || number",
    ("cases", "reference_folded"): "t.reference_folded || '-' || number",
    ("identifiers", "sealed"): "(select s.sealed from sealed_again s where s.id = pg_temp.copied(t.id, number))",
    ("case_keys", "wrapped"): "(select w.wrapped from wrapped_again w where w.case_id = pg_temp.copied(t.case_id, number))",
}
"""Columns that are copied in another way than others of their type."""
_NOT_THE_CANARY: Final = " where t.id <> '00000000-0000-0000-0000-000000000000'"
"""The condition for cases: the first row of a new database is no case."""
_KEYED: Final = frozenset({"token", "fingerprint", "digest"})


def enlarge(connection: Any, keyring: Keyring, copies: int) -> Iterator[str]:
    """Copy all cases so many times, as the owner of the database. Yields the name of what is copied next."""
    with connection, connection.cursor() as cursor:
        cursor.execute(_PREPARE)
        cursor.execute("select array(select id from authorities union all select id from principals)::text")
        kept = cursor.fetchone()[0]
        yield "values"
        _seal_again(connection, keyring, copies)
        cursor.execute("analyze sealed_again, wrapped_again")
        for table in TABLES:
            yield table
            with _without_indexes(cursor, table):
                cursor.execute(_copying(cursor, table), {"kept": kept, "copies": copies})
        cursor.execute(_GO_ON)
        cursor.execute("set session_replication_role = origin")


def _seal_again(connection: Any, keyring: Keyring, copies: int) -> None:
    """Encrypt the values of each case with keys of their own for the rows that the copies will have."""
    with connection.cursor("values") as found, connection.cursor() as cursor:
        found.execute(_VALUES, {"copies": copies})
        while rows := found.fetchmany(_CASES_AT_ONCE):
            wrapped_again: list[tuple[str, bytes]] = []
            sealed_again: list[tuple[str, bytes]] = []
            for case_id, home, wrapped, copied_cases, values in rows:
                key, owner = vault.case_key(keyring, UUID(case_id), wrapped), UUID(home)
                made = [sealing.new_data_key(keyring, one) for one in copied_cases]
                wrapped_again += zip(copied_cases, [wrapped for wrapped, _ in made], strict=True)
                for identifier_id, sealed, *copied in values:
                    value = quick_json(vault.open_value(key, bytes.fromhex(sealed), owner, UUID(identifier_id)))
                    for one, (_, new) in zip(copied, made, strict=True):
                        sealed_again.append((one, vault.seal_value(new, value, owner, UUID(one))))
            _put(cursor, "wrapped_again", wrapped_again)
            _put(cursor, "sealed_again", sealed_again)


def _put(cursor: Any, table: str, rows: Iterable[tuple[str, bytes]]) -> None:
    cursor.copy_expert(f"copy {table} from stdin", io.StringIO("".join(f"{one}\t\\\\x{content.hex()}\n" for one, content in rows)))


@contextlib.contextmanager
def _without_indexes(cursor: Any, table: str) -> Iterator[None]:
    """Drop the indexes of a table that no constraint needs, and make them anew at the end, which takes less time."""
    cursor.execute(_INDEXES, [table])
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"drop index {name}")
    yield
    for _, made in indexes:
        cursor.execute(made)


def _copying(cursor: Any, table: str) -> str:
    """Return the statement that copies the rows of a table."""
    cursor.execute(_COLUMNS, [table])
    columns = {name: _OTHERWISE.get((table, name)) or _copied(name, kind) for name, kind in cursor.fetchall()}
    return (
        f"insert into {table} ({', '.join(columns)}) overriding system value"
        f" select {', '.join(columns.values())} from {table} t cross join generate_series(1, %(copies)s) number"
        + (_NOT_THE_CANARY if table == "cases" else "")
    )


def _copied(name: str, kind: str) -> str:
    """Return the expression for the value of a column in a copy. Authorities and persons are those of the original."""
    if kind == "uuid":
        return f"case when t.{name} = any(%(kept)s::uuid[]) then t.{name} else pg_temp.copied(t.{name}, number) end"
    return f"sha256(t.{name} || int4send(number))" if name in _KEYED else f"t.{name}"
