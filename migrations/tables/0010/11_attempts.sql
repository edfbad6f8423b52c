-- Failed proofs at the token endpoint: one row for each address, and one for each pair of a client and an address, under keyed digests
-- that only the key file makes. Rows of the past hour are kept, no older ones.
create table token_attempts (
    digest bytea primary key,
    client_id uuid references principals (id),
    address text not null,
    since timestamptz not null,
    failures integer not null,
    untold integer not null default 0,
    told_at timestamptz,
    alarmed_at timestamptz
);
create index token_attempts_by_client on token_attempts (client_id) where client_id is not null;
create index token_attempts_by_age on token_attempts (since);
create index token_attempts_untold on token_attempts (told_at) where untold > 0;
