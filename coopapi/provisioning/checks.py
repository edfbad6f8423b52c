"""Checks of a database before the service uses it: roles, revision, rules, keys, rights, and settings of the server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from coopapi.access import Actor, Role
from coopapi.auth import signing_keys
from coopapi.config import BadSettings
from coopapi.directory.models import CANARY
from coopapi.provisioning import migration, rules
from coopapi.store.crypto import same
from coopapi.store.db import Database
from coopapi.store.lag import measure
from coopapi.store.putting_off import count_put_off

_CLOCK_SECONDS: Final = 60


class LeakyDatabase(BadSettings):
    """The database would show rows to callers who may not see them; the service does not start."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check: its name, its fault if there is one, and how to correct it."""

    name: str
    fault: str | None
    cure: str = ""


def require_safe(database: Database) -> None:
    """Raise `BadSettings`, or its subclass `LeakyDatabase`, if the service may not use this database."""
    with database.anonymous() as session:
        for check in chain(essential(database, session), unknown_callers(database, session)):
            if check.fault:
                kind = LeakyDatabase if check.name in {"application role", "unknown callers"} else BadSettings
                raise kind(f"{check.fault}: {check.cure}")


def essential(database: Database, session: Session) -> Iterator[Check]:
    """Run the checks that readiness depends on. No request may be answered while one of them has a fault."""
    revision = _revision(session)
    yield revision
    if revision.fault:
        return
    connection = session.connection()
    recorded = session.scalar(text("select digest from priv.key_check"))
    right = recorded is not None and same(bytes(recorded), migration.key_check(database.keys))
    yield Check("key file", None if right else "COOPAPI_KEY_FILE is not the key file of this database", "restore the right file")
    yield _application_role(session)
    role = str(session.scalar(text("select current_user")))
    rights = migration.rights_to_create(connection, role)
    yield Check(
        "right to create",
        f"the role {role} may create {' and '.join(rights)}" if rights else None,
        "run coopapi migrate as the owner of the database, or revoke that right as a superuser",
    )
    yield _rules(session, role)


def unknown_callers(database: Database, session: Session) -> Iterator[Check]:
    """Check that a caller without a context, and a caller of an authority that does not exist, see no rows."""
    tables = session.scalars(
        text(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relrowsecurity"
            " and has_table_privilege(oid, 'SELECT') order by relname"
        )
    ).all()
    seen = [table for table in tables if session.scalar(text(f'select exists (select from "{table}")'))]  # noqa: S608 (from the catalog)
    with database.work(lambda _: _STRANGER, "canary") as work:
        if work.session.scalar(text("select exists (select from cases where id = :canary)"), {"canary": CANARY}):
            seen.append("canary")
    fault = f"rows of others are visible: {', '.join(seen)}" if seen else None
    yield Check("unknown callers", fault, "run coopapi migrate, and connect as the application's role")


def advisable(database: Database, session: Session) -> Iterator[Check]:
    """Run the checks of what an operator should correct, although the service can run without it."""
    yield _signing_keys(database, session)
    for name, safe in _SERVER_SETTINGS.items():
        value = str(session.scalar(text("select current_setting(:name)"), {"name": name}))
        fault = None if value in safe else f"{name} is {value}, so that the server's log may hold values of statements"
        yield Check(f"server setting {name}", fault, f"set {name} = {safe[0]} in postgresql.conf")
    powers = session.scalars(text(_SERVICE_ROLES)).all()
    yield Check("service roles", "; ".join(powers) or None, "alter the role, or revoke the membership, as a superuser")
    yield Check("worker", measure(session).fault, "see that coopapi worker runs, and what it logs (COOPAPI_WORKER)")
    yield Check("work put off", count_put_off(session).fault, "see what the worker logs; it is tried again until the cause is gone")
    unread = session.scalars(text(_NOT_BACKED_UP)).all()
    fault = f"the backup role cannot read {', '.join(unread)}" if unread else None
    yield Check("backup role", fault, "run coopapi migrate")


