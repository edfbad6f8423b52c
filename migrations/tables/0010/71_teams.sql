-- Joint investigation teams. What agreements, amendments, evaluations and drafts of statements say is sealed.
create table jits (
    id uuid primary key,
    version integer not null,
    maker_id uuid not null references authorities (id),
    reference text not null,
    legal_basis text not null,
    operation_name text,
    states_of_operation text[] not null,
    working_language text,
    since timestamptz,
    until timestamptz,
    state text not null constraint jit_state check (state in ('proposed', 'drafting', 'signature_pending', 'active', 'ended',
        'evaluation', 'closed', 'public_statement', 'abandoned')),
    end_reason text constraint jit_end_reason check (end_reason in ('expiry', 'goal', 'withdrawal')),
    ended_at timestamptz,
    wrapped bytea not null,
    sealed bytea not null,
    words bytea,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    administrator_id uuid references authorities (id),
    reference_folded text not null,
    constraint jit_reference unique (maker_id, reference_folded),
    constraint period_from_the_last_signature check (
        (state in ('proposed', 'drafting', 'signature_pending', 'abandoned')) = (since is null) and (since is null or since < until)),
    constraint ended_for_a_reason check (
        (state in ('ended', 'evaluation', 'closed', 'public_statement')) = (ended_at is not null)
        and (ended_at is null) = (end_reason is null))
);

create table jit_parties (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    authority_id uuid not null references authorities (id),
    country text not null,
    leader_id uuid references principals (id),
    sealed bytea,
    state text not null constraint jit_party_state check (state in ('party', 'removed', 'left')),
    joined_at timestamptz not null,
    left_at timestamptz,
    constraint gone_since check ((state = 'party') = (left_at is null))
);
create unique index each_state_once on jit_parties (jit_id, country) where state = 'party';

create table jit_members (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    authority_id uuid not null references authorities (id),
    sealed bytea not null,
    seconded boolean not null,
    state text not null constraint jit_member_state check (state in ('serving', 'ended')),
    since timestamptz not null,
    until timestamptz,
    principal_id uuid,
    constraint own_person foreign key (principal_id, authority_id) references principals (id, authority_id)
);
create index members_by_jit on jit_members (jit_id, id);
create unique index serving_once on jit_members (jit_id, principal_id) where state = 'serving' and principal_id is not null;

create table jit_participants (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    authority_id uuid not null references authorities (id),
    role text not null,
    evidence boolean not null,
    sealed bytea not null,
    state text not null constraint jit_participant_state check (state in ('serving', 'ended')),
    since timestamptz not null,
    until timestamptz
);
create unique index participant_once on jit_participants (jit_id, authority_id) where state = 'serving';

create table jit_associates (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    sealed bytea not null,
    state text not null constraint jit_associate_state check (state in ('serving', 'ended')),
    since timestamptz not null,
    until timestamptz
);
create index associates_by_jit on jit_associates (jit_id, id);

-- One party's signature under one text; a text that changed voids it, and nothing removes it.
create table jit_signatures (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    subject_id uuid not null,
    authority_id uuid not null references authorities (id),
    principal_id uuid not null references principals (id),
    text_sha256 text not null constraint signed_sha256 check (text_sha256 ~ '^[0-9a-f]{64}$'),
    signed_at timestamptz not null,
    voided_at timestamptz,
    recorded bytea
);
create unique index signed_once on jit_signatures (subject_id, authority_id) where voided_at is null;
create index signatures_by_jit on jit_signatures (jit_id, id);

create table jit_amendments (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    change text not null constraint amendment_change check (change in ('join', 'leave', 'purpose', 'period', 'states_of_operation', 'clause',
        'participant')),
    authority_id uuid references authorities (id),
    until timestamptz,
    sealed bytea not null,
    words bytea,
    state text not null constraint amendment_state check (state in ('proposed', 'applied', 'refused', 'withdrawn')),
    proposed_by uuid not null references authorities (id),
    proposed_at timestamptz not null,
    decided_at timestamptz,
    recorded bytea,
    constraint whose_place check ((change in ('join', 'leave', 'participant')) = (authority_id is not null)),
    constraint period_says_until check (change <> 'period' or until is not null)
);
create index amendments_by_jit on jit_amendments (jit_id, id);

create table jit_evaluations (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    authority_id uuid references authorities (id),
    sealed bytea not null,
    answered_by uuid not null references principals (id),
    answered_at timestamptz not null,
    recorded bytea,
    constraint one_answer_each unique nulls not distinct (jit_id, authority_id)
);

create table jit_statements (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    names_operation boolean not null,
    victims_checked boolean not null constraint victims_were_checked check (victims_checked),
    no_ongoing_trial boolean not null constraint no_trial_goes_on check (no_ongoing_trial),
    sealed bytea not null,
    state text not null constraint statement_state check (state in ('proposed', 'approved')),
    proposed_by uuid not null references authorities (id),
    proposed_at timestamptz not null,
    constraint one_statement unique (jit_id)
);

-- What everybody may read of a team, under an id of its own.
create table jit_releases (
    id uuid primary key,
    version integer not null,
    jit_id uuid not null references jits (id),
    operation_name text,
    countries text[] not null,
    year smallint not null,
    texts jsonb not null,
    released_at timestamptz not null,
    retracted_at timestamptz
);
create unique index released_once on jit_releases (jit_id) where retracted_at is null;
