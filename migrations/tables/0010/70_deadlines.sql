-- Deadlines: one row for each clock that was started. The reason of an extension is sealed.
create table deadlines (
    id uuid primary key,
    version integer not null,
    object_id uuid not null,
    object_type text not null,
    item_id uuid,
    rule text not null,
    owed_by text not null,
    authority_id uuid not null references authorities (id),
    country text,
    started_by text not null,
    from_at timestamptz not null,
    due_at timestamptz not null,
    first_due_at timestamptz not null,
    met_at timestamptz,
    met_by text,
    cancelled_at timestamptz,
    suspended_at timestamptz,
    extensions jsonb not null,
    rule_version text not null,
    constraint ended_once check (met_at is null or cancelled_at is null),
    constraint met_by_something check ((met_at is null) = (met_by is null))
);
create index deadlines_by_object on deadlines (object_id, due_at);
create index deadlines_running on deadlines (authority_id, due_at, id) where met_at is null and cancelled_at is null;
