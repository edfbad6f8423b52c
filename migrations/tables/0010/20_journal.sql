-- The journal: one chain for each authority, appended by one function (3_journal.sql) and by nothing else.
create table journal_heads (
    authority_id uuid primary key references authorities (id),
    seq bigint not null,
    hash bytea not null
);

create table journal_entries (
    authority_id uuid not null references authorities (id),
    seq bigint not null,
    id bigint generated always as identity,
    -- What readers know it by. The place in the chain (seq) is for the auditor alone: its gaps would tell the others of what they do not see.
    uid uuid not null default gen_random_uuid(),
    at timestamptz not null,
    principal_id uuid,
    role text not null,
    action text not null,
    object_type text not null,
    object_id uuid,
    case_id uuid,
    purpose text not null,
    request_id text not null,
    consultation boolean not null,
    event boolean not null,
    victims_only boolean not null,
    detail jsonb not null,
    hash bytea not null,
    xid xid8 not null default pg_current_xact_id(),
    primary key (authority_id, seq)
);
create index journal_by_case on journal_entries (case_id, id) where case_id is not null;
create index journal_feed on journal_entries (xid, id) where event;
