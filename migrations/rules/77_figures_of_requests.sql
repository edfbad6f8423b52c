-- Figures about requests for assistance. They are counted in sets: the rights of the caller are two sets of ids, and no policy is evaluated row by
-- row. A request counts from the moment at which it was sent, in the period of that moment (UTC).

-- Return the shared things that the caller may read through a part of its authority, and whether it asks in them.
create function priv.own_things() returns table (object_id uuid, outgoing boolean)
language sql stable rows 20000 security definer set search_path = pg_catalog, pg_temp as $$
    select p.object_id, bool_or(p.side = 'requesting')
    from public.parties p
    where p.authority_id = (select priv.authority()) and (p.until is null or p.until > (select priv.at()))
      and (p.case_id is null or p.case_id in (
          select g.case_id from public.case_access g where g.authority_id = (select priv.authority()) and g.level >= 2 and LIVE(g)))
    group by p.object_id
$$;

-- Return the shared things of all authorities that count in published figures: none that belongs to a case that is hidden now, and no request that
-- was made because of an overlap about victims alone.
create function priv.published_things() returns table (object_id uuid, outgoing boolean)
language sql stable rows 20000 security definer set search_path = pg_catalog, pg_temp as $$
    select p.object_id, null::boolean
    from public.parties p
    where not exists (select from public.parties q join public.cases c on c.id = q.case_id
                      where q.object_id = p.object_id and c.visibility = 'hidden')
      and not exists (select from public.shared_cases s join public.cases c on c.id = s.case_id
                      where s.object_id = p.object_id and c.visibility = 'hidden')
      and not exists (select from public.mla_requests r left join public.cases c on c.id = r.case_id
                      left join public.case_overlaps o on o.id = r.overlap_id
                      where r.id = p.object_id and (c.visibility = 'hidden' or o.open_strength = 0 or o.hidden_a or o.hidden_b))
    group by p.object_id
$$;

-- The planner expects one row behind so many filters, so it is kept from joining row by row.
-- Return what statistics need of each request that was sent and that counts: for the caller, or for publication. Codes that a request does not
-- have are `none`, those that are not known are `unknown`. What is confided spontaneously is not known to its receiver before it accepts. `no_limits` of
-- p_wanted are the rules of deadlines that are no time limits: they are neither kept nor missed. Of `only`, kind
-- and direction are checked here already, so that less is read; IN_GROUPS checks all of it.
create function priv.requests_to_count(p_published boolean, p_wanted jsonb)
returns table (id uuid, direction text, year text, quarter text, requesting_country text, executing_country text, regions text[], kind text,
               instrument text, urgency text, channel text, requesting_authority text, executing_authority text, measures text[],
               data_categories text[], crime_categories text[], outcome text, refusal_grounds text[], validation text, received boolean,
               acknowledged boolean, acknowledged_on_time boolean, kept boolean, postponed boolean, enforcement boolean, notified boolean,
               hours real, preserved boolean, over boolean, followed_after real, sent_at timestamptz)
language plpgsql stable rows 20000 security definer set search_path = pg_catalog, pg_temp
    set enable_nestloop = off as $$
#variable_conflict use_column
declare
    now_at timestamptz := (select priv.at());
    v_since timestamptz := (p_wanted ->> 'since')::timestamptz;
    v_until timestamptz := (p_wanted ->> 'until')::timestamptz;
    v_kind text := p_wanted #>> '{only,kind}';
    v_direction text := p_wanted #>> '{only,direction}';
