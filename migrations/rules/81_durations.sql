-- How long things were in each state, and on whom a case waits. The states of requests are those of mla_stages; the states of other things are
-- recorded here whenever they change, whoever changes them.

-- Record the state that a thing entered. A step with a measure happened when its side says so if the measure began or ended with it.
create function priv.enter_stage() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    at_time timestamptz := coalesce((select priv.at()), clock_timestamp());
begin
    if tg_table_name = 'overlap_sides' then
        insert into public.object_stages (object_type, object_id, case_id, victims, was, state, since)
            values ('overlap', new.overlap_id, new.case_id, new.victims, case tg_op when 'INSERT' then 'detected' else old.state end, new.state, at_time);
        return null;
    end if;
    if tg_table_name = 'mla_measures' then
        if new.ended_at is not null and new.ended_at is distinct from old.ended_at then
            at_time := new.ended_at;
        elsif old.started_at is null and new.started_at is not null then
            at_time := new.started_at;
        end if;
    end if;
    insert into public.object_stages (object_type, object_id, was, state, since)
        values (tg_argv[0], new.id, old.state, new.state, at_time);
    return null;
end $$;

-- The first row of a side of an overlap is in its first state. A row for cleared people begins with a step.
create trigger stage_entered after update of state on overlap_sides
    for each row when (old.state is distinct from new.state) execute function priv.enter_stage('overlap');
create trigger stage_begun after insert on overlap_sides for each row when (new.victims) execute function priv.enter_stage('overlap');
create trigger stage_entered after update of state on mla_measures
    for each row when (old.state is distinct from new.state) execute function priv.enter_stage('measure');
create trigger stage_entered after update of state on disclosures
    for each row when (old.state is distinct from new.state) execute function priv.enter_stage('disclosure');
create trigger stage_entered after update of state on meetings
    for each row when (old.state is distinct from new.state) execute function priv.enter_stage('meeting');
create trigger stage_entered after update of state on jits
    for each row when (old.state is distinct from new.state) execute function priv.enter_stage('jit');

-- Return the sides of overlaps that were told of them, of one case or of all cases that the caller sees: by the evidence that it may see.
create function priv.own_sides(p_case uuid) returns table (overlap_id uuid, case_id uuid, strength smallint, at timestamptz)
language plpgsql stable rows 20000 security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    me uuid := (select priv.authority());
    cleared boolean := (select priv.cleared());
begin
    return query
    with own as materialized (
        select c.case_id from priv.own_cases() c where p_case is null
        union all
        select p_case where priv.level(p_case) >= 1)
    select x.id, x.case_id, x.strength, x.at
    from (select o.id, c.case_id, case when cleared then o.strength else o.open_strength end,
                 case when cleared then o.detected_a else o.open_detected_a end, o.hidden_a, o.hidden_b, o.authority_a, o.authority_b
          from own c join public.case_overlaps o on o.case_a = c.case_id
          union all
          select o.id, c.case_id, case when cleared then o.strength else o.open_strength end,
                 case when cleared then o.detected_b else o.open_detected_b end, o.hidden_a, o.hidden_b, o.authority_a, o.authority_b
          from own c join public.case_overlaps o on o.case_b = c.case_id) x (id, case_id, strength, at, hidden_a, hidden_b, authority_a, authority_b)
    where x.at is not null and (not x.hidden_a or x.authority_a = me) and (not x.hidden_b or x.authority_b = me)
      and x.id not in (select priv.unsettled());
end $$;

-- Return the states in which things were, each with its beginning and its end: of one case that the caller may read, or of everything that its
-- authority may read. p_types names the types of things; p_acted has the states of each kind of request in which its measures can be acted on.
-- `since` is null if it is not known, `until` also if the thing is still in the state (`is_last`). A measure begins when it can be acted on.
create function priv.timed_stages(p_case uuid, p_types text[], p_acted jsonb)
returns table (object_type text, object_id uuid, in_case uuid, kind text, place bigint, state text, since timestamptz, until timestamptz,
               is_last boolean)
