-- Coordination meetings and centres. Titles, agendas, persons, conclusions and minutes are sealed; states, dates, codes are columns.
create table meetings (
    id uuid primary key,
    version integer not null,
    reference text not null,
    level text not null constraint meeting_level check (level in ('I', 'II', 'III', 'bilateral', 'coordination_centre')),
    origin_type text not null constraint meeting_origin check (origin_type in ('case', 'overlap', 'request')),
    origin_id uuid not null,
    convener_id uuid not null references authorities (id),
    host_id uuid not null references authorities (id),
    state text not null constraint meeting_state check (state in ('proposed', 'dates_polled', 'scheduled', 'held', 'minutes_agreed',
        'closed', 'cancelled')),
    countries text[] not null,
    interpretation text[] not null,
    mode text not null constraint meeting_mode check (mode in ('place', 'video', 'hybrid')),
    time_zone text not null,
    starts_at timestamptz,
    ends_at timestamptz,
    sequence integer not null,
    access_until timestamptz not null,
    wrapped bytea not null,
    sealed bytea not null,
    minutes bytea,
    reason bytea,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint meeting_begins_before_it_ends check ((starts_at is null) = (ends_at is null) and (starts_at is null or starts_at < ends_at)),
    constraint meeting_scheduled_for_a_time check (state in ('proposed', 'dates_polled', 'cancelled') or starts_at is not null),
    constraint minutes_of_what_was_held check (minutes is null or state in ('held', 'minutes_agreed', 'closed'))
);
create index meetings_by_origin on meetings (origin_id);

create table meeting_participants (
    id uuid primary key,
    version integer not null,
    meeting_id uuid not null references meetings (id),
    authority_id uuid not null references authorities (id),
    country text,
    function text not null,
    state text not null constraint participant_state check (state in ('invited', 'accepted', 'declined', 'removed')),
    sealed bytea not null,
    invited_by uuid not null references authorities (id),
    invited_at timestamptz not null,
    answered_at timestamptz,
    agreed_at timestamptz,
    constraint meeting_participant_once unique (meeting_id, authority_id)
);

create table meeting_options (
    id uuid primary key,
    version integer not null,
    meeting_id uuid not null references meetings (id),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    constraint option_begins_before_it_ends check (starts_at < ends_at)
);
create index options_by_meeting on meeting_options (meeting_id, starts_at);

create table meeting_answers (
    id uuid primary key,
    version integer not null,
    meeting_id uuid not null references meetings (id),
    option_id uuid not null references meeting_options (id),
    authority_id uuid not null references authorities (id),
    answer text not null constraint option_answer check (answer in ('yes', 'no', 'maybe')),
    at timestamptz not null,
    constraint option_answered_once unique (option_id, authority_id)
);

create table meeting_conclusions (
    id uuid primary key,
    version integer not null,
    meeting_id uuid not null references meetings (id),
    country text not null,
    authority_id uuid not null references authorities (id),
    sealed bytea not null,
    created_by uuid not null references principals (id),
    created_at timestamptz not null
);
create index conclusions_by_meeting on meeting_conclusions (meeting_id, id);

create table meeting_actions (
    id uuid primary key,
    version integer not null,
    meeting_id uuid not null references meetings (id),
    owner_id uuid not null references authorities (id),
    country text,
    due_at timestamptz not null,
    state text not null constraint action_state check (state in ('open', 'done', 'dropped')),
    sealed bytea not null,
    reason bytea,
    ended_at timestamptz,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    constraint action_ended_if_not_open check ((state = 'open') = (ended_at is null))
);
create index actions_by_owner on meeting_actions (owner_id, due_at, id);
create index actions_by_meeting on meeting_actions (meeting_id, due_at, id);

create table meeting_outcomes (
    id uuid primary key,
    version integer not null,
    meeting_id uuid not null references meetings (id),
    kind text not null,
    made_type text not null,
    made_id uuid not null,
    authority_id uuid not null references authorities (id),
    created_by uuid not null references principals (id),
    created_at timestamptz not null
);
create index outcomes_by_meeting on meeting_outcomes (meeting_id, id);

create table centre_entries (
    id uuid primary key,
    version integer not null,
    meeting_id uuid not null references meetings (id),
    at timestamptz not null,
    country text not null,
    authority_id uuid not null references authorities (id),
    measure text not null,
    figures jsonb not null,
    sealed bytea not null,
    created_by uuid not null references principals (id),
    created_at timestamptz not null
);
create index centre_entries_by_meeting on centre_entries (meeting_id, at, id);

-- A secret address under which an authority's calendar is read without a token; only its digest is here.
create table calendar_feeds (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    digest bytea not null,
    created_by uuid not null references principals (id),
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint feed_digest_once unique (digest)
);

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
