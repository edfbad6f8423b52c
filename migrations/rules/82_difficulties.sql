-- Return the difficulties between pairs of States among the requests that were sent in a time: each difficulty with the number of requests that have
-- it, by stage, by ground or rule, and by instrument. A caller sees those of the requests that it may read, with their ids if its role reads
-- requests. The desk of either State sees the figures of all authorities without ids, and without what belongs to hidden cases or to evidence
-- about victims alone. It is told of whole quarters (UTC), and of no number below five by stage, ground, rule or instrument, so that it cannot
-- tell single requests apart. The first three numbers count each request once, by its most serious difficulty. Nothing about persons or officials
-- is counted. With p_case, only the requests count that were made from that case, as far as the caller may read them. p_no_limits are the rules
-- of deadlines that are no time limits.
create function priv.difficulties(p_since timestamptz, p_until timestamptz, p_kinds text[], p_requesting text, p_executing text, p_case uuid,
                                  p_no_limits text[], p_silence interval)
returns table (requesting_country text, executing_country text, refused bigint, not_executed bigint, overdue bigint, requests uuid[], found jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    now_at timestamptz := (select priv.at());
    is_desk boolean := exists (select from public.authorities a where a.id = priv.authority() and a.type = 'eurojust_desk')
        and p_case is null;
    reading text[] := array ['investigator', 'prosecutor', 'central_authority', 'contact_point', 'desk', 'system'];
    home text := (select a.country from public.authorities a where a.id = priv.authority());
begin
    if not coalesce(priv.role(), '') = any (reading || array ['analyst', 'auditor']) then
        raise exception 'the caller reads no difficulties' using errcode = '42501';
    end if;
    if is_desk and not (p_since = date_trunc('quarter', p_since, 'UTC') and p_until = date_trunc('quarter', p_until, 'UTC')) then
        raise exception 'a desk is told of whole quarters' using errcode = '42501';
    end if;
    return query
    with thing as materialized (
        select t.object_id from priv.own_things() t where not is_desk
        union all
        select t.object_id from priv.published_things() t where is_desk),
    asked as materialized (
        select r.id, coalesce(r.requesting_country, q.country) as asking, r.executing_country as asked, coalesce(r.instrument, 'none') as instrument,
               r.state, r.outcome, r.refusal_grounds, r.transmitted_at, r.received_at
        from public.mla_requests r join thing t on t.object_id = r.id join public.authorities q on q.id = r.requesting_id
        where r.transmitted_at >= p_since and r.transmitted_at < p_until and r.kind = any (p_kinds) and r.executing_country is not null
          and r.state not in ('draft', 'validation_pending', 'ready') and coalesce(r.requesting_country, q.country) is not null
          and (p_requesting is null or coalesce(r.requesting_country, q.country) = p_requesting)
          and (p_executing is null or r.executing_country = p_executing)
          and (p_case is null or exists (select from public.parties p
                                         where p.object_id = r.id and p.case_id = p_case and p.side = 'requesting'))
          and (not is_desk or home in (coalesce(r.requesting_country, q.country), r.executing_country))),
    entered as (  -- a stage begins no earlier than the one before
        select s.request_id, s.id, s.state, max(s.since) over (partition by s.request_id order by s.id) as since
        from public.mla_stages s join asked a on a.id = s.request_id where s.state not in ('draft', 'validation_pending', 'ready')),
    stage as materialized (
        select e.request_id, e.id, e.state, e.since, lag(e.state) over w as before, coalesce(lead(e.since) over w, 'infinity') as until
        from entered e window w as (partition by e.request_id order by e.id)),
    ended as materialized (  -- the stage before the last refusal, or before the last statement that nothing was carried out
        select distinct on (s.request_id, s.state) s.request_id, s.state, s.before from stage s where s.state in ('refused', 'not_executed')
        order by s.request_id, s.state, s.id desc),
    clock as materialized (
        select d.object_id, d.rule, d.met_at, d.due_at from public.deadlines d join asked a on a.id = d.object_id
        where d.owed_by = 'executing' and d.cancelled_at is null and d.suspended_at is null
          and not d.rule = any (p_no_limits)
          and (d.met_at > d.due_at or d.met_at is null and d.due_at < now_at)),
    fact as materialized (
        select a.id, 'refused' as code, coalesce(e.before, 'received') as stage, g as detail
        from asked a left join ended e on e.request_id = a.id and e.state = 'refused'
        left join lateral unnest(a.refusal_grounds) g on true where a.outcome = 'refused'
        union
        select m.request_id, 'refused', 'in_execution', g from public.mla_measures m join asked a on a.id = m.request_id
        left join lateral unnest(m.grounds) g on true where m.state = 'refused' and a.outcome is distinct from 'refused'
        union
        select m.request_id, 'not_executed', 'in_execution', m.outcome_reason
        from public.mla_measures m join asked a on a.id = m.request_id where m.state = 'not_executed'
        union
        select a.id, 'not_executed', coalesce(e.before, 'in_execution'), null
        from asked a left join ended e on e.request_id = a.id and e.state = 'not_executed' where a.outcome = 'not_fulfilled'
            and not exists (select from public.mla_measures m where m.request_id = a.id and m.state = 'not_executed')
        union
        select a.id, 'returned', 'received', null from asked a where a.outcome = 'returned'
        union
        select c.object_id, case when c.met_at is null then 'overdue' else 'late' end, coalesce(s.state, 'transmitted'), c.rule
        from clock c left join stage s on s.request_id = c.object_id and s.since <= c.due_at and c.due_at < s.until
        union
        select a.id, 'unanswered', a.state, 'request' from asked a where a.state = 'transmitted' and a.transmitted_at < now_at - p_silence
        union
        select m.request_id, 'unanswered', coalesce(s.state, 'transmitted'), 'question'
        from public.mla_messages m join asked a on a.id = m.request_id
        left join stage s on s.request_id = a.id and s.since <= m.at and m.at < s.until
        where m.act = 'question' and m.side = 'requesting' and not m.internal and m.at < now_at - p_silence
          and a.outcome is null and not exists (select from public.mla_messages r where r.reply_to = m.id)
        union
        select s.request_id, 'asked_again', s.state, null from stage s
        where s.state in ('information_requested', 'clarification_requested', 'insufficiency_notified')
        group by s.request_id, s.state having count(*) > 1),
    worst as (
        select f.id, case when bool_or(f.code = 'refused') then 'refused' when bool_or(f.code = 'not_executed') then 'not_executed'
                          when bool_or(f.code = 'overdue') then 'overdue' end as what
        from fact f group by f.id),
    pair as (
        select a.asking, a.asked, count(*) filter (where w.what = 'refused') as refused,
               count(*) filter (where w.what = 'not_executed') as not_executed, count(*) filter (where w.what = 'overdue') as overdue,
               (array_agg(a.id order by a.id desc) filter (where w.what is not null))[1:200] as requests
        from worst w join asked a on a.id = w.id group by 1, 2),
    counted as (
        select a.asking, a.asked, f.code, g.name, g.value, count(distinct f.id) as number
        from fact f join asked a on a.id = f.id
        cross join lateral (values ('all', ''), ('stage', f.stage), ('detail', f.detail), ('instrument', a.instrument)) g (name, value)
        where g.value is not null group by 1, 2, 3, 4, 5
        having not is_desk or g.name = 'all' or count(distinct f.id) >= 5),
    told as (
        select c.asking, c.asked, c.code, max(c.number) filter (where c.name = 'all') as number,
               jsonb_object_agg(c.value, c.number) filter (where c.name = 'stage') as by_stage,
               jsonb_object_agg(c.value, c.number) filter (where c.name = 'detail') as by_detail,
               jsonb_object_agg(c.value, c.number) filter (where c.name = 'instrument') as by_instrument
        from counted c group by 1, 2, 3)
    select p.asking, p.asked, p.refused, p.not_executed, p.overdue,
           case when not is_desk and (select priv.role()) = any (reading) then p.requests end,
           jsonb_agg(jsonb_build_object('difficulty', t.code, 'requests', t.number, 'by_stage', coalesce(t.by_stage, '{}'),
                                        'by_detail', coalesce(t.by_detail, '{}'), 'by_instrument', coalesce(t.by_instrument, '{}'))
                     order by t.number desc, t.code)
    from pair p join told t on t.asking = p.asking and t.asked = p.asked
    group by p.asking, p.asked, p.refused, p.not_executed, p.overdue, p.requests
    order by 1, 2;
end $$;

grant execute on function priv.difficulties(timestamptz, timestamptz, text[], text, text, uuid, text[], interval) to APP_ROLE;
grant select on mla_messages to coopapi_definer;
