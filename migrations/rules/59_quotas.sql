-- Quotas: how many values that are new to their case a client, and an authority, may add to matching in an hour and in a day.
--
-- Before it registers values, the application announces them with priv.reserve or priv.open_registration, in a short transaction of its own.
-- Announced values are counted even if the registration is rolled back, and priv.hold and priv.register accept only announced values. So the
-- number of values that are compared with those of others never exceeds the quota. Values that the same case announced before are free.

-- Return the distinct values of some holdings: a digest of all tokens of an identifier, which is valid for one case only, and the cost of
-- the value. Most values cost one. A value that yields more than four evidence tokens, or more than 64 match keys of persons, costs more.
create function priv.values_of_cases(p_cases uuid[], p_identifiers uuid[], p_tokens bytea[], p_strengths smallint[])
returns table (case_id uuid, digest bytea, identifier_id uuid, cost bigint) language sql stable as $$
    select v.case_id, v.digest, (array_agg(v.identifier order by v.identifier))[1], max(v.cost)
    from (
        select t.case_id, t.identifier,
               sha256(uuid_send(t.case_id) || string_agg(t.token || case when t.exact then '\x01' else '\x00' end::bytea, '' order by t.token))
                   as digest,
               greatest(ceil(count(*) filter (where t.exact) / 4.0), ceil(count(*) / 64.0))::bigint as cost
        from (select u.case_id, u.identifier, u.token, max(u.strength) > 0 as exact
              from unnest(p_cases, p_identifiers, p_tokens, p_strengths) u (case_id, identifier, token, strength) group by 1, 2, 3) t
        group by t.case_id, t.identifier) v
    group by v.case_id, v.digest
$$;

create function priv.values_of(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_strengths smallint[])
returns table (digest bytea, identifier_id uuid, cost bigint) language sql stable as $$
    select v.digest, v.identifier_id, v.cost
    from priv.values_of_cases(array_fill(p_case, array[coalesce(cardinality(p_tokens), 0)]), p_identifiers, p_tokens, p_strengths) v
$$;

-- Return the holdings that wait until a person confirms that the case is hidden, and those of a visible case. Both are counted, because
-- hiding a case would otherwise bypass the quota for hidden cases.
create function priv.unconfirmed(p_case uuid, out identifiers uuid[], out tokens bytea[], out strengths smallint[]) language sql stable as $$
    select array_agg(x.identifier_id), array_agg(x.token), array_agg(x.strength)
    from (
        select p.identifier_id, p.token, p.strength from public.pending_holdings p where p.case_id = p_case
        union all
        select h.identifier_id, h.token, h.strength from public.holdings h
        where h.case_id = p_case and not h.hidden and not h.outdated) x
$$;

-- Tell whether some values were not announced yet, or not for a hidden case.
create function priv.unannounced(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_strengths smallint[], p_hidden boolean)
returns boolean language sql stable as $$
    select exists (
        select from priv.values_of(p_case, p_identifiers, p_tokens, p_strengths) v
        where not exists (
            select from public.registered_values r
            where ANNOUNCED(r, v, p_case, p_hidden) offset 0))
$$;