def clock(session: Session, now: Callable[[], float]) -> Check:
    """Check that the clocks of this machine and of the database agree, because signed contexts expire after five minutes."""
    apart = abs(float(session.scalar(text("select extract(epoch from clock_timestamp())")) or 0) - now())
    fault = f"the clocks of this machine and of the database are {apart:.0f} seconds apart" if apart > _CLOCK_SECONDS else None
    return Check("clock", fault, "synchronise both machines")


def _revision(session: Session) -> Check:
    readable = session.scalar(text("select has_table_privilege(to_regclass('public.alembic_version'), 'SELECT')"))
    if readable is None:
        fault: str | None = "the database does not contain a register"
    elif not readable:
        fault = "the application's role has no rights in this database"
    else:
        present, newest = migration.present_revision(session.connection()), migration.newest_revision()
        fault = None if present == newest else f"the database is at revision {present}, this version needs {newest}"
    return Check("revision", fault, "run coopapi migrate")


def _application_role(session: Session) -> Check:
    found = session.execute(
        text(
            "select rolname, rolsuper or rolbypassrls or rolcreaterole as exempt,"
            " exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace) as owner,"
            " exists (select from pg_auth_members m where m.member = r.oid) as member from pg_roles r where rolname = current_user",
        ),
    ).one()
    strong = found.exempt or found.owner or found.member
    fault = f"the role {found.rolname} has too many rights" if strong else None
    return Check(
        "application role",
        fault,
        "COOPAPI_DATABASE_URL must name a role that is no superuser, owns no table and is member of no other role",
    )


def _signing_keys(database: Database, session: Session) -> Check:
    """Check that every signing key was made with our key file, and that one of them signs."""
    found = signing_keys.read(session, database.keys)
    if found.forged:
        fault = (
            f"rows of signing_keys were not made with this key file, and are ignored: {', '.join(map(repr, found.forged[:_SHOWN]))}"
        )
        cure = "find out who wrote them, delete them as the owner, and run coopapi keys rotate"
        return Check("signing keys", fault, cure)
    return Check("signing keys", None if found.current else "there is no key to sign tokens", "run coopapi migrate")


def _rules(session: Session, role: str) -> Check:
    connection = session.connection()
    wrong = rules.differences(connection)
    if rules.recorded_source(connection) != rules.source_digest(migration.rules_folder(), role):
        wrong.insert(0, f"the rules were applied by another version, or for another role than {role}")
    shown = "; ".join(wrong[:_SHOWN]) + (f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else "")
    return Check("functions, policies and rights", shown or None, "run coopapi migrate")


_SHOWN: Final = 5

_SERVER_SETTINGS: Final = {
    "log_min_error_statement": ("panic", "fatal", "log"),
    "log_statement": ("none", "ddl"),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_parameter_max_length_on_error": ("0",),
}

_SERVICE_ROLES: Final = """
    select 'the role ' || rolname || ' is superuser, bypasses policies or creates roles' from pg_roles
    where rolname in ('coopapi_definer', 'coopapi_backup') and (rolsuper or rolbypassrls or rolcreaterole)
    union all select 'the role coopapi_definer can log in' from pg_roles where rolname = 'coopapi_definer' and rolcanlogin
    union all select 'the role ' || rolname || ' is missing'
    from (values ('coopapi_definer'), ('coopapi_backup')) r (rolname) where rolname not in (select rolname from pg_roles)"""

_NOT_BACKED_UP: Final = """
    select c.oid::regclass::text from pg_class c
    where c.relkind = 'r' and c.relnamespace in ('public'::regnamespace, 'priv'::regnamespace)
      and (not has_table_privilege('coopapi_backup', c.oid, 'SELECT')
        or c.relrowsecurity and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'backup')
        and c.oid <> 'priv.context_key'::regclass)
    order by 1"""

_STRANGER: Final = Actor(
    id=UUID(int=1),
    kind="client",
    name="stranger",
    authority_id=UUID(int=1),
    authority_name="nowhere",
    country=None,
    role=Role.INVESTIGATOR,
    roles=(Role.INVESTIGATOR,),
    victim_cleared=True,
    operator=False,
)
