-- Until when a token of an older version of the readers is kept although all identifiers were read again. Digests that were made by the
-- older version still meet it until then.
alter table holdings add column kept_until timestamptz not null default '-infinity';
create index holdings_to_drop on holdings (kept_until) where outdated;
