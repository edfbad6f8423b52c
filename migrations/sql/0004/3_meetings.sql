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

grant select, insert on meetings, meeting_participants, meeting_options, meeting_answers, meeting_conclusions, meeting_actions,
    meeting_outcomes, centre_entries, calendar_feeds to coopapi_app;
grant update (version, state, countries, interpretation, mode, time_zone, starts_at, ends_at, sequence, access_until, sealed, minutes,
    reason, updated_at) on meetings to coopapi_app;
grant update (version, function, state, sealed, invited_at, answered_at, agreed_at) on meeting_participants to coopapi_app;
grant update (version, answer, at) on meeting_answers to coopapi_app;
grant update (version, state, reason, ended_at) on meeting_actions to coopapi_app;
grant update (version, revoked_at) on calendar_feeds to coopapi_app;
grant select on meetings, calendar_feeds to coopapi_definer;

-- Whoever takes part as an authority sees a meeting; who merely reads a case of one of them does not.
create policy seen on meetings for select using (PARTY(meetings.id));
create policy made on meetings for insert with check (ACTING(meetings.id) and convener_id = (select priv.authority()));
create policy changed on meetings for update using (ACTING(meetings.id));
create policy seen on meeting_participants for select using (PARTY(meeting_participants.meeting_id));
create policy made on meeting_participants for insert with check (ACTING(meeting_participants.meeting_id));
create policy changed on meeting_participants for update using (ACTING(meeting_participants.meeting_id));
create policy seen on meeting_options for select using (PARTY(meeting_options.meeting_id));
create policy made on meeting_options for insert with check (ACTING(meeting_options.meeting_id));
create policy seen on meeting_answers for select using (PARTY(meeting_answers.meeting_id));
create policy made on meeting_answers for insert with check (
    ACTING(meeting_answers.meeting_id) and authority_id = (select priv.authority()));
create policy changed on meeting_answers for update using (
    ACTING(meeting_answers.meeting_id) and authority_id = (select priv.authority()));
create policy seen on meeting_conclusions for select using (PARTY(meeting_conclusions.meeting_id));
create policy made on meeting_conclusions for insert with check (
    ACTING(meeting_conclusions.meeting_id) and authority_id = (select priv.authority()));
create policy seen on meeting_outcomes for select using (PARTY(meeting_outcomes.meeting_id));
create policy made on meeting_outcomes for insert with check (
    ACTING(meeting_outcomes.meeting_id) and authority_id = (select priv.authority()));
create policy seen on centre_entries for select using (PARTY(centre_entries.meeting_id));
create policy made on centre_entries for insert with check (
    ACTING(centre_entries.meeting_id) and authority_id = (select priv.authority()));

-- What an authority undertook stays on its list when its access to the meeting has ended.
create policy seen on meeting_actions for select using (
    owner_id = (select priv.authority()) or PARTY(meeting_actions.meeting_id));
create policy made on meeting_actions for insert with check (ACTING(meeting_actions.meeting_id));
create policy changed on meeting_actions for update using (owner_id = (select priv.authority()));

create policy seen on calendar_feeds for select using (authority_id = (select priv.authority()));
create policy made on calendar_feeds for insert with check (authority_id = (select priv.authority()));
create policy changed on calendar_feeds for update using (authority_id = (select priv.authority()));

-- What a calendar needs of the meetings an authority takes part in, for whoever holds its secret: times and states, no words.
create function priv.calendar_feed(p_digest bytea, p_at timestamptz)
returns table (id uuid, reference text, level text, state text, starts_at timestamptz, ends_at timestamptz, time_zone text,
               sequence integer, updated_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select m.id, m.reference, m.level, m.state, m.starts_at, m.ends_at, m.time_zone, m.sequence, m.updated_at
    from public.calendar_feeds f join public.meetings m on m.starts_at is not null and exists (
        select from public.parties p
        where p.object_id = m.id and p.authority_id = f.authority_id and p.case_id is null
        and (p.until is null or p.until > p_at))
    where f.digest = p_digest and f.revoked_at is null
    order by m.starts_at desc, m.id limit 1000
$$;
create function priv.calendar_feed_lives(p_digest bytea) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (select from public.calendar_feeds f where f.digest = p_digest and f.revoked_at is null)
$$;
grant execute on function priv.calendar_feed(bytea, timestamptz), priv.calendar_feed_lives(bytea) to coopapi_app;
