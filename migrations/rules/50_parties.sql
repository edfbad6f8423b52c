-- Tell whether the caller takes part in a shared thing, and with p_level 3 whether it may act in it. Functions that bypass the policies use
-- it.
create function priv.takes_part(p_object uuid, p_level integer) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.parties p
        where p.object_id = p_object and (p.until is null or p.until > (select priv.at()))
          and p.authority_id = (select priv.authority()) and (p_level < 3 or p.acting)
          and (p.case_id is null or GRANTED(p.case_id, p_level)))
$$;

-- Give an authority a part in a shared thing, or change or end its part. The first part belongs to the creator of the thing; those who act
-- in it admit further parties. A caller may link only its own part to a case, and only to a case to which it may add.
create function priv.admit(p_object uuid, p_authority uuid, p_side text, p_case uuid, p_acting boolean, p_until timestamptz)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from public.parties p where p.object_id = p_object) then
        if not priv.takes_part(p_object, 3) then
            raise exception 'the caller does not take part in the object' using errcode = '42501';
        end if;
    elsif p_authority is distinct from priv.authority() then
        raise exception 'the first participant of an object must be its creator' using errcode = '42501';
    end if;
    if p_side in ('requesting', 'executing', 'enforcing') and exists (
            select from public.parties p where p.object_id = p_object and p.authority_id = p_authority
            and p.side <> p_side and p.side in ('requesting', 'executing', 'enforcing')) then
        raise exception 'an authority cannot take part on two sides' using errcode = '42501';
    end if;
    if p_case is not null and (p_authority <> priv.authority() or priv.level(p_case) < 3) then
        raise exception 'the caller may not use this case' using errcode = '42501';
    end if;
    insert into public.parties as p (id, object_id, authority_id, side, case_id, acting, since, until)
        values (priv.uuid7(), p_object, p_authority, p_side, p_case, p_acting, (select priv.at()), p_until)
        on conflict (object_id, authority_id, side) do update
            set case_id = coalesce(excluded.case_id, p.case_id), acting = excluded.acting, until = excluded.until;
end $$;