language plpgsql stable rows 50000 security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    me uuid := (select priv.authority());
    now_at timestamptz := (select priv.at());
    cleared boolean := (select priv.cleared());
begin
    if p_case is not null then
        perform priv.require_level(p_case, 2);
    end if;
    return query
    with own as materialized (
        select c.case_id from priv.own_cases() c where p_case is null and c.level >= 2
        union all
        select p_case where p_case is not null),
    thing as materialized (
        select t.object_id, t.outgoing from priv.own_things() t where p_case is null
        union all
        select p.object_id, bool_or(p.side = 'requesting') from public.parties p
        where p_case is not null and p.case_id = p_case and p.authority_id = me and (p.until is null or p.until > now_at)
        group by p.object_id),
    request as materialized (
        select r.id, r.kind, s.state, s.since, row_number() over w as place, lead(s.since) over w as until, lead(s.id) over w is null as is_last
        from public.mla_requests r join thing t on t.object_id = r.id join public.mla_stages s on s.request_id = r.id
        where t.outgoing or s.state not in ('draft', 'validation_pending', 'ready')
        window w as (partition by s.request_id order by s.id)),
    begun as (
        select f.id, min(f.since) as at from request f where p_acted -> f.kind ? f.state group by f.id),
    start as materialized (
        select 'measure' as object_type, m.id, null::uuid as in_case, m.code as kind, 'pending' as state, b.at
        from begun b join public.mla_measures m on m.request_id = b.id where 'measure' = any (p_types)
        union all
        select 'overlap', s.overlap_id, s.case_id, (array ['none', 'weak', 'possible', 'strong'])[s.strength + 1], 'detected', s.at
        from priv.own_sides(p_case) s where 'overlap' = any (p_types)
        union all
        select 'disclosure', d.id, null, case when d.asking_case in (select o.case_id from own o) then 'outgoing' else 'incoming' end, 'requested',
               d.asked_at
        from public.disclosures d
        where 'disclosure' = any (p_types) and (cleared or not d.victims_only)
          and (d.asking_case in (select o.case_id from own o) or d.owner_case in (select o.case_id from own o))
        union all
        select 'meeting', m.id, null, m.level, m.state, m.created_at
        from public.meetings m join thing t on t.object_id = m.id where 'meeting' = any (p_types)
        union all
        select 'jit', j.id, null, j.legal_basis, j.state, j.created_at
        from public.jits j join thing t on t.object_id = j.id where 'jit' = any (p_types)),
    changed as materialized (
        select c.* from public.object_stages c join (select distinct s.id from start s) t on t.id = c.object_id where cleared or not c.victims),
    was as (
        select distinct on (c.object_id, c.case_id) c.object_id, c.case_id, c.was from changed c order by c.object_id, c.case_id, c.id),
    step as (
        select s.object_type, s.id, s.in_case, s.kind, 0::bigint as n, coalesce(w.was, s.state) as state, s.at as since
        from start s left join was w on w.object_id = s.id and w.case_id is not distinct from s.in_case
        union all
        select s.object_type, s.id, s.in_case, s.kind, c.id, c.state, c.since
        from start s join changed c on c.object_id = s.id and c.case_id is not distinct from s.in_case
        union all  -- a team whose time is over has ended
        select s.object_type, s.id, null, s.kind, 9223372036854775807, 'ended', j.until
        from start s join public.jits j on j.id = s.id where s.object_type = 'jit' and j.state = 'active' and j.until <= now_at)
    select 'request', f.id, null::uuid, f.kind, f.place, f.state, f.since, f.until, f.is_last from request f where 'request' = any (p_types)
    union all
    select s.object_type, s.id, s.in_case, s.kind, row_number() over w, s.state, s.since, lead(s.since) over w, lead(s.n) over w is null
    from step s window w as (partition by s.object_type, s.id, s.in_case order by s.n);
end $$;

