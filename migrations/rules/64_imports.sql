-- Imports: the worker takes them one after the other, and acts in the name of the client that sent each.

-- Return the import whose next lines are to be processed, and the account of its client: the one that has waited longest of those that are the
-- oldest unfinished import of their client and do not wait for a quota.
create function priv.next_import() returns table (id uuid, issuer text, subject text, role text, purpose text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    return query
    select i.id, p.issuer, p.subject, i.role, i.purpose
    from public.imports i join public.principals p on p.id = i.principal_id
    where i.ended_at is null and (i.waits_until is null or i.waits_until <= (select priv.at()))
      and not exists (select from public.imports e where e.principal_id = i.principal_id and e.ended_at is null and e.id < i.id)
    order by i.worked_at nulls first, i.id limit 1;
end $$;

-- Stop an import, because its client may not go on. What is staged of it is deleted, and its authority's auditors are told.
create function priv.stop_import(p_import uuid, p_reason text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    home uuid;
begin
    perform priv.require_worker();
    update public.imports i set state = 'stopped', state_reason = p_reason, ended_at = (select priv.at()), waits_until = null,
            wrapped = null, version = i.version + 1
        where i.id = p_import and i.ended_at is null returning i.authority_id into home;
    if home is null then
        return;
    end if;
    delete from public.import_chunks c where c.import_id = p_import;
    update public.import_lines l set sealed = null where l.import_id = p_import and l.sealed is not null;
    perform priv.append(jsonb_build_array(jsonb_build_object(
        'authority_id', home, 'at', (select priv.at()), 'role', 'machine', 'action', 'import.stopped', 'object_type', 'import',
        'object_id', p_import, 'purpose', 'investigation', 'request_id', '', 'consultation', false, 'event', true, 'victims_only', false,
        'detail', jsonb_build_object('reason', p_reason))));
end $$;

-- Delete the results of lines of imports that ended before a time, at most p_most of them. Return how many were deleted.
create function priv.forget_import_lines(p_before timestamptz, p_most integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    deleted bigint;
begin
    perform priv.require_worker();
    with old as (
        select l.import_id, l.line from public.import_lines l
        where l.import_id in (select i.id from public.imports i where i.ended_at < p_before) limit p_most)
    delete from public.import_lines l using old o where l.import_id = o.import_id and l.line = o.line;
    get diagnostics deleted = row_count;
    return deleted;
end $$;

-- Announce values of several cases in the transaction that registers them, as priv.reserve does for one case. The values of the n-th case
-- end at place p_ends[n] of the parallel arrays. Return the quotas as they are after the last case whose values were counted.
create function priv.reserve_each(p_cases uuid[], p_ends integer[], p_identifiers uuid[], p_tokens bytea[], p_strengths smallint[])
returns table (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    first integer := 1;
    lines record;
begin
    for n in 1 .. cardinality(p_cases) loop
        select array_agg(r) quotas, coalesce(bool_or(r.exceeded), false) exceeded into lines
            from priv.reserve(p_cases[n], p_identifiers[first:p_ends[n]], p_tokens[first:p_ends[n]], p_strengths[first:p_ends[n]], null) r;
        exit when lines.exceeded;
        first := p_ends[n] + 1;
    end loop;
    return query select q.policy, q.most, q.remaining, q.seconds, q.length, q.wanted, q.exceeded
        from unnest(lines.quotas) q (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean);
end $$;

-- Register new identifiers of several cases, as priv.register does for one case. The n-th members of p_rows and p_links are those of the
-- n-th case, and its holdings end at place p_ends[n] of the parallel arrays. Return the ids of those that are new.
create function priv.register_each(p_cases uuid[], p_ends integer[], p_rows jsonb, p_links jsonb, p_identifiers uuid[], p_tokens bytea[],
                                   p_families text[], p_strengths smallint[], p_kinds text[], p_common boolean[]) returns uuid[]
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    first integer := 1;
    made uuid[];
    fresh uuid[];
begin
    for n in 1 .. cardinality(p_cases) loop
        select r.fresh into made from priv.register(p_cases[n], p_rows -> (n - 1), p_links -> (n - 1), p_identifiers[first:p_ends[n]],
            p_tokens[first:p_ends[n]], p_families[first:p_ends[n]], p_strengths[first:p_ends[n]], p_kinds[first:p_ends[n]],
            p_common[first:p_ends[n]]) r;
        fresh := fresh || made;
        first := p_ends[n] + 1;
    end loop;
    return fresh;
end $$;

grant execute on function priv.next_import(), priv.stop_import(uuid, text), priv.forget_import_lines(timestamptz, integer),
    priv.reserve_each(uuid[], integer[], uuid[], bytea[], smallint[]),
    priv.register_each(uuid[], integer[], jsonb, jsonb, uuid[], bytea[], text[], smallint[], text[], boolean[]) to APP_ROLE;

-- The client that sent an import, and the investigators of its authority, read what became of it. The client's own transactions write it.
grant select, insert,
    update (version, state, lines, read, stored, updated, withdrawn, unchanged, refused, conflicts, worked, wrapped, started_at, worked_at,
            waits_until, ended_at) on imports to APP_ROLE;
grant select, update on imports to coopapi_definer;
create policy seen on imports for select using (authority_id = (select priv.authority())
    and (principal_id = (select priv.principal()) or (select priv.role()) = 'investigator'));
create policy sent on imports for insert with check (
    authority_id = (select priv.authority()) and principal_id = (select priv.principal()) and (select priv.role()) = 'system');
create policy changed on imports for update using (principal_id = (select priv.principal()) and (select priv.role()) = 'system');

grant select, insert, delete on import_chunks to APP_ROLE;
grant select, delete on import_chunks to coopapi_definer;
create policy own on import_chunks using (exists (
    select from public.imports i where i.id = import_chunks.import_id and i.principal_id = (select priv.principal())));

grant select, insert, update (sealed) on import_lines to APP_ROLE;
grant select, update (sealed), delete on import_lines to coopapi_definer;
create policy seen on import_lines for select using (exists (
    select from public.imports i where i.id = import_lines.import_id
    and (i.ended_at is null or i.ended_at > (select priv.at()) - interval '30 days')));
create policy made on import_lines for insert with check (exists (
    select from public.imports i where i.id = import_lines.import_id and i.principal_id = (select priv.principal())));
create policy changed on import_lines for update using (exists (
    select from public.imports i where i.id = import_lines.import_id and i.principal_id = (select priv.principal())));

grant select, insert, update (row_id, principal_id, version, digest, withdrawn) on imported_rows to APP_ROLE;
create policy seen on imported_rows for select using (authority_id = (select priv.authority()) and (select priv.role()) = 'system');
create policy made on imported_rows for insert with check (
    authority_id = (select priv.authority()) and principal_id = (select priv.principal()));
create policy changed on imported_rows for update using (principal_id = (select priv.principal()));
