-- Dual control over rights. One administrator may give the roles admin and auditor and may take away any right. Every other extension of
-- rights takes effect when a second administrator has approved it. The application role cannot write these columns; only the functions in
-- this file do.

-- Tell whether the command line acts for the operator with the service's key file. It needs no second person.
create function priv.is_machine() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.principal() is null and (select priv.operator()) is true and (select priv.role()) = 'admin'
$$;

create function priv.is_administrator(p public.principals) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p.active and p.kind = 'person' and 'admin' = any (p.roles)
$$;

-- Return the administrator on whose word alone an account is an administrator, until another administrator has confirmed it; otherwise the
-- account itself. Accounts with the same voucher count as one person when a second person is needed.
create function priv.voucher(p_principal uuid) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((select p.vouched_by from public.principals p where p.id = p_principal), p_principal)
$$;

-- Raise an error unless the caller may administer the accounts of an authority. The lock makes changes of accounts run one after the other,
-- so that each sees which administrators the previous change left.
create function priv.require_administrator(p_authority uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('coopapi.administration', 0));
    if not priv.is_machine() and (priv.role() = 'admin' and (p_authority = priv.authority() or priv.operator())
            and exists (select from public.principals p where p.id = (select priv.principal()) and p.active and 'admin' = any (p.roles)))
            is not true then
        raise exception 'only an administrator of the authority or of the operator may do this' using errcode = '42501';
    end if;
end $$;

-- Tell whether a change of an account needs a second administrator. Making oneself an auditor does, although naming somebody else an
-- auditor does not, because another person should know who gains access to data that administrators may not read.
create function priv.needs_second_administrator(p public.principals, p_change jsonb) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p_change ?| array['issuer', 'subject', 'secret_digest', 'jwks', 'confirmed']
        or exists (select from jsonb_array_elements_text(p_change -> 'roles') r (role)
                   where r.role not in ('admin', 'auditor') and r.role <> all (p.roles))
        or p.id = (select priv.principal()) and (p_change -> 'roles') ? 'auditor' and not 'auditor' = any (p.roles)
        or coalesce((p_change ->> 'victim_cleared')::boolean, false) and not p.victim_cleared
        or exists (select from jsonb_array_elements_text(p_change -> 'functions') f (name) where f.name <> all (p.functions))
        or coalesce((p_change ->> 'active')::boolean, false) and not p.active
            and (p.victim_cleared or not p.roles <@ array['admin', 'auditor'])
$$;

-- Tell whether a change would leave the authority without an active administrator. The operator may remove the last one of another
-- authority, since it can name a new one, and the command line may do so everywhere.
create function priv.removes_last_administrator(p public.principals, p_change jsonb) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.is_administrator(p)
        and (p_change ->> 'active' = 'false' or p_change ? 'roles' and not (p_change -> 'roles') ? 'admin')
        and not priv.is_machine() and not ((select priv.operator()) and p.authority_id <> (select priv.authority()))
        and not exists (select from public.principals o
                        where o.authority_id = p.authority_id and o.id <> p.id and priv.is_administrator(o))
$$;

