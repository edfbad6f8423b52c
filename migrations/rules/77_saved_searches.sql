-- Saved searches. The worker compares them with things that their owners see for the first time, or of which they see something else than before, in
-- the name of each owner, and tells the owner of what was found for the first time. What a search finds when it is saved is known to its owner.

-- Return saved searches that wait to be compared with things, each with up to p_each of these, at most p_most searches. A search whose owner
-- lost the account or the role, or that ended, waits no more.
create function priv.searches_to_check(p_most integer, p_each integer)
returns table (id uuid, issuer text, subject text, role text, sealed bytea, filters jsonb, objects uuid[], again boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_worker();
    delete from public.saved_search_checks c using public.saved_searches s join public.principals p on p.id = s.principal_id
        where s.id = c.search_id and not (s.active and p.active and s.role = any (p.roles));
    return query
    select s.id, p.issuer, p.subject, s.role, s.sealed, s.filters, w.objects, PUT_OFF(searches, s.id)
    from (select c.search_id from public.saved_search_checks c where not RESTS(searches, c.search_id) group by c.search_id order by min(c.n) limit p_most) f
    join public.saved_searches s on s.id = f.search_id join public.principals p on p.id = s.principal_id
    cross join lateral (select array (select c.object_id from public.saved_search_checks c where c.search_id = s.id
                                      order by c.n limit p_each) as objects) w;
end $$;

-- Note that a saved search was compared with things, and tell its owner of those that were found (parallel arrays of ids and kinds). What was
-- told before, or by another worker at the same time, is not told again.
create function priv.tell_found(p_search uuid, p_compared uuid[], p_found uuid[], p_kinds text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    entries jsonb;
begin
    perform priv.require_worker();
    perform from public.saved_searches s where s.id = p_search for update;
    delete from public.saved_search_checks c where c.search_id = p_search and c.object_id = any (p_compared);
    with fresh as (
        insert into public.saved_search_finds (search_id, object_id, kind, at)
            select p_search, u.object_id, u.kind, (select priv.at()) from unnest(p_found, p_kinds) u (object_id, kind)
            on conflict do nothing returning object_id, kind)
    select coalesce(jsonb_agg(jsonb_build_object(
        'authority_id', s.authority_id, 'at', (select priv.at()), 'role', 'machine', 'action', 'search.found', 'object_type', 'savedsearch',
        'object_id', s.id, 'purpose', 'cross_check', 'request_id', '', 'consultation', false, 'event', true, 'victims_only', false,
        'detail', jsonb_build_object('kind', f.kind, 'found', f.object_id)) order by f.object_id), '[]') into entries
        from fresh f join public.saved_searches s on s.id = p_search;
    perform priv.append(entries);
end $$;

-- Note what a new search of the caller finds (parallel arrays of ids and kinds), so that it is not told later.
create function priv.know_found(p_search uuid, p_found uuid[], p_kinds text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from public.saved_searches s where s.id = p_search and s.principal_id = (select priv.principal())) then
        raise exception 'the caller keeps no such search' using errcode = '42501';
    end if;
    insert into public.saved_search_finds (search_id, object_id, kind, at)
        select p_search, u.object_id, u.kind, (select priv.at()) from unnest(p_found, p_kinds) u (object_id, kind) on conflict do nothing;
end $$;

grant execute on function priv.searches_to_check(integer, integer), priv.tell_found(uuid, uuid[], uuid[], text[]),
    priv.know_found(uuid, uuid[], text[]) to APP_ROLE;

grant select, insert, update (version, sealed, filters, active, updated_at) on saved_searches to APP_ROLE;
grant select, update on saved_searches to coopapi_definer;
-- A saved search is for the person or client alone who keeps it.
create policy seen on saved_searches for select using (principal_id = (select priv.principal()));
create policy made on saved_searches for insert with check (
    principal_id = (select priv.principal()) and authority_id = (select priv.authority()) and role = (select priv.role()));
create policy changed on saved_searches for update using (principal_id = (select priv.principal()));

grant select, insert, delete on saved_search_checks to coopapi_definer;
grant select, insert on saved_search_finds to coopapi_definer;