-- Return every quota that the caller's values count against, with the present use. A quota comes from the settings, which the application
-- signs with the context, or is set for the authority for a time. An authority may use a multiple of what one client may use. Windows start
-- with the hour and the day in UTC, and never start earlier than the last one.
create function priv.quota_lines(p_hidden boolean, p_said text[])
returns table (holder uuid, policy text, hidden boolean, length interval, own bigint, most bigint, since timestamptz, used bigint)
language sql stable as $$
    with caller as materialized (
        select p_said[1]::uuid authority, nullif(p_said[2], '')::uuid principal, TIME_IN(p_said) at,
               string_to_array(p_said[8], ',')::bigint[] settings),
    quota as (
        select c.*, coalesce((select array [q.hourly, q.daily, q.hidden_hourly, q.hidden_daily] from public.quotas q
                              where q.authority_id = c.authority and (q.until is null or q.until > c.at)), c.settings[1:4]) own
        from caller c),
    line as (
        select h.holder, p.policy, p.hidden, p.length, date_bin(p.length, c.at, 'epoch') begun, h.times, coalesce(c.own[p.place], 0) own
        from quota c
        cross join (values ('hour', 1, false, interval '1 hour'), ('day', 2, false, interval '1 day'),
                           ('hidden-hour', 3, true, interval '1 hour'), ('hidden-day', 4, true, interval '1 day'))
                       p (policy, place, hidden, length)
        cross join lateral (values (c.principal, 1::bigint), (c.authority, c.settings[5])) h (holder, times)
        where p_hidden or not p.hidden)
    select l.holder, l.policy, l.hidden, l.length, l.own, l.own * l.times, greatest(q.since, l.begun),
           case when q.since >= l.begun then q.used else 0 end
    from line l left join public.quota_use q on q.holder_id = l.holder and q.policy = l.policy
$$;

