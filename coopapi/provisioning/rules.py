"""Applies the functions, policies and grants in migrations/rules to a database, and compares them with what is there."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

_TEMPLATE: Final = re.compile(
    r"^-- template ([A-Z_]+)\((\w+(?:, \w+)*)\):[^\n]*\n(.*?)(?=^-- template |\Z)", re.MULTILINE | re.DOTALL
)
_FUNCTION: Final = re.compile(r"^create function (?:(?!^create )[^$])*\$\$.*?\$\$;", re.MULTILINE | re.DOTALL)
_ASKED: Final = re.compile(r"\(select priv\.(authority|principal|cleared|at)\(\)\)")
_ROLE: Final = re.compile(r"\bAPP_ROLE\b")

_CATALOG: Final = """
    select 'function' as kind, p.oid::regprocedure::text as name,
           pg_get_functiondef(p.oid) || pg_get_userbyid(p.proowner) || coalesce(p.proacl::text, '') as body
    from pg_proc p where p.pronamespace = 'priv'::regnamespace
    union all
    select 'policy', concat(p.policyname, ' on ', nullif(p.schemaname, 'public') || '.', p.tablename),
           concat_ws('|', p.permissive, p.roles::text, p.cmd, coalesce(p.qual, ''), coalesce(p.with_check, ''))
    from pg_policies p where p.schemaname in ('public', 'priv')
    union all
    select case c.relkind when 'r' then 'table' else 'sequence' end, c.oid::regclass::text,
           concat_ws('|', pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity, coalesce(c.relacl::text, ''),
                     (select string_agg(a.attname || a.attacl::text, ',' order by a.attname)
                      from pg_attribute a where a.attrelid = c.oid and a.attacl is not null))
    from pg_class c where c.relkind in ('r', 'S') and c.relnamespace in ('public'::regnamespace, 'priv'::regnamespace)
    union all
    select 'trigger', t.tgname || ' on ' || t.tgrelid::regclass, pg_get_triggerdef(t.oid) || t.tgenabled::text
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where not t.tgisinternal and c.relnamespace in ('public'::regnamespace, 'priv'::regnamespace)
    union all
    select 'schema', n.nspname,
           (select string_agg(concat_ws(' ', a.grantee::regrole, a.privilege_type), ',' order by a.grantee, a.privilege_type)
            from aclexplode(n.nspacl) a where a.grantee not in (0, n.nspowner))
    from pg_namespace n where n.nspname in ('public', 'priv')"""

_DIGESTS: Final = f"select kind, name, encode(sha256(convert_to(body, 'UTF8')), 'hex') as digest from ({_CATALOG}) as objects"  # noqa: S608

_RECORD: Final = text(f"insert into priv.rules (kind, name, digest) {_DIGESTS}")

_FOREIGN: Final = """
    select 'function' as kind, p.oid::regprocedure::text as name, 'is not ours' as fault from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')"""
"""Functions in the schema public. None of them is ours, and only those of an extension may be there."""

_DIFFERENCES: Final = text(
    f"""{_FOREIGN}
    union all
    select coalesce(n.kind, r.kind) as kind, coalesce(n.name, r.name) as name,
        case when n.name is null then 'is missing' when r.name is null then 'is not ours' else 'differs' end as fault
    from ({_DIGESTS}) n full join (select * from priv.rules where kind <> 'source') r on r.kind = n.kind and r.name = n.name
    where n.digest is distinct from r.digest order by 1, 2"""  # noqa: S608 (constants)
)

