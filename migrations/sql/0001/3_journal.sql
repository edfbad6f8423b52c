-- The journal's one door. An entry's hash covers the hash before it and every field, each as "length:text,".
create function priv.field(value text) returns text language sql immutable as $$
    select case when value is null then '-,' else octet_length(convert_to(value, 'UTF8')) || ':' || value || ',' end
$$;

create function priv.micros(value timestamptz) returns text language sql immutable as $$
    select (extract(epoch from value) * 1000000)::bigint::text
$$;

-- Append entries (a JSON array) to the chains they belong to. The heads are locked in the order of their ids, last of all.
create function priv.append(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    e record;
    head record;
    link bytea;
begin
    insert into public.journal_heads (authority_id, seq, hash)
        select distinct (x ->> 'authority_id')::uuid, 0, '\x'::bytea from jsonb_array_elements(p_entries) x order by 1
        on conflict do nothing;
    perform 1 from public.journal_heads h
        where h.authority_id in (select (x ->> 'authority_id')::uuid from jsonb_array_elements(p_entries) x)
        order by h.authority_id for update;
    for e in
        select r.*, coalesce(r.detail, '{}') as facts
        from jsonb_array_elements(p_entries) with ordinality t (x, n),
             jsonb_to_record(t.x) as r (authority_id uuid, at timestamptz, principal_id uuid, role text, action text,
                 object_type text, object_id uuid, case_id uuid, purpose text, request_id text, consultation boolean,
                 event boolean, victims_only boolean, detail jsonb)
        order by r.authority_id, t.n
    loop
        select h.seq + 1 as seq, h.hash into head from public.journal_heads h where h.authority_id = e.authority_id;
        link := sha256(head.hash || convert_to(
            priv.field(e.authority_id::text) || priv.field(head.seq::text) || priv.field(priv.micros(e.at))
            || priv.field(e.principal_id::text) || priv.field(e.role) || priv.field(e.action)
            || priv.field(e.object_type) || priv.field(e.object_id::text) || priv.field(e.case_id::text)
            || priv.field(e.purpose) || priv.field(e.request_id) || priv.field(e.consultation::text)
            || priv.field(e.event::text) || priv.field(e.victims_only::text) || priv.field(e.facts::text), 'UTF8'));
        insert into public.journal_entries (authority_id, seq, at, principal_id, role, action, object_type, object_id, case_id,
                purpose, request_id, consultation, event, victims_only, detail, hash)
            values (e.authority_id, head.seq, e.at, e.principal_id, e.role, e.action, e.object_type, e.object_id, e.case_id,
                e.purpose, e.request_id, e.consultation, e.event, e.victims_only, e.facts, link);
        update public.journal_heads h set seq = head.seq, hash = link where h.authority_id = e.authority_id;
    end loop;
end $$;

-- The application's way in: whatever it says, an entry bears the caller that the context names.
create function priv.record(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    caller jsonb := jsonb_build_object('authority_id', priv.authority(), 'principal_id', priv.principal(),
        'role', coalesce(priv.role(), 'machine'), 'at', priv.at());
begin
    if priv.authority() is null then
        raise exception 'nobody to record an act of' using errcode = '42501';
    end if;
    perform priv.append((select jsonb_agg(x || caller order by n) from jsonb_array_elements(p_entries) with ordinality t (x, n)));
end $$;