-- Return how long things were in each state that they left in a time, and how many are in it now, by type, kind and state.
create function priv.duration_figures(p_types text[], p_acted jsonb, p_since timestamptz, p_until timestamptz)
returns table (type text, kind text, state text, now_in bigint, not_known bigint, hours jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_figures(false);
    return query
    select s.object_type, s.kind, s.state, count(*) filter (where s.is_last),
           count(*) filter (where not s.is_last and (s.since is null or s.until is null)),
           priv.spread(array_agg(priv.hours_between(s.since, s.until)) filter (where not s.is_last and s.since is not null and s.until is not null))
    from priv.timed_stages(null, p_types, p_acted) s
    where s.is_last or (p_since is null or s.until >= p_since) and (p_until is null or s.until < p_until)
    group by 1, 2, 3 order by 1, 2, 3;
end $$;

-- Return the case that is asked about. Without one, the functions below would tell of everything that the authority may read, which is counted only
-- for those who may have figures (priv.duration_figures).
create function priv.one_case(p_case uuid) returns uuid language plpgsql immutable as $$
begin
    if p_case is null then
        raise exception 'one case must be named' using errcode = '42501';
    end if;
    return p_case;
end $$;

-- Return a page of the things of a case after one, each with its states in order: in the order in which they began. p_after has the beginning, the
-- type, the kind and the id of the last thing of the page before. Ids of overlaps are random, so they decide last.
create function priv.page_of_durations(p_case uuid, p_types text[], p_acted jsonb, p_after text[], p_most integer)
returns table (type text, id uuid, kind text, state text, begun timestamptz, stages jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    return query
    select f.* from (
        select s.object_type as type, s.object_id as id, s.kind, max(s.state) filter (where s.is_last),
               coalesce(max(s.since) filter (where s.place = 1), 'infinity') as begun,
               jsonb_agg(jsonb_build_object('state', s.state, 'since', s.since, 'until', s.until,
                   'hours', round(priv.hours_between(s.since, case when s.is_last then (select priv.at()) else s.until end)::numeric, 1)) order by s.place)
        from priv.timed_stages(priv.one_case(p_case), p_types, p_acted) s
        group by s.object_type, s.object_id, s.kind) f
    where p_after is null or (f.begun, f.type, coalesce(f.kind, ''), f.id) > (p_after[1]::timestamptz, p_after[2], p_after[3], p_after[4]::uuid)
    order by f.begun, f.type, coalesce(f.kind, ''), f.id limit p_most;
end $$;

-- Return the times in which a case waited or waits for a step, and the authority whose step it was or is. p_steps has the awaited steps, the more
-- important ones first. Time before a request was forwarded is that of the authority that forwarded it.
create function priv.case_waits(p_case uuid, p_types text[], p_acted jsonb, p_steps jsonb, p_lapsing jsonb)
returns table (type text, id uuid, kind text, state text, step text, who text, authority_id uuid, name text, country text, since timestamptz,
               until timestamptz, waits boolean, due_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    me uuid := (select priv.authority());
    cleared boolean := (select priv.cleared());
begin
    return query
    with awaited as materialized (
        select z.* from jsonb_to_recordset(p_steps) z (place integer, type text, kinds text[], state text, side text, event text, who text))
    select s.object_type, s.object_id, s.kind, s.state, w.event,
           case when w.who is not null then w.who when x.id = me then 'own' when a.type = 'service_provider' then 'provider'
                when a.type in ('judge', 'court', 'investigating_judge') then 'court' when a.type = 'eurojust_desk' then 'eurojust_desk'
                else 'authority' end,
           x.id, a.name, coalesce(a.country, x.country), s.since, s.until, s.is_last and x.live, x.due_at
    from priv.timed_stages(priv.one_case(p_case), p_types, p_acted) s
    cross join lateral (
        select z.side, z.event, z.who from awaited z
        where z.type = s.object_type and z.state = s.state and (z.kinds is null or s.kind = any (z.kinds))
        order by z.place limit 1) w
    cross join lateral (
        select case w.side when 'requesting' then r.requesting_id when 'enforcing' then coalesce(r.enforcing_id, r.executing_id)
                   else coalesce((select p.authority_id from public.parties p
                                  where p.object_id = r.id and p.side = 'forwarding' and s.until <= p.since order by p.since limit 1), r.executing_id) end as id,
               case when w.side <> 'requesting' then r.executing_country end as country,
               s.object_type = 'request' or p_acted -> r.kind ? r.state as live,
               (select min(d.due_at) from public.deadlines d
                where d.object_id = r.id and d.owed_by = w.side and d.counts_as_due and d.met_at is null and d.cancelled_at is null
                  and d.suspended_at is null and (d.due_at > (select priv.at()) or not p_lapsing ? d.rule)
                  and (s.object_type = 'request' or d.item_id is null or d.item_id = s.object_id)) as due_at
        from public.mla_requests r
        where s.object_type in ('request', 'measure') and r.id = coalesce(
            (select m.request_id from public.mla_measures m where s.object_type = 'measure' and m.id = s.object_id), s.object_id)
        union all
        select case w.side when 'asking' then d.asking_authority else d.owner_authority end, null, true, case when s.is_last then d.due_at end
        from public.disclosures d where s.object_type = 'disclosure' and d.id = s.object_id
        union all
        select c.authority_id, null, case when cleared then o.strength else o.open_strength end > 0, null
        from public.cases c cross join public.case_overlaps o where s.object_type = 'overlap' and c.id = s.in_case and o.id = s.object_id
        union all
        select m.host_id, null, true, null from public.meetings m where s.object_type = 'meeting' and w.side = 'host' and m.id = s.object_id) x
    left join public.authorities a on a.id = x.id;
end $$;

-- Return on whom a case waited and waits, with hours added up over its things, and the p_most things that wait now: what is due first, then what
-- has waited for longest.
create function priv.case_waiting(p_case uuid, p_types text[], p_acted jsonb, p_steps jsonb, p_lapsing jsonb, p_most integer)
returns table (waited jsonb, waiting jsonb, total bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    now_at timestamptz := (select priv.at());
begin
    return query
    with wait as materialized (
        select v.*, priv.hours_between(v.since, case when v.waits then now_at else v.until end) as hours
        from priv.case_waits(p_case, p_types, p_acted, p_steps, p_lapsing) v),
    whom as (
        select v.who, v.authority_id, v.name, v.country, count(*) filter (where v.waits) as now_in,
               count(*) filter (where v.waits and v.due_at < now_at) as overdue, coalesce(sum(v.hours), 0) as hours,
               max(v.hours) filter (where v.waits) as longest, min(v.due_at) filter (where v.waits) as next_due
        from wait v group by 1, 2, 3, 4),
    first as (
        select v.* from wait v where v.waits order by v.due_at nulls last, v.since nulls last, v.type, v.kind, v.state, v.id limit p_most)
    select
        coalesce((select jsonb_agg(jsonb_build_object(
            'who', v.who, 'authority_id', v.authority_id, 'authority', v.name, 'country', v.country, 'waiting', v.now_in, 'overdue', v.overdue,
            'hours', round(v.hours::numeric, 1), 'longest_hours', round(v.longest::numeric, 1), 'next_due_at', v.next_due)
            order by v.hours desc, v.who, v.authority_id) from whom v), '[]'),
        coalesce((select jsonb_agg(jsonb_build_object(
            'type', v.type, 'id', v.id, 'kind', v.kind, 'state', v.state, 'step', v.step, 'who', v.who, 'authority_id', v.authority_id,
            'authority', v.name, 'country', v.country, 'since', v.since, 'hours', round(v.hours::numeric, 1), 'due_at', v.due_at,
            'overdue', coalesce(v.due_at < now_at, false)) order by v.due_at nulls last, v.since nulls last, v.type, v.kind, v.state, v.id)
            from first v), '[]'),
        (select count(*) from wait v where v.waits);
end $$;

grant execute on function priv.duration_figures(text[], jsonb, timestamptz, timestamptz),
    priv.page_of_durations(uuid, text[], jsonb, text[], integer),
    priv.case_waiting(uuid, text[], jsonb, jsonb, jsonb, integer) to APP_ROLE;
grant select, insert on object_stages to coopapi_definer;
