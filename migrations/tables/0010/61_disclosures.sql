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
    -- Asked about victims: for the cleared alone.
    victims_only boolean not null,
    constraint disclosure_asked foreign key (asking_case, asking_authority) references cases (id, authority_id),
    constraint disclosure_owned foreign key (owner_case, owner_authority) references cases (id, authority_id),
    constraint refused_on_a_ground check (state <> 'refused' or ground is not null)
);
create unique index one_open_disclosure on disclosures (overlap_id, asking_case, victims_only)
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
