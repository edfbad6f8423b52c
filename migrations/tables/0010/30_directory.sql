-- The directory that requests need: who is reached around the clock, who is competent for what, providers, what countries require.
create table contact_points (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    network text not null,
    always boolean not null,
    hours jsonb not null,
    time_zone text not null,
    languages text[] not null,
    powers text[] not null,
    contact jsonb not null,
    application text,
    declared_by text not null,
    valid_from date not null,
    valid_until date,
    last_verified_at timestamptz,
    verified_by uuid references principals (id)
);
create index contact_points_by_authority on contact_points (authority_id, id);

create table contact_checks (
    id uuid primary key,
    version integer not null,
    contact_point_id uuid not null references contact_points (id),
    authority_id uuid not null references authorities (id),
    at timestamptz not null,
    outcome text not null constraint check_outcome check (outcome in ('reached', 'no_answer', 'wrong_number', 'out_of_order')),
    minutes integer
);
create index contact_checks_by_point on contact_checks (contact_point_id, at);

create table competences (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    measures text[] not null,
    kinds text[] not null,
    instruments text[] not null,
    places text[] not null,
    languages text[] not null,
    channels text[] not null,
    declared_by text not null,
    valid_from date not null,
    valid_until date,
    last_confirmed_at timestamptz
);
create index competences_by_authority on competences (authority_id, id);

create table providers (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null unique references authorities (id),
    legal_entity text not null,
    brands text[] not null,
    services text[] not null,
    establishment jsonb not null,
    portal text,
    languages text[] not null,
    retention jsonb not null,
    emergency_channel text,
    notification_policy text not null,
    costs text,
    valid_from date not null,
    last_confirmed_at timestamptz
);

create table mous (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    provider_id uuid references providers (id),
    title text not null,
    parties text[] not null,
    scope text not null,
    standards text[] not null,
    valid_from date not null,
    valid_until date
);
create index mous_by_end on mous (valid_until, id);

create table requirement_notices (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    country text not null,
    measure text,
    instrument text,
    theme text not null,
    applicability text not null
        constraint notice_applicability check (applicability in ('applicable', 'not_applicable', 'to_a_certain_extent')),
    says jsonb not null,
    languages text[] not null,
    channels text[] not null,
    declared_by text not null,
    valid_from date not null,
    valid_until date,
    supersedes uuid unique references requirement_notices (id)
);
create index notices_by_country on requirement_notices (country, measure);
