-- The key of the national system. It is unique within an authority for cases, and within a case for subjects and identifiers.
alter table cases add column external_id text check (length(external_id) between 1 and 100);
create unique index case_once_by_external_id on cases (authority_id, external_id) where external_id is not null;

alter table subjects add column external_id text check (length(external_id) between 1 and 100);
create unique index subject_once_by_external_id on subjects (case_id, external_id) where external_id is not null;

alter table identifiers add column external_id text check (length(external_id) between 1 and 100);
create unique index identifier_once_by_external_id on identifiers (case_id, external_id)
    where external_id is not null and withdrawn_at is null;
