-- Access through a team as it was: for each of its parties as a whole.
delete from case_access where via_id is not null and principal_id is not null;
create or replace function priv.reshare(p_object uuid, p_sides text[], p_reason text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
begin
    if not priv.takes_part(p_object, 1) then
        raise exception 'no part in it' using errcode = '42501';
    end if;
    insert into public.case_access as g (id, version, case_id, owner_id, authority_id, level, principal_id, until, reason, granted_by,
            granted_at, via_id)
        select priv.uuid7(), 1, s.case_id, s.owner_id, p.authority_id, s.level, null, max(coalesce(p.until, 'infinity')), p_reason,
               priv.principal(), priv.at(), p_object
        from public.shared_cases s join public.parties p on p.object_id = s.object_id and p.side = any (p_sides)
        where s.object_id = p_object and s.ended_at is null and p.authority_id <> s.owner_id
          and (p.until is null or p.until > priv.at())
        group by s.case_id, s.owner_id, p.authority_id, s.level
        order by s.case_id, p.authority_id
        on conflict (via_id, case_id, authority_id) where via_id is not null do update
            set until = excluded.until, level = excluded.level, withdrawn_at = null, withdrawn_by = null, withdrawal_reason = null,
                version = g.version + 1
            where (g.until, g.level, g.withdrawn_at) is distinct from (excluded.until, excluded.level, null);
    update public.case_access g set withdrawn_at = priv.at(), withdrawn_by = priv.principal(), withdrawal_reason = p_reason,
            version = g.version + 1
        where g.via_id = p_object and g.withdrawn_at is null and not exists (
            select from public.shared_cases s join public.parties p on p.object_id = s.object_id and p.side = any (p_sides)
            where s.object_id = p_object and s.case_id = g.case_id and s.ended_at is null and p.authority_id = g.authority_id
              and (p.until is null or p.until > priv.at()));
end $$;
create or replace function priv.level(p_case uuid) returns smallint
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(max(g.level), 0)::smallint
    from public.case_access g
    where g.case_id = p_case and g.authority_id = (select priv.authority())
      and (g.principal_id is null or g.principal_id = (select priv.principal()))
      and g.withdrawn_at is null and (g.until is null or g.until > (select priv.at()))
$$;
alter policy seen on case_access using (authority_id = (select priv.authority()) or owner_id = (select priv.authority()));
drop function priv.seats(uuid, text[]);
create or replace function priv.unsayable(p_jit uuid) returns table (rule text, term text)
language sql stable security definer set search_path = pg_catalog as $$
    with shared as (
        select c.* from public.shared_cases s join public.cases c on c.id = s.case_id
        where s.object_id = p_jit and priv.takes_part(p_jit, 3))
    select 'case_reference', r.term
    from shared c cross join lateral (values (c.reference), (c.eurojust_number), (c.siena_reference), (c.ecodex_id)) r (term)
    where r.term is not null
    union all
    select 'pseudonym', s.pseudonym from public.subjects s join shared c on c.id = s.case_id
$$;
alter policy seen on jit_members using (priv.in_team(jit_id));
alter policy made on jit_members with check (ACTING(jit_members.jit_id) and authority_id = (select priv.authority()));
alter policy changed on jit_members using (ACTING(jit_members.jit_id) and authority_id = (select priv.authority()));
alter policy seen on jit_associates using (priv.in_team(jit_id));
create or replace function priv.end_shares(p_jit uuid, p_authority uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
begin
    if not priv.takes_part(p_jit, 3) or exists (
            select from public.jit_parties j where j.jit_id = p_jit and j.authority_id = p_authority and j.state = 'party') then
        raise exception 'it has not left' using errcode = '42501';
    end if;
    update public.shared_cases s set ended_at = priv.at(), version = s.version + 1
        where s.object_id = p_jit and s.owner_id = p_authority and s.ended_at is null;
end $$;
revoke select on meeting_participants from coopapi_definer;
alter policy seen on shared_cases using (PARTY(shared_cases.object_id) or GRANTED(shared_cases.case_id, 2));
drop function priv.is_party(uuid), priv.is_person(uuid, uuid), priv.end_members(uuid, uuid), priv.compatriot(uuid);
revoke update (version, state) on jit_members from coopapi_definer;
drop index access_once_via;
create unique index access_once_via on case_access (via_id, case_id, authority_id) where via_id is not null;
alter table case_access drop column since, drop column kept_out;
alter table jit_members drop column principal_id;
revoke select on jit_members from coopapi_definer;
