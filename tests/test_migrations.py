"""Migrations: up, down, up; the schema is what the models say; an unprivileged role cannot serve."""

import shutil
import tempfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from coopapi import config, migrate
from coopapi.app import LeakyDatabase, check_database, create_app
from coopapi.config import BadSettings
from coopapi.db import Database, Row
from coopapi.embedded import Embedded
from coopapi.journal.models import Xid8
from coopapi.journal.service import record

ischema_names["xid8"] = Xid8
FUNCTION_TABLES = {"match_tokens", "holdings", "likenesses", "alembic_version"}


@pytest.fixture
def fresh(postgres, settings):
    """An empty database of its own."""
    name = "fresh"
    postgres.create_database(name)
    yield name
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()


def tables(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = set(connection.scalars(text("select tablename from pg_tables where schemaname in ('public', 'priv')")))
    engine.dispose()
    return found - {"alembic_version"}


def test_up_down_up(postgres, fresh, keys):
    url, app_url = postgres.url(fresh), postgres.url(fresh, migrate.APP_ROLE, "app-password")
    migrate.migrate(url, app_url, keys)
    first = tables(url)
    migrate.migrate(url, app_url, keys, "base")
    assert tables(url) == set()
    migrate.migrate(url, app_url, keys)
    assert tables(url) == first >= {"cases", "context_key"}


def test_models_and_schema_agree(postgres, migrated):
    engine = create_engine(postgres.url("coopapi"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _ours})
        differences = compare_metadata(context, Row.metadata)
    engine.dispose()
    assert [d for d in differences if not _known(d)] == []


def _ours(_object, name, kind, _reflected, _compared):
    return not (kind == "table" and name in FUNCTION_TABLES) and kind != "index"


def _known(difference):
    """Names of constraints are the database's own; the models name only the columns."""
    return (
        isinstance(difference, tuple)
        and difference[0] in {"add_constraint", "remove_constraint", "add_fk", "remove_fk"}
        and (getattr(difference[1], "name", None) is None or difference[0].startswith("remove"))
    )


def test_an_owner_who_is_no_superuser_migrates_a_cluster_of_its_own(keys):
    root = Path(tempfile.mkdtemp(prefix="coopapi-owner-"))
    root.chmod(0o711)
    with Embedded(root, durable=False) as server:
        engine = create_engine(server.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("create role plain_owner login createrole password 'pw'"))
            connection.execute(text("create database register owner plain_owner"))
        engine.dispose()
        owner = server.url("register", "plain_owner", "pw")
        password = migrate.migrate(owner, owner, keys)
        assert password
        settings = config.read(
            {"COOPAPI_DATABASE_URL": server.url("register", migrate.APP_ROLE, password), "COOPAPI_KEY_FILE": "/none"}
        )
        database = Database.connect(settings, keys, record)
        check_database(database)
        database.engine.dispose()
        migrate.migrate(owner, owner, keys, "base")
        migrate.migrate(owner, owner, keys)
    shutil.rmtree(root)


def test_the_service_refuses_a_role_that_policies_do_not_bind(postgres, migrated, keys):
    database = Database.connect(_with(migrated, postgres.url("coopapi")), keys, record)
    with pytest.raises(LeakyDatabase, match="coopapi_app"):
        check_database(database)
    database.engine.dispose()


def test_the_service_refuses_a_database_in_which_the_canary_is_seen(app, owner, database):
    with owner.cursor() as cursor:
        cursor.execute("create policy leak on cases for select using (true)")
        try:
            with pytest.raises(LeakyDatabase, match="canary"):
                check_database(database)
        finally:
            cursor.execute("drop policy leak on cases")
    check_database(database)


def test_the_service_refuses_a_database_that_is_not_migrated(postgres, fresh, migrated, keys):
    settings = _with(migrated, postgres.url(fresh, migrate.APP_ROLE, "app-password"))
    with pytest.raises(BadSettings, match="coopapi migrate"):
        create_app(settings, keys)


def test_the_service_waits_for_a_database_that_is_not_there_yet(migrated, keys):
    """A worker that boots while the database restarts must not bring the service down: 503 until it is back."""
    waiting = create_app(_with(migrated, migrated.database_url.replace("host=", "host=%2Fnowhere")), keys)
    assert waiting.test_client().get("/api/v1/me").status_code == 503
    assert waiting.test_client().get("/readyz").status_code == 503
    assert waiting.test_client().get("/healthz").status_code == 200
    there = create_app(migrated, keys)
    assert there.test_client().get("/readyz").status_code == 200


def _with(settings, url):
    return type(settings)(**{**{n: getattr(settings, n) for n in settings.__slots__}, "database_url": url})
