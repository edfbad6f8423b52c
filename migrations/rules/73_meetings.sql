-- Return what a calendar needs of the meetings that an authority takes part in, for the holder of its secret: times and states, but no
-- text. The secret becomes invalid when the account of the person who created it ends.
create function priv.calendar_feed(p_digest bytea, p_at timestamptz)
returns table (id uuid, reference text, level text, state text, starts_at timestamptz, ends_at timestamptz, time_zone text,
               sequence integer, updated_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select m.id, m.reference, m.level, m.state, m.starts_at, m.ends_at, m.time_zone, m.sequence, m.updated_at
    from public.calendar_feeds f join public.meetings m on m.starts_at is not null and exists (
        select from public.parties p
        where p.object_id = m.id and p.authority_id = f.authority_id and (p.until is null or p.until > p_at))
    where f.digest = p_digest and priv.calendar_feed_lives(p_digest)
    order by m.starts_at desc, m.id limit 1000
$$;

create function priv.calendar_feed_lives(p_digest bytea) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.calendar_feeds f join public.principals p on p.id = f.created_by and p.active
        where f.digest = p_digest and f.revoked_at is null)
$$;

grant execute on function priv.calendar_feed(bytea, timestamptz), priv.calendar_feed_lives(bytea) to APP_ROLE;

grant select, insert,
    update (version, state, countries, interpretation, mode, time_zone, starts_at, ends_at, sequence, access_until, sealed, minutes, reason, updated_at) on meetings to APP_ROLE;
grant select on meetings to coopapi_definer;
-- A meeting is visible to the authorities that take part in it, but not to everybody who can read a case of one of them.
create policy seen on meetings for select using (PARTY(meetings.id));
create policy made on meetings for insert with check (ACTING(meetings.id) and convener_id = (select priv.authority()));
create policy changed on meetings for update using (ACTING(meetings.id));

grant select, insert,
    update (version, function, state, sealed, invited_at, answered_at, agreed_at, recorded) on meeting_participants to APP_ROLE;
grant select on meeting_participants to coopapi_definer;
create policy seen on meeting_participants for select using (PARTY(meeting_participants.meeting_id));
create policy made on meeting_participants for insert with check (ACTING(meeting_participants.meeting_id));
create policy changed on meeting_participants for update using (ACTING(meeting_participants.meeting_id));

grant select, insert on meeting_options to APP_ROLE;
create policy seen on meeting_options for select using (PARTY(meeting_options.meeting_id));
create policy made on meeting_options for insert with check (ACTING(meeting_options.meeting_id));

grant select, insert, update (version, answer, at) on meeting_answers to APP_ROLE;
create policy seen on meeting_answers for select using (PARTY(meeting_answers.meeting_id));
create policy made on meeting_answers for insert with check (
    ACTING(meeting_answers.meeting_id) and authority_id = (select priv.authority()));
create policy changed on meeting_answers for update using (
    ACTING(meeting_answers.meeting_id) and authority_id = (select priv.authority()));

grant select, insert on meeting_conclusions to APP_ROLE;
create policy seen on meeting_conclusions for select using (PARTY(meeting_conclusions.meeting_id));
create policy made on meeting_conclusions for insert with check (
    ACTING(meeting_conclusions.meeting_id) and authority_id = (select priv.authority()));

grant select, insert, update (version, state, reason, ended_at) on meeting_actions to APP_ROLE;
-- An authority still sees its own actions after its access to the meeting ended.
create policy seen on meeting_actions for select using (
    owner_id = (select priv.authority()) or PARTY(meeting_actions.meeting_id));
create policy made on meeting_actions for insert with check (ACTING(meeting_actions.meeting_id));
create policy changed on meeting_actions for update using (
    owner_id = (select priv.authority()) or priv.hosts_for(meeting_id, owner_id));

grant select, insert on meeting_outcomes to APP_ROLE;
create policy seen on meeting_outcomes for select using (PARTY(meeting_outcomes.meeting_id));
create policy made on meeting_outcomes for insert with check (
    ACTING(meeting_outcomes.meeting_id) and authority_id = (select priv.authority()));

grant select, insert on centre_entries to APP_ROLE;
create policy seen on centre_entries for select using (PARTY(centre_entries.meeting_id));
create policy made on centre_entries for insert with check (
    ACTING(centre_entries.meeting_id) and authority_id = (select priv.authority()));

grant select, insert, update (version, revoked_at) on calendar_feeds to APP_ROLE;
grant select on calendar_feeds to coopapi_definer;
create policy seen on calendar_feeds for select using (authority_id = (select priv.authority()));
create policy made on calendar_feeds for insert with check (authority_id = (select priv.authority()));
create policy changed on calendar_feeds for update using (authority_id = (select priv.authority()));

grant select, insert, update (version, state, prosecuting_country, reason, updated_at) on consultations to APP_ROLE;
grant select on consultations to coopapi_definer;
create policy seen on consultations for select using (PARTY(consultations.id));
create policy made on consultations for insert with check (ACTING(consultations.id) and contacting_id = (select priv.authority()));
create policy changed on consultations for update using (ACTING(consultations.id));

grant select, insert, update (version, position, sealed, replied_at, updated_at) on consultation_positions to APP_ROLE;
create policy seen on consultation_positions for select using (PARTY(consultation_positions.consultation_id));
create policy made on consultation_positions for insert with check (ACTING(consultation_positions.consultation_id));
-- If a consulted authority has no account here, another one records its reply and position.
create policy changed on consultation_positions for update using (
    ACTING(consultation_positions.consultation_id)
    and (authority_id = (select priv.authority()) or priv.may_record_for(consultation_id, authority_id)));

grant select, insert, update (version, to_case, received_at) on proceedings_transfers to APP_ROLE;
create policy seen on proceedings_transfers for select using (PARTY(proceedings_transfers.consultation_id));
create policy made on proceedings_transfers for insert with check (
    ACTING(proceedings_transfers.consultation_id) and ANSWERING(proceedings_transfers.from_case));
create policy changed on proceedings_transfers for update using (
    ACTING(proceedings_transfers.consultation_id) and to_id = (select priv.authority()));
