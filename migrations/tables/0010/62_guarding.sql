-- What guards the register against guessing: no policy and no access for callers, but for the daily figures.

-- Every value that a case has ever put into matching, or announced for it: known by a digest that fits this case alone. It stays after
-- the value was withdrawn, so that the same case may register it again at no cost.
create table registered_values (
    case_id uuid not null,
    digest bytea not null,
    identifier_id uuid not null,
    principal_id uuid not null,
    hidden boolean not null,
    at timestamptz not null,
    met boolean not null default false,
    left_at timestamptz,
    primary key (case_id, digest)
);
create index registered_values_by_time on registered_values using brin (at);

-- How much of a quota a client or an authority has used in the hour or day that began at `since`.
create table quota_use (
    holder_id uuid not null,
    policy text not null,
    since timestamptz not null,
    used bigint not null,
    primary key (holder_id, policy)
);

-- Quotas of single authorities in place of those in the settings, for each of their clients, for ever or until a day.
create table quotas (
    authority_id uuid primary key references authorities (id),
    hourly bigint not null,
    daily bigint not null,
    hidden_hourly bigint not null,
    hidden_daily bigint not null,
    until timestamptz,
    reason text not null,
    set_by uuid,
    set_at timestamptz not null,
    constraint quotas_are_positive check (least(hourly, daily, hidden_hourly, hidden_daily) >= 0)
);

-- Tokens of values that no real case holds.
create table honey_values (
    token bytea primary key,
    id uuid not null,
    kind text not null,
    added_at timestamptz not null
);

-- Hidden cases whose hiding a person of their authority decided on or confirmed.
create table hiding_confirmations (
    case_id uuid primary key references cases (id),
    principal_id uuid not null references principals (id),
    at timestamptz not null
);

-- What hidden cases without that confirmation would hold: no part of matching.
create table pending_holdings (
    token bytea not null,
    case_id uuid not null,
    identifier_id uuid not null,
    family text not null,
    kind text not null,
    strength smallint not null,
    role text,
    primary key (case_id, identifier_id, token)
);

-- What each client or person registered on a day (UTC), how much of it met other cases, how much left matching again.
create table registration_figures (
    principal_id uuid not null references principals (id),
    day date not null,
    authority_id uuid not null references authorities (id),
    registered integer not null,
    met integer not null,
    withdrawn integer not null,
    alarmed boolean not null default false,
    primary key (principal_id, day)
);
create index registration_figures_by_authority on registration_figures (authority_id, day);
