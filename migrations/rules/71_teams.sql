-- Tell whether the caller belongs to a State in the team, or negotiates. Participants are not part of the team (Convention of 29 May 2000,
-- Art. 13(12)).
create function priv.in_team(p_jit uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.parties p
        where p.object_id = p_jit and p.side in ('negotiating', 'member') and p.authority_id = (select priv.authority())
          and (p.until is null or p.until > (select priv.at())))
$$;

-- Return the terms that a public statement must not contain: references and pseudonyms of every case that was ever shared, even if access
-- has ended, and the names of the members and leaders who have an account here.
create function priv.forbidden_terms(p_jit uuid) returns table (rule text, term text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with shared as (
        select c.* from public.shared_cases s join public.cases c on c.id = s.case_id
        where s.object_id = p_jit and priv.takes_part(p_jit, 3)),
    person as (
        select m.principal_id from public.jit_members m where m.jit_id = p_jit and priv.takes_part(p_jit, 3)
        union select j.leader_id from public.jit_parties j where j.jit_id = p_jit and priv.takes_part(p_jit, 3))
    select 'case_reference', r.term
    from shared c cross join lateral (values (c.reference), (c.eurojust_number), (c.siena_reference), (c.ecodex_id)) r (term)
    where r.term is not null
    union all
    select 'pseudonym', s.pseudonym from public.subjects s join shared c on c.id = s.case_id
    union all
    select 'member_name', p.name from public.principals p join person on person.principal_id = p.id
$$;

-- Return the published columns of teams whose statement every party approved, and nothing else. Anybody may call it.
create function priv.public_jits(p_id uuid, p_after uuid, p_year integer, p_limit integer)
returns table (id uuid, operation_name text, countries text[], year smallint, texts jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select r.id, r.operation_name, r.countries, r.year, r.texts
    from public.jit_releases r join public.jits j on j.id = r.jit_id
    where r.retracted_at is null and j.state = 'public_statement'
      and (p_id is null or r.id = p_id) and (p_after is null or r.id < p_after) and (p_year is null or r.year = p_year)
    order by r.id desc limit p_limit
$$;

create function priv.end_members(p_jit uuid, p_authority uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not priv.takes_part(p_jit, 3) or exists (
            select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = p_authority and j.state = 'party') then
        raise exception 'the authority has not left the object' using errcode = '42501';
    end if;
    update public.jit_members m set state = 'ended', version = m.version + 1
        from public.authorities a, public.authorities gone
        where m.jit_id = p_jit and m.state = 'serving' and a.id = m.authority_id and gone.id = p_authority and a.country = gone.country;
end $$;

-- Tell whether the caller is a party. Members and associates are visible to parties, but not to a State that is still to join.
create function priv.is_party(p_jit uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.in_team(p_jit) and exists (
        select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = (select priv.authority()) and j.state = 'party')
$$;

grant execute on function priv.in_team(uuid), priv.forbidden_terms(uuid), priv.public_jits(uuid, uuid, integer, integer),
    priv.end_members(uuid, uuid), priv.is_party(uuid) to APP_ROLE;

grant select, insert,
    update (version, legal_basis, operation_name, states_of_operation, working_language, since, until, state, end_reason, ended_at, sealed, words, updated_at),
    update (administrator_id) on jits to APP_ROLE;
grant select on jits to coopapi_definer;
create policy seen on jits for select using (PARTY(jits.id));
create policy made on jits for insert with check (ACTING(jits.id) and created_by = (select priv.principal()));
create policy changed on jits for update using (ACTING(jits.id));

grant select, insert, update (version, leader_id, sealed, state, left_at) on jit_parties to APP_ROLE;
grant select on jit_parties to coopapi_definer;
create policy seen on jit_parties for select using (PARTY(jit_parties.jit_id));
create policy made on jit_parties for insert with check (ACTING(jit_parties.jit_id));
create policy changed on jit_parties for update using (ACTING(jit_parties.jit_id));

grant select, insert, update (version, state, until) on jit_members to APP_ROLE;
grant select, update (version, state) on jit_members to coopapi_definer;
create policy seen on jit_members for select using (priv.is_party(jit_id));
create policy made on jit_members for insert with check (ACTING(jit_members.jit_id) and priv.same_state(authority_id));
create policy changed on jit_members for update using (ACTING(jit_members.jit_id) and priv.same_state(authority_id));

grant select, insert, update (version, state, until) on jit_participants to APP_ROLE;
grant select on jit_participants to coopapi_definer;
create policy seen on jit_participants for select using (PARTY(jit_participants.jit_id));
create policy made on jit_participants for insert with check (ACTING(jit_participants.jit_id));
create policy changed on jit_participants for update using (ACTING(jit_participants.jit_id));

grant select, insert, update (version, state, until) on jit_associates to APP_ROLE;
create policy seen on jit_associates for select using (priv.is_party(jit_id));
create policy made on jit_associates for insert with check (ACTING(jit_associates.jit_id));
create policy changed on jit_associates for update using (ACTING(jit_associates.jit_id));

grant select, insert, update (version, voided_at) on jit_signatures to APP_ROLE;
create policy seen on jit_signatures for select using (PARTY(jit_signatures.jit_id));
create policy made on jit_signatures for insert with check (
    ACTING(jit_signatures.jit_id) and principal_id = (select priv.principal())
    and (authority_id = (select priv.authority()) or recorded is not null and priv.may_record_for(jit_id, authority_id)));
create policy changed on jit_signatures for update using (ACTING(jit_signatures.jit_id));

grant select, insert, update (version, state, words, decided_at), update (recorded) on jit_amendments to APP_ROLE;
create policy seen on jit_amendments for select using (priv.in_team(jit_id));
create policy made on jit_amendments for insert with check (
    ACTING(jit_amendments.jit_id) and proposed_by = (select priv.authority()));
create policy changed on jit_amendments for update using (ACTING(jit_amendments.jit_id));

grant select, insert, update (version, sealed, answered_by, answered_at), update (recorded) on jit_evaluations to APP_ROLE;
create policy seen on jit_evaluations for select using (priv.in_team(jit_id));
create policy made on jit_evaluations for insert with check (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())
        or recorded is not null and priv.may_record_for(jit_id, authority_id)));
create policy changed on jit_evaluations for update using (
    ACTING(jit_evaluations.jit_id)
    and (authority_id is null or authority_id = (select priv.authority()) or priv.may_record_for(jit_id, authority_id)))
    with check (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())
        or recorded is not null and priv.may_record_for(jit_id, authority_id)));

grant select, insert, update (version, names_operation, sealed, state, proposed_by, proposed_at) on jit_statements to APP_ROLE;
create policy seen on jit_statements for select using (priv.in_team(jit_id));
create policy made on jit_statements for insert with check (
    ACTING(jit_statements.jit_id) and proposed_by = (select priv.authority()));
create policy changed on jit_statements for update using (ACTING(jit_statements.jit_id));

grant select, insert, update (version, retracted_at) on jit_releases to APP_ROLE;
grant select on jit_releases to coopapi_definer;
create policy seen on jit_releases for select using (priv.in_team(jit_id));
create policy made on jit_releases for insert with check (ACTING(jit_releases.jit_id));
create policy changed on jit_releases for update using (ACTING(jit_releases.jit_id));
