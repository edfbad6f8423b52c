-- How far a deadline was when the people on duty were last told of it, in percent. It is no part of the deadline that others see, so it
-- changes no version. The indexes find those that have to be told of by the time at which half, or four fifths, of the period is over.
alter table deadlines add column escalated smallint not null default 0;
create index deadlines_half_over on deadlines ((extract(epoch from from_at at time zone 'UTC') * 0.5 + extract(epoch from due_at at time zone 'UTC') * 0.5))
    where met_at is null and cancelled_at is null and suspended_at is null and escalated = 0;
create index deadlines_nearly_over on deadlines ((extract(epoch from from_at at time zone 'UTC') * 0.2 + extract(epoch from due_at at time zone 'UTC') * 0.8))
    where met_at is null and cancelled_at is null and suspended_at is null and escalated = 50;
