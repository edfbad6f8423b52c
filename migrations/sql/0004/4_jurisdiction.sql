-- Conflicts of jurisdiction (Framework Decision 2009/948/JHA). Facts, reasons and what was handed over are sealed.
create table consultations (
    id uuid primary key,
    version integer not null,
    reference text not null,
    contacting_id uuid not null references authorities (id),
    overlap_id uuid references case_overlaps (id),
    meeting_id uuid,
    in_custody boolean not null,
    reply_by timestamptz,
    state text not null constraint consultation_state check (state in ('opened', 'replied', 'consulting', 'consensus', 'no_consensus',
        'referred_to_eurojust', 'closed')),
    prosecuting_country text,
    wrapped bytea not null,
    sealed bytea not null,
    reason bytea,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint consensus_names_who_prosecutes check (state <> 'consensus' or prosecuting_country is not null)
);

create table consultation_positions (
    id uuid primary key,
    version integer not null,
    consultation_id uuid not null references consultations (id),
    authority_id uuid not null references authorities (id),
    country text,
    side text not null constraint position_side check (side in ('requesting', 'executing')),
    position text not null constraint position_code check (position in ('prosecute', 'transfer', 'end', 'undecided')),
    sealed bytea not null,
    replied_at timestamptz,
    updated_at timestamptz not null,
    constraint one_position_each unique (consultation_id, authority_id)
);

create table proceedings_transfers (
    id uuid primary key,
    version integer not null,
    consultation_id uuid not null references consultations (id),
    from_case uuid not null,
    from_id uuid not null,
    to_id uuid not null references authorities (id),
    to_case uuid,
    transferred_on date not null,
    sealed bytea not null,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    received_at timestamptz,
    constraint transfer_from foreign key (from_case, from_id) references cases (id, authority_id),
    constraint transfer_to foreign key (to_case, to_id) references cases (id, authority_id),
    constraint transfer_to_another check (from_id <> to_id),
    constraint received_in_a_case check ((to_case is null) = (received_at is null))
);
create index transfers_by_consultation on proceedings_transfers (consultation_id, id);

grant select, insert on consultations, consultation_positions, proceedings_transfers to coopapi_app;
grant update (version, state, prosecuting_country, reason, updated_at) on consultations to coopapi_app;
grant update (version, position, sealed, replied_at, updated_at) on consultation_positions to coopapi_app;
grant update (version, to_case, received_at) on proceedings_transfers to coopapi_app;

create policy seen on consultations for select using (PARTY(consultations.id));
create policy made on consultations for insert with check (ACTING(consultations.id) and contacting_id = (select priv.authority()));
create policy changed on consultations for update using (ACTING(consultations.id));
create policy seen on consultation_positions for select using (PARTY(consultation_positions.consultation_id));
create policy made on consultation_positions for insert with check (ACTING(consultation_positions.consultation_id));
create policy changed on consultation_positions for update using (
    ACTING(consultation_positions.consultation_id) and authority_id = (select priv.authority()));
create policy seen on proceedings_transfers for select using (PARTY(proceedings_transfers.consultation_id));
create policy made on proceedings_transfers for insert with check (
    ACTING(proceedings_transfers.consultation_id) and from_id = (select priv.authority())
    and GRANTED(proceedings_transfers.from_case, 4));
create policy changed on proceedings_transfers for update using (
    ACTING(proceedings_transfers.consultation_id) and to_id = (select priv.authority()));
