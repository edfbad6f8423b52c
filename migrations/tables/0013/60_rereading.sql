-- Identifiers by the version of the readers that read them, so that those of older versions are found.
create index identifiers_by_normaliser on identifiers (normaliser, id);

-- Tokens of an older version of the readers. They match until all identifiers were read again, and are removed then.
alter table holdings add column outdated boolean not null default false;
create index holdings_outdated on holdings (identifier_id) where outdated;

-- Whether the change comes from reading identifiers again. Earlier comparisons of those in `compared` with similar values no longer hold.
alter table matching_queue add column anew boolean not null default false;
