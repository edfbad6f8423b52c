-- What the owner of a case gives to a shared thing (a team, a meeting): access to the case for those who take part, while they do.
alter table parties drop constraint party_side;
alter table parties add constraint party_side check (side in ('requesting', 'executing', 'enforcing', 'negotiating', 'member',
    'participant', 'host', 'invited'));
alter table case_access add column via_id uuid;
create unique index access_once_via on case_access (via_id, case_id, authority_id) where via_id is not null;

create table shared_cases (
    id uuid primary key,
    version integer not null,
    object_id uuid not null,
    case_id uuid not null,
    owner_id uuid not null,
    level smallint not null constraint shared_level check (level between 1 and 3),
    shared_by uuid not null,
    shared_at timestamptz not null,
    ended_at timestamptz,
    constraint shared_case foreign key (case_id, owner_id) references cases (id, authority_id),
    constraint shared_once unique (object_id, case_id)
);
create index shared_cases_by_case on shared_cases (case_id);

grant select, insert, update on shared_cases to coopapi_app;
grant select on shared_cases to coopapi_definer;
grant insert, update on case_access to coopapi_definer;
create policy seen on shared_cases for select using (PARTY(shared_cases.object_id) or GRANTED(shared_cases.case_id, 2));
create policy given on shared_cases for insert with check (
    owner_id = (select priv.authority()) and GRANTED(shared_cases.case_id, 4) and PARTY(shared_cases.object_id));
create policy ended on shared_cases for update using (
    owner_id = (select priv.authority()) and GRANTED(shared_cases.case_id, 4));

-- Bring access in line with who takes part now on the given sides: given to those who came, ended for those who went, until each one's
-- own end. What the owner took back is taken back; nothing but what an owner shared is ever given.
create function priv.reshare(p_object uuid, p_sides text[], p_reason text) returns void
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

grant execute on function priv.reshare(uuid, text[], text) to coopapi_app;
