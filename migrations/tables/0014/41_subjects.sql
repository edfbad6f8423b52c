-- The people to whom an identifier belongs or belonged, since when, and whether that is a fact or an assessment.
alter table identifiers add column victim_version integer not null default 0;
drop index identifiers_by_case;
alter table identifiers add constraint identifier_in_case unique (case_id, id);
create table identifier_subjects (
    identifier_id uuid not null,
    subject_id uuid not null,
    case_id uuid not null,
    since timestamptz,
    basis text not null constraint link_basis check (basis in ('fact', 'assessment')),
    created_at timestamptz not null,
    created_by uuid not null,
    primary key (identifier_id, subject_id),
    constraint link_of_identifier foreign key (case_id, identifier_id) references identifiers (case_id, id),
    constraint link_to_subject foreign key (subject_id, case_id) references subjects (id, case_id)
);
create index identifier_subjects_by_subject on identifier_subjects (subject_id);

-- The owner of the tables is subject to their policies otherwise. The rules are applied again after the revision.
alter table identifiers no force row level security;
insert into identifier_subjects (identifier_id, subject_id, case_id, basis, created_at, created_by)
    select i.id, i.subject_id, i.case_id, i.basis, i.created_at, i.created_by from identifiers i where i.subject_id is not null;
alter table identifiers force row level security;
alter table identifiers drop column subject_id;

-- The categories of all these people, in alphabetical order; null if there is none.
alter table holdings alter column role type text[] using case when role is not null then array[role] end;
alter table holdings rename column role to roles;
alter table pending_holdings drop column role;
