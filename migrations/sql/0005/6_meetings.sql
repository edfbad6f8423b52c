-- As before; and the meetings that an authority comes to through a case of its own: a calendar says when, and nothing of the case. The
-- secret ends with the account of whoever made it.
create or replace function priv.calendar_feed(p_digest bytea, p_at timestamptz)
returns table (id uuid, reference text, level text, state text, starts_at timestamptz, ends_at timestamptz, time_zone text,
               sequence integer, updated_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select m.id, m.reference, m.level, m.state, m.starts_at, m.ends_at, m.time_zone, m.sequence, m.updated_at
    from public.calendar_feeds f join public.meetings m on m.starts_at is not null and exists (
        select from public.parties p
        where p.object_id = m.id and p.authority_id = f.authority_id and (p.until is null or p.until > p_at))
    where f.digest = p_digest and priv.calendar_feed_lives(p_digest)
    order by m.starts_at desc, m.id limit 1000
$$;
create or replace function priv.calendar_feed_lives(p_digest bytea) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (
        select from public.calendar_feeds f join public.principals p on p.id = f.created_by and p.active
        where f.digest = p_digest and f.revoked_at is null)
$$;

-- How often a request between two States was refused, not carried out, or is late: figures for the desk of either, and no request.
create function priv.difficulties(p_since timestamptz, p_kinds text[])
returns table (requesting_country text, executing_country text, refused bigint, not_executed bigint, overdue bigint)
language sql stable security definer set search_path = pg_catalog as $$
    with me as (
        select a.country from public.authorities a where a.id = priv.authority() and a.type = 'eurojust_desk'),
    worst as (
        select q.country as asking, r.executing_country as asked,
               case when r.state = 'refused' or exists (
                        select from public.mla_measures m where m.request_id = r.id and m.state = 'refused') then 'refused'
                    when r.state = 'not_executed' or exists (
                        select from public.mla_measures m where m.request_id = r.id and m.state = 'not_executed') then 'not_executed'
                    when exists (
                        select from public.deadlines d
                        where d.object_id = r.id and d.owed_by = 'executing' and d.met_at is null and d.cancelled_at is null
                          and d.suspended_at is null and d.due_at < priv.at()) then 'overdue' end as what
        from public.mla_requests r join public.authorities q on q.id = r.requesting_id
        where r.transmitted_at >= p_since and r.kind = any (p_kinds) and r.executing_country is not null
          and (q.country in (select country from me) or r.executing_country in (select country from me)))
    select asking, asked, count(*) filter (where what = 'refused'), count(*) filter (where what = 'not_executed'),
           count(*) filter (where what = 'overdue')
    from worst where what is not null and asking is not null group by 1, 2 order by 1, 2
$$;
grant execute on function priv.difficulties(timestamptz, text[]) to coopapi_app;
grant select on mla_requests, mla_measures, deadlines to coopapi_definer;

-- What a consulted authority replied or holds that has nobody here, another records for it.
alter policy changed on consultation_positions using (
    ACTING(consultation_positions.consultation_id)
    and (authority_id = (select priv.authority()) or priv.stands_in(consultation_id, authority_id)));
