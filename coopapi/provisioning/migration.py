"""Migrates a database to the newest version: roles, check of the key file, tables, rules and keys."""

import secrets
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text

from coopapi.auth import signing_keys
from coopapi.config import BadSettings
from coopapi.migrate import migrations
from coopapi.provisioning import rules
from coopapi.store.crypto import CONTEXTS, Keyring, same

DEFAULT_ROLE: Final = "coopapi_app"
"""The application's role if the settings have only one database URL, so that no other role is named."""

_BEFORE_RELEASE: Final = frozenset({"0001", "0002", "0003", "0004", "0005"})
_SERVICE_ROLES: Final = ("coopapi_definer", "coopapi_backup")
_BLOCK: Final = 64


class CannotMigrate(BadSettings):
    """The database cannot be migrated with these settings or rights."""


def rules_folder() -> Path:
    """Return the folder with the functions, policies and grants."""
    return migrations() / "rules"


def app_login(owner_url: str, app_url: str) -> tuple[str, str | None]:
    """Return the name and password of the application's role: the user in its URL, unless that is the owner."""
    owner, app = make_url(owner_url), make_url(app_url)
    return (DEFAULT_ROLE, None) if app.username in {None, owner.username} else (str(app.username), app.password)


def migrate(owner_url: str, app_url: str, keys: Keyring, target: str = "head") -> str | None:
    """Upgrade or downgrade with the owner's rights. Returns the password of the application's role if one was generated.

    Raises `CannotMigrate` if the database was made before the first release or by a newer version, if it was made with another key
    file, or if roles are missing that this owner may not create.
    """
    role, password = app_login(owner_url, app_url)
    engine = create_engine(owner_url, hide_parameters=True)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('coopapi.migrate'))"))
        _check_revision(connection)
        _check_keys(connection, keys)
        made = _ensure_app_role(connection, role, password)
        _ensure_service_roles(connection)
        borrowed = _borrow_definer(connection)
        _run(connection, target)
        if present_revision(connection) is not None:
            if rules.apply(connection, rules_folder(), role):
                _make_likenesses_due(connection)
            _install_keys(connection, keys)
            _settle_restored_events(connection)
            signing_keys.ensure(connection, keys)
            _close_temporary(connection, role)
        if borrowed:
            connection.execute(text("revoke coopapi_definer from current_user"))
    engine.dispose()
    return made


def present_revision(connection: Connection) -> str | None:
    """Return the revision of the database, or None if it has none yet."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the newest revision that this version knows."""
    return ScriptDirectory(str(migrations())).get_current_head()


def key_check(keys: Keyring) -> bytes:
    """Return a digest of both root keys, by which a database recognises its key file. It reveals nothing about the keys."""
    return keys.mac("key-check", keys.token("key-check", "coopapi"))


def _check_revision(connection: Connection) -> None:
    present = present_revision(connection)
    if present in _BEFORE_RELEASE:
        raise CannotMigrate(
            f"the database is at revision {present}, made before the first release: start over with `coopapi demo --reset`"
            " or an empty database"
        )
    known = {script.revision for script in ScriptDirectory(str(migrations())).walk_revisions()}
    if present is not None and present not in known:
        raise CannotMigrate(f"the database is at revision {present}, which this version does not know: install a newer coopapi")


def _check_keys(connection: Connection, keys: Keyring) -> None:
    if connection.scalar(text("select to_regclass('priv.key_check')")) is None:
        return
    recorded = connection.scalar(text("select digest from priv.key_check"))
    if recorded is not None and not same(bytes(recorded), key_check(keys)):
        raise CannotMigrate("COOPAPI_KEY_FILE is not the key file with which this database was created, so nothing was changed")


def _ensure_app_role(connection: Connection, role: str, password: str | None) -> str | None:
    """Create the application's role if it is missing. Returns its password if one was generated."""
    if _exists(connection, role):
        return None
    made = None if password else secrets.token_urlsafe(24)
    cursor = connection.connection.cursor()
    secret = cursor.mogrify("%s", (password or made,)).decode()
    _create_role(connection, role, f"login noinherit password {secret}", "login noinherit password '...'")
    return made


def _ensure_service_roles(connection: Connection) -> None:
    for role in _SERVICE_ROLES:
        if not _exists(connection, role):
            _create_role(connection, role, "nologin", "nologin")


def _exists(connection: Connection, role: str) -> bool:
    return bool(connection.scalar(text("select exists (select from pg_roles where rolname = :role)"), {"role": role}))


def _create_role(connection: Connection, role: str, how: str, shown: str) -> None:
    plain = "nosuperuser nobypassrls nocreatedb nocreaterole"
    quoted = '"' + role.replace('"', '""') + '"'
    if not connection.scalar(text("select rolsuper or rolcreaterole from pg_roles where rolname = current_user")):
        raise CannotMigrate(f"the role {role} is missing and this owner may not create it: create role {quoted} {plain} {shown}")
    connection.exec_driver_sql(f"create role {quoted} {plain} {how}".replace("%", "%%"))


