"""Functions for the revisions of the database. Released revisions import them, so their names and meanings must not change."""

from pathlib import Path

from sqlalchemy import Connection


def migrations() -> Path:
    """Return the folder of the migrations: beside the package in a checkout, inside the package when installed."""
    inside = Path(__file__).with_name("_migrations")
    return inside if inside.is_dir() else Path(__file__).parents[1] / "migrations"


def run_tables(connection: Connection, revision: str) -> None:
    """Run the SQL files of a revision in the order of their names."""
    for file in sorted((migrations() / "tables" / revision).glob("*.sql")):
        connection.exec_driver_sql(file.read_text().replace("%", "%%"))


def drop_everything(connection: Connection) -> None:
    """Drop all tables, sequences and functions of the register, except the table of revisions."""
    connection.exec_driver_sql(
        """do $$ declare t regclass; begin
            for t in select oid::regclass from pg_class
                     where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'alembic_version' loop
                execute format('drop table %%s cascade', t);
            end loop;
            for t in select oid::regclass from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace loop
                execute format('drop sequence %%s', t);
            end loop;
        end $$;
        drop schema priv cascade"""
    )
