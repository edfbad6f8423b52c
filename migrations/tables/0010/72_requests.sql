-- Requests for assistance. What they say is sealed; states, dates, codes and counterparts are columns.
create table mla_requests (
    id uuid primary key,
    version integer not null,
    maker_id uuid not null references authorities (id),
    reference text not null,
    foreign_reference text,
    kind text not null,
    instrument text,
    requesting_id uuid not null references authorities (id),
    executing_id uuid references authorities (id),
    executing_country text,
    enforcing_id uuid references authorities (id),
    case_id uuid,
    overlap_id uuid references case_overlaps (id),
    previous_id uuid references mla_requests (id),
    relation text constraint request_relation check (relation in ('follow_up', 'after_preservation', 'extension', 'supplement', 'same_matter')),
    state text not null,
    urgency text not null constraint request_urgency check (urgency in ('routine', 'urgent', 'emergency')),
    emergency_ground text,
    language text,
    wrapped bytea not null,
    sealed bytea not null,
    notices uuid[] not null,
    grounds text[] not null,
    validated_by uuid references principals (id),
    validated_at timestamptz,
    transmitted_at timestamptz,
    received_at timestamptz,
    decided_at timestamptz,
    until timestamptz,
    path_countries text[] not null,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    jit_id uuid references jits (id),
    reference_folded text not null,
    constraint request_reference unique (maker_id, requesting_id, reference_folded),
    constraint request_of_case foreign key (case_id, requesting_id) references cases (id, authority_id),
    constraint previous_has_a_relation check ((previous_id is null) = (relation is null)),
    constraint not_its_own_previous check (previous_id <> id),
    constraint validated_by_somebody check ((validated_by is null) = (validated_at is null)),
    constraint emergency_has_a_ground check (urgency <> 'emergency' or emergency_ground is not null),
    constraint transmitted_at_if_sent check (
        state in ('draft', 'validation_pending', 'ready', 'withdrawn', 'closed') or transmitted_at is not null and executing_id is not null)
);
create index requests_by_case on mla_requests (case_id, id) where case_id is not null;
create index requests_by_previous on mla_requests (previous_id) where previous_id is not null;
create index requests_to on mla_requests (executing_id, id);

create table mla_measures (
    id uuid primary key,
    version integer not null,
    request_id uuid not null references mla_requests (id),
    place smallint not null,
    code text not null,
    state text not null constraint measure_state check (state in ('pending', 'in_execution', 'executed', 'partly_executed',
        'not_executed', 'refused', 'postponed', 'conditions_offered', 'other_proposed', 'declined', 'withdrawn', 'transferred',
        'partly_transferred')),
    sealed bytea not null,
    tokens bytea[] not null,
    grounds text[] not null,
    outcome_reason text,
    until timestamptz,
    conditions text[] not null,
    started_at timestamptz,
    ended_at timestamptz,
    constraint measure_refused_on_a_ground check (state <> 'refused' or cardinality(grounds) > 0),
    constraint measure_postponed_on_a_ground check (state <> 'postponed' or cardinality(grounds) > 0)
);
create index measures_by_request on mla_measures (request_id, place);
create index measures_by_token on mla_measures using gin (tokens);

create table mla_transmissions (
    id uuid primary key,
    version integer not null,
    request_id uuid not null references mla_requests (id),
    from_id uuid not null references authorities (id),
    to_id uuid not null references authorities (id),
    at timestamptz not null,
    sent_by uuid not null,
    channel text not null,
    security text not null,
    receipt text,
    formal_confirmation_due timestamptz
);
create index transmissions_by_request on mla_transmissions (request_id, id);

create table mla_messages (
    id uuid primary key,
    version integer not null,
    request_id uuid not null references mla_requests (id),
    measure_id uuid references mla_measures (id),
    at timestamptz not null,
    authority_id uuid not null references authorities (id),
    side text not null,
    act text not null,
    reply_to uuid references mla_messages (id),
    sealed bytea not null,
    grounds text[] not null,
    recorded jsonb,
    recorded_by uuid not null references authorities (id),
    internal boolean not null,
    constraint recorded_for_another check (recorded is not null or authority_id = recorded_by)
);
create index messages_by_request on mla_messages (request_id, id);
