-- Addresses to which the register sends the events of one machine client. An address, its filter and its client never change. The secret is
-- sealed under the key file. The place says up to where the feed was read for this address.
create table webhook_endpoints (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    client_id uuid not null,
    role text not null,
    url text not null constraint webhook_url check (length(url) between 8 and 500),
    events text[] not null constraint webhook_events check (cardinality(events) <= 200),
    state text not null constraint webhook_state check (state in ('requested', 'active', 'paused', 'ended')),
    secret bytea not null,
    old_secret bytea,
    old_until timestamptz,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    approved_at timestamptz,
    ended_at timestamptz,
    pause text constraint webhook_pause check (pause in ('asked', 'failing', 'restored')),
    place_xid xid8,
    place_entry bigint not null default 0,
    place_epoch text,
    failures integer not null default 0,
    next_at timestamptz,
    foreign key (client_id, authority_id) references principals (id, authority_id),
    constraint webhook_approved check (approved_at is not null or state in ('requested', 'ended')),
    constraint webhook_old_secret check ((old_secret is null) = (old_until is null))
);
create index webhooks_by_authority on webhook_endpoints (authority_id, id);
create index webhooks_at_work on webhook_endpoints (id) where state in ('active', 'paused');

-- What is to be sent to an address, in the order of the feed. A lane is a case, or what else an event is about: its events go one after the
-- other. A ping has no entry of the journal. A replay and a ping are tried once.
create table webhook_deliveries (
    id uuid primary key,
    version integer not null,
    n bigint generated always as identity,
    endpoint_id uuid not null references webhook_endpoints (id),
    kind text not null constraint webhook_kind check (kind in ('event', 'replay', 'ping')),
    entry_id bigint,
    message_id uuid not null,
    lane uuid not null,
    state text not null constraint webhook_delivery_state check (state in ('waiting', 'delivered', 'failed', 'withheld')),
    created_at timestamptz not null,
    next_at timestamptz not null,
    leased_until timestamptz,
    failing_since timestamptz,
    tried integer not null default 0,
    attempts jsonb not null default '[]',
    settled_at timestamptz,
    constraint webhook_entry check ((kind = 'ping') = (entry_id is null))
);
create index deliveries_by_endpoint on webhook_deliveries (endpoint_id, id);
create index deliveries_waiting on webhook_deliveries (endpoint_id, lane, n) where state = 'waiting';
create unique index delivered_once on webhook_deliveries (endpoint_id, entry_id) where kind = 'event';
