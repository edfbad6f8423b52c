-- Facts of a case: dated things that happened in the world. Time, precision, kind and country are in clear; the text, the source and the place are
-- sealed under the key of the case (`words`). A fact without a time has no date, and none is made up for it.
create table facts (
    id uuid primary key,
    version integer not null,
    case_id uuid not null references cases (id),
    authority_id uuid not null references authorities (id),
    recorded_by uuid not null references principals (id),
    kind text not null,
    -- The start of the time as far as it is known: with the precision `day`, the start of the day in the zone or offset that was stated.
    begins_at timestamptz,
    ends_at timestamptz,
    precision text constraint fact_precision check (precision in ('year', 'month', 'day', 'hour', 'minute', 'second')),
    -- The difference from UTC in minutes, and the name of the time zone, as they were stated.
    utc_offset smallint constraint fact_offset check (utc_offset between -840 and 840),
    zone text,
    country text,
    basis text not null constraint fact_basis check (basis in ('fact', 'assessment')),
    confidence text constraint fact_confidence check (confidence in ('low', 'medium', 'high')),
    source_grading text,
    information_grading text,
    handling_code text not null,
    words bytea,
    -- A keyed digest of the place, the same in all cases. It serves to find that two facts name the same place, and nothing else.
    place_token bytea,
    -- Whether the person who recorded it says that it is about a victim, and whether that or a link to a victim makes it one for cleared people.
    about_victim boolean not null,
    victims boolean not null,
    external_id text constraint fact_external_id check (length(external_id) between 1 and 100),
    recorded_at timestamptz not null,
    changed_by uuid not null,
    changed_at timestamptz not null,
    withdrawn_at timestamptz,
    withdrawal_reason text,
    constraint fact_in_case unique (case_id, id),
    constraint undated_has_no_time check (
        (begins_at is null) = (precision is null)
        and (begins_at is not null or ends_at is null and utc_offset is null and zone is null)),
    constraint fact_ends_after_it_begins check (ends_at >= begins_at),
    constraint victims_as_stated check (victims or not about_victim),
    constraint reason_if_fact_withdrawn check ((withdrawn_at is null) = (withdrawal_reason is null))
);
create index facts_by_time on facts (case_id, begins_at, id);
create index facts_by_place on facts (place_token, case_id) where place_token is not null;
-- Who is not cleared does not learn of a victims' fact from its key, so that those have keys of their own.
create unique index fact_once_by_external_id on facts (case_id, external_id, victims) where external_id is not null and withdrawn_at is null;

create table fact_subjects (
    fact_id uuid not null,
    case_id uuid not null,
    subject_id uuid not null,
    primary key (fact_id, subject_id),
    constraint subject_of_fact foreign key (case_id, fact_id) references facts (case_id, id),
    constraint fact_of_subject foreign key (subject_id, case_id) references subjects (id, case_id)
);
create index fact_subjects_by_subject on fact_subjects (subject_id);

create table fact_identifiers (
    fact_id uuid not null,
    case_id uuid not null,
    identifier_id uuid not null,
    primary key (fact_id, identifier_id),
    constraint identifier_of_fact foreign key (case_id, fact_id) references facts (case_id, id),
    constraint fact_of_identifier foreign key (case_id, identifier_id) references identifiers (case_id, id)
);
create index fact_identifiers_by_identifier on fact_identifiers (identifier_id);

-- The earlier states of facts. A state was known from `recorded_at` to `superseded_at`; the present one since `changed_at` of its fact.
create table fact_history (
    fact_id uuid not null,
    case_id uuid not null,
    version integer not null,
    kind text not null,
    begins_at timestamptz,
    ends_at timestamptz,
    precision text,
    utc_offset smallint,
    zone text,
    country text,
    basis text not null,
    confidence text,
    source_grading text,
    information_grading text,
    handling_code text not null,
    words bytea,
    place_token bytea,
    about_victim boolean not null,
    victims boolean not null,
    subjects uuid[] not null,
    identifiers uuid[] not null,
    external_id text,
    recorded_by uuid not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null,
    primary key (fact_id, version),
    constraint history_of_fact foreign key (case_id, fact_id) references facts (case_id, id)
);
create index fact_history_by_case on fact_history (case_id, recorded_at);

-- Imports and exports have facts too.
alter table imported_rows drop constraint imported_kind,
    add constraint imported_kind check (kind in ('case', 'subject', 'identifier', 'fact'));
alter table exports add column facts bigint not null default 0,
    drop constraint export_stage,
    add constraint export_stage check (stage in ('case', 'subjects', 'identifiers', 'facts', 'end'));