begin
    return query
    with thing as materialized (
        select t.object_id, t.outgoing from priv.own_things() t where not p_published
        union all
        select t.object_id, t.outgoing from priv.published_things() t where p_published),
    clock as materialized (
        select d.object_id,
               bool_and(d.met_at is not null and d.met_at <= d.due_at) filter (where d.rule = 'eio_ack') as acknowledged,
               bool_and(case when d.met_at is not null then d.met_at <= d.due_at else d.due_at >= now_at end) as kept
        from public.deadlines d join thing t on t.object_id = d.object_id
        where d.object_type = 'request' and d.owed_by = 'executing' and d.cancelled_at is null and d.suspended_at is null
          and not coalesce(p_wanted -> 'no_limits' ? d.rule, false)
        group by d.object_id),
    later as materialized (
        select n.previous_id, min(n.transmitted_at) as at
        from public.mla_requests n join thing t on t.object_id = n.id
        where n.previous_id is not null and n.transmitted_at is not null group by n.previous_id)
    select r.id, case when t.outgoing then 'outgoing' when not t.outgoing then 'incoming' else 'none' end,
           to_char(r.transmitted_at at time zone 'UTC', 'YYYY'), to_char(r.transmitted_at at time zone 'UTC', 'YYYY-"Q"Q'),
           coalesce(r.requesting_country, 'none'), coalesce(r.executing_country, 'none'),
           coalesce((select array_agg(x) from jsonb_array_elements_text(p_wanted -> 'regions' -> case
               when t.outgoing is false then r.requesting_country else r.executing_country end) x), array ['none']),
           r.kind, coalesce(r.instrument, 'none'), r.urgency, coalesce(r.channel, 'unknown'), r.requesting_id::text,
           coalesce(r.executing_id::text, 'none'), priv.or_none(r.measure_codes),
           case when x.confided then array ['unknown'] else priv.or_none(r.data_categories) end,
           case when x.confided then array ['unknown'] else priv.or_none(r.crime_categories) end,
           coalesce(r.outcome, 'pending'), priv.or_none(r.refusal_grounds), r.validation, r.received_at is not null,
           r.acknowledged_at is not null, c.acknowledged, c.kept, r.postponed_at is not null, r.enforcement_at is not null,
           r.enforcing_id is not null,
           case when r.outcome in ('fulfilled', 'partly_fulfilled') and r.obtained_at is not null
                then priv.hours_between(r.transmitted_at, r.obtained_at) end,
           r.kind in ('preservation', 'epoc_pr') and r.outcome = 'fulfilled',
           r.state in ('released', 'expired') or r.until < now_at,
           priv.hours_between(r.transmitted_at, l.at), r.transmitted_at
    from public.mla_requests r
    join thing t on t.object_id = r.id
    left join clock c on c.object_id = r.id
    left join later l on l.previous_id = r.id
    cross join lateral (select r.kind = 'spontaneous_information' and t.outgoing is not true
                               and r.state not in ('accepted', 'closed') as confided) x
    where r.transmitted_at is not null and r.state not in ('draft', 'validation_pending', 'ready')
      and (v_since is null or r.transmitted_at >= v_since) and (v_until is null or r.transmitted_at < v_until)
      and (v_kind is null or r.kind = v_kind) and (v_direction is null or t.outgoing = (v_direction = 'outgoing'));
end $$;

-- Return a list of codes, or `none` for an empty one, so that what has no code counts too.
create function priv.or_none(p_codes text[]) returns text[] language sql immutable as $$
    select case when cardinality(p_codes) = 0 then array ['none'] else p_codes end
$$;

