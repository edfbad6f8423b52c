-- Published figures. The worker counts what may be published, rounds it with a key that the database does not have, and writes it once.

-- Return the quarters and years that ended and were not published yet, with their first and last moment (UTC): those that ended last and, after a
-- standstill, those before that ended after the first period that was published, up to eight quarters and two years back.
create function priv.periods_to_publish() returns table (period text, begins_at timestamptz, ends_at timestamptz, again boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    today timestamp := (select priv.at()) at time zone 'UTC';
    first_end timestamptz := (select min(p.ends_at) from public.published_periods p);
begin
    perform priv.require_worker();
    return query
    select x.period, x.first at time zone 'UTC', x.after at time zone 'UTC', PUT_OFF(figures, x.period)
    from (select to_char(q - interval '3 months', 'YYYY-"Q"Q') as period, q - interval '3 months' as first, q as after, n
          from generate_series(0, 7) n cross join lateral (select date_trunc('quarter', today) - n * interval '3 months' as q) e
          union all
          select to_char(y - interval '1 year', 'YYYY'), y - interval '1 year', y, n
          from generate_series(0, 1) n cross join lateral (select date_trunc('year', today) - n * interval '1 year' as y) e) x
    where (x.n = 0 or x.after at time zone 'UTC' > first_end)
      and not exists (select from public.published_periods p where p.period = x.period)
      and not RESTS(figures, x.period);
end $$;

-- Return how long requests of each kind took that were sent in a time: between two countries, to one, and altogether; only where there are at least
-- p_requests requests of at least p_authorities authorities on each side. Who carried a request out without being named is no authority.
create function priv.usual_times_of(p_since timestamptz, p_until timestamptz, p_requests integer, p_authorities integer)
returns table (of_group text, kind text, requesting_country text, executing_country text, median_hours real, p90_hours real)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_worker();
    return query
    select case when grouping(f.requesting_country) = 0 then 'country_pair' when grouping(f.executing_country) = 0 then 'executing_country' else 'kind' end,
           f.kind, coalesce(f.requesting_country, ''), coalesce(f.executing_country, ''),
           round(percentile_cont(0.5) within group (order by f.hours)::numeric, 0)::real,
           round(percentile_cont(0.9) within group (order by f.hours)::numeric, 0)::real
    from priv.requests_to_count(true, jsonb_build_object('since', p_since, 'until', p_until)) f
    where f.hours is not null
    group by grouping sets ((f.kind, f.requesting_country, f.executing_country), (f.kind, f.executing_country), (f.kind))
    having count(*) >= p_requests and count(distinct f.requesting_authority) >= p_authorities
       and count(distinct nullif(f.executing_authority, 'none')) >= p_authorities;
end $$;

-- Write the tables of a period. A period that was published stays as it is.
create function priv.publish(p_period text, p_ends_at timestamptz, p_cells jsonb, p_usual jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    insert into public.published_periods (period, ends_at, computed_at) values (p_period, p_ends_at, (select priv.at()));
    insert into public.published_cells (period, name, keys, figure, shown)
        select p_period, c.name, c.keys, c.figure, c.shown
        from jsonb_to_recordset(p_cells) c (name text, keys text[], figure text, shown integer);
    insert into public.usual_times (period, of_group, kind, requesting_country, executing_country, median_hours, p90_hours)
        select p_period, u.of_group, u.kind, u.requesting_country, u.executing_country, u.median_hours, u.p90_hours
        from jsonb_to_recordset(p_usual) u (of_group text, kind text, requesting_country text, executing_country text, median_hours real,
            p90_hours real);
end $$;

grant execute on function priv.periods_to_publish(), priv.usual_times_of(timestamptz, timestamptz, integer, integer),
    priv.publish(text, timestamptz, jsonb, jsonb) to APP_ROLE;
grant select, insert on published_periods, published_cells, usual_times to coopapi_definer;
grant select on published_periods, published_cells, usual_times to APP_ROLE;
-- Everybody with a role reads what is published, and the worker what was published before.
create policy seen on published_periods for select using ((select priv.role()) is not null);
create policy seen on published_cells for select using ((select priv.role()) is not null);
create policy seen on usual_times for select using ((select priv.role()) is not null);
