-- Daily figures of the values that each client registers, and the alarm when a day differs strongly from the past.

-- Return those of the identifiers that share a token with another case their owner may know of, regardless of how many cases hold it.
create function priv.matched_identifiers(p_identifiers uuid[]) returns setof uuid language sql stable as $$
    select x.identifier_id from public.holdings x
    where x.identifier_id = any (p_identifiers) and x.strength > 0 and exists (
        select from public.holdings y
        where y.token = x.token and y.case_id <> x.case_id and y.strength > 0 and (not y.hidden or y.authority_id = x.authority_id)
          and not x.common and not y.common and not priv.listed(x.token)
          and not priv.excluded(x.token, array [x.kind, y.kind], x.authority_id, y.authority_id))
    union
    select p.i from (
        select l.identifier_a i, l.identifier_b j from public.likenesses l where l.identifier_a = any (p_identifiers)
        union all
        select l.identifier_b, l.identifier_a from public.likenesses l where l.identifier_b = any (p_identifiers)) p
    join lateral (select h.* from public.holdings h where h.identifier_id = p.i limit 1) x on true
    join lateral (select h.* from public.holdings h where h.identifier_id = p.j limit 1) y
         on not y.hidden or y.authority_id = x.authority_id
    where not priv.excluded(null, array [x.kind, y.kind], x.authority_id, y.authority_id)
$$;

-- Record for values that leave matching when they left, and whether they matched another case before.
create function priv.note_leaving(p_case uuid, p_identifiers uuid[]) returns void language plpgsql volatile as $$
begin
    with leaving as (
        select array_agg(h.identifier_id) ids, array_agg(h.token) tokens, array_agg(h.strength) strengths
        from public.holdings h where h.case_id = p_case and not h.outdated and (p_identifiers is null or h.identifier_id = any (p_identifiers))),
    met as (select m.id from leaving l, priv.matched_identifiers(l.ids) m (id)),
    value as (select v.digest, v.identifier_id in (select id from met) met from leaving l, priv.values_of(p_case, l.ids, l.tokens, l.strengths) v)
    update public.registered_values r set left_at = coalesce(r.left_at, (select priv.at())), met = r.met or v.met
    from value v where r.case_id = p_case and r.digest = v.digest;
end $$;

-- Return what is unusual compared with the client's past, if anything: more than 1,000 values and more than ten times the median of the
-- active days among the past 28; or, with at least 100 values, a share of matched or withdrawn values that is more than half and more than
-- twice the share of those days.
create function priv.unusual(p_principal uuid, p_day date) returns text[] language sql stable as $$
    select array_remove(array [
        case when f.registered > 1000 and f.registered > 10 * coalesce(past.median, 0) then 'registered' end,
        case when f.registered >= 100 and f.met::float / f.registered > greatest(0.5, 2 * coalesce(past.met, 0)) then 'met' end,
        case when f.registered >= 100 and f.withdrawn::float / f.registered > greatest(0.5, 2 * coalesce(past.withdrawn, 0))
             then 'withdrawn' end], null)
    from public.registration_figures f
    cross join (
        select percentile_cont(0.5) within group (order by d.registered) median, sum(d.met)::float / sum(d.registered) met,
               sum(d.withdrawn)::float / sum(d.registered) withdrawn
        from (select * from public.registration_figures b where b.principal_id = p_principal and b.day < p_day
              order by b.day desc limit 28) d) past
    where f.principal_id = p_principal and f.day = p_day
$$;

-- Write the figures of all days that have ended, and return how many were written. The last seven days are written again, because values
-- may be withdrawn later.
create function priv.write_figures() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    today date := (priv.at() at time zone 'UTC')::date;
    first date;
    written integer;
    f record;
    said jsonb;
    entries jsonb := '[]';
begin
    perform priv.require_operator();
    select least(today - 7, coalesce(max(r.day) + 1, '2000-01-01')) into first from public.registration_figures r;
    with recent as (
        select r.identifier_id from public.registered_values r
        join public.identifiers i on i.id = r.identifier_id and i.case_id = r.case_id
        where r.at >= first::timestamp at time zone 'UTC' and r.at < today::timestamp at time zone 'UTC' and not r.met and r.left_at is null)
    update public.registered_values r set met = true
        where r.at >= first::timestamp at time zone 'UTC' and r.left_at is null
          and r.identifier_id in (select priv.matched_identifiers(array (select recent.identifier_id from recent)));
    insert into public.registration_figures as g (principal_id, day, authority_id, registered, met, withdrawn)
        select r.principal_id, (r.at at time zone 'UTC')::date, p.authority_id, count(*), count(*) filter (where r.met),
               count(*) filter (where r.left_at is not null)
        from public.registered_values r join public.principals p on p.id = r.principal_id
        where r.at >= first::timestamp at time zone 'UTC' and r.at < today::timestamp at time zone 'UTC'
        group by 1, 2, 3
        on conflict (principal_id, day) do update set registered = excluded.registered, met = excluded.met, withdrawn = excluded.withdrawn;
    get diagnostics written = row_count;
    for f in
        update public.registration_figures g set alarmed = true
        where g.day >= first and not g.alarmed and cardinality(priv.unusual(g.principal_id, g.day)) > 0
        returning g.*
    loop
        said := jsonb_build_object('client', f.principal_id, 'day', f.day, 'unusual', priv.unusual(f.principal_id, f.day),
            'registered', f.registered, 'met', f.met, 'withdrawn', f.withdrawn);
        entries := entries || priv.alarmed(f.authority_id, 'unusual_registration', said)
            || priv.alarmed('00000000-0000-7000-8000-000000000001', 'unusual_registration',
                            said || jsonb_build_object('authority', f.authority_id));
    end loop;
    if entries <> '[]' then
        perform priv.append(entries);
    end if;
    return written;
end $$;

grant execute on function priv.write_figures() to APP_ROLE;

grant select on registration_figures to APP_ROLE;
grant select, insert, update on registration_figures to coopapi_definer;
-- The figures are for the auditors of the authority and of the operator.
create policy seen on registration_figures for select using (
    (select priv.role()) = 'auditor' and (authority_id = (select priv.authority()) or (select priv.operator())));
