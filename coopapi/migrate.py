"""Bring a database to the present schema: roles, key of the context, migrations (R14)."""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text

from coopapi.crypto import Keyring

APP_ROLE: Final = "coopapi_app"
_LIMITS: Final = {"statement_timeout": "15s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "20s"}
_BLOCK: Final = 64
_GRANTED: Final = """exists (select from public.case_access g where g.case_id = {case}
    and g.authority_id = (select priv.authority()) and g.level >= {level}
    and (g.principal_id is null or g.principal_id = (select priv.principal()))
    and g.withdrawn_at is null and (g.until is null or g.until > (select priv.at())))"""

_PARTY: Final = "exists (select from public.parties p where p.object_id = {thing}{more})"  # the policy of parties does the rest
_ACTS: Final = """ and p.acting and p.authority_id = (select priv.authority())
    and (p.case_id is null or GRANTED(p.case_id, 3))"""


def migrations() -> Path:
    """Find the migrations: beside the package in a checkout, inside it when installed (R22)."""
    inside = Path(__file__).with_name("_migrations")
    return inside if inside.is_dir() else Path(__file__).parents[1] / "migrations"


def migrate(owner_url: str, app_url: str, keys: Keyring, target: str = "head") -> str | None:
    """Upgrade (or downgrade) with the owner's rights; return the application role's password if one was made here."""
    engine = create_engine(owner_url, hide_parameters=True)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('coopapi.migrate'))"))
        made = _ensure_roles(connection, make_url(app_url).username, make_url(app_url).password)
        _run(connection, target)
        if target == "head":
            _install_context_key(connection, keys.context_key)
    engine.dispose()
    return made


def run_parts(connection: Connection, revision: str, parts: Sequence[str] | None = None) -> None:
    """Run the SQL of a revision, all its parts in order or those named.

    GRANTED(case, level) stands for the rule of access to a case, PARTY(thing) for taking part in a shared thing, ACTING(thing)
    for acting in it.
    """
    folder = migrations() / "sql" / revision
    for part in sorted(folder.glob("*.sql")) if parts is None else [folder / f"{name}.sql" for name in parts]:
        text_ = re.sub(r"(?<!-- )PARTY\(([\w.]+)\)", lambda m: _PARTY.format(thing=m[1], more=""), part.read_text())
        text_ = re.sub(r"(?<!-- )ACTING\(([\w.]+)\)", lambda m: _PARTY.format(thing=m[1], more=_ACTS), text_)
        text_ = re.sub(r"(?<!-- )GRANTED\(([\w.]+), (\d)\)", lambda m: _GRANTED.format(case=m[1], level=m[2]), text_)
        connection.exec_driver_sql(text_.replace("%", "%%"))


def is_current(connection: Connection) -> bool:
    """Tell whether the database is at the newest migration."""
    present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory(str(migrations())).get_current_head()


def _run(connection: Connection, target: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.attributes["connection"] = connection
    heads = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    down = target == "base" or (target != "head" and present is not None and _is_before(heads, target, present))
    (command.downgrade if down else command.upgrade)(config, target)


def _is_before(scripts: ScriptDirectory, target: str, present: str) -> bool:
    return target != present and target in {script.revision for script in scripts.iterate_revisions(present, "base")}


def _ensure_roles(connection: Connection, app_user: str | None, password: str | None) -> str | None:
    """Create the roles once; clusters are shared, so another database may have made them already."""
    present = set(connection.scalars(text("select rolname from pg_roles where rolname like 'coopapi%'")))
    superuser = connection.scalar(text("select rolsuper from pg_roles where rolname = current_user"))
    if "coopapi_definer" not in present:
        connection.execute(text("create role coopapi_definer nologin"))
    made = None
    if app_user != APP_ROLE:
        password = made = None if APP_ROLE in present else secrets.token_urlsafe(24)
    if APP_ROLE not in present:  # limits stand with the role, so that they hold behind a transaction pooler too
        connection.execute(text(f"create role {APP_ROLE} login nosuperuser nobypassrls nocreatedb nocreaterole noinherit"))
        for name, limit in _LIMITS.items():
            connection.execute(text(f"alter role {APP_ROLE} set {name} = '{limit}'"))
    if password:
        quoted = connection.connection.cursor().mogrify("%s", (password,)).decode()
        connection.exec_driver_sql(f"alter role {APP_ROLE} password {quoted.replace('%', '%%')}")
    if not superuser:
        connection.execute(text("grant coopapi_definer to current_user"))
    return made


def _install_context_key(connection: Connection, key: bytes) -> None:
    padded = key.ljust(_BLOCK, b"\0")
    connection.execute(
        text(
            "insert into priv.context_key (inner_pad, outer_pad) values (:inner, :outer)"
            " on conflict (one) do update set inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad",
        ),
        {"inner": bytes(b ^ 0x36 for b in padded), "outer": bytes(b ^ 0x5C for b in padded)},
    )
    connection.execute(text(f"grant select on alembic_version to {APP_ROLE}"))
    if not connection.scalar(text("select rolsuper from pg_roles where rolname = current_user")):
        connection.execute(text("revoke coopapi_definer from current_user"))
