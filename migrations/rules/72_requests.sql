grant select, insert,
    update (version, foreign_reference, instrument, executing_id, executing_country, enforcing_id, case_id, overlap_id, jit_id, state,
            urgency, emergency_ground, language, sealed, notices, grounds, validated_by, validated_at, validating_id, validated_as, transmitted_at,
            received_at, decided_at, until, path_countries, updated_at, requesting_country, channel, crime_categories, data_categories, measure_codes, outcome,
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
