-- The hash chain of each authority. Entries are appended without a link; the worker links them once it is certain that no earlier entry
-- can still appear.
create table journal_links (
    authority_id uuid not null,
    seq bigint not null,
    entry_id bigint not null,
    hash bytea not null,
    -- What the hash covers. 1: the fields of the entry without its public id, as until revision 0010. 2: also the public id.
    version smallint not null,
    primary key (authority_id, seq),
    constraint entry_linked_once unique (entry_id)
);
insert into journal_links (authority_id, seq, entry_id, hash, version)
    select authority_id, seq, id, hash, 1 from journal_entries;

alter table journal_entries drop constraint journal_entries_pkey;
alter table journal_entries drop column seq, drop column hash;
alter table journal_entries add primary key (id);
create index journal_by_authority on journal_entries (authority_id, id);
create index journal_by_transaction on journal_entries (xid, id);

-- All entries of transactions before this one are linked.
create table journal_linking (
    one boolean primary key default true check (one),
    before xid8 not null
);
insert into journal_linking (before) values (pg_snapshot_xmin(pg_current_snapshot()));

-- The worker signs its context with a key of its own.
alter table priv.context_key add column worker_inner_pad bytea, add column worker_outer_pad bytea;
