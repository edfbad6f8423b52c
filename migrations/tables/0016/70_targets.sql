-- Whether a deadline sets a time limit: an authority's own target only if the authority says so. Periods that only have to pass do not.
alter table service_targets add column counts_as_due boolean not null default false;
alter table deadlines add column counts_as_due boolean not null default true;
update deadlines set counts_as_due = false where rule in ('bud_29_min', 'service_target');
