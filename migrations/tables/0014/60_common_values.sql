-- Whether the match key comes from a value that tells nobody apart. Such a key links two cases only beside other evidence.
alter table holdings add column common boolean not null default false;
alter table pending_holdings add column common boolean not null default false;

-- The value that the operator listed without a case, as it was sent and in clear, and the version of the readers that read it.
alter table exclusions add column listed jsonb;
alter table exclusions add column normaliser smallint;
