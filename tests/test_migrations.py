"""Migrations: up, down, up; the schema is what the models say; an unprivileged role cannot serve."""

import hashlib
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from coopapi import config
from coopapi.app import create_app
from coopapi.config import BadSettings
from coopapi.journal.models import Xid8
from coopapi.journal.service import record
from coopapi.provisioning import migration, rules
from coopapi.provisioning.checks import LeakyDatabase, essential, require_safe, unknown_callers
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.provisioning.migration import CannotMigrate
from coopapi.store import crypto
from coopapi.store.db import Database
from coopapi.store.rows import Row

ischema_names["xid8"] = Xid8
AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
FUNCTION_TABLES = {
    *("match_tokens", "holdings", "likenesses", "signing_keys", "token_attempts", "alembic_version"),
    *("registered_values", "quota_use", "quotas", "honey_values", "hiding_confirmations", "pending_holdings", "searched_values"),
    *("matching_queue", "pairs_due", "put_off", "journal_linking", "clearance_watch", "mails", "object_stages"),
    *("search_places", "search_words", "search_grams", "search_queue", "saved_search_checks", "saved_search_finds"),
}


def tables(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = set(connection.scalars(text("select tablename from pg_tables where schemaname in ('public', 'priv')")))
    engine.dispose()
    return found - {"alembic_version"}


def test_up_down_up(postgres, fresh, keys):
    url, app_url = postgres.url(fresh), postgres.url(fresh, migration.DEFAULT_ROLE, "app-password")
    migration.migrate(url, app_url, keys)
    first = tables(url)
    migration.migrate(url, app_url, keys, "base")
    assert tables(url) == set()
    migration.migrate(url, app_url, keys)
    assert tables(url) == first >= {"cases", "context_key"}


def planted(connection, table, **values):
    """Enter a row with these values, and anything in the other columns that need one."""
    needed = text(
        "select column_name, udt_name from information_schema.columns where table_name = :table and table_schema = 'public'"
        " and is_nullable = 'NO' and column_default is null and is_generated = 'NEVER' and is_identity = 'NO'"
    )
    usual = {
        "uuid": uuid4(),
        "int4": 1,
        "int2": 1,
        "bool": False,
        "timestamptz": AT,
        "date": AT.date(),
        "bytea": b"x",
        "jsonb": "[]",
    }
    row = {
        name: [] if kind.startswith("_") else usual.get(kind, "x") for name, kind in connection.execute(needed, {"table": table})
    } | values
    columns, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(text(f"insert into {table} ({columns}) values ({marks})"), row)


@pytest.mark.usefixtures("migrated")  # the roles exist
def test_earlier_exemptions_get_their_ground_and_earlier_validations_stay_without_an_authority(postgres, fresh):
    articles = {uuid4(): "21(7)(a)", uuid4(): "21(7)(b)"}
    judge, request, opinion = uuid4(), uuid4(), uuid4()
    shown = text("select id, article, ground from eurojust_records")
    engine = create_engine(postgres.url(fresh))
    with engine.begin() as connection:
        migration._run(connection, "0018")
        connection.execute(text("set local session_replication_role = replica"))
        for record_id, article in articles.items():
            planted(connection, "eurojust_records", id=record_id, kind="exemption", article=article)
        said = {"kind": "opinion", "article": "4(4)", "answer": "declined", "ground": "safety", "answered_on": AT.date()}
        planted(connection, "eurojust_records", id=opinion, **said)
        planted(connection, "principals", id=judge, kind="person", authority_id=uuid4())
        sent = {"state": "transmitted", "urgency": "routine", "transmitted_at": AT, "executing_id": uuid4()}
        planted(connection, "mla_requests", id=request, validated_by=judge, validated_at=AT, **sent)

        migration._run(connection, "0019")

        grounds = {"21(7)(a)": "national_security", "21(7)(b)": "safety"}
        wanted = {record_id: ("21(7)", grounds[article]) for record_id, article in articles.items()}
        assert {row.id: (row.article, row.ground) for row in connection.execute(shown)} == {**wanted, opinion: ("4(4)", "safety")}
        validation = "select validated_by, validating_id, validated_as from mla_requests"
        assert connection.execute(text(validation)).one() == (judge, None, None)

        migration._run(connection, "0018")

        earlier = {record_id: (article, None) for record_id, article in articles.items()}
        assert {row.id: (row.article, row.ground) for row in connection.execute(shown)} == {**earlier, opinion: ("4(4)", "safety")}
        assert connection.scalar(text("select validated_by from mla_requests")) == judge
    engine.dispose()


@pytest.mark.parametrize(("revision", "told"), [("0003", "made before the first release"), ("9999", "install a newer coopapi")])
def test_a_database_of_another_time_is_refused_in_one_line(postgres, fresh, keys, revision, told):
    url = postgres.url(fresh)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create table alembic_version (version_num varchar(32) primary key)"))
        connection.execute(text("insert into alembic_version values (:revision)"), {"revision": revision})
    engine.dispose()

    with pytest.raises(CannotMigrate, match=told) as refused:
        migration.migrate(url, url, keys)

    assert "\n" not in str(refused.value)


def test_another_key_file_is_refused_and_changes_nothing(postgres, fresh, keys):
    url, app_url = postgres.url(fresh), postgres.url(fresh, migration.DEFAULT_ROLE, "app-password")
    migration.migrate(url, app_url, keys)
    wrong = crypto.Keyring(b"w" * 32, b"x" * 32)

    with pytest.raises(CannotMigrate, match="is not the key file"):
        migration.migrate(url, app_url, wrong)

    assert {check.name for check in essential_checks(app_url, keys) if check.fault} == set()
    assert {check.name for check in essential_checks(app_url, wrong) if check.fault} == {"key file"}


def essential_checks(url, keys):
    database = Database.connect(config.read({"COOPAPI_DATABASE_URL": url, "COOPAPI_KEY_FILE": "/none"}), keys, record)
    with database.anonymous() as session:
        found = list(essential(database, session))
    database.engine.dispose()
    return found


def test_migrate_leaves_the_events_of_a_live_register_in_their_order(postgres, world, owner):
    """One request that committed while migrate ran once moved all events below every cursor of the feed."""
    engine = create_engine(postgres.url("coopapi"))
    with engine.begin() as connection:
        connection.execute(text("select pg_current_xact_id()"))
        world.case("investigator")
        places = "select id, xid from journal_entries order by id"
        before = connection.execute(text(places)).all()
        migration._settle_restored_events(connection)
        assert connection.execute(text(places)).all() == before
    engine.dispose()


def test_only_when_rules_are_replaced_the_worker_computes_overlaps_anew(postgres, fresh, keys, monkeypatch):
    url, app_url = postgres.url(fresh), postgres.url(fresh, migration.DEFAULT_ROLE, "app-password")
    due = []
    monkeypatch.setattr(migration, "_make_likenesses_due", due.append)
    for _ in range(2):
        migration.migrate(url, app_url, keys)
        assert len(due) == 1


TAMPERED = {
    "function priv.level(uuid)": "alter function priv.level(uuid) owner to coopapi",
    "function priv.takes_part(uuid,integer)": "drop function priv.takes_part(uuid, integer) cascade",
    "policy seen on cases": "alter policy seen on cases using (true)",
    "policy opened on cases": "drop policy opened on cases",
    "table cases": "alter table cases disable row level security",
    "table signing_keys": "grant delete on signing_keys to coopapi_app",
    "table meetings": "grant update (host_id) on meetings to coopapi_app",
    "function priv.planted()": "create function priv.planted() returns int language sql return 1",
    "function foreign_one()": "create function public.foreign_one() returns int language sql return 1",
    "sequence overlap_turns": "revoke usage on sequence overlap_turns from coopapi_app",
    "schema priv": "revoke usage on schema priv from coopapi_definer",
    "schema public": "grant usage on schema public to coopapi_backup",
    "trigger planted on cases": "create trigger planted before update on cases for each row"
    " execute function suppress_redundant_updates_trigger()",
}


def test_what_differs_from_the_rules_is_named_and_migrate_puts_it_right(postgres, fresh, keys):
    url, app_url = postgres.url(fresh), postgres.url(fresh, migration.DEFAULT_ROLE, "app-password")
    migration.migrate(url, app_url, keys)
    engine = create_engine(url)
    with engine.begin() as connection:
        assert rules.differences(connection) == []
        assert not rules.apply(connection, migration.rules_folder(), migration.DEFAULT_ROLE)
        for statement in TAMPERED.values():
            connection.execute(text(statement))
        found = {difference.rsplit(" ", 3 if "is not ours" in difference else 1)[0] for difference in rules.differences(connection)}
        assert {name.removesuffix(" is") for name in found} >= set(TAMPERED)
    assert [check.name for check in essential_checks(app_url, keys) if check.fault] == ["functions, policies and rights"]

    migration.migrate(url, app_url, keys)

    with engine.connect() as connection:
        assert rules.differences(connection) == []
    engine.dispose()
    assert [check.name for check in essential_checks(app_url, keys) if check.fault] == []


def test_a_service_that_lost_a_right_is_not_ready(world, owner):
    def ready():
        world.app.extensions["gate"].known_until = 0
        return world.app.test_client().get("/readyz").status_code

    with owner.cursor() as cursor:
        cursor.execute("revoke usage on schema priv from coopapi_app")
        try:
            assert ready() == 503
        finally:
            cursor.execute("grant usage on schema priv to coopapi_app")
    assert ready() == 200


def test_two_registers_of_one_cluster_have_an_application_role_each(postgres, fresh, keys, migrated):
    """The second one once took over the role of the first, and its password."""
    url = postgres.url(fresh)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create role second_register login noinherit password 'of its own'"))
    try:
        app_url = postgres.url(fresh, "second_register", "of its own")
        migration.migrate(url, app_url.replace("of%20its%20own", "another"), keys)
        assert [check.name for check in essential_checks(app_url, keys) if check.fault] == []
        with engine.connect() as connection:
            assert not connection.scalar(text("select has_table_privilege('coopapi_app', 'cases', 'SELECT')"))
    finally:
        migration.migrate(url, app_url, keys, "base")
        with engine.begin() as connection:
            connection.execute(text("drop owned by second_register"))
            connection.execute(text("drop role second_register"))
        engine.dispose()


@pytest.mark.usefixtures("migrated")  # the role exists
def test_an_application_role_that_may_create_objects_stops_migrate(postgres, fresh, keys):
    url, app_url = postgres.url(fresh), postgres.url(fresh, migration.DEFAULT_ROLE, "app-password")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"grant temporary on database {fresh} to coopapi_app"))
    engine.dispose()
    with pytest.raises(CannotMigrate, match="may create temporary objects"):
        migration.migrate(url, app_url, keys)


