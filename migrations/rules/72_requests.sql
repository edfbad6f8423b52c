-- Count requests between two States that were refused, not carried out or are late. The desk of either State gets the figures but not the
-- requests.
create function priv.difficulties(p_since timestamptz, p_kinds text[])
returns table (requesting_country text, executing_country text, refused bigint, not_executed bigint, overdue bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with me as (
        select a.country from public.authorities a where a.id = (select priv.authority()) and a.type = 'eurojust_desk'),
    worst as (
        select q.country as asking, r.executing_country as asked,
               case when r.state = 'refused' or exists (
                        select from public.mla_measures m where m.request_id = r.id and m.state = 'refused') then 'refused'
                    when r.state = 'not_executed' or exists (
                        select from public.mla_measures m where m.request_id = r.id and m.state = 'not_executed') then 'not_executed'
                    when exists (
                        select from public.deadlines d
                        where d.object_id = r.id and d.rule <> 'service_target' and d.owed_by = 'executing' and d.met_at is null and d.cancelled_at is null
                          and d.suspended_at is null and d.due_at < (select priv.at())) then 'overdue' end as what
        from public.mla_requests r join public.authorities q on q.id = r.requesting_id
        where r.transmitted_at >= p_since and r.kind = any (p_kinds) and r.executing_country is not null
          and (q.country in (select country from me) or r.executing_country in (select country from me)))
    select asking, asked, count(*) filter (where what = 'refused'), count(*) filter (where what = 'not_executed'),
           count(*) filter (where what = 'overdue')
    from worst where what is not null and asking is not null group by 1, 2 order by 1, 2
$$;

grant execute on function priv.difficulties(timestamptz, text[]) to APP_ROLE;

grant select, insert,
    update (version, foreign_reference, instrument, executing_id, executing_country, enforcing_id, case_id, overlap_id, jit_id, state,
            urgency, emergency_ground, language, sealed, notices, grounds, validated_by, validated_at, transmitted_at, received_at,
            decided_at, until, path_countries, updated_at, requesting_country, channel, crime_categories, data_categories, measure_codes, outcome,
            refusal_grounds, validation, acknowledged_at, obtained_at, postponed_at, enforcement_at) on mla_requests to APP_ROLE;
grant select on mla_requests to coopapi_definer;
create policy seen on mla_requests for select using (PARTY(mla_requests.id));
create policy made on mla_requests for insert with check (ACTING(mla_requests.id));
create policy changed on mla_requests for update using (ACTING(mla_requests.id));

grant select, insert, delete,
    update (version, state, grounds, outcome_reason, until, conditions, started_at, ended_at) on mla_measures to APP_ROLE;
grant select on mla_measures to coopapi_definer;
create policy seen on mla_measures for select using (PARTY(mla_measures.request_id));
create policy made on mla_measures for insert with check (ACTING(mla_measures.request_id));
create policy changed on mla_measures for update using (ACTING(mla_measures.request_id));
create policy redrafted on mla_measures for delete using (
    ACTING(mla_measures.request_id)
    and exists (select from public.mla_requests r where r.id = mla_measures.request_id and r.state = 'draft'));

grant select, insert on mla_transmissions to APP_ROLE;
create policy seen on mla_transmissions for select using (PARTY(mla_transmissions.request_id));
create policy made on mla_transmissions for insert with check (ACTING(mla_transmissions.request_id));

grant select, insert on mla_messages to APP_ROLE;
-- Internal messages of a side are visible only to that side.
create policy seen on mla_messages for select using (
    PARTY(mla_messages.request_id)
    and (not internal or exists (
        select from public.parties p where p.object_id = mla_messages.request_id and p.side = mla_messages.side)));
create policy made on mla_messages for insert with check (
    ACTING(mla_messages.request_id) and recorded_by = (select priv.authority()));

grant select, insert, update (version, since, time_id) on mla_stages to APP_ROLE;
-- The stages before transmission are visible only to the requesting side.
create policy seen on mla_stages for select using (
    PARTY(mla_stages.request_id)
    and (state not in ('draft', 'validation_pending', 'ready') or exists (
        select from public.parties p where p.object_id = mla_stages.request_id and p.side = 'requesting')));
create policy made on mla_stages for insert with check (ACTING(mla_stages.request_id));
create policy changed on mla_stages for update using (ACTING(mla_stages.request_id));
