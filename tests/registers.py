"""Registers of their own for services that run as processes."""

from contextlib import contextmanager

from coopapi import config
from coopapi.journal.service import record
from coopapi.provisioning import migration
from coopapi.store import crypto
from coopapi.store.db import Database


@contextmanager
def provisioned(postgres, name, folder):
    """A migrated database with keys of its own; gives the environment of a service, and the database."""
    postgres.create_database(name)
    crypto.create_key_file(folder / "keys.json")
    environment = {
        "COOPAPI_DATABASE_URL": postgres.url(name, migration.DEFAULT_ROLE, "app-password"),
        "COOPAPI_KEY_FILE": str(folder / "keys.json"),
        "COOPAPI_ISSUER": f"https://{name}.test",
    }
    settings, keys = config.read(environment), crypto.load_keys(folder / "keys.json")
    migration.migrate(postgres.url(name), settings.database_url, keys)
    database = Database.connect(settings, keys, record)
    yield environment, database
    database.engine.dispose()
