-- What a person chose about mail, and what the worker knows of it. The id is that of the person. `seen` has keys of what waited for the person
-- at the last look, and `fresh` those of them that came since the person was last told.
create table mail_accounts (
    id uuid primary key references principals (id),
    version integer not null,
    frequency text not null default 'never' constraint mail_frequency check (frequency in ('at_once', 'hourly', 'daily', 'never')),
    hour smallint not null default 8 constraint mail_hour check (hour between 0 and 23),
    time_zone text not null default 'UTC',
    quiet_from text,
    quiet_until text,
    language text not null default 'en' constraint mail_language check (language in ('en', 'fr', 'es', 'pt')),
    seen bigint[] not null default '{}',
    fresh bigint[] not null default '{}',
    looked_at timestamptz,
    next_at timestamptz,
    fault text,
    failing_since timestamptz,
    constraint quiet_hours check ((quiet_from is null) = (quiet_until is null))
);
create index mail_accounts_due on mail_accounts (next_at) where next_at is not null;

-- An address of a person, sealed under the key file. It is used once the person has entered the code that was sent to it. What has ended loses
-- the address as soon as nothing has to be sent there. `fault` is what a test of the address found, which is made once a day.
create table mail_addresses (
    id uuid primary key,
    version integer not null,
    principal_id uuid not null,
    authority_id uuid not null,
    use text not null constraint mail_use check (use in ('usual', 'on_call')),
    address bytea,
    state text not null constraint mail_address_state check (state in ('waiting', 'confirmed', 'ended')),
    asked_by uuid not null references principals (id),
    asked_at timestamptz not null,
    expires_at timestamptz not null,
    confirmed_at timestamptz,
    ended_at timestamptz,
    tested_at timestamptz,
    fault text,
    failing_since timestamptz,
    foreign key (principal_id, authority_id) references principals (id, authority_id),
    constraint mail_address_there check (address is not null or state = 'ended')
);
create index mail_addresses_by_person on mail_addresses (principal_id, id);
create unique index one_mail_address on mail_addresses (principal_id, use) where state = 'confirmed';
create unique index one_waiting_address on mail_addresses (principal_id, use) where state = 'waiting';
create index mail_addresses_to_test on mail_addresses (tested_at) where state = 'confirmed';
create index mail_addresses_to_erase on mail_addresses (id) where state = 'ended' and address is not null;

-- What is to be sent. There is no text: it depends on the kind and the language only. The ids are random, because they are sent along.
create table mails (
    id uuid primary key,
    address_id uuid not null references mail_addresses (id),
    kind text not null constraint mail_kind check (kind in ('news', 'code', 'changed', 'test')),
    urgent boolean not null default false,
    state text not null default 'waiting' constraint mail_state check (state in ('waiting', 'sent', 'failed', 'withheld')),
    created_at timestamptz not null,
    next_at timestamptz not null,
    leased_until timestamptz,
    tried integer not null default 0,
    settled_at timestamptz
);
create index mails_waiting on mails (next_at) where state = 'waiting';
create index mails_by_address on mails (address_id) where state = 'waiting';
create index mails_settled on mails (settled_at) where settled_at is not null;
create unique index one_waiting_mail on mails (address_id, kind) where state = 'waiting';

-- Alarms, and deadlines that near, as far as people are told of them by mail.
create index entries_to_tell on journal_entries (authority_id, at) where event and (action = 'deadline.nears' or object_type = 'alarm');
