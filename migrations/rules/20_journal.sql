-- Only the functions in this file write to the journal. The hash of an entry covers the hash of the previous entry and every field, each
-- encoded as "length:text,".
create function priv.field(value text) returns text language sql immutable as $$
    select case when value is null then '-,' else octet_length(convert_to(value, 'UTF8')) || ':' || value || ',' end
$$;

create function priv.micros(value timestamptz) returns text language sql immutable as $$
    select (extract(epoch from value) * 1000000)::bigint::text
$$;

-- Append entries (a JSON array) to the hash chains of their authorities. The heads of the chains are locked in the order of their ids,
-- together with that of the caller's authority, because the caller's own act is recorded at the end of the transaction. To avoid deadlocks,
-- no function may append twice or in a loop, and the append must be its last step.
create function priv.append(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    e record;
    head record;
    link bytea;
begin
    insert into public.journal_heads (authority_id, seq, hash)
        select distinct (x ->> 'authority_id')::uuid, 0, '\x'::bytea from jsonb_array_elements(p_entries) x order by 1
        on conflict do nothing;
    perform 1 from public.journal_heads h
        where h.authority_id in (select (x ->> 'authority_id')::uuid from jsonb_array_elements(p_entries) x union select priv.authority())
        order by h.authority_id for update;
    for e in
        select r.*, coalesce(r.detail, '{}') as facts, coalesce(r.uncleared_only, false) as twin
        from jsonb_array_elements(p_entries) with ordinality t (x, n),
             jsonb_to_record(t.x) as r (authority_id uuid, at timestamptz, principal_id uuid, role text, action text,
                 object_type text, object_id uuid, case_id uuid, purpose text, request_id text, consultation boolean,
                 event boolean, victims_only boolean, uncleared_only boolean, detail jsonb)
        order by r.authority_id, t.n
    loop
        select h.seq + 1 as seq, h.hash into head from public.journal_heads h where h.authority_id = e.authority_id;
        link := sha256(head.hash || convert_to(
            priv.field(e.authority_id::text) || priv.field(head.seq::text) || priv.field(priv.micros(e.at))
            || priv.field(e.principal_id::text) || priv.field(e.role) || priv.field(e.action)
            || priv.field(e.object_type) || priv.field(e.object_id::text) || priv.field(e.case_id::text)
            || priv.field(e.purpose) || priv.field(e.request_id) || priv.field(e.consultation::text)
            || priv.field(e.event::text) || priv.field(e.victims_only::text) || priv.field(e.twin::text)
            || priv.field(e.facts::text), 'UTF8'));
        insert into public.journal_entries (authority_id, seq, at, principal_id, role, action, object_type, object_id, case_id,
                purpose, request_id, consultation, event, victims_only, uncleared_only, detail, hash)
            values (e.authority_id, head.seq, e.at, e.principal_id, e.role, e.action, e.object_type, e.object_id, e.case_id,
                e.purpose, e.request_id, e.consultation, e.event, e.victims_only, e.twin, e.facts, link);
        update public.journal_heads h set seq = head.seq, hash = link where h.authority_id = e.authority_id;
    end loop;
end $$;

-- Return the journal entry of an alarm for the auditors and administrators of an authority; the calling function appends it. The notice
-- makes the application log and count the alarm once the transaction has committed.
create function priv.alarmed(p_authority uuid, p_kind text, p_detail jsonb, p_at timestamptz default null) returns jsonb
language plpgsql volatile as $$
begin
    raise notice 'coopapi.alarm %', p_kind;
    return jsonb_build_array(jsonb_build_object(
        'authority_id', p_authority, 'role', 'machine', 'at', coalesce(p_at, priv.at(), clock_timestamp()), 'action', 'alarm.' || p_kind,
        'object_type', 'alarm', 'purpose', 'lawfulness_monitoring', 'request_id', '', 'consultation', false, 'event', true,
        'victims_only', false, 'detail', p_detail));
end $$;

create function priv.alarm(p_authority uuid, p_kind text, p_detail jsonb, p_at timestamptz default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.append(priv.alarmed(p_authority, p_kind, p_detail, p_at));
end $$;

-- Tell whether only database functions may write entries with this action. The application cannot append them.
create function priv.registers_own(p_action text) returns boolean language sql immutable as $$
    select p_action in ('overlap.detected', 'overlap.changed', 'overlap.withdrawn', 'evidence.erased', 'client.refused', 'honey_value.registered')
        or p_action like any (array ['alarm.%', 'disclosure.item\_%'])
$$;

-- Tell whether the caller may record something about a case: it has access to the index of the case, its access ended in this transaction,
-- or it takes part in a team or meeting with which the case is shared.
create function priv.notes_about(p_case uuid, p_object uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.level(p_case) >= 1 or priv.takes_part(p_object, 1) and exists (
        select from public.shared_cases s where s.case_id = p_case and s.object_id = p_object) or exists (
        select from public.case_access g
        where g.case_id = p_case and g.authority_id = priv.authority() and g.level >= 1 and g.withdrawn_at = priv.at()
          and (g.principal_id is null or g.principal_id = priv.principal()))
$$;

-- Append entries for the application. Every entry names the caller from the context, and concerns either no case or a case that the caller
-- may know of. An entry about a shared thing is appended to the journal of every authority that takes part in it, or only of those named in
-- `only`, each with its own case.
create function priv.record(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    me uuid := priv.authority();
    caller jsonb := jsonb_build_object('authority_id', priv.authority(), 'principal_id', priv.principal(),
        'role', coalesce(priv.role(), 'machine'), 'at', priv.at());
begin
    if me is null then
        raise exception 'there is no caller whose act can be recorded' using errcode = '42501';
    end if;
    if exists (select from jsonb_array_elements(p_entries) x
               where priv.registers_own(x ->> 'action') or x ->> 'object_type' in ('alarm', 'audit')) then
        raise exception 'entries of this name or type are written only by the register itself' using errcode = '42501';
    end if;
    if exists (select from (select distinct (x ->> 'case_id')::uuid as id, (x ->> 'object_id')::uuid as about
                            from jsonb_array_elements(p_entries) x) c
               where c.id is not null and not priv.notes_about(c.id, c.about)) then
        raise exception 'the caller has no access to the case' using errcode = '42501';
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
            where p.authority_id <> me and priv.takes_part(p.object_id, 1)
              and (t.x -> 'only' is null or t.x -> 'only' ? p.authority_id::text)) e));
end $$;

grant execute on function priv.record(jsonb) to APP_ROLE;

grant select on journal_heads to APP_ROLE;
grant select, insert, update on journal_heads to coopapi_definer;
create policy seen on journal_heads for select using (authority_id = (select priv.authority()));

grant select on journal_entries to APP_ROLE;
grant select, insert, update on journal_entries to coopapi_definer;
-- Auditors read the journal of their authority, and they alone read entries of the type audit. Administrators read the alarms. Readers of a
-- case read the entries about it, but entries of a team, a meeting or a consultation only if they own the case or take part. All others
-- read entries without a case if they are events of things in which they take part.
create policy seen on journal_entries for select using (
    (authority_id = (select priv.authority())
         and ((select priv.role()) in ('auditor', 'admin') or case_id is null and event and PARTY(journal_entries.object_id))
     or case_id is not null and (GRANTED(journal_entries.case_id, 2)
             and (object_type not in ('jit', 'meeting', 'consultation')
                  or authority_id = (select priv.authority()) or PARTY(journal_entries.object_id)
                  or exists (select from public.case_access o
                             where o.case_id = journal_entries.case_id and o.owner_id = (select priv.authority())))
         or (action = 'case.registered' or object_type = 'overlap') and GRANTED(journal_entries.case_id, 1)))
    and ((select priv.role()) = 'auditor' or case when (select priv.cleared()) then not uncleared_only else not victims_only end)
    and case (select priv.role()) when 'auditor' then true when 'admin' then object_type = 'alarm'
             else object_type not in ('alarm', 'audit') end);
