-- Values that somebody searched for and that were counted against the quotas: known by a digest that fits one case alone. No policy and no access
-- for callers.
create table searched_values (
    principal_id uuid not null,
    digest bytea not null,
    hidden boolean not null,
    until timestamptz not null,
    primary key (principal_id, digest)
);
create index searched_values_by_end on searched_values (until);
