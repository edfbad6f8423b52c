-- How the answers of an authority without users here are known: when, by which channel and by which proof (sealed).
alter table meeting_participants add column recorded bytea;

-- A bilateral meeting of two delegations is about many cases and comes from none of them.
alter table meetings alter column origin_id drop not null;
alter table meetings drop constraint meeting_origin, add constraint meeting_origin check (
    origin_type in ('case', 'overlap', 'request') and origin_id is not null
    or origin_type = 'delegations' and origin_id is null and level = 'bilateral');