-- Return the figures of each group of requests. p_by names up to three dimensions; a request with several codes of one counts in several groups.
-- `only` of p_wanted has the codes that things must have in dimensions.
create function priv.request_figures(p_published boolean, p_by text[], p_wanted jsonb) returns table (keys text[], figures jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_figures(p_published);
    return query
    with keyed as materialized (
        select array [k1, k2, k3] as keys, f.*
        from priv.requests_to_count(p_published, p_wanted) f
        IN_GROUPS(REQUEST_DIMENSION)),
    ground as (
        select n.keys, jsonb_object_agg(n.code, n.number) as refused
        from (select k.keys, g as code, count(*) as number from keyed k cross join unnest(k.refusal_grounds) g
              where k.outcome = 'refused' group by 1, 2) n
        group by n.keys)
    select q.keys[1:cardinality(p_by)], q.figures || jsonb_build_object('refused_by_ground', coalesce(g.refused, '{}'))
    from (select k.keys, jsonb_build_object(
        'issued', count(*), 'received', count(*) filter (where k.received), 'acknowledged', count(*) filter (where k.acknowledged),
        'acknowledged_on_time', count(*) filter (where k.acknowledged_on_time),
        'acknowledged_late', count(*) filter (where not k.acknowledged_on_time),
        'deadlines_kept', count(*) filter (where k.kept), 'deadlines_missed', count(*) filter (where not k.kept),
        'fulfilled', count(*) filter (where k.outcome = 'fulfilled'),
        'partly_fulfilled', count(*) filter (where k.outcome = 'partly_fulfilled'),
        'not_fulfilled', count(*) filter (where k.outcome = 'not_fulfilled'),
        'refused', count(*) filter (where k.outcome = 'refused'), 'returned', count(*) filter (where k.outcome = 'returned'),
        'withdrawn', count(*) filter (where k.outcome = 'withdrawn'), 'pending', count(*) filter (where k.outcome = 'pending'),
        'outcome_unknown', count(*) filter (where k.outcome = 'unknown'), 'postponed', count(*) filter (where k.postponed),
        'emergencies', count(*) filter (where k.urgency = 'emergency'),
        'sent_before_validation', count(*) filter (where k.validation in ('awaited', 'later', 'denied')),
        'validated_later', count(*) filter (where k.validation = 'later'),
        'validation_denied', count(*) filter (where k.validation = 'denied'),
        'notified', count(*) filter (where k.notified), 'enforcement_requested', count(*) filter (where k.enforcement),
        'enforcement_fulfilled', count(*) filter (where k.enforcement and k.outcome in ('fulfilled', 'partly_fulfilled')),
        'preserved', count(*) filter (where k.preserved),
        'followed_up', count(*) filter (where k.preserved and k.followed_after is not null),
        'never_followed_up', count(*) filter (where k.preserved and k.over and k.followed_after is null),
        'hours_to_obtain', priv.spread(array_agg(k.hours) filter (where k.hours is not null)),
        'hours_to_obtain_whole', priv.spread(array_agg(k.hours) filter (where k.hours is not null and k.outcome = 'fulfilled')),
        'hours_to_follow_up', priv.spread(array_agg(k.followed_after) filter (where k.preserved and k.followed_after is not null))) as figures
        from keyed k group by k.keys) q
    left join ground g on g.keys = q.keys
    order by q.keys limit 5001;
end $$;

-- Return the hours from one time to another, or null if one is not known. What was sent on paper before it was entered has no length.
create function priv.hours_between(p_since timestamptz, p_until timestamptz) returns real language sql immutable as $$
    select case when p_since is not null and p_until is not null then greatest(extract(epoch from p_until - p_since) / 3600, 0)::real end
$$;

-- Return the number of values, their mean, median and 90th percentile, or null if there are none.
create function priv.spread(p_values real[]) returns jsonb language sql immutable as $$
    select case when cardinality(p_values) > 0 then (
        select jsonb_build_object('number', count(*), 'mean', round(avg(v)::numeric, 2),
            'median', round(percentile_cont(0.5) within group (order by v)::numeric, 2),
            'p90', round(percentile_cont(0.9) within group (order by v)::numeric, 2))
        from unnest(p_values) v) end
$$;

-- Return how long requests that were sent were in each state, in the groups of p_by. States that a request is still in do not count.
-- priv.timed_stages decides which states count: those before sending only for the asking side.
create function priv.stage_figures(p_by text[], p_wanted jsonb) returns table (keys text[], state text, figures jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_figures(false);
    return query
    with counted as materialized (select f.* from priv.requests_to_count(false, p_wanted) f),
    stage as materialized (
        select s.object_id, s.state, priv.hours_between(s.since, s.until) as hours from priv.timed_stages(null, array ['request'], '{}') s
        where s.since is not null and s.until is not null),
    keyed as (
        select array [k1, k2, k3] as keys, s.state, s.hours
        from counted f join stage s on s.object_id = f.id
        IN_GROUPS(REQUEST_DIMENSION))
    select k.keys[1:cardinality(p_by)], k.state, priv.spread(array_agg(k.hours)) from keyed k
    group by k.keys, k.state order by k.keys, k.state limit 5001;
end $$;

-- Raise an error unless the caller's role reads the exact figures of its authority, or, for those to be published, unless the worker calls.
create function priv.require_figures(p_published boolean) returns void language plpgsql stable as $$
begin
    if p_published and priv.role() is distinct from 'worker' or not p_published and not coalesce(priv.role(), '') = any (
            array ['prosecutor', 'central_authority', 'contact_point', 'desk', 'analyst', 'system', 'auditor']) then
        raise exception 'the caller reads no figures' using errcode = '42501';
    end if;
end $$;

grant execute on function priv.request_figures(boolean, text[], jsonb), priv.stage_figures(text[], jsonb) to APP_ROLE;
grant select on mla_stages to coopapi_definer;