def _borrow_definer(connection: Connection) -> bool:
    """Give the owner membership in the definer role if it has none. Returns True if it must be revoked afterwards."""
    if connection.scalar(
        text("select rolsuper or pg_has_role(current_user, 'coopapi_definer', 'USAGE') from pg_roles where rolname = current_user")
    ):
        return False
    may = "select exists (select from pg_auth_members where roleid = 'coopapi_definer'::regrole and admin_option"
    may += " and member = current_user::regrole) or (rolcreaterole and current_setting('server_version_num')::integer < 160000)"
    if not connection.scalar(text(f"{may} from pg_roles where rolname = current_user")):
        raise CannotMigrate(
            "this owner may not give functions to coopapi_definer: as a superuser, grant coopapi_definer to the owner"
        )
    connection.execute(text("grant coopapi_definer to current_user"))
    return True


def _run(connection: Connection, target: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    present = present_revision(connection)
    down = target == "base" or (target != "head" and present is not None and _is_before(scripts, target, present))
    if present not in {None, scripts.get_current_head() if target == "head" else target}:
        rules.clear(connection)  # a column that a policy names cannot be dropped
    (command.downgrade if down else command.upgrade)(config, target)


def _is_before(scripts: ScriptDirectory, target: str, present: str) -> bool:
    return target != present and target in {script.revision for script in scripts.iterate_revisions(present, "base")}


def _install_keys(connection: Connection, keys: Keyring) -> None:
    """Store the check value of the key file, and the keys with which the database verifies signed contexts."""
    pads = {
        f"{of}_{name}": bytes(byte ^ mask for byte in keys.context_key(of).ljust(_BLOCK, b"\0"))
        for of in CONTEXTS
        for name, mask in (("inner", 0x36), ("outer", 0x5C))
    }
    connection.execute(
        text(
            "insert into priv.context_key (inner_pad, outer_pad, worker_inner_pad, worker_outer_pad)"
            " values (:request_inner, :request_outer, :worker_inner, :worker_outer)"
            " on conflict (one) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad,"
            " worker_inner_pad = excluded.worker_inner_pad, worker_outer_pad = excluded.worker_outer_pad",
        ),
        pads,
    )
    check = {"digest": key_check(keys)}
    connection.execute(text("insert into priv.key_check (digest) values (:digest) on conflict (one) do nothing"), check)


def _make_likenesses_due(connection: Connection) -> None:
    """Have the worker compute each overlap of similar persons anew, after all that is due: the rules for them may have changed."""
    connection.execute(text("set local role coopapi_definer"))
    connection.execute(
        text(
            "insert into public.pairs_due (case_a, case_b, hidden, loses, open_loses, at)"
            " select o.case_a, o.case_b, o.hidden_a or o.hidden_b, false, false, 'infinity' from public.case_overlaps o"
            " where exists (select from public.likenesses l where l.case_a = o.case_a and l.case_b = o.case_b)"
            " or exists (select from public.likenesses l where l.case_a = o.case_b and l.case_b = o.case_a)"
            " on conflict do nothing"
        )
    )
    connection.execute(text("reset role"))


def _settle_restored_events(connection: Connection) -> None:
    """Make the feed show events that were restored from another cluster and have higher transaction ids than this one.

    The feed would not show events with ids that this cluster has not reached yet. Old cursors are invalid after a restore, so the
    restored events may be ordered by their entry id instead.
    """
    connection.execute(text("set local role coopapi_definer"))
    restored = connection.execute(
        text(
            "update public.journal_entries set xid = '3' where exists"
            " (select from public.journal_entries where event and xid >= pg_snapshot_xmax(pg_current_snapshot())"
            " and xid <> pg_current_xact_id())"
        )
    )
    if restored.rowcount:
        connection.execute(text("update public.journal_linking set before = '0'"))
    connection.execute(text("reset role"))


def _close_temporary(connection: Connection, role: str) -> None:
    """Revoke the right to create temporary objects, because a caller could create types that replace those in our functions."""
    connection.exec_driver_sql(
        """do $$ begin
            execute format('revoke temporary on database %%I from public', current_database());
            execute 'revoke create on schema public from public';
        exception when insufficient_privilege then null;
        end $$"""
    )
    if open_rights := rights_to_create(connection, role):
        raise CannotMigrate(
            f"the role {role} may create {' and '.join(open_rights)}: take that from it and from PUBLIC as a superuser"
        )


def rights_to_create(connection: Connection, role: str) -> list[str]:
    """Return what the role may create in this database: temporary objects, schemas, and objects in which schemas."""
    found = connection.scalars(
        text(
            "select 'temporary objects' where has_database_privilege(:role, current_database(), 'TEMPORARY')"
            " union all select 'schemas' where has_database_privilege(:role, current_database(), 'CREATE')"
            " union all select 'objects in schema ' || nspname from pg_namespace where has_schema_privilege(:role, oid, 'CREATE')"
        ),
        {"role": role},
    )
    return list(found)
