-- How the answers of an authority without users here are known: when, by which channel and by which proof (sealed).
alter table meeting_participants add column recorded bytea;
