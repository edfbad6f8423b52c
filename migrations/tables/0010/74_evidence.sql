-- Evidence: what authorities give each other, as metadata. Never its content, and what is said of it in words is sealed.
create table evidence (
    id uuid primary key,
    version integer not null,
    object_id uuid not null,
    object_type text not null constraint evidence_shared_through check (object_type in ('request', 'jit')),
    item_id uuid,
    provider_id uuid not null references authorities (id),
    source_country text not null,
    sha256 text constraint evidence_sha256 check (sha256 ~ '^[0-9a-f]{64}$'),
    size bigint constraint evidence_size check (size >= 0),
    media_type text,
    obtained_on date not null,
    obtained_under text not null,
    handling_code text not null,
    conditions text[] not null,
    usable_until timestamptz,
    terms bytea,
    state text not null constraint evidence_state
        check (state in ('to_verify', 'given', 'declined', 'rejected', 'withdrawn', 'recalled')),
    answer bytea,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    verifier_id uuid references authorities (id),
    verified_at timestamptz,
    erase_at timestamptz,
    constraint digital_or_an_object check ((sha256 is null) = (size is null) and (sha256 is null) = (media_type is null)),
    constraint time_limit_has_its_end check ('time_limit' <> all (conditions) or usable_until is not null),
    constraint verified_by_somebody check ((verified_at is null or verifier_id is not null) and (state <> 'to_verify' or verified_at is null)),
    constraint erased_within_four_weeks check (erase_at is null or erase_at <= created_at + interval '28 days')
);
create index evidence_by_object on evidence (object_id, id);
create unique index evidence_given_once on evidence (object_id, sha256) where state in ('to_verify', 'given') and terms is not null;

-- The words about an item, apart from it: a receiver opens them once the conditions are accepted.
create table evidence_texts (
    evidence_id uuid primary key references evidence (id),
    sealed bytea not null
);

create table custody (
    id uuid primary key,
    version integer not null,
    evidence_id uuid not null references evidence (id),
    object_id uuid not null,
    act text not null,
    at timestamptz not null,
    authority_id uuid not null references authorities (id),
    sealed bytea,
    principal_id uuid not null references principals (id),
    recorded_at timestamptz not null
);
create index custody_by_evidence on custody (evidence_id, id);

create table evidence_uses (
    id uuid primary key,
    version integer not null,
    evidence_id uuid not null references evidence (id),
    object_id uuid not null,
    provider_id uuid not null references authorities (id),
    case_id uuid not null references cases (id),
    authority_id uuid not null references authorities (id),
    purpose text not null,
    use_as text not null constraint used_as check (use_as in ('intelligence', 'evidence')),
    consent_needed boolean not null,
    state text not null constraint use_state check (state in ('consent_asked', 'recorded', 'denied', 'withdrawn', 'revoked')),
    sealed bytea not null,
    answer bytea,
    asked_by uuid not null references principals (id),
    asked_at timestamptz not null,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    serious_threat boolean not null default false,
    constraint consent_decided_by_somebody check (not consent_needed or (state = 'consent_asked') = (decided_at is null)),
    constraint no_consent_no_answer check (consent_needed or state = 'recorded')
);
create index uses_by_evidence on evidence_uses (evidence_id, id);
create index uses_by_case on evidence_uses (case_id, id);

create table evidence_recipients (
    id uuid primary key,
    version integer not null,
    evidence_id uuid not null references evidence (id),
    object_id uuid not null,
    provider_id uuid not null references authorities (id),
    authority_id uuid not null references authorities (id),
    state text not null constraint recipient_state check (state in ('offered', 'accepted', 'declined')),
    answer bytea,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    received_at timestamptz,
    constraint recipient_once unique (evidence_id, authority_id)
);
