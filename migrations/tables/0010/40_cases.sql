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
    visibility_reason text,
    handling_code text not null,
    handler_id uuid references principals (id),
    eurojust_number text,
    siena_reference text,
    ecodex_id text,
    state text not null
        constraint case_state check (state in ('hidden_pending', 'registered', 'open', 'closed', 'transferred', 'withdrawn')),
    state_reason text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    reference_folded text not null,
    constraint case_reference unique (authority_id, reference_folded),
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
    via_id uuid,
    since timestamptz,
    kept_out boolean not null default false,
    constraint access_case foreign key (case_id, owner_id) references cases (id, authority_id),
    constraint access_person foreign key (principal_id, authority_id) references principals (id, authority_id),
    constraint only_the_owner_owns check (level < 4 or authority_id = owner_id),
    constraint reason_if_access_withdrawn check ((withdrawn_at is null) = (withdrawal_reason is null))
);
create index case_access_by_authority on case_access (authority_id, case_id);
create index case_access_by_case on case_access (case_id, authority_id);
create unique index access_once_via on case_access (via_id, case_id, authority_id, principal_id) nulls not distinct where via_id is not null;

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
    pseudonym_folded text not null,
    constraint subject_pseudonym unique (case_id, pseudonym_folded),
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

create table idempotency_keys (
    principal_id uuid not null references principals (id),
    key text not null,
    authority_id uuid not null,
    fingerprint bytea not null,
    made jsonb,
    created_at timestamptz not null,
    primary key (principal_id, key)
);
