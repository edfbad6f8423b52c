grant select, insert,
    update (version, due_at, met_at, met_by, cancelled_at, suspended_at, extensions) on deadlines to APP_ROLE;
grant select on deadlines to coopapi_definer;
-- An authority still sees the deadlines of its own meeting actions after its access to the meeting ended.
create policy seen on deadlines for select using (
    PARTY(deadlines.object_id) or object_type = 'meeting' and authority_id = (select priv.authority()));
create policy made on deadlines for insert with check (ACTING(deadlines.object_id));
create policy changed on deadlines for update using (
    ACTING(deadlines.object_id)
    or object_type = 'meeting' and (authority_id = (select priv.authority()) or priv.hosts_for(object_id, authority_id)));
