"""The register as it was at a moment: the first request builds it, and later requests restore it in one step."""

from copy import deepcopy

_NEXT_WRITER = "select pg_snapshot_xmax(pg_current_snapshot())::text"

_TABLES = (
    "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    " and relname not in ('alembic_version', 'signing_keys')"
)
_SAVE = f"""create schema "{{0}}"; do $$ declare t text; filled boolean; begin
    for t in {_TABLES} loop
        execute format('select exists (select from public.%I)', t) into filled;
        if filled then execute format('create unlogged table "{{0}}".%I as table public.%I', t, t); end if;
    end loop;
end $$"""
_PUT_BACK = f"""do $$ declare t text; begin
    set local session_replication_role = replica;
    for t in {_TABLES} loop
        execute format('delete from public.%I', t);
        if to_regclass(format('"{{0}}".%I', t)) is not null then
            execute format('insert into public.%I overriding system value table "{{0}}".%I', t, t);
        end if;
    end loop;
end $$"""


class Register:
    """All rows of the database, by the name of what made them."""

    def __init__(self, owner):
        self.owner = owner
        self.made = {}
        self.now = None, None
        self._run(_SAVE, "empty")

    def as_of(self, name, make):
        """What `make` made and told, with its rows in place."""
        if name in self.made:
            schema, told = self.made[name]
            self._run(_PUT_BACK, schema)
        else:
            told = make()
            schema = f"made {len(self.made)}"
            self._run(_SAVE, schema)
            self.made[name] = schema, told
        self.now = name, self._next_writer()
        return deepcopy(told)

    def empty(self):
        self._run(_PUT_BACK, "empty")

    def is_as_of(self, name):
        """Whether nothing was written since the register was put back to this moment."""
        return self.now == (name, self._next_writer())

    def _next_writer(self):
        """The number of the next transaction that writes, in any database of the server."""
        with self.owner.cursor() as cursor:
            cursor.execute(_NEXT_WRITER)
            return cursor.fetchone()[0]

    def _run(self, sql, schema):
        with self.owner.cursor() as cursor:
            cursor.execute(sql.format(schema))