-- Stop all authorities on one side from acting, except p_keep. If p_until is given, their parts end then.
create function priv.stop_acting(p_object uuid, p_side text, p_keep uuid, p_until timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not priv.takes_part(p_object, 3) then
        raise exception 'the caller does not take part in the object' using errcode = '42501';
    end if;
    update public.parties p set acting = false, until = coalesce(p_until, p.until)
        where p.object_id = p_object and p.side = p_side and p.authority_id is distinct from p_keep
          and (p.until is null or p.until > (select priv.at()));
end $$;

-- Tell whether the caller may record the steps of another authority of the same thing because that authority has no account here.
create function priv.may_record_for(p_object uuid, p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.takes_part(p_object, 3) and not priv.has_users(p_authority) and exists (
        select from public.parties p
        where p.object_id = p_object and p.authority_id = p_authority and (p.until is null or p.until > (select priv.at())))
$$;

-- Tell whether the caller hosts a meeting and so records what an authority without users here does, also after access to the meeting ended.
create function priv.hosts_for(p_meeting uuid, p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from public.meetings m where m.id = p_meeting and m.host_id = (select priv.authority()))
       and exists (select from public.meeting_participants p where p.meeting_id = p_meeting and p.authority_id = p_authority)
       and not priv.has_users(p_authority)
$$;

-- Update access to the shared cases: give it to those who take part now on the given sides, until the end of their part, and withdraw it
-- from those who left. Only shared cases are affected. An authority that the owner of a case has excluded stays excluded for as long as the
-- case is shared.
create function priv.reshare(p_object uuid, p_reason text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not priv.takes_part(p_object, 3) then
        raise exception 'the caller does not take part in the object' using errcode = '42501';
    end if;
    update public.case_access g set kept_out = false from public.shared_cases s
        where g.via_id = p_object and g.kept_out and s.object_id = p_object and s.case_id = g.case_id and s.ended_at is not null;
    insert into public.case_access as g (id, version, case_id, owner_id, authority_id, level, principal_id, since, until, reason,
            granted_by, granted_at, via_id)
        select priv.uuid7(), 1, s.case_id, s.owner_id, x.authority_id, s.level, x.principal_id, x.since, x.until, p_reason,
               (select priv.principal()), (select priv.at()), p_object
        from public.shared_cases s cross join priv.access_holders(p_object) x
        where s.object_id = p_object and s.ended_at is null and x.authority_id <> s.owner_id
        order by s.case_id, x.authority_id, x.principal_id
        on conflict (via_id, case_id, authority_id, principal_id) where via_id is not null do update
            set since = excluded.since, until = excluded.until, level = excluded.level, withdrawn_at = null, withdrawn_by = null,
                withdrawal_reason = null, version = g.version + 1
            where not g.kept_out
              and (g.since, g.until, g.level, g.withdrawn_at) is distinct from (excluded.since, excluded.until, excluded.level, null);
    update public.case_access g set withdrawn_at = (select priv.at()), withdrawn_by = (select priv.principal()), withdrawal_reason = p_reason,
            version = g.version + 1
        where g.via_id = p_object and g.withdrawn_at is null and not exists (
            select from public.shared_cases s cross join priv.access_holders(p_object) x
            where s.object_id = p_object and s.case_id = g.case_id and s.ended_at is null and x.authority_id = g.authority_id
              and x.principal_id is not distinct from g.principal_id);
end $$;

-- End the sharing of the cases that an authority shared after it left the team, declined the meeting or was removed from it.
create function priv.end_shares(p_jit uuid, p_authority uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not priv.takes_part(p_jit, 3) or exists (
            select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = p_authority and j.state = 'party')
        or exists (
            select from public.meeting_participants m
            where m.meeting_id = p_jit and m.authority_id = p_authority and m.state in ('invited', 'accepted'))
        or not exists (
            select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = p_authority union all
            select from public.meeting_participants m where m.meeting_id = p_jit and m.authority_id = p_authority) then
        raise exception 'the authority has not left the object' using errcode = '42501';
    end if;
    update public.shared_cases s set ended_at = (select priv.at()), version = s.version + 1
        where s.object_id = p_jit and s.sharer_id = p_authority and s.ended_at is null;
end $$;

-- Return who has access through a shared thing, and from when until when: the members and leaders of a team, and each participating
-- authority of a meeting that was not cancelled.
create function priv.access_holders(p_object uuid)
returns table (authority_id uuid, principal_id uuid, since timestamptz, until timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with there as (
        select p.authority_id, max(coalesce(p.until, 'infinity')) as until
        from public.parties p
        where p.object_id = p_object and (p.until is null or p.until > (select priv.at()))
          and case when exists (select from public.meetings m where m.id = p_object and m.state <> 'cancelled')
              then p.side in ('host', 'invited') else p.side = 'member' end
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
    where m.until is null or m.until > (select priv.at())
    group by m.authority_id, m.principal_id, t.until
$$;

grant execute on function priv.admit(uuid, uuid, text, uuid, boolean, timestamptz),
    priv.stop_acting(uuid, text, uuid, timestamptz), priv.may_record_for(uuid, uuid), priv.hosts_for(uuid, uuid), priv.reshare(uuid, text),
    priv.end_shares(uuid, uuid) to APP_ROLE;

grant select on parties to APP_ROLE;
grant select, insert, update on parties to coopapi_definer;
-- An authority sees its own parts. A part that is linked to a case is visible only to people who may read the case. Access to a case of
-- another authority does not reveal what that authority shares with third parties.
create policy seen on parties for select using (
    (until is null or until > (select priv.at())) and authority_id = (select priv.authority())
    and (case_id is null or GRANTED(parties.case_id, 2)));

grant select, insert, update (version, level, shared_by, sharer_id, shared_at, ended_at) on shared_cases to APP_ROLE;
grant select, update on shared_cases to coopapi_definer;
-- Readers of another authority's case do not learn with which teams it is shared.
create policy seen on shared_cases for select using (
    PARTY(shared_cases.object_id) or ANSWERING(shared_cases.case_id));
create policy given on shared_cases for insert with check (
    sharer_id = (select priv.authority()) and ANSWERING(shared_cases.case_id) and PARTY(shared_cases.object_id));
create policy ended on shared_cases for update using (ANSWERING(shared_cases.case_id));
