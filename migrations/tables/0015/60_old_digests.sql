-- Until when a token of an older version of the readers is kept although all identifiers were read again. Digests that were made by the
-- older version still meet it until then.
alter table holdings add column kept_until timestamptz not null default '-infinity';
create index holdings_to_drop on holdings (kept_until) where outdated;

-- The earlier identifier of the case that has the same value by the rules of reading that came after both were registered.
alter table identifiers add column same_as uuid references identifiers (id) on delete set null;
create index identifiers_same_as on identifiers (same_as) where same_as is not null;
