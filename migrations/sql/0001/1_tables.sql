-- The register. Every row that belongs to somebody is under a policy (4_policies.sql); nothing here needs an extension.
create table authorities (
    id uuid primary key,
    version integer not null,
    name text not null,
    type text not null,
    country text,
    languages text[] not null,
    contact jsonb not null,
    operator boolean not null,
    created_at timestamptz not null,
    constraint organisation_has_no_country check ((type = 'organisation') = (country is null) or operator)
);

create table principals (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    kind text not null constraint principal_kind check (kind in ('person', 'client')),
    name text not null,
    issuer text not null,
    subject text not null,
    roles text[] not null,
    victim_cleared boolean not null,
    active boolean not null,
    secret_digest bytea,
    jwks jsonb,
    created_at timestamptz not null,
    constraint principal_subject unique (issuer, subject),
    constraint principal_of_authority unique (id, authority_id)
);
create index principals_by_authority on principals (authority_id, id);

create table cases (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    reference text not null,
    title text not null,
    operation_name text,
    case_type text not null,
    crime_categories text[] not null,
    countries text[] not null,
    visibility text not null constraint case_visibility check (visibility in ('hit_no_hit', 'open_index', 'hidden')),
    handling_code text not null,
    handler_id uuid references principals (id),
    eurojust_number text,
    siena_reference text,
    ecodex_id text,
    state text not null
        constraint case_state check (state in ('registered', 'open', 'closed', 'transferred', 'withdrawn')),
    state_reason text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint case_reference unique (authority_id, reference),
    constraint case_owner unique (id, authority_id),
    constraint reason_if_withdrawn check (state <> 'withdrawn' or state_reason is not null)
);

create table case_access (
    id uuid primary key,
    version integer not null,
    case_id uuid not null,
    owner_id uuid not null,
    authority_id uuid not null references authorities (id),
    level smallint not null constraint access_level check (level between 1 and 4),
    principal_id uuid,
    until timestamptz,
    reason text not null,
    granted_by uuid,
    granted_at timestamptz not null,
    withdrawn_at timestamptz,
    withdrawn_by uuid,
    withdrawal_reason text,
    constraint access_case foreign key (case_id, owner_id) references cases (id, authority_id),
    constraint access_person foreign key (principal_id, authority_id) references principals (id, authority_id),
    constraint only_the_owner_owns check (level < 4 or authority_id = owner_id),
    constraint reason_if_access_withdrawn check ((withdrawn_at is null) = (withdrawal_reason is null))
);
create index case_access_by_authority on case_access (authority_id, case_id);
create index case_access_by_case on case_access (case_id, authority_id);

create table case_keys (
    case_id uuid primary key references cases (id),
    wrapped bytea not null
);

create table subjects (
    id uuid primary key,
    version integer not null,
    case_id uuid not null references cases (id),
    pseudonym text not null,
    category text not null,
    age_status text not null,
    created_at timestamptz not null,
    constraint subject_pseudonym unique (case_id, pseudonym),
    constraint subject_in_case unique (id, case_id)
);

create table subject_categories (
    id uuid primary key,
    case_id uuid not null,
    subject_id uuid not null,
    category text not null,
    since timestamptz not null,
    set_by uuid not null,
    constraint category_of_subject foreign key (subject_id, case_id) references subjects (id, case_id)
);
create index subject_categories_by_subject on subject_categories (subject_id, since);

create table identifiers (
    id uuid primary key,
    version integer not null,
    case_id uuid not null references cases (id),
    subject_id uuid,
    kind text not null,
    fingerprint bytea not null,
    sealed bytea not null,
    normaliser smallint not null,
    strength smallint not null,
    warnings text[] not null,
    basis text not null constraint identifier_basis check (basis in ('fact', 'assessment')),
    source_grading text,
    information_grading text,
    handling_code text not null,
    exceptional_reason text,
    exceptional_until timestamptz,
    created_at timestamptz not null,
    created_by uuid not null,
    withdrawn_at timestamptz,
    withdrawal_reason text,
    constraint identifier_of_subject foreign key (subject_id, case_id) references subjects (id, case_id),
    constraint reason_if_identifier_withdrawn check ((withdrawn_at is null) = (withdrawal_reason is null)),
    constraint exceptional_has_an_end check ((exceptional_reason is null) = (exceptional_until is null))
);
create unique index identifier_once_in_case on identifiers (case_id, fingerprint) where withdrawn_at is null;
create index identifiers_by_case on identifiers (case_id, id);
create index identifiers_by_subject on identifiers (subject_id) where subject_id is not null;

-- What matching knows: no value, no policy, no trigger, no reference to another table (it can be distributed by token).
create table match_tokens (
    token bytea primary key,
    family text not null,
    cases integer not null,
    hidden_cases integer not null
);

create table holdings (
    token bytea not null,
    case_id uuid not null,
    identifier_id uuid not null,
    authority_id uuid not null,
    kind text not null,
    strength smallint not null,
    role text,
    hidden boolean not null,
    primary key (token, case_id, identifier_id)
);
create index holdings_by_case on holdings (case_id, token);
create index holdings_by_identifier on holdings (identifier_id);

create table case_overlaps (
    id uuid primary key,
    case_a uuid not null references cases (id),
    case_b uuid not null references cases (id),
    authority_a uuid not null,
    authority_b uuid not null,
    hidden_a boolean not null,
    hidden_b boolean not null,
    state text not null,
    strength smallint not null,
    shared_a integer not null,
    shared_b integer not null,
    kinds text[] not null,
    open_strength smallint not null,
    open_shared_a integer not null,
    open_shared_b integer not null,
    open_kinds text[] not null,
    ever_open boolean not null,
    rank bigint not null,
    open_rank bigint not null,
    detected_at timestamptz not null,
    changed_at timestamptz not null,
    constraint overlap_pair unique (case_a, case_b),
    constraint overlap_of_two_cases check (case_a < case_b),
    constraint overlap_state check (state = case when shared_a = 0 then 'withdrawn' else 'detected' end)
);
create index overlaps_by_second_case on case_overlaps (case_b, case_a);
create index overlaps_by_first_authority on case_overlaps (authority_a, rank desc, id desc);
create index overlaps_by_second_authority on case_overlaps (authority_b, rank desc, id desc);

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

create table idempotency_keys (
    principal_id uuid not null references principals (id),
    key text not null,
    authority_id uuid not null,
    fingerprint bytea not null,
    made jsonb,
    created_at timestamptz not null,
    primary key (principal_id, key)
);

create table signing_keys (
    kid text primary key,
    public_jwk jsonb not null,
    wrapped bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz
);

create table used_assertions (
    client_id uuid not null,
    jti text not null,
    expires_at timestamptz not null,
    primary key (client_id, jti)
);
