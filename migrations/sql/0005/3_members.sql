-- A team opens its cases to its members: to those people whom a party has entered with their account, each for the time of its own place.
-- A leader is a member. What a meeting shares is for the authority that takes part.
alter table jit_members add column principal_id uuid,
    add constraint own_person foreign key (principal_id, authority_id) references principals (id, authority_id);
create unique index serving_once on jit_members (jit_id, principal_id) where state = 'serving' and principal_id is not null;
alter table case_access add column since timestamptz, add column kept_out boolean not null default false;
drop index access_once_via;
create unique index access_once_via on case_access (via_id, case_id, authority_id, principal_id) nulls not distinct where via_id is not null;
grant select on jit_members to coopapi_definer;

-- A grant that has not begun is not there for whoever it is for; every rule of access to a case reads this table.
alter policy seen on case_access using (
    authority_id = (select priv.authority()) and (since is null or since <= (select priv.at())) or owner_id = (select priv.authority()));
create or replace function priv.level(p_case uuid) returns smallint
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(max(g.level), 0)::smallint
    from public.case_access g
    where g.case_id = p_case and g.authority_id = (select priv.authority())
      and (g.principal_id is null or g.principal_id = (select priv.principal()))
      and g.withdrawn_at is null and (g.since is null or g.since <= (select priv.at())) and (g.until is null or g.until > (select priv.at()))
$$;

