-- Bulk intake. A file is staged in sealed pieces, and the worker stores its lines in the name of the client that sent it.
create table imports (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    principal_id uuid not null references principals (id),
    role text not null,
    purpose text not null,
    format text not null constraint import_format check (format in ('ndjson', 'csv')),
    dry_run boolean not null,
    state text not null constraint import_state check (state in ('queued', 'running', 'waiting_for_quota', 'finished', 'stopped')),
    state_reason text,
    -- How many lines the file has, how many of them were read, and what became of those.
    lines bigint not null,
    read bigint not null default 0,
    stored bigint not null default 0,
    updated bigint not null default 0,
    withdrawn bigint not null default 0,
    unchanged bigint not null default 0,
    refused bigint not null default 0,
    conflicts bigint not null default 0,
    -- The seconds in which lines were processed, without those in which the import waited.
    worked double precision not null default 0,
    -- The encrypted key of the staged pieces. It is deleted with them when the import ends.
    wrapped bytea,
    created_at timestamptz not null,
    started_at timestamptz,
    worked_at timestamptz,
    waits_until timestamptz,
    ended_at timestamptz,
    constraint import_ends_with_its_bytes check (ended_at is null or wrapped is null)
);
create index imports_by_authority on imports (authority_id, id);
create index imports_that_wait on imports (principal_id, id) where ended_at is null;
create index imports_by_end on imports (ended_at) where ended_at is not null;

create table import_chunks (
    import_id uuid not null references imports (id),
    first_line bigint not null,
    lines integer not null,
    sealed bytea not null,
    primary key (import_id, first_line)
);

-- What became of each line. There is no value here: only the key that the client gave, and which rules its fields break.
create table import_lines (
    import_id uuid not null references imports (id),
    line bigint not null,
    type text,
    external_id text,
    case_external_id text,
    outcome text not null
        constraint line_outcome check (outcome in ('stored', 'updated', 'withdrawn', 'unchanged', 'refused', 'conflict')),
    faults jsonb,
    -- In a dry run only: what later lines have to know of this one. It is deleted when the import ends.
    sealed bytea,
    primary key (import_id, line)
);
create index import_lines_not_accepted on import_lines (import_id, outcome, line) where outcome in ('refused', 'conflict');
create index import_lines_by_key on import_lines (import_id, type, external_id) where sealed is not null;

-- The rows that imports made, by their key: for a case within its authority, otherwise within its case. `version` is that of the row after
-- the last line about it, so that a change by anybody else is noticed. `digest` is a keyed digest of that line.
create table imported_rows (
    scope uuid not null,
    kind text not null constraint imported_kind check (kind in ('case', 'subject', 'identifier')),
    external_id text not null,
    row_id uuid not null,
    authority_id uuid not null references authorities (id),
    principal_id uuid not null references principals (id),
    version integer not null,
    digest bytea not null,
    withdrawn boolean not null default false,
    primary key (scope, kind, external_id)
);
create index imported_rows_by_row on imported_rows (row_id);
