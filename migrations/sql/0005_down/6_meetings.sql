alter policy changed on consultation_positions using (
    ACTING(consultation_positions.consultation_id) and authority_id = (select priv.authority()));
delete from deadlines where object_type = 'consultation';
revoke select on mla_requests, mla_measures, deadlines from coopapi_definer;
drop function priv.difficulties(timestamptz, text[]);
create or replace function priv.calendar_feed(p_digest bytea, p_at timestamptz)
returns table (id uuid, reference text, level text, state text, starts_at timestamptz, ends_at timestamptz, time_zone text,
               sequence integer, updated_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select m.id, m.reference, m.level, m.state, m.starts_at, m.ends_at, m.time_zone, m.sequence, m.updated_at
    from public.calendar_feeds f join public.meetings m on m.starts_at is not null and exists (
        select from public.parties p
        where p.object_id = m.id and p.authority_id = f.authority_id and p.case_id is null
        and (p.until is null or p.until > p_at))
    where f.digest = p_digest and f.revoked_at is null
    order by m.starts_at desc, m.id limit 1000
$$;
create or replace function priv.calendar_feed_lives(p_digest bytea) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (select from public.calendar_feeds f where f.digest = p_digest and f.revoked_at is null)
$$;
