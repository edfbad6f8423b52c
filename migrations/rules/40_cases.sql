-- Return the caller's access level to a case. Functions that bypass the policies use it; it is the same rule as in the policies.
create function priv.level(p_case uuid) returns smallint
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return coalesce(LEVEL(p_case), 0);
end $$;

-- Tell whether the caller may decide who has access to a case: it has the highest level, or it is creating a case to which nobody has
-- access yet.
create function priv.may_grant_access(p_case uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.level(p_case) >= 4 or exists (select from public.cases c where c.id = p_case and c.authority_id = (select priv.authority()))
        and not exists (select from public.case_access g where g.case_id = p_case)
$$;

create function priv.require_level(p_case uuid, p_level integer) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if priv.level(p_case) < p_level then
        raise exception 'the caller has no access to the case' using errcode = '42501';
    end if;
end $$;

-- Tell whether an authority may become responsible for the cases of another one: it prosecutes or investigates as a judge in the same State.
create function priv.may_be_responsible(p_authority uuid, p_owner uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select (select priv.authority()) is not null and exists (
        select from public.authorities a join public.authorities o on o.country = a.country and o.id <> a.id
        where a.id = p_authority and o.id = p_owner and a.type in ('public_prosecutor', 'investigating_judge'))
$$;

-- Tell the owner and the named authority what became of its responsibility, and the authority that another one replaced just now. The owner
-- tells that it named the authority, and the authority what it answered.
create function priv.tell_responsible(p_grant uuid, p_action text, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    me uuid := (select priv.authority());
    g public.case_access;
begin
    select x.* into g from public.case_access x where x.id = p_grant and x.kind = 'responsible';
    if (case p_action when 'case.responsible_named' then priv.level(g.case_id) >= 4 and g.level = 1 and g.withdrawn_at is null
                      when 'case.responsible_accepted' then g.authority_id = me and g.level = 3 and g.withdrawn_at is null
                      when 'case.responsible_refused' then g.authority_id = me and g.level = 1 and g.withdrawn_by = (select priv.principal()) end
            ) is not true then
        raise exception 'the caller may not tell of this' using errcode = '42501';
    end if;
    perform priv.append((
        select jsonb_agg(jsonb_build_object(
            'authority_id', t.authority_id, 'at', (select priv.at()),
            'principal_id', case when t.authority_id = me then (select priv.principal()) end,
            'role', case when t.authority_id = me then (select priv.role()) else 'machine' end,
            'action', t.action, 'object_type', 'case', 'object_id', g.case_id, 'case_id', g.case_id, 'purpose', 'prosecution',
            'request_id', case when t.authority_id = me then p_request else '' end, 'consultation', false, 'event', true,
            'victims_only', false, 'detail', jsonb_build_object('access', g.id, 'responsible', g.authority_id)))
        from (values (g.owner_id, p_action), (g.authority_id, p_action)
              union all
              select x.authority_id, 'case.responsible_ended' from public.case_access x
              where x.case_id = g.case_id and x.kind = 'responsible' and x.id <> g.id and x.withdrawn_at = (select priv.at()))
             t (authority_id, action)));
end $$;

-- Record that the caller's authority accepts, or refuses, to be responsible for a case. The authority that was responsible before is not any
-- more as soon as another one accepts. Return whether the grant still had the expected version.
create function priv.answer_responsibility(p_grant uuid, p_version integer, p_accepts boolean, p_reason text, p_request text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    me uuid := (select priv.authority());
    g public.case_access;
begin
    perform from public.cases c where c.id = (select x.case_id from public.case_access x where x.id = p_grant and x.authority_id = me)
        for update;
    select x.* into g from public.case_access x where x.id = p_grant;
    if (g.authority_id = me and g.kind = 'responsible' and (select priv.role()) = 'prosecutor') is not true then
        raise exception 'the caller is not named as responsible' using errcode = '42501';
    end if;
    if g.version <> p_version or g.level <> 1 or g.withdrawn_at is not null then
        return false;
    end if;
    if p_accepts then
        update public.case_access x set withdrawn_at = (select priv.at()), withdrawn_by = (select priv.principal()),
                withdrawal_reason = 'another authority is responsible', version = x.version + 1
            where x.case_id = g.case_id and x.kind = 'responsible' and x.level = 3 and x.withdrawn_at is null;
        update public.case_access x set level = 3, version = x.version + 1 where x.id = p_grant;
    else
        update public.case_access x set withdrawn_at = (select priv.at()), withdrawn_by = (select priv.principal()),
                withdrawal_reason = coalesce(p_reason, ''), version = x.version + 1 where x.id = p_grant;
    end if;
    update public.cases c set version = c.version + 1, updated_at = (select priv.at()) where c.id = g.case_id;
    perform priv.tell_responsible(p_grant, case when p_accepts then 'case.responsible_accepted' else 'case.responsible_refused' end, p_request);
    return true;
end $$;

-- Open cases of the caller's authority with their data keys, and give the desk of its country index access, except to cases that are hidden or
-- not for the desk, or are shared with the desk anyway. p_cases holds their columns and, for each, `grant_id`, `wrapped` as hexadecimal digits and
-- `shared_with`. If a case that the caller sees has one of the references, its id is returned and nothing is written.
create function priv.open_cases(p_cases jsonb) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    home uuid := priv.authority();
    taken uuid;
begin
    select c.id into taken from jsonb_to_recordset(p_cases) r (reference_folded text) cross join lateral (
            select x.id from public.cases x where x.authority_id = home and x.reference_folded = r.reference_folded offset 0) c
        where GRANTED(c.id, 1) limit 1;
    if taken is not null then
        return taken;
    end if;
    if exists (select from jsonb_to_recordset(p_cases) r (authority_id uuid) where r.authority_id is distinct from home) then
        raise exception 'the caller opens cases of its own authority' using errcode = '42501';
    end if;
    insert into public.cases select r.* from jsonb_populate_recordset(null::public.cases, p_cases) r;
    insert into public.case_access (id, version, case_id, owner_id, authority_id, level, reason, granted_by, granted_at)
        select g.id, 1, r.id, home, g.authority_id, g.level, g.reason, (select priv.principal()), (select priv.at())
        from jsonb_to_recordset(p_cases) r (id uuid, grant_id uuid, visibility text, desk text, shared_with jsonb)
        cross join lateral (
            select r.grant_id, home, 4, 'owner'
            union all
            select priv.uuid7((select priv.at())), d.id, 1, 'desk of the country'
            from public.authorities d join public.authorities o on o.country = d.country
            where o.id = home and d.type = 'eurojust_desk' and r.visibility <> 'hidden' and r.desk <> 'none'
              and not r.shared_with ? d.id::text) g (id, authority_id, level, reason);
    insert into public.case_keys (case_id, wrapped)
        select r.id, decode(r.wrapped, 'hex') from jsonb_to_recordset(p_cases) r (id uuid, wrapped text);
    return null;
end $$;

grant execute on function priv.open_cases(jsonb), priv.level(uuid), priv.may_grant_access(uuid), priv.may_be_responsible(uuid, uuid),
    priv.tell_responsible(uuid, text, text), priv.answer_responsibility(uuid, integer, boolean, text, text) to APP_ROLE;

-- Only the matching functions (60_holdings.sql) change the visibility, in the same statement as the holdings.
grant select, insert,
    update (version, title, operation_name, case_type, crime_categories, desk, countries, visibility_reason, handling_code, handler_id,
            eurojust_number, siena_reference, ecodex_id, external_id, state, state_reason, updated_at, ended_at) on cases to APP_ROLE;
grant select, insert, update on cases to coopapi_definer;
create policy seen on cases for select using (GRANTED(cases.id, 1));
create policy opened on cases for insert with check (authority_id = (select priv.authority()));
-- Contributors of a case lock its row; only owners change it.
create policy changed on cases for update using (GRANTED(cases.id, 3)) with check (GRANTED(cases.id, 4));

grant select, insert, update (version, withdrawn_at, withdrawn_by, withdrawal_reason, kept_out) on case_access to APP_ROLE;
grant select, insert, update on case_access to coopapi_definer;
-- An authority does not see a grant to it that has not begun. Every access rule for cases reads this table.
create policy seen on case_access for select
    using (case (select priv.authority()) when owner_id then true when authority_id then since is null or since <= (select priv.at()) end);
-- A grant that makes an authority responsible begins with the level of the index. Only that authority raises it, by accepting.
create policy given on case_access for insert with check (
    owner_id = (select priv.authority()) and priv.may_grant_access(case_id)
    and (kind = 'access' or level = 1 and priv.may_be_responsible(authority_id, owner_id)));
create policy changed on case_access for update using (owner_id = (select priv.authority()) and priv.may_grant_access(case_id));

grant select, insert on case_keys to APP_ROLE;
grant select, insert on case_keys to coopapi_definer;
create policy seen on case_keys for select using (GRANTED(case_keys.case_id, 2));
create policy made on case_keys for insert with check (GRANTED(case_keys.case_id, 4));

grant select, insert, update (version, category, age_status, external_id) on subjects to APP_ROLE;
grant select on subjects to coopapi_definer;
create policy seen on subjects for select using (GRANTED(subjects.case_id, 2));
create policy made on subjects for insert with check (GRANTED(subjects.case_id, 3));
create policy changed on subjects for update using (GRANTED(subjects.case_id, 3));

grant select, insert on subject_categories to APP_ROLE;
create policy seen on subject_categories for select using (GRANTED(subject_categories.case_id, 2));
create policy made on subject_categories for insert with check (GRANTED(subject_categories.case_id, 3));

-- Identifiers are registered only by functions.
grant select,
    update (version, fingerprint, sealed, normaliser, strength, warnings, basis, source_grading, information_grading,
            handling_code, exceptional_reason, exceptional_until, external_id, same_as, withdrawn_at, withdrawal_reason) on identifiers to APP_ROLE;
grant select on identifiers to coopapi_definer;
create policy seen on identifiers for select using (GRANTED(identifiers.case_id, 2));
create policy changed on identifiers for update using (GRANTED(identifiers.case_id, 3));

-- Store an idempotency key of the caller. If it is being stored, wait until that is committed. If it is stored already, tell the service in a
-- notice, because an error would be written to the log of PostgreSQL: it rolls the transaction back, and looks for what was made.
create function priv.claim_key(p_key text, p_fingerprint bytea) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    said text[] := priv.context();
begin
    insert into public.idempotency_keys (principal_id, key, authority_id, fingerprint, created_at)
        values (nullif(said[2], '')::uuid, p_key, said[1]::uuid, p_fingerprint, TIME_IN(said)) on conflict do nothing;
    if not found then
        raise notice 'coopapi.known_key';
    end if;
end $$;

-- Note what was made under a key that was stored in this transaction. If a request with another content stored it, or something was made under it
-- already, refuse, because this may be sent in one round trip with priv.claim_key and all else.
create function priv.note_made(p_key text, p_fingerprint bytea, p_made jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    update public.idempotency_keys k set made = p_made
        where k.principal_id = (select priv.principal()) and k.key = p_key and k.fingerprint = p_fingerprint and k.made is null;
    if not found then
        raise exception 'the idempotency key was used meanwhile' using errcode = '40001';
    end if;
end $$;

-- Delete idempotency keys that were stored before a time, at most p_most of them. Return how many were deleted.
create function priv.forget_keys(p_before timestamptz, p_most integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    deleted bigint;
begin
    perform priv.require_worker();
    delete from public.idempotency_keys k where k.ctid = any (array (
        select x.ctid from public.idempotency_keys x where x.created_at < p_before limit p_most));
    get diagnostics deleted = row_count;
    return deleted;
end $$;

grant execute on function priv.claim_key(text, bytea), priv.note_made(text, bytea, jsonb), priv.forget_keys(timestamptz, integer) to APP_ROLE;

grant select, insert, update (made), delete on idempotency_keys to APP_ROLE;
grant select, delete on idempotency_keys to coopapi_definer;
create policy own on idempotency_keys using (principal_id = (select priv.principal()))
    with check (principal_id = (select priv.principal()) and authority_id = (select priv.authority()));
