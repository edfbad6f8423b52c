-- When something was sent or received, as the side concerned states it. A time is never changed: a correction is a new row that replaces it.
create table stated_times (
    id uuid primary key,
    version integer not null,
    object_id uuid not null,
    object_type text not null,
    item_id uuid,
    what text not null constraint time_of_what check (what in ('sent', 'received', 'delivered', 'notified', 'enforcement_received', 'transferred')),
    side text not null,
    authority_id uuid not null references authorities (id),
    at timestamptz not null,
    channel text,
    sealed bytea,
    objection bytea,
    state text not null constraint time_state check (state in ('proposed', 'stated', 'contested', 'replaced', 'rejected')),
    replaces uuid references stated_times (id),
    recorded_by uuid not null references authorities (id),
    stated_by uuid references principals (id),
    stated_at timestamptz not null,
    contested_by uuid references authorities (id),
    contested_at timestamptz,
    constraint not_in_the_future check (at <= stated_at),
    constraint contested_by_somebody check ((contested_by is null) = (contested_at is null))
);
create index times_by_object on stated_times (object_id, id);

-- The time that started a deadline, the periods in which it stood still, and what corrections of the time did to it.
alter table deadlines
    add column time_id uuid references stated_times (id),
    add column stood jsonb not null default '[]',
    add column corrections jsonb not null default '[]';
create index deadlines_by_time on deadlines (time_id) where time_id is not null;

-- The times of requests that were transmitted before. Who stated them is not known.
insert into stated_times (id, version, object_id, object_type, what, side, authority_id, at, channel, state, recorded_by, stated_at)
    select gen_random_uuid(), 1, r.id, 'request', 'sent', 'requesting', r.requesting_id, r.transmitted_at,
        (select t.channel from mla_transmissions t where t.request_id = r.id order by t.id limit 1), 'stated', r.maker_id, r.updated_at
    from mla_requests r where r.transmitted_at <= r.updated_at;
insert into stated_times (id, version, object_id, object_type, what, side, authority_id, at, state, recorded_by, stated_at)
    select gen_random_uuid(), 1, r.id, 'request', 'received', 'executing', r.executing_id, r.received_at, 'stated', r.executing_id, r.updated_at
    from mla_requests r where r.received_at <= r.updated_at and r.executing_id is not null;
update deadlines d set time_id = t.id from stated_times t
    where t.object_id = d.object_id and t.at = d.from_at
      and (d.started_by, t.what) in (('transmit', 'sent'), ('receive', 'received'));

-- Within how many hours an authority wants to answer: its own target, which is not law. Without a kind it holds for every kind of request.
create table service_targets (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    kind text,
    urgency text not null constraint target_urgency check (urgency in ('routine', 'urgent', 'emergency')),
    hours integer not null constraint target_hours check (hours between 1 and 8760),
    set_by uuid not null references principals (id),
    set_at timestamptz not null,
    ended_at timestamptz
);
create unique index one_target_at_a_time on service_targets (authority_id, urgency, kind) nulls not distinct where ended_at is null;

-- The states of a request, in the order in which it entered them, and since when.
create table mla_stages (
    id uuid primary key,
    version integer not null,
    request_id uuid not null references mla_requests (id),
    state text not null,
    since timestamptz not null,
    time_id uuid references stated_times (id)
);
create index stages_by_request on mla_stages (request_id, id);
insert into mla_stages (id, version, request_id, state, since, time_id)
    select gen_random_uuid(), 1, r.id, r.state, case r.state when 'transmitted' then r.transmitted_at else r.updated_at end,
        (select t.id from stated_times t where t.object_id = r.id and t.what = 'sent' and r.state = 'transmitted')
    from mla_requests r;
