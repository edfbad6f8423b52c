-- Exports: the worker makes them one after the other, each in the name of the person who asked for it.

-- Return the export that has waited longest, and the account of its person.
create function priv.next_export() returns table (id uuid, issuer text, subject text, role text, purpose text, again boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    return query
    select e.id, p.issuer, p.subject, e.role, e.purpose, PUT_OFF(exports, e.id)
    from public.exports e join public.principals p on p.id = e.principal_id
    where e.state in ('queued', 'running') and not RESTS(exports, e.id)
    order by e.worked_at nulls first, e.id limit 1;
end $$;

-- Return when the caller asked for exports in the last 24 hours, the latest first, also for cases that it sees no longer.
create function priv.latest_exports(p_most integer) returns table (asked_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
    select e.created_at from public.exports e
    where e.principal_id = (select priv.principal()) and e.created_at > (select priv.at()) - interval '24 hours'
    order by e.created_at desc limit p_most;
end $$;

-- Stop an export that cannot be made. What was made of it is deleted, and the auditors of its authority are told.
create function priv.stop_export(p_export uuid, p_reason text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    e public.exports;
begin
    perform priv.require_worker();
    update public.exports x set state = 'stopped', state_reason = p_reason, ended_at = (select priv.at()), wrapped = null,
            version = x.version + 1
        where x.id = p_export and x.state in ('queued', 'running') returning * into e;
    if e.id is null then
        return;
    end if;
    delete from public.export_pieces p where p.export_id = p_export;
    perform priv.append((
        select jsonb_agg(STOPPED(e) || jsonb_build_object('case_id', c.id)) from unnest(e.case_id || e.also_case_ids) c (id)));
end $$;

-- Delete the pieces and keys of exports whose time is over, at most p_most of them, and end those that nobody approved in time. Return how
-- many were deleted.
create function priv.delete_old_exports(p_most integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    old uuid[];
    entries jsonb;
begin
    perform priv.require_worker();
    select array_agg(o.id) into old from (
        select x.id from public.exports x where x.state = 'ready' and x.expires_at <= (select priv.at())
        order by x.expires_at limit p_most for update skip locked) o;
    delete from public.export_pieces p where p.export_id = any (old);
    update public.exports x set state = 'deleted', wrapped = null, ended_at = (select priv.at()), version = x.version + 1
        where x.id = any (old);
    with refused as (
        update public.exports x set state = 'refused', state_reason = 'expired', wrapped = null, ended_at = (select priv.at()),
                version = x.version + 1
            where x.state = 'waiting_for_approval' and x.created_at <= (select priv.at()) - interval '7 days' returning x.*)
    select jsonb_agg(STOPPED(r) || jsonb_build_object('case_id', c.id)) into entries
        from refused r cross join unnest(r.case_id || r.also_case_ids) c (id);
    if entries is not null then
        perform priv.append(entries);
    end if;
    return coalesce(cardinality(old), 0);
end $$;

-- Let an export be made that a second person approved. Return false if it no longer waits as it was when it was asked for.
create function priv.apply_export(p_approval uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.approvals := priv.take_approval(p_approval, 'export');
begin
    update public.exports x set state = 'queued', version = x.version + 1
        where x.id = a.object_id and x.version = a.object_version and x.state = 'waiting_for_approval';
    return found;
end $$;

-- End an export whose approval was refused.
create function priv.refuse_export(p_approval uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if (exists (select from public.approvals a where a.id = p_approval and a.kind = 'export' and a.state in ('rejected', 'withdrawn')
                and a.decided_by = (select priv.principal()))) is not true then
        raise exception 'the caller did not decide on this export' using errcode = '42501';
    end if;
    update public.exports x set state = 'refused', wrapped = null, ended_at = (select priv.at()), version = x.version + 1
        from public.approvals a
        where a.id = p_approval and x.id = a.object_id and x.state = 'waiting_for_approval';
end $$;

grant execute on function priv.next_export(), priv.latest_exports(integer), priv.stop_export(uuid, text), priv.delete_old_exports(integer), priv.apply_export(uuid),
    priv.refuse_export(uuid) to APP_ROLE;

-- An export is for the person who asked for it, and a prosecutor who answers for all its cases may know of it. Both need to read the cases,
-- and clearance if the person had it. An analyst may have timelines, and only for its own authority. Only an export that no second person
-- must approve, or that one has approved, is made.
grant select, insert,
    update (version, state, stage, after, place, subjects, identifiers, links, facts, entries, codes, left_out, pieces, size, digest, worked_at,
        ready_at, expires_at)
    on exports to APP_ROLE;
grant select, update on exports to coopapi_definer;
create policy seen on exports for select using (
    (principal_id = (select priv.principal()) or (select priv.role()) = 'prosecutor' and ANSWERING(exports.case_id)
        and not exists (select from unnest(also_case_ids) o (id) where not ANSWERING(o.id)))
    and GRANTED(exports.case_id, 2) and not exists (select from unnest(also_case_ids) o (id) where not GRANTED(o.id, 2)) and (not cleared or (select priv.cleared())));
create policy asked on exports for insert with check (
    principal_id = (select priv.principal()) and authority_id = (select priv.authority()) and role = (select priv.role())
    and (role in ('investigator', 'prosecutor')
         or role = 'analyst' and timeline is not null and recipient_id = (select priv.authority()) and not victims)
    and GRANTED(exports.case_id, 2) and not exists (select from unnest(also_case_ids) o (id) where not GRANTED(o.id, 2))
    and cleared = (select priv.cleared())
    and (not victims or cleared) and state = case when four_eyes then 'waiting_for_approval' else 'queued' end
    and (recipient_id is not distinct from (select priv.authority())
         or (recipient_id is not null or four_eyes) and ANSWERING(exports.case_id)
            and not exists (select from unnest(also_case_ids) o (id) where not ANSWERING(o.id))
            and not exists (select from public.cases c
                            where (c.id = exports.case_id or c.id = any (also_case_ids)) and c.visibility = 'hidden')));
create policy made on exports for update using (principal_id = (select priv.principal()) and state in ('queued', 'running'))
    with check (state in ('running', 'ready'));

grant select, insert on export_pieces to APP_ROLE;
grant select, delete on export_pieces to coopapi_definer;
create policy seen on export_pieces for select using (exists (
    select from public.exports e where e.id = export_pieces.export_id and e.principal_id = (select priv.principal())));
create policy made on export_pieces for insert with check (exists (
    select from public.exports e where e.id = export_pieces.export_id and e.principal_id = (select priv.principal())
    and e.state in ('queued', 'running')));
