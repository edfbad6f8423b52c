-- Legal instruments of central authorities: one of its people proposes, a second person, of the operator, approves.

-- Count a proposal, or give it another end, as a second person approved. Return false if the row was changed since, or if another
-- instrument took the code meanwhile.
create function priv.apply_instrument(p_approval uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.approvals := priv.take_approval(p_approval, 'instrument');
begin
    if a.change ? 'valid_until' then
        update public.own_instruments o set version = o.version + 1, valid_until = (a.change ->> 'valid_until')::date
            where o.id = a.object_id and o.version = a.object_version and o.state = 'approved';
    else
        update public.own_instruments o set version = o.version + 1, state = 'approved', approved_at = (select priv.at())
            where o.id = a.object_id and o.version = a.object_version and o.state = 'proposed'
              and not exists (select from public.own_instruments x where x.code = o.code and x.state = 'approved');
    end if;
    return found;
end $$;

-- Close a proposal that was rejected or withdrawn. The end of an approved instrument then stays as it was.
create function priv.refuse_instrument(p_approval uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if (exists (select from public.approvals a where a.id = p_approval and a.kind = 'instrument' and a.state in ('rejected', 'withdrawn')
                and a.decided_by = (select priv.principal()))) is not true then
        raise exception 'the caller did not decide on this instrument' using errcode = '42501';
    end if;
    update public.own_instruments o set state = 'rejected', version = o.version + 1
        from public.approvals a
        where a.id = p_approval and o.id = a.object_id and o.version = a.object_version and o.state = 'proposed';
end $$;

grant execute on function priv.apply_instrument(uuid), priv.refuse_instrument(uuid) to APP_ROLE;

grant select, insert on own_instruments to APP_ROLE;
grant select, update on own_instruments to coopapi_definer;
create policy seen on own_instruments for select using (
    (select priv.authority()) is not null
    and (state = 'approved' or authority_id = (select priv.authority()) or (select priv.operator()) and (select priv.role()) = 'admin'));
create policy proposed on own_instruments for insert with check (
    (select priv.role()) = 'central_authority' and state = 'proposed' and created_by = (select priv.principal())
    and priv.may_declare(authority_id, country) and priv.is_person(created_by, authority_id));