-- Write a change of an account. A voucher means that one administrator made the change alone; without a voucher, two administrators or the
-- command line did.
create function priv.write_account(p public.principals, p_change jsonb, p_voucher uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    n public.principals := jsonb_populate_record(p, p_change - array['id', 'version', 'authority_id', 'kind', 'name', 'created_at',
        'vouched_by', 'confirmed']);
begin
    if p_voucher is null then
        if p_change ? 'confirmed' or (p_change -> 'roles') ? 'admin' then
            n.vouched_by := null;
        end if;
    elsif n.active and 'admin' = any (n.roles) and not (p.active and 'admin' = any (p.roles)) then
        n.vouched_by := nullif(p_voucher, p.id);
        update public.principals c set vouched_by = p_voucher where c.vouched_by = p.id;
    end if;
    update public.principals u set version = p.version + 1, issuer = n.issuer, subject = n.subject, roles = n.roles,
        victim_cleared = n.victim_cleared, functions = n.functions, active = n.active, secret_digest = n.secret_digest, jwks = n.jwks,
        vouched_by = n.vouched_by
        where u.id = p.id;
end $$;

create function priv.alarm_of_shell(p_authority uuid, p_account uuid, p_change jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if priv.is_machine() then
        perform priv.alarm(p_authority, 'rights_from_shell', jsonb_build_object('account', p_account)
            || (select coalesce(jsonb_object_agg(c.key, c.value), '{}') from jsonb_each(p_change) c
                where c.key in ('roles', 'victim_cleared', 'functions', 'active')));
    end if;
end $$;

-- Create an account without the rights that need a second administrator. Return true if there are such rights, which must then be
-- requested.
create function priv.enter_account(p_account jsonb) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    n public.principals := jsonb_populate_record(null::public.principals, p_account);
    waits boolean;
begin
    perform priv.require_administrator(n.authority_id);
    n.functions := coalesce(n.functions, '{}');
    waits := not priv.is_machine() and (n.victim_cleared or n.functions <> '{}' or not n.roles <@ array['admin', 'auditor']);
    if waits then
        n.roles := '{}';
        n.victim_cleared := false;
        n.functions := '{}';
    end if;
    n.vouched_by := case when 'admin' = any (n.roles) then priv.voucher(priv.principal()) end;
    n.version := 1;
    n.created_at := priv.at();
    insert into public.principals select n.*;
    perform priv.alarm_of_shell(n.authority_id, n.id, p_account);
    return waits;
end $$;

-- Change an account for one administrator. Return 'done', or why it was not done: 'waits' (needs another administrator), 'last', 'stale'.
create function priv.change_account(p_account uuid, p_version integer, p_change jsonb) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    p public.principals;
begin
    perform pg_advisory_xact_lock(hashtextextended('coopapi.administration', 0));
    select * into p from public.principals a where a.id = p_account for no key update;
    perform priv.require_administrator(p.authority_id);
    if priv.removes_last_administrator(p, p_change) then
        return 'last';
    end if;
    if p.version <> p_version then
        return 'stale';
    end if;
    if not priv.is_machine() and priv.needs_second_administrator(p, p_change) then
        return 'waits';
    end if;
    perform priv.write_account(p, p_change, priv.voucher(priv.principal()));
    perform priv.alarm_of_shell(p.authority_id, p.id, p_change);
    return 'done';
end $$;

-- Write an entry to the journals of the authority that a request concerns and of the authority that made it, except the caller's own.
create function priv.tell_of_approval(a public.approvals, p_action text, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.append((
        select coalesce(jsonb_agg(jsonb_build_object('authority_id', o.id, 'at', (select priv.at()), 'role', 'machine',
                   'action', p_action, 'object_type', 'approval', 'object_id', a.id, 'purpose', 'administration', 'request_id', p_request,
                   'consultation', false, 'event', false, 'victims_only', false,
                   'detail', jsonb_build_object('kind', a.kind, 'object', a.object_id)) order by o.id), '[]')
        from (select distinct u.id from unnest(array[a.authority_id, a.requested_from]) u (id) where u.id <> (select priv.authority())) o));
end $$;

-- Tell whether the caller may request or decide on the correction of a time: a person in a role that decides on requests, who acts in the
-- shared thing to which the time belongs. Administrators may not, because they do not see shared things.
create function priv.may_correct(p_object uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((select priv.role()) in ('prosecutor', 'central_authority', 'contact_point'), false) and priv.takes_part(p_object, 3)
        and exists (select from public.principals p where p.id = (select priv.principal()) and p.active and p.kind = 'person')
$$;

-- Tell whether the caller, a prosecutor who answers for the case and may know of the export, may decide on an export that leaves the Member
-- States.
create function priv.may_decide_export(p_export uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from public.exports e
                   where e.id = p_export and e.principal_id <> (select priv.principal()) and (select priv.role()) = 'prosecutor'
                     and ANSWERING(e.case_id) and not exists (select from unnest(e.also_case_ids) o (id) where not ANSWERING(o.id))
                     and (not e.cleared or (select priv.cleared())))
        and exists (select from public.principals p where p.id = (select priv.principal()) and p.active and p.kind = 'person')
$$;

-- Tell whether the caller may ask for the approval of a legal instrument: a person of the central authority that entered it.
create function priv.may_propose(p_instrument uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((select priv.role()) = 'central_authority', false)
        and exists (select from public.own_instruments o where o.id = p_instrument and o.authority_id = (select priv.authority()))
        and exists (select from public.principals p where p.id = (select priv.principal()) and p.active and p.kind = 'person')
$$;

-- Request a change. Another administrator must decide on it within seven days; on the correction of a time another person of the authority,
-- on an export that leaves the Member States another prosecutor, and on a legal instrument an administrator of the operator.
create function priv.ask_approval(p_id uuid, p_authority uuid, p_kind text, p_object uuid, p_version integer, p_change jsonb,
    p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.approvals;
begin
    if p_kind not in ('account', 'quota', 'time', 'webhook', 'export', 'instrument') then
        raise exception 'there is no such kind of change' using errcode = '22023';
    end if;
    if p_kind = 'export' then
        if not exists (select from public.exports e where e.id = p_object and e.principal_id = (select priv.principal())
                       and e.authority_id = p_authority and e.state = 'waiting_for_approval') then
            raise exception 'only the person who asked for an export may have it approved' using errcode = '42501';
        end if;
    elsif p_kind = 'instrument' then
        if not (priv.may_propose(p_object) and exists (select from public.authorities o where o.id = p_authority and o.operator)) then
            raise exception 'only the central authority that entered an instrument may have it approved' using errcode = '42501';
        end if;
    elsif p_kind <> 'time' then
        perform priv.require_administrator(p_authority);
    elsif (p_authority = priv.authority() and priv.may_correct(p_object)) is not true then
        raise exception 'only a person who acts in the object may correct its times' using errcode = '42501';
    end if;
    insert into public.approvals (id, version, authority_id, kind, object_id, object_version, change, state, requested_by,
            requested_from, requested_at, expires_at)
        values (p_id, 1, p_authority, p_kind, p_object, p_version, p_change, 'requested', (select priv.principal()), (select priv.authority()),
            (select priv.at()), (select priv.at()) + interval '7 days')
        returning * into a;
    perform priv.tell_of_approval(a, 'approval.requested', p_request);
end $$;

-- Tell whether an account is an administrator who counts as a different person from the one who made the request and from the one whose
-- rights change.
create function priv.is_second(p public.principals, a public.approvals) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.is_administrator(p) and p.id not in (a.requested_by, a.object_id)
        and priv.voucher(p.id) not in (priv.voucher(a.requested_by), priv.voucher(a.object_id))
$$;

-- Tell whether the caller may approve or reject: it is a second administrator of the authority, or of the operator if the authority has no
-- other. The correction of a time is decided by a second person of the authority who acts in the object.
create function priv.may_decide(p_approval uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.approvals a
        where a.id = p_approval and a.kind = 'time' and a.authority_id = (select priv.authority())
          and a.requested_by <> (select priv.principal()) and priv.may_correct(a.object_id))
    or exists (
        select from public.approvals a where a.id = p_approval and a.kind = 'export' and priv.may_decide_export(a.object_id))
    or exists (
        select from public.approvals a join public.principals me on me.id = (select priv.principal())
        where a.id = p_approval and a.kind not in ('time', 'export') and (select priv.role()) = 'admin' and priv.is_second(me, a)
          and (a.authority_id = me.authority_id
               or (select priv.operator()) and not exists (select from public.principals o
                                                  where o.authority_id = a.authority_id and priv.is_second(o, a))))
$$;

-- Decide on a request, or withdraw the caller's own. Return 'done', or why it was not done: 'closed' (decided or expired), 'stale'.
create function priv.decide_approval(p_approval uuid, p_version integer, p_event text, p_reason text, p_request text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.approvals;
    target text := case p_event when 'approve' then 'approved' when 'reject' then 'rejected' when 'withdraw' then 'withdrawn' end;
begin
    if (select r.kind in ('time', 'export') or r.kind = 'instrument' and p_event = 'withdraw'
        from public.approvals r where r.id = p_approval) is not true then
        perform priv.require_administrator(priv.authority());
    end if;
    select * into a from public.approvals r where r.id = p_approval for update;
    if (case p_event when 'withdraw' then a.requested_by = priv.principal() else priv.may_decide(p_approval) end) is not true then
        raise exception 'another administrator must decide' using errcode = '42501';
    end if;
    if a.version <> p_version then
        return 'stale';
    end if;
    if a.state <> 'requested' or a.expires_at <= priv.at() then
        return 'closed';
    end if;
    update public.approvals r set version = r.version + 1, state = target, decided_by = (select priv.principal()), decided_at = (select priv.at()),
        reason = p_reason
        where r.id = p_approval returning * into a;
    perform priv.tell_of_approval(a, 'approval.' || target, p_request);
    return 'done';
end $$;

-- Return an approved request and mark it as applied, so that it can be applied only once. It is called by the functions that apply a kind
-- of change; each kind has one.
create function priv.take_approval(p_approval uuid, p_kind text) returns public.approvals
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.approvals;
begin
    update public.approvals r set applied = true
        where r.id = p_approval and r.kind = p_kind and r.state = 'approved' and not r.applied returning * into a;
    if not found then
        raise exception 'the change is not approved, or it was already applied' using errcode = '42501';
    end if;
    if a.kind = 'export' then
        if not priv.may_decide(a.id) then
            raise exception 'only another prosecutor who answers for the case may let an export be made' using errcode = '42501';
        end if;
    elsif a.kind <> 'time' then
        perform priv.require_administrator(a.authority_id);
    elsif (a.authority_id = priv.authority() and priv.may_correct(a.object_id)) is not true then
        raise exception 'only a person who acts in the object may correct its times' using errcode = '42501';
    end if;
    return a;
end $$;

-- Mark the approved correction of a time as applied. The application then replaces the time and computes its deadlines again.
create function priv.take_correction(p_approval uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.take_approval(p_approval, 'time');
end $$;

-- Apply an approved change of an account. Return 'done', or why it was not done: 'stale', 'last'.
create function priv.apply_to_account(p_approval uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.approvals := priv.take_approval(p_approval, 'account');
    p public.principals;
begin
    select * into p from public.principals o where o.id = a.object_id and o.authority_id = a.authority_id
        and o.version = a.object_version for no key update;
    if not found then
        return 'stale';
    end if;
    if priv.removes_last_administrator(p, a.change) then
        return 'last';
    end if;
    perform priv.write_account(p, a.change, null);
    return 'done';
end $$;

-- Change the issuer of all its accounts to another name. Only the command line may do this. Return the number of people and clients.
create function priv.move_issuer(p_old text, p_new text) returns table (people bigint, clients bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not priv.is_machine() then
        raise exception 'this is possible only from the command line' using errcode = '42501';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('coopapi.administration', 0));
    perform priv.append((
        select coalesce(jsonb_agg(e.entry), '[]')
        from (select distinct p.authority_id as id from public.principals p where p.issuer = p_old) moved
        cross join lateral jsonb_array_elements(
            priv.alarmed(moved.id, 'rights_from_shell', jsonb_build_object('issuer_was', p_old, 'issuer', p_new))) e (entry)));
    return query
        with changed as (
            update public.principals p set issuer = p_new, version = p.version + 1 where p.issuer = p_old returning p.kind)
        select count(*) filter (where c.kind = 'person'), count(*) filter (where c.kind = 'client') from changed c;
end $$;

grant execute on function priv.move_issuer(text, text), priv.enter_account(jsonb), priv.change_account(uuid, integer, jsonb),
    priv.ask_approval(uuid, uuid, text, uuid, integer, jsonb, text), priv.may_decide(uuid),
    priv.decide_approval(uuid, integer, text, text, text), priv.apply_to_account(uuid), priv.take_correction(uuid) to APP_ROLE;

grant select on approvals to APP_ROLE;
grant select, insert, update on approvals to coopapi_definer;
create policy seen on approvals for select using (
    case when kind = 'time' then (select priv.role()) in ('prosecutor', 'central_authority', 'contact_point') and authority_id = (select priv.authority())
        and PARTY(approvals.object_id)
    when kind = 'export' then exists (select from public.exports e where e.id = approvals.object_id)
    when kind = 'instrument' and (select priv.role()) = 'central_authority' then requested_from = (select priv.authority())
    else (select priv.role()) in ('admin', 'auditor') and (select priv.authority()) in (authority_id, requested_from)
        or (select priv.role()) = 'admin' and (select priv.operator()) end);
