create schema priv;

-- Who takes part, and what the service itself keeps. Policies, functions and grants are in migrations/rules; no extension is needed.
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
    vouched_by uuid references principals (id),
    constraint principal_subject unique (issuer, subject),
    constraint principal_of_authority unique (id, authority_id)
);
create index principals_by_authority on principals (authority_id, id);

-- The MAC, by a key that is not in the database, covers the other columns: a row without a right one is ignored.
create table signing_keys (
    kid text primary key,
    public_jwk jsonb not null,
    wrapped bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz,
    mac bytea not null
);

create table used_assertions (
    client_id uuid not null,
    jti text not null,
    expires_at timestamptz not null,
    primary key (client_id, jti)
);

create table priv.context_key (
    one boolean primary key default true check (one),
    inner_pad bytea not null,
    outer_pad bytea not null
);

-- A digest that only the right key file makes: a wrong file is refused before anything is written with it.
create table priv.key_check (
    one boolean primary key default true check (one),
    digest bytea not null
);

-- The digest of every function, policy and table's rights, as the catalog described it when the rules were last applied.
create table priv.rules (
    kind text not null,
    name text not null,
    digest text not null,
    primary key (kind, name)
);
