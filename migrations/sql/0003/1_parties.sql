-- Who has a part in a thing that several authorities share (a request, later a team or a meeting), on which side, until when.
create table parties (
    id uuid primary key,
    object_id uuid not null,
    authority_id uuid not null references authorities (id),
    side text not null constraint party_side check (side in ('requesting', 'executing', 'enforcing')),
    case_id uuid references cases (id),
    acting boolean not null,
    since timestamptz not null,
    until timestamptz,
    constraint party_once unique (object_id, authority_id, side)
);
create index parties_by_authority on parties (authority_id, object_id);
create index parties_by_case on parties (case_id, object_id) where case_id is not null;

grant select on parties to coopapi_app;
grant select, insert, update on parties to coopapi_definer;

-- A part is its own authority's; one that hangs from a case is for those of them who may read the case: need-to-know goes on (R8).
-- To read a case of another opens nothing of what that other shares with third ones.
create policy seen on parties for select using (
    (until is null or until > (select priv.at())) and authority_id = (select priv.authority())
    and (case_id is null or GRANTED(parties.case_id, 2)));

-- Whether the caller takes part in a thing, for the functions that look past policies; at 3, whether it may act in it.
create function priv.takes_part(p_object uuid, p_level integer) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (
        select from public.parties p
        where p.object_id = p_object and (p.until is null or p.until > priv.at())
          and p.authority_id = priv.authority() and (p_level < 3 or p.acting)
          and (p.case_id is null or priv.level(p.case_id) >= p_level))
$$;

-- Give an authority a part in a thing, or change or end it. The first to take part is whoever makes the thing; further ones are
-- admitted by those who act in it. Only one's own part is tied to a case, and only to a case one may add to.
create function priv.admit(p_object uuid, p_authority uuid, p_side text, p_case uuid, p_acting boolean, p_until timestamptz)
returns void language plpgsql volatile security definer set search_path = pg_catalog as $$
begin
    if exists (select from public.parties p where p.object_id = p_object) then
        if not priv.takes_part(p_object, 3) then
            raise exception 'no part in it' using errcode = '42501';
        end if;
    elsif p_authority is distinct from priv.authority() then
        raise exception 'whoever makes a thing takes part in it first' using errcode = '42501';
    end if;
    if p_side in ('requesting', 'executing', 'enforcing') and exists (
            select from public.parties p where p.object_id = p_object and p.authority_id = p_authority
            and p.side <> p_side and p.side in ('requesting', 'executing', 'enforcing')) then
        raise exception 'nobody stands on two sides' using errcode = '42501';
    end if;
    if p_case is not null and (p_authority <> priv.authority() or priv.level(p_case) < 3) then
        raise exception 'not a case of the caller' using errcode = '42501';
    end if;
    insert into public.parties as p (id, object_id, authority_id, side, case_id, acting, since, until)
        values (priv.uuid7(), p_object, p_authority, p_side, p_case, p_acting, priv.at(), p_until)
        on conflict (object_id, authority_id, side) do update
            set case_id = coalesce(excluded.case_id, p.case_id), acting = excluded.acting, until = excluded.until;
end $$;

-- Let all on one side go, but for one authority: they act no more, and with a date their parts end.
create function priv.part_company(p_object uuid, p_side text, p_keep uuid, p_until timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
begin
    if not priv.takes_part(p_object, 3) then
        raise exception 'no part in it' using errcode = '42501';
    end if;
    update public.parties p set acting = false, until = coalesce(p_until, p.until)
        where p.object_id = p_object and p.side = p_side and p.authority_id is distinct from p_keep
          and (p.until is null or p.until > priv.at());
end $$;

-- Whether somebody acts for an authority here: for one that has nobody, the other side records what it does.
create function priv.joined(p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select exists (select from public.principals p where p.authority_id = p_authority and p.active)
$$;

-- As before; and an entry that names a shared thing is told to every authority that takes part in it, each of its own case (R16).
create or replace function priv.record(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    me uuid := priv.authority();
    caller jsonb := jsonb_build_object('authority_id', priv.authority(), 'principal_id', priv.principal(),
        'role', coalesce(priv.role(), 'machine'), 'at', priv.at());
begin
    if me is null then
        raise exception 'nobody to record an act of' using errcode = '42501';
    end if;
    perform priv.append((
        select jsonb_agg(e.entry order by e.n, e.entry ->> 'authority_id', e.entry ->> 'case_id')
        from (
            select t.n, t.x || caller as entry from jsonb_array_elements(p_entries) with ordinality t (x, n)
            union all
            select t.n, t.x || jsonb_build_object('authority_id', p.authority_id, 'principal_id', null, 'role', 'machine',
                       'at', priv.at(), 'case_id', p.case_id)
            from jsonb_array_elements(p_entries) with ordinality t (x, n)
            join (select distinct object_id, authority_id, case_id from public.parties where until is null or until > priv.at()) p
                 on p.object_id = (t.x ->> 'parties')::uuid
            where p.authority_id <> me and priv.takes_part(p.object_id, 1)) e));
end $$;

grant execute on function priv.admit(uuid, uuid, text, uuid, boolean, timestamptz), priv.joined(uuid),
    priv.part_company(uuid, text, uuid, timestamptz) to coopapi_app;
