grant select, insert,
    update (version, started_by, from_at, due_at, first_due_at, met_at, met_by, cancelled_at, suspended_at, stood, extensions, time_id,
        corrections) on deadlines to APP_ROLE;
grant select on deadlines to coopapi_definer;
-- An authority still sees the deadlines of its own meeting actions after its access to the meeting ended.
create policy seen on deadlines for select using (
    PARTY(deadlines.object_id) or object_type = 'meeting' and authority_id = (select priv.authority()));
create policy made on deadlines for insert with check (ACTING(deadlines.object_id));
create policy changed on deadlines for update using (
    ACTING(deadlines.object_id)
    or object_type = 'meeting' and (authority_id = (select priv.authority()) or priv.hosts_for(object_id, authority_id)));

grant select, insert, update (version, state, objection, contested_by, contested_at) on stated_times to APP_ROLE;
-- A correction that waits for the approval of a second person, or was rejected, is for the side that proposed it.
create policy seen on stated_times for select using (
    PARTY(stated_times.object_id) and (state not in ('proposed', 'rejected') or recorded_by = (select priv.authority())));
create policy made on stated_times for insert with check (
    ACTING(stated_times.object_id) and recorded_by = (select priv.authority()) and stated_by = (select priv.principal()));
create policy changed on stated_times for update using (ACTING(stated_times.object_id));

grant select, insert, update (version, hours, ended_at) on service_targets to APP_ROLE;
create policy seen on service_targets for select using ((select priv.authority()) is not null);
create policy made on service_targets for insert with check (authority_id = (select priv.authority()));
create policy changed on service_targets for update using (authority_id = (select priv.authority()));
