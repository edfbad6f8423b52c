-- What one administrator asked for and another decides on: what exactly changes, of what, at which version.
create table approvals (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    kind text not null,
    object_id uuid not null,
    object_version integer not null,
    change jsonb not null,
    state text not null constraint approval_state check (state in ('requested', 'approved', 'rejected', 'withdrawn')),
    requested_by uuid not null references principals (id),
    requested_from uuid not null references authorities (id),
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    reason text,
    applied boolean not null default false,
    constraint decided_or_open check ((state = 'requested') = (decided_by is null)),
    constraint decided_by_another check (state not in ('approved', 'rejected') or decided_by <> requested_by),
    constraint applied_once_approved check (not applied or state = 'approved')
);
create index approvals_by_authority on approvals (authority_id, id);
create index approvals_by_object on approvals (object_id);
