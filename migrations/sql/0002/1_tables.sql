-- Likeness: what no token can say by being equal (a person in two spellings, a picture hash a few bits off), and what people
-- make of an overlap: judgements, disclosures, exclusions.
alter table match_tokens add column exact boolean not null default true;
alter table match_tokens alter column exact drop default;
alter table holdings add column since timestamptz not null default now();
alter table holdings alter column since drop default;
-- Match keys of persons are held with strength 0, or -1 where they only answer: they are no evidence, only reasons to compare.
create index holdings_of_evidence on holdings (case_id, token) where strength > 0;

create table likenesses (
    identifier_a uuid not null,
    identifier_b uuid not null,
    case_a uuid not null,
    case_b uuid not null,
    score real not null,
    strength smallint not null,
    rule text not null,
    primary key (identifier_a, identifier_b),
    constraint likeness_of_two check (identifier_a < identifier_b and case_a <> case_b)
);
create index likenesses_by_second on likenesses (identifier_b);
create index likenesses_by_cases on likenesses (case_a, case_b);

alter table case_overlaps
    add column rarity smallint not null default 0,
    add column open_rarity smallint not null default 0,
    add column roles text[] not null default '{}',
    add column open_roles text[] not null default '{}',
    add column first_at timestamptz,
    add column last_at timestamptz,
    add column open_first_at timestamptz,
    add column open_last_at timestamptz,
    add column open_changed_at timestamptz,
    add column score real not null default 0,
    add column open_score real not null default 0,
    add column ever boolean not null default true;
alter table case_overlaps drop constraint overlap_state;
alter table case_overlaps add constraint overlap_state
    check (state = case when shared_a = 0 then 'withdrawn' else 'detected' end);

-- What one side makes of an overlap (R10).
create table overlap_sides (
    id uuid primary key,
    version integer not null,
    overlap_id uuid not null references case_overlaps (id),
    case_id uuid not null references cases (id),
    authority_id uuid not null references authorities (id),
    state text not null constraint side_state
        check (state in ('detected', 'under_verification', 'confirmed', 'rejected', 'unsure')),
    verifier_id uuid references principals (id),
    reason text,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    constraint side_of_overlap unique (overlap_id, case_id),
    constraint verified_by_a_person check (state in ('detected', 'rejected') or verifier_id is not null)
);
create index overlap_sides_by_case on overlap_sides (case_id, state);
insert into overlap_sides (id, version, overlap_id, case_id, authority_id, state)
    select gen_random_uuid(), 1, o.id, s.case_id, s.authority_id, 'detected'
    from case_overlaps o, lateral (values (o.case_a, o.authority_a), (o.case_b, o.authority_b)) s (case_id, authority_id);

-- One side asks the other for what lies behind an overlap; the owner decides (Prüm II Art. 47, Eurojust Regulation Art. 49).
create table disclosures (
    id uuid primary key,
    version integer not null,
    overlap_id uuid not null references case_overlaps (id),
    asking_case uuid not null,
    asking_authority uuid not null,
    owner_case uuid not null,
    owner_authority uuid not null,
    state text not null constraint disclosure_state check (state in ('requested', 'awaiting_judicial_authorisation',
        'disclosed_full', 'disclosed_partial', 'refused', 'withdrawn', 'recalled')),
    purpose text not null,
    offence text not null,
    facts text,
    items_asked text[] not null,
    urgency text not null,
    asked_by uuid not null references principals (id),
    asked_at timestamptz not null,
    due_at timestamptz not null,
    decided_by uuid references principals (id),
    decided_at timestamptz,
    reason text,
    ground text,
    until timestamptz,
    constraint disclosure_asked foreign key (asking_case, asking_authority) references cases (id, authority_id),
    constraint disclosure_owned foreign key (owner_case, owner_authority) references cases (id, authority_id),
    constraint refused_on_a_ground check (state <> 'refused' or ground is not null)
);
create unique index one_open_disclosure on disclosures (overlap_id, asking_case)
    where state in ('requested', 'awaiting_judicial_authorisation');
create index disclosures_by_asker on disclosures (asking_case, id);
create index disclosures_by_owner on disclosures (owner_case, id);

create table disclosed_items (
    id uuid primary key,
    disclosure_id uuid not null references disclosures (id),
    identifier_id uuid not null references identifiers (id),
    victim boolean not null,
    handling_code text not null,
    conditions text not null,
    constraint disclosed_once unique (disclosure_id, identifier_id)
);

-- What is evidence for no overlap of its author's cases (of nobody's, if the operator says so), and until when.
create table exclusions (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    everywhere boolean not null,
    tokens bytea[],
    identifier_id uuid references identifiers (id),
    kind text,
    other_id uuid references authorities (id),
    reason text not null,
    until timestamptz,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    withdrawn_at timestamptz,
    withdrawn_by uuid references principals (id),
    lapsed_at timestamptz,
    constraint one_thing_excluded check (num_nonnulls(tokens, kind, other_id) = 1)
);
create index exclusions_in_force on exclusions (until) where withdrawn_at is null and lapsed_at is null;
