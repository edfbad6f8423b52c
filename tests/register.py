"""The register as it was at a moment: the first request builds it, and later requests restore it in one step."""

from copy import deepcopy

import psycopg2

_NEXT_WRITER = "select pg_snapshot_xmax(pg_current_snapshot())::text"
_FILES = (
    "select exists (select from public.imports where ended_at is null)"
    " or exists (select from public.exports where state in ('queued', 'running'))"
)
_TABLES = (
    "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    " and relname not in ('alembic_version', 'signing_keys') order by relname"
)


class Register:
    """All rows of the database, by the name of what made them.

    A moment is kept as copies of the tables that have rows, and a function that puts them back, whose plans are made once. All are
    in one schema, because every connection to the database forgets all of its plans when a schema is made. The register has a
    connection of its own, in which no trigger fires. A test that leaves a lock behind fails the next one after three minutes.
    """

    def __init__(self, owner):
        self.owner = owner
        self.connection = psycopg2.connect(owner.dsn, password=owner.info.password)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("set session_replication_role = replica; set lock_timeout = '3min'")
        self.cursor.execute(_TABLES)
        self.tables = [name for (name,) in self.cursor.fetchall()]
        self.cursor.execute("create schema kept")
        self.made = {}
        self.now = None, None
        self._keep("empty")

    def as_of(self, name, make):
        """What `make` made and told, with its rows in place. They are put back unless nothing was written since."""
        if name in self.made:
            moment, told = self.made[name]
            if not self.is_as_of(name):
                self._put_back(moment)
        else:
            told = make()
            moment = f"made {len(self.made)}"
            self._keep(moment)
            self.made[name] = moment, told
        self.now = name, self.next_writer()
        return deepcopy(told)

    def empty(self):
        self._put_back("empty")

    def is_as_of(self, name):
        """Whether nothing was written since the register was put back to this moment."""
        return self.now == (name, self.next_writer())

    def close(self):
        self.connection.close()

    def next_writer(self):
        """The number of the next transaction that writes, in any database of the server."""
        self.cursor.execute(_NEXT_WRITER)
        return self.cursor.fetchone()[0]

    def has_files_to_work_on(self):
        """Whether there is an import or an export that has not ended."""
        self.cursor.execute(_FILES)
        return self.cursor.fetchone()[0]

    def _keep(self, moment):
        filled = [table for table in self.tables if self._has_rows(table)]
        kept = [f'create unlogged table kept."{moment} {table}" as table public.{table};' for table in filled]
        emptied = [f"delete from public.{table};" for table in self.tables]
        filled_again = [f'insert into public.{table} overriding system value table kept."{moment} {table}";' for table in filled]
        body = " ".join((*emptied, *filled_again))
        put_back = f'create function kept."{moment}"() returns void language plpgsql as $$ begin {body} end $$'
        self.cursor.execute(f"{' '.join(kept)} {put_back}")

    def _has_rows(self, table):
        self.cursor.execute(f"select exists (select from public.{table})")
        return self.cursor.fetchone()[0]

    def _put_back(self, moment):
        self.cursor.execute(f'select kept."{moment}"()')
