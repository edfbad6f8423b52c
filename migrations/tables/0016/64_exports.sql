-- A case, as a person may see it, in a file for a named recipient. The worker makes it in the name of the person who asked for it.
create table exports (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    principal_id uuid not null references principals (id),
    role text not null,
    purpose text not null,
    case_id uuid not null references cases (id),
    format text not null,
    format_version text not null,
    -- A recipient of the directory, or the country of one that is not in it. Its name is sealed with the reason and the consents.
    recipient_id uuid references authorities (id),
    recipient_country text,
    handling_code text not null,
    victims boolean not null,
    -- Whether the person was cleared for evidence about victims. Then only cleared people know of the export.
    cleared boolean not null,
    -- Whether a second person must approve it, because it leaves the Member States.
    four_eyes boolean not null,
    words bytea not null,
    state text not null constraint export_state
        check (state in ('waiting_for_approval', 'queued', 'running', 'ready', 'refused', 'stopped', 'deleted')),
    state_reason text,
    -- How far it is: the part of the case, and the last row of it.
    stage text not null constraint export_stage check (stage in ('case', 'subjects', 'identifiers', 'end')),
    after uuid,
    subjects bigint not null default 0,
    identifiers bigint not null default 0,
    links bigint not null default 0,
    codes text[] not null default '{}',
    left_out jsonb not null default '{}',
    pieces integer not null default 0,
    size bigint not null default 0,
    digest bytea,
    -- The encrypted key of its pieces. It is deleted with them.
    wrapped bytea,
    created_at timestamptz not null,
    worked_at timestamptz,
    ready_at timestamptz,
    expires_at timestamptz,
    ended_at timestamptz,
    constraint export_recipient check (recipient_id is not null or recipient_country is not null),
    constraint export_ends_with_its_bytes check (ended_at is null or wrapped is null)
);
create index exports_by_principal on exports (principal_id, id);
create index exports_by_case on exports (case_id, id);
create index exports_that_wait on exports (worked_at nulls first, id) where state in ('queued', 'running');
create index exports_to_approve on exports (created_at) where state = 'waiting_for_approval';
create index exports_by_expiry on exports (expires_at) where state = 'ready';

create table export_pieces (
    export_id uuid not null references exports (id),
    number integer not null,
    start bigint not null,
    length integer not null,
    sealed bytea not null,
    primary key (export_id, number)
);