-- Who has a seat in a shared thing, from when until when: of a team its members and leaders, of anything else each authority as a whole.
create function priv.seats(p_object uuid, p_sides text[])
returns table (authority_id uuid, principal_id uuid, since timestamptz, until timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    with there as (
        select p.authority_id, max(coalesce(p.until, 'infinity')) as until
        from public.parties p
        where p.object_id = p_object and p.side = any (p_sides) and (p.until is null or p.until > priv.at())
        group by p.authority_id),
    people as (
        select j.authority_id as party_id, m.authority_id, m.principal_id, m.since, m.until
        from public.jit_members m join public.authorities a on a.id = m.authority_id
        join public.jit_parties j on j.jit_id = m.jit_id and j.state = 'party' and j.country = a.country
        where m.jit_id = p_object and m.state = 'serving' and m.principal_id is not null
        union all
        select j.authority_id, j.authority_id, j.leader_id, j.joined_at, null
        from public.jit_parties j where j.jit_id = p_object and j.state = 'party' and j.leader_id is not null)
    select t.authority_id, null::uuid, null::timestamptz, t.until
    from there t where not exists (select from public.jits j where j.id = p_object)
    union all
    select m.authority_id, m.principal_id, min(m.since), least(t.until, max(coalesce(m.until, 'infinity')))
    from there t join people m on m.party_id = t.authority_id
    where m.until is null or m.until > priv.at()
    group by m.authority_id, m.principal_id, t.until
$$;

-- A State enters its own people, of any of its authorities: the prosecution signs, the police works in the team.
create function priv.compatriot(p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (
        select from public.authorities a join public.authorities me on me.country = a.country
        where a.id = p_authority and me.id = priv.authority())
$$;
create function priv.is_person(p_principal uuid, p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select priv.compatriot(p_authority) and exists (
        select from public.principals p where p.id = p_principal and p.authority_id = p_authority and p.kind = 'person' and p.active)
$$;
create function priv.end_members(p_jit uuid, p_authority uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
begin
    if not priv.takes_part(p_jit, 3) or exists (
            select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = p_authority and j.state = 'party') then
        raise exception 'it has not left' using errcode = '42501';
    end if;
    update public.jit_members m set state = 'ended', version = m.version + 1
        from public.authorities a, public.authorities gone
        where m.jit_id = p_jit and m.state = 'serving' and a.id = m.authority_id and gone.id = p_authority and a.country = gone.country;
end $$;
-- As before, and of a meeting: what an authority shared ends once it has declined or was taken off the list.
create or replace function priv.end_shares(p_jit uuid, p_authority uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
begin
    if not priv.takes_part(p_jit, 3) or exists (
            select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = p_authority and j.state = 'party')
        or exists (
            select from public.meeting_participants m
            where m.meeting_id = p_jit and m.authority_id = p_authority and m.state in ('invited', 'accepted')) then
        raise exception 'it has not left' using errcode = '42501';
    end if;
    update public.shared_cases s set ended_at = priv.at(), version = s.version + 1
        where s.object_id = p_jit and s.owner_id = p_authority and s.ended_at is null;
end $$;
grant select on meeting_participants to coopapi_definer;
-- Who reads a case of another learns nothing of the teams it is in, nor of what they are called.
alter policy seen on shared_cases using (
    PARTY(shared_cases.object_id) or owner_id = (select priv.authority()) and GRANTED(shared_cases.case_id, 2));
grant execute on function priv.compatriot(uuid), priv.is_person(uuid, uuid), priv.end_members(uuid, uuid) to coopapi_app;
grant update (version, state) on jit_members to coopapi_definer;

-- Members and associates are for the parties, not for a State that is still to join.
create function priv.is_party(p_jit uuid) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select priv.in_team(p_jit) and exists (
        select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = priv.authority() and j.state = 'party')
$$;
grant execute on function priv.is_party(uuid) to coopapi_app;
alter policy seen on jit_members using (priv.is_party(jit_id));
alter policy made on jit_members with check (ACTING(jit_members.jit_id) and priv.compatriot(authority_id));
alter policy changed on jit_members using (ACTING(jit_members.jit_id) and priv.compatriot(authority_id));
alter policy seen on jit_associates using (priv.is_party(jit_id));

-- As before; and the names of the members and leaders who have an account here.
create or replace function priv.unsayable(p_jit uuid) returns table (rule text, term text)
language sql stable security definer set search_path = pg_catalog as $$
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

-- As before; but by seats, and whom the owner of a case keeps out stays out for as long as the case is shared.
create or replace function priv.reshare(p_object uuid, p_sides text[], p_reason text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
begin
    if not priv.takes_part(p_object, 1) then
        raise exception 'no part in it' using errcode = '42501';
    end if;
    update public.case_access g set kept_out = false from public.shared_cases s
        where g.via_id = p_object and g.kept_out and s.object_id = p_object and s.case_id = g.case_id and s.ended_at is not null;
    insert into public.case_access as g (id, version, case_id, owner_id, authority_id, level, principal_id, since, until, reason,
            granted_by, granted_at, via_id)
        select priv.uuid7(), 1, s.case_id, s.owner_id, x.authority_id, s.level, x.principal_id, x.since, x.until, p_reason,
               priv.principal(), priv.at(), p_object
        from public.shared_cases s cross join priv.seats(p_object, p_sides) x
        where s.object_id = p_object and s.ended_at is null and x.authority_id <> s.owner_id
        order by s.case_id, x.authority_id, x.principal_id
        on conflict (via_id, case_id, authority_id, principal_id) where via_id is not null do update
            set since = excluded.since, until = excluded.until, level = excluded.level, withdrawn_at = null, withdrawn_by = null,
                withdrawal_reason = null, version = g.version + 1
            where not g.kept_out
              and (g.since, g.until, g.level, g.withdrawn_at) is distinct from (excluded.since, excluded.until, excluded.level, null);
    update public.case_access g set withdrawn_at = priv.at(), withdrawn_by = priv.principal(), withdrawal_reason = p_reason,
            version = g.version + 1
        where g.via_id = p_object and g.withdrawn_at is null and not exists (
            select from public.shared_cases s cross join priv.seats(p_object, p_sides) x
            where s.object_id = p_object and s.case_id = g.case_id and s.ended_at is null and x.authority_id = g.authority_id
              and x.principal_id is not distinct from g.principal_id);
end $$;
