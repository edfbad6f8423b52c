"""Registers of their own for services that run as processes."""

from contextlib import contextmanager
from uuid import uuid4

import psycopg2

from coopapi import config
from coopapi.journal.service import record
from coopapi.provisioning import migration
from coopapi.store import crypto
from coopapi.store.db import Database


@contextmanager
def empty_database(postgres):
    """An empty database of a name that nothing had before, dropped at the end; gives the name.

    The name is new because a module's fixture may be set up more than once in a process: tests move between processes.
    """
    name = f"test_{uuid4().hex}"
    postgres.create_database(name)
    yield name
    connection = psycopg2.connect(postgres.url().replace("+psycopg2", ""))
    connection.autocommit = True
    connection.cursor().execute(f'drop database "{name}" with (force)')
    connection.close()


@contextmanager
def provisioned(postgres, folder, **settings):
    """A migrated database with keys of its own, and settings by their names; gives the environment of a service, and the database."""
    crypto.create_key_file(folder / "keys.json")
    with empty_database(postgres) as name:
        environment = {
            "COOPAPI_DATABASE_URL": postgres.url(name, migration.DEFAULT_ROLE, "app-password"),
            "COOPAPI_KEY_FILE": str(folder / "keys.json"),
            "COOPAPI_ISSUER": "https://provisioned.test",
            **settings,
        }
        service, keys = config.read(environment), crypto.load_keys(folder / "keys.json")
        migration.migrate(postgres.url(name), service.database_url, keys)
        database = Database.connect(service, keys, record)
        yield environment, database
        database.engine.dispose()