-- Return for each quota against which values of cases that are not hidden count: the limit, how many values are left, the seconds until it is
-- reset, and its length in seconds; the last two columns are those of priv.count_values, and say that nothing is wanted or refused.
create function priv.present_quotas()
returns table (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    return query
    with line as (
        select l.*, 0::bigint as wanted, (select priv.at()) as at from priv.quota_lines(false, (select priv.context())) l where (select priv.principal()) is not null)
    QUOTA_FIGURES(line, false, l.at);
end $$;

-- Report honey values among tokens: raise an alarm for the operator and write an entry that only the auditors of the caller's authority
-- read, because its other people may be those who guess. Each value is reported once an hour in each case; `quota_use` stores the time
-- under the id of the value and the case.
create function priv.notice_honey(p_case uuid, p_tokens bytea[]) returns void language plpgsql volatile as $$
declare
    honey record;
    said jsonb;
    entries jsonb := '[]';
begin
    for honey in
        select distinct v.id, v.kind from unnest(p_tokens) t (token) join public.honey_values v on v.token = t.token order by v.id
    loop
        insert into public.quota_use as q (holder_id, policy, since, used) values (honey.id, 'told ' || p_case, (select priv.at()), 0)
            on conflict (holder_id, policy) do update set since = excluded.since where q.since <= excluded.since - interval '1 hour';
        continue when not found;
        said := jsonb_build_object('honey', honey.id, 'kind', honey.kind, 'client', priv.principal(), 'case', p_case);
        entries := entries || priv.alarmed('00000000-0000-7000-8000-000000000001', 'honey_value',
            said || jsonb_build_object('authority', (select priv.authority()))) || jsonb_build_array(jsonb_build_object(
            'authority_id', (select priv.authority()), 'role', 'machine', 'at', (select priv.at()), 'action', 'honey_value.registered',
            'object_type', 'audit', 'purpose', 'lawfulness_monitoring', 'request_id', '', 'consultation', false, 'event', false,
            'victims_only', false, 'detail', said));
    end loop;
    if entries <> '[]' then
        perform priv.append(entries);
    end if;
end $$;

-- Return those of some cases that have registered values.
create function priv.with_values(p_cases uuid[]) returns uuid[] language sql stable as $$
    select array (select c.id from (select distinct u.id from unnest(p_cases) u (id)) c
                  where exists (select from public.registered_values x where x.case_id = c.id offset 0))
$$;

-- Count values that are new to their cases, unless that would exceed a quota. The arrays are parallel: the case of each value, whether that
-- case is hidden or about to be, the digest, identifier and cost of the value. p_in_hidden tells whether the quotas of hidden cases apply. What
-- the caller searched for lately is counted already. With p_search the values are remembered as searched for, and not as registered; without
-- p_known what is registered is counted too, because the use of the quota would tell the caller of it. Return the quotas as priv.reserve does.
create function priv.count_values(p_in_hidden boolean, p_cases uuid[], p_hidden boolean[], p_digests bytea[], p_identifiers uuid[],
                                  p_costs bigint[], p_search boolean default false, p_known boolean default true)
returns table (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean)
language plpgsql volatile as $$
#variable_conflict use_column
declare
    said text[] := priv.context();
    home uuid := said[1]::uuid;
    me uuid := nullif(said[2], '')::uuid;
    now_at timestamptz := TIME_IN(said);
    older uuid[];  -- of many values, only those of cases that have registered others before are looked up one by one; null if there are few
    quota record;
begin
    -- Lock one row of the authority for this short time. It stands for the rows of its clients too. The condition is never true: the row is
    -- locked and stays as it is.
    insert into public.quota_use (holder_id, policy, since, used) values (home, 'hour', 'epoch', 0)
        on conflict (holder_id, policy) do update set used = 0 where false;
    if p_known and cardinality(p_cases) > 100 then
        older := priv.with_values(p_cases);
    end if;
    with fresh as materialized (
        select coalesce(sum(v.cost) filter (where r.digest is null and s.digest is null), 0)::bigint as visible,
               coalesce(sum(v.cost) filter (where v.hidden and r.hidden is not true and s.hidden is not true), 0)::bigint as hidden
        from unnest(p_cases, p_hidden, p_digests, p_costs) v (case_id, hidden, digest, cost)
        left join lateral (
            select x.digest, x.hidden from public.registered_values x
            where p_known and (older is null or v.case_id = any (older)) and x.case_id = v.case_id and x.digest = v.digest offset 0) r on true
        left join public.searched_values s on s.principal_id = me and s.digest = v.digest and s.until > now_at),
    line as (
        select l.*, case when l.hidden then f.hidden else f.visible end as wanted from fresh f cross join priv.quota_lines(p_in_hidden, said) l)
    select coalesce(bool_or(l.wanted > 0 and l.used + l.wanted > l.most), true) as refused, max(l.wanted) as wanted,
           array_agg(l.holder) as holders, array_agg(l.policy) as policies, array_agg(l.hidden) as hidden, array_agg(l.length) as lengths,
           array_agg(l.own) as own, array_agg(l.most) as most, array_agg(l.since) as since, array_agg(l.used) as used,
           array_agg(l.wanted) as wanted_of into quota
        from line l;
    if not quota.refused and quota.wanted > 0 then
        insert into public.quota_use as q (holder_id, policy, since, used)
            select l.holder, l.policy, l.since, l.used + l.wanted
            from unnest(quota.holders, quota.policies, quota.since, quota.used, quota.wanted_of) l (holder, policy, since, used, wanted)
            on conflict (holder_id, policy) do update set since = excluded.since, used = excluded.used;
    end if;
    if not quota.refused and p_search then
        insert into public.searched_values as s (principal_id, digest, hidden, until)
            select me, v.digest, v.hidden, now_at + interval '24 hours' from unnest(p_hidden, p_digests) v (hidden, digest)
            on conflict (principal_id, digest) do update
                set hidden = excluded.hidden, until = case when s.until <= now_at then excluded.until else s.until end
                where s.until <= now_at or excluded.hidden and not s.hidden;
    elsif not quota.refused then
        insert into public.registered_values as r (case_id, digest, identifier_id, principal_id, hidden, at)
            select v.case_id, v.digest, v.identifier_id, me, v.hidden, now_at
            from unnest(p_cases, p_hidden, p_digests, p_identifiers) v (case_id, hidden, digest, identifier_id)
            where not exists (select from public.registered_values x
                              where (older is null or v.case_id = any (older)) and ANNOUNCED(x, v, v.case_id, v.hidden) offset 0)
            on conflict (case_id, digest) do update set hidden = true where excluded.hidden and not r.hidden;
    end if;
    return query
    with line as (
        select l.* from unnest(quota.policies, quota.hidden, quota.lengths, quota.own, quota.most, quota.since, quota.used, quota.wanted_of)
                        l (policy, hidden, length, own, most, since, used, wanted))
    QUOTA_FIGURES(line, quota.refused, now_at);
end $$;

-- Announce values that are about to be registered and count those that are new to the case. While a case waits to be hidden, its values
-- count as hidden. Without values, those that wait and those of a visible case are counted. p_hidden tells whether the case is about to be
-- hidden; null means that it stays as it is. Return for each quota: the limit, how many values are left, the seconds until it is reset, its
-- length in seconds, the number of new values announced, and whether that exceeded the quota. If it did, none is counted. Values of a
-- withdrawn case are not counted.
create function priv.reserve(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_strengths smallint[], p_hidden boolean)
returns table (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    home record;
begin
    select coalesce(p_hidden, c.visibility = 'hidden') as hidden, c.state = 'withdrawn' as ended
        into home from public.cases c where c.id = p_case and GRANTED(c.id, 3);
    if not found then
        raise exception 'the caller has no access to the case' using errcode = '42501';
    end if;
    if p_tokens is null then
        select u.identifiers, u.tokens, u.strengths into p_identifiers, p_tokens, p_strengths from priv.unconfirmed(p_case) u;
    end if;
    return query select q.policy, q.most, q.remaining, q.seconds, q.length, q.wanted, q.exceeded
        from priv.count_new(p_case, home.hidden, home.ended, p_identifiers, p_tokens, p_strengths) q;
end $$;

-- Count values for priv.reserve and priv.open_registration, which know that the caller may add to the case. If p_ended, the case was
-- withdrawn: its values take no part in matching, so none is counted. Return what priv.reserve returns, and whether all values are new.
create function priv.count_new(p_case uuid, p_hidden boolean, p_ended boolean, p_identifiers uuid[], p_tokens bytea[], p_strengths smallint[])
returns table (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean, all_new boolean)
language plpgsql volatile as $$
#variable_conflict use_column
declare
    values_in record;
    counted record;
begin
    select array_agg(v.digest order by v.digest) digests, array_agg(v.identifier_id order by v.digest) identifiers,
           array_agg(v.cost order by v.digest) costs, count(*)::integer as number, coalesce(sum(v.cost), 0) as cost,
           exists (select from unnest(p_tokens) t where octet_length(t) <> 32) as malformed,
           exists (select from unnest(p_tokens) t (token) join public.honey_values y on y.token = t.token) as honey into values_in
        from priv.values_of(p_case, p_identifiers, p_tokens, p_strengths) v where not p_ended;
    if values_in.malformed then
        raise exception 'the value is not a match token' using errcode = '22023';
    end if;
    select array_agg(q) quotas, coalesce(bool_or(q.exceeded), false) exceeded, min(q.wanted) = values_in.cost as all_new into counted
        from priv.count_values(p_hidden, array_fill(p_case, array[values_in.number]),
            array_fill(p_hidden, array[values_in.number]), values_in.digests, values_in.identifiers, values_in.costs) q;
    if values_in.honey and not counted.exceeded then
        perform priv.notice_honey(p_case, p_tokens);
    end if;
    return query select q.policy, q.most, q.remaining, q.seconds, q.length, q.wanted, q.exceeded, counted.all_new
        from unnest(counted.quotas) q (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean);
end $$;

-- Set the quotas of an authority's clients instead of those in the settings, until a date or without end. Without figures, the settings
-- apply again. The authority's auditors and administrators are told.
create function priv.write_quota(p_authority uuid, p_quotas bigint[], p_until timestamptz, p_reason text) returns void
language plpgsql volatile as $$
begin
    delete from public.quotas q where q.authority_id = p_authority;
    if p_quotas is not null then
        insert into public.quotas (authority_id, hourly, daily, hidden_hourly, hidden_daily, until, reason, set_by, set_at)
            values (p_authority, p_quotas[1], p_quotas[2], p_quotas[3], p_quotas[4], p_until, p_reason, (select priv.principal()), (select priv.at()));
    end if;
    perform priv.alarm(p_authority, 'quota_changed', jsonb_build_object('quotas', p_quotas, 'until', p_until));
end $$;

create function priv.set_quota(p_authority uuid, p_quotas bigint[], p_until timestamptz, p_reason text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if priv.is_machine() is not true then
        raise exception 'quotas are set from the command line or by two administrators of the operator' using errcode = '42501';
    end if;
    perform priv.write_quota(p_authority, p_quotas, p_until, p_reason);
end $$;

-- Return a number that identifies the present quotas of an authority, so that a request changes only the quotas it was made for; 0 if it
-- has none.
create function priv.quota_version(p_authority uuid) returns integer
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((select hashtext(q::text) from public.quotas q where q.authority_id = p_authority), 0)
    where (select priv.operator()) and (select priv.role()) = 'admin'
$$;

-- Apply quotas that a second administrator of the operator approved. Return 'done', or 'stale' if they were changed since the request.
create function priv.apply_quota(p_approval uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.approvals := priv.take_approval(p_approval, 'quota');
begin
    if a.authority_id <> '00000000-0000-7000-8000-000000000001' then
        raise exception 'only the operator decides on quotas' using errcode = '42501';
    end if;
    if a.object_version <> priv.quota_version(a.object_id) or (a.change ->> 'until')::timestamptz <= priv.at() then
        return 'stale';
    end if;
    perform priv.write_quota(a.object_id, array (select jsonb_array_elements_text(a.change -> 'quotas')::bigint),
        (a.change ->> 'until')::timestamptz, a.change ->> 'reason');
    return 'done';
end $$;

-- Tell whether a person confirmed that the case is hidden. What a machine client hides without such a confirmation does not take part in
-- matching.
create function priv.hiding_confirmed(p_case uuid) returns boolean language sql stable as $$
    select exists (select from public.hiding_confirmations h where h.case_id = p_case)
$$;

create function priv.confirm_hiding(p_case uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_level(p_case, 4);
    if not exists (select from public.principals p where p.id = priv.principal() and p.kind = 'person' and p.active) then
        raise exception 'only a person may decide whether a case is hidden' using errcode = '42501';
    end if;
    insert into public.hiding_confirmations (case_id, principal_id, at) values (p_case, (select priv.principal()), (select priv.at()))
        on conflict do nothing;
end $$;

-- The operator adds, lists and removes honey values.
create function priv.plant_honey(p_id uuid, p_kind text, p_tokens bytea[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_operator();
    insert into public.honey_values (token, id, kind, added_at) select t, p_id, p_kind, (select priv.at()) from unnest(p_tokens) t
        on conflict do nothing;
end $$;

create function priv.honey() returns table (id uuid, kind text, added_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_operator();
    return query select v.id, min(v.kind), min(v.added_at) from public.honey_values v group by v.id order by 3, 1;
end $$;

create function priv.remove_honey(p_id uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_operator();
    delete from public.honey_values v where v.id = p_id;
    return found;
end $$;

grant execute on function priv.reserve(uuid, uuid[], bytea[], smallint[], boolean), priv.present_quotas(),
    priv.set_quota(uuid, bigint[], timestamptz, text), priv.quota_version(uuid), priv.apply_quota(uuid), priv.confirm_hiding(uuid),
    priv.plant_honey(uuid, text, bytea[]), priv.honey(), priv.remove_honey(uuid) to APP_ROLE;

grant select, insert, update on registered_values, quota_use to coopapi_definer;
grant select, insert, update, delete on searched_values to coopapi_definer;
grant select, insert, delete on quotas, honey_values, hiding_confirmations to coopapi_definer;
grant select, insert, update, delete on pending_holdings to coopapi_definer;