def test_a_landed_revision_never_changes():
    """`migrations/landed.txt` holds the SHA-256 of each file of every revision that has landed; add lines for a new revision."""
    folder = migration.migrations()
    files = sorted([*folder.glob("versions/*.py"), *folder.glob("tables/*/*.sql")])
    present = {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    listed = dict(line.split()[::-1] for line in (folder / "landed.txt").read_text().splitlines())
    assert listed == present


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


@pytest.fixture(scope="module")
def plain():
    """A server on which the databases of the register belong to an owner who is no superuser; gives the URL of a new one."""
    root = Path(tempfile.mkdtemp(prefix="coopapi-owner-"))
    root.chmod(0o711)
    with Embedded(root, durable=False) as server:

        def execute(sql):
            engine = create_engine(server.url(), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text(sql))
            engine.dispose()

        def register(name):
            execute(f"create database {name} owner plain_owner")
            return server, server.url(name, "plain_owner", "pw")

        execute("create role plain_owner login createrole password 'pw'")
        yield register
    shutil.rmtree(root)


def test_an_owner_who_is_no_superuser_migrates_a_cluster_of_its_own(plain, keys):
    server, owner = plain("register")
    password = migration.migrate(owner, owner, keys)
    assert password
    settings = config.read(
        {"COOPAPI_DATABASE_URL": server.url("register", migration.DEFAULT_ROLE, password), "COOPAPI_KEY_FILE": "/none"}
    )
    database = Database.connect(settings, keys, record)
    require_safe(database)
    database.engine.dispose()
    migration.migrate(owner, owner, keys, "base")
    migration.migrate(owner, owner, keys)


def test_the_service_refuses_a_role_that_policies_do_not_bind(postgres, migrated, keys):
    database = Database.connect(_with(migrated, postgres.url("coopapi")), keys, record)
    with pytest.raises(LeakyDatabase, match="no superuser"):
        require_safe(database)
    database.engine.dispose()


def test_the_service_refuses_a_database_in_which_the_canary_is_seen(app, owner, database):
    with owner.cursor() as cursor:
        cursor.execute("create policy leak on cases for select using (true)")
        try:
            with pytest.raises(BadSettings, match="policy leak on cases is not ours"):
                require_safe(database)
            with database.anonymous() as session:
                (found,) = unknown_callers(database, session)
            assert "canary" in found.fault
        finally:
            cursor.execute("drop policy leak on cases")
    require_safe(database)


def test_the_service_refuses_a_database_that_is_not_migrated(postgres, fresh, migrated, keys):
    settings = _with(migrated, postgres.url(fresh, migration.DEFAULT_ROLE, "app-password"))
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


def test_a_call_that_does_not_fit_its_template_is_refused(tmp_path):
    (tmp_path / "00_templates.sql").write_text("-- template OWN(case): the case is the caller's.\n{case}.mine\n")
    rule = tmp_path / "10_rules.sql"
    rule.write_text("select OWN(c)")
    assert list(rules.read(tmp_path, "app")) == ["select c.mine"]
    rule.write_text("select OWN(c, 1)")
    with pytest.raises(ValueError, match=r"OWN\(c, 1\) does not fit the template OWN\(case\)"):
        list(rules.read(tmp_path, "app"))


def test_only_a_function_that_asks_once_who_calls_uses_what_it_was_told(tmp_path):
    (tmp_path / "00_templates.sql").write_text("")
    asks = "select (select priv.authority())"
    others = f"create function a() language sql return (select priv.at());\ncreate function b() as $$\n    {asks}; $$;\n"
    policy = "create policy p on t using ((select priv.cleared()));\n"
    told = "create function c() as $$\ndeclare\n    caller record := priv.caller();\nbegin\n    {};\nend $$;\n"
    rule = tmp_path / "10_rules.sql"
    rule.write_text(others + policy + told.format(asks) + policy + others)
    assert list(rules.read(tmp_path, "app")) == [others + policy + told.format("select caller.authority") + policy + others]
