-- Until when nobody is told of an overlap, because all its evidence is about victims and a side has no person who is cleared for it.
alter table case_overlaps add column waits_until timestamptz;
create index overlaps_that_wait on case_overlaps (waits_until) where waits_until is not null;

-- One row: when administrators were last told that a clearance is missing, and with which probability one who is not concerned is told
-- although nothing waits.
create table clearance_watch (
    one boolean primary key default true constraint only_one check (one),
    last_at timestamptz not null,
    for_nothing real not null constraint for_nothing_is_probability check (for_nothing between 0 and 1)
);
insert into clearance_watch (last_at, for_nothing) values (now(), 0.01);