_CLEAR: Final = """do $$
declare
    found record;
    functions text;
begin
    for found in select c.oid::regclass as what from pg_class c
                 where c.relforcerowsecurity and c.relnamespace in ('public'::regnamespace, 'priv'::regnamespace) loop
        execute format('alter table %s no force row level security', found.what);
    end loop;
    for found in select * from pg_policies where schemaname in ('public', 'priv') loop
        execute format('drop policy %I on %I.%I', found.policyname, found.schemaname, found.tablename);
    end loop;
    for found in
        select t.tgname, t.tgrelid::regclass as what from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where not t.tgisinternal and c.relnamespace in ('public'::regnamespace, 'priv'::regnamespace)
    loop
        execute format('drop trigger %I on %s', found.tgname, found.what);
    end loop;
    select string_agg(p.oid::regprocedure::text, ', ') into functions from pg_proc p
    where p.pronamespace in ('priv'::regnamespace, 'public'::regnamespace)
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e');
    if functions is not null then
        execute 'drop routine ' || functions;
    end if;
    for found in
        select distinct c.oid::regclass as what, 'table' as kind, a.grantee, c.relowner as owner
        from pg_class c, aclexplode(c.relacl) a
        where c.relkind in ('r', 'S') and c.relnamespace in ('public'::regnamespace, 'priv'::regnamespace)
        union
        select distinct c.oid::regclass, 'table', a.grantee, c.relowner
        from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    loop
        if found.grantee <> found.owner then
            execute format('revoke all on table %s from %s', found.what,
                           case found.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(found.grantee)) end);
        end if;
    end loop;
    for found in
        select n.nspname, a.grantee from pg_namespace n, aclexplode(n.nspacl) a
        where n.nspname in ('public', 'priv') and a.grantee not in (0, n.nspowner)
    loop
        execute format('revoke all on schema %I from %I', found.nspname, pg_get_userbyid(found.grantee));
    end loop;
end $$"""


def read(folder: Path, app_role: str) -> Iterator[str]:
    """Yield the SQL of every file in the folder, in the order of their names, with the templates expanded.

    The folder contains `00_templates.sql` and the files with functions, policies and grants. `app_role` is the name of the role
    with which the application connects.
    """
    first, *others = sorted(folder.glob("*.sql"))
    templates = _TEMPLATE.findall(first.read_text())
    quoted = '"' + app_role.replace('"', '""') + '"'
    for file in others:
        sql = file.read_text()
        for name, parameters, body in templates:
            sql = _expand(sql, name, parameters.split(", "), body.strip())
        yield _ROLE.sub(lambda _: quoted, _FUNCTION.sub(_with_caller, sql))


def _with_caller(function: re.Match[str]) -> str:
    """Return the text of a function. If it has the variable `caller`, it uses that instead of asking each time who calls."""
    return _ASKED.sub(r"caller.\1", function[0]) if "caller record := priv.caller();" in function[0] else function[0]


def _expand(sql: str, name: str, parameters: list[str], body: str) -> str:
    if f"{name}(" not in sql:
        return sql  # most files use few templates, and the expression below takes much longer to find none
    call = re.compile(rf"\b{name}\(" + ", ".join([r"([\w.\[\]-]+)"] * len(parameters)) + r"\)")

    def expanded(found: re.Match[str]) -> str:
        return body.format(**dict(zip(parameters, found.groups(), strict=True)))

    done = call.sub(expanded, sql)
    if unfit := re.search(rf"\b{name}\([^\n]*", done):
        raise ValueError(f"{unfit[0]} does not fit the template {name}({', '.join(parameters)})")
    return done


def source_digest(folder: Path, app_role: str) -> str:
    """Return the SHA-256, in hexadecimal, of all rules as they would be applied for this role."""
    return sha256("\n".join(read(folder, app_role)).encode()).hexdigest()


def apply(connection: Connection, folder: Path, app_role: str) -> bool:
    """Replace all functions, policies and grants of the database with those in the folder. Returns whether this was necessary.

    Nothing is done if the same rules were applied before and the catalog has not changed since. The connection needs the owner's
    rights and membership in the role coopapi_definer.
    """
    digest = source_digest(folder, app_role)
    if recorded_source(connection) == digest and not differences(connection):
        return False
    clear(connection)
    connection.exec_driver_sql("set local check_function_bodies = off")
    for sql in read(folder, app_role):
        connection.exec_driver_sql(sql.replace("%", "%%"))
    connection.execute(text("delete from priv.rules"))
    connection.execute(_RECORD)
    connection.execute(text("insert into priv.rules values ('source', 'migrations/rules', :digest)"), {"digest": digest})
    return True


def clear(connection: Connection) -> None:
    """Remove all functions, policies and grants. The owner of the tables then reads and writes every row."""
    connection.exec_driver_sql(_CLEAR.replace("%", "%%"))


def recorded_source(connection: Connection) -> str | None:
    """Return the digest of the rules that were applied last, or None."""
    found: str | None = connection.scalar(text("select digest from priv.rules where kind = 'source'"))
    return found


def differences(connection: Connection) -> list[str]:
    """Return every function, policy, trigger, table, sequence and schema that has changed since the rules were applied."""
    return [f"{row.kind} {row.name} {row.fault}" for row in connection.execute(_DIFFERENCES)]
