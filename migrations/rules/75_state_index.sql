-- Tell whether a shared thing concerns a case that the authorities of a State keep from their desk: a hidden one, or one with `desk: none`.
create function priv.kept_from_desk(p_object uuid, p_country text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from (select q.case_id from public.parties q where q.object_id = p_object and q.case_id is not null
                     union all select s.case_id from public.shared_cases s where s.object_id = p_object
                     union all select r.case_id from public.mla_requests r where r.id = p_object and r.case_id is not null) x
        join public.cases c on c.id = x.case_id join public.authorities o on o.id = c.authority_id
        where o.country = p_country and (c.visibility = 'hidden' or c.desk = 'none'))
$$;

-- Return a page of the index of what the authorities of a State take part in, for the Eurojust desk of that State: the newest first, after
-- p_after, read for each authority and side in the order of an index. p_missed leaves only things of which a deadline was missed.
create function priv.state_index(p_type text, p_after uuid, p_limit integer, p_missed boolean)
returns table (id uuid, reference text, kind text, state text, countries text[], authority_id uuid, authority_name text, at timestamptz,
               due_at timestamptz, missed boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_bitmapscan = off set enable_sort = on as $$
#variable_conflict use_column
declare
    now_at timestamptz := (select priv.at());
    cleared boolean := (select priv.cleared());
    home text := (select a.country from public.authorities a
                  where a.id = (select priv.authority()) and a.type = 'eurojust_desk' and (select priv.role()) = 'desk');
    sides text[] := case p_type when 'request' then array ['requesting', 'executing', 'enforcing', 'forwarding']
                                when 'jit' then array ['negotiating'] when 'meeting' then array ['host', 'invited'] end;
begin
    if home is null then
        return;
    end if;
    if p_type = 'disclosure' then
        return query
        select distinct on (x.id) x.id, null::text, x.urgency, x.state, array [o.country, k.country], x.mine, x.name, x.asked_at, x.due_at,
               x.state = 'requested' and x.due_at < now_at
        from (select a.id as mine, a.name, d.*
              from public.authorities a cross join lateral (
                  (select f.*, f.owner_case as own from public.disclosures f
                   where f.owner_authority = a.id and (p_after is null or f.id < p_after) and (cleared or not f.victims_only)
                     and (not p_missed or f.state = 'requested' and f.due_at < now_at) and exists (
                         select from public.cases c where c.id = f.owner_case and c.visibility <> 'hidden' and c.desk = 'index')
                   order by f.id desc limit p_limit)
                  union all
                  (select f.*, f.asking_case from public.disclosures f
                   where f.asking_authority = a.id and (p_after is null or f.id < p_after) and (cleared or not f.victims_only)
                     and (not p_missed or f.state = 'requested' and f.due_at < now_at) and exists (
                         select from public.cases c where c.id = f.asking_case and c.visibility <> 'hidden' and c.desk = 'index')
                   order by f.id desc limit p_limit)) d
              where a.country = home) x
        join public.authorities o on o.id = x.owner_authority join public.authorities k on k.id = x.asking_authority
        order by x.id desc limit p_limit;
        return;
    end if;
    return query
    select distinct on (x.object_id) x.object_id, t.reference, t.kind, t.state, t.countries, x.mine, x.name, t.at,
           (select min(d.due_at) from public.deadlines d
            where d.object_id = x.object_id and d.met_at is null and d.cancelled_at is null and d.suspended_at is null), x.missed
    from (select a.id as mine, a.name, p.object_id, p.missed
          from public.authorities a cross join unnest(sides) s (side) cross join lateral (
              select q.object_id, m.missed from public.parties q cross join lateral (select exists (
                      select from public.deadlines d
                      where d.object_id = q.object_id and d.met_at is null and d.cancelled_at is null and d.suspended_at is null
                        and d.due_at < now_at) as missed) m
              where q.authority_id = a.id and q.side = s.side and (p_after is null or q.object_id < p_after)
                and (q.until is null or q.until > now_at) and (not p_missed or m.missed)
                and case p_type
                    when 'request' then exists (select from public.mla_requests r where r.id = q.object_id and r.transmitted_at is not null)
                    when 'jit' then exists (select from public.jits j where j.id = q.object_id)
                    else exists (select from public.meetings e where e.id = q.object_id) end
                and not priv.kept_from_desk(q.object_id, home)
              order by q.object_id desc limit p_limit) p
          where a.country = home) x
    cross join lateral (
        select r.reference, r.kind, r.state, array [k.country, r.executing_country] as countries, r.transmitted_at as at
        from public.mla_requests r join public.authorities k on k.id = r.requesting_id where p_type = 'request' and r.id = x.object_id
        union all
        select j.reference, 'jit', case when j.state = 'active' and j.until <= now_at then 'ended' else j.state end,
               array (select y.country from public.jit_parties y where y.jit_id = j.id and y.state = 'party' order by 1), j.created_at
        from public.jits j where p_type = 'jit' and j.id = x.object_id
        union all
        select e.reference, e.level, e.state, e.countries, coalesce(e.starts_at, e.created_at)
        from public.meetings e where p_type = 'meeting' and e.id = x.object_id) t
    order by x.object_id desc limit p_limit;
end $$;

-- Give a new desk the index access that it would have had if it had been there when the cases of its State were registered.
create function priv.give_desk_its_cases(p_desk uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_operator();
    insert into public.case_access (id, version, case_id, owner_id, authority_id, level, reason, granted_at)
        select priv.uuid7(), 1, c.id, c.authority_id, e.id, 1, 'desk of the country', (select priv.at())
        from public.authorities e join public.authorities o on o.country = e.country join public.cases c on c.authority_id = o.id
        where e.id = p_desk and e.type = 'eurojust_desk' and c.visibility <> 'hidden' and c.desk = 'index' and not exists (
            select from public.case_access r where r.case_id = c.id and r.authority_id = e.id and r.withdrawn_at is null);
end $$;

grant execute on function priv.state_index(text, uuid, integer, boolean), priv.give_desk_its_cases(uuid) to APP_ROLE;
