-- Only the functions in this file write to the journal. The hash of a link covers the hash of the previous link and every field of the
-- entry, each encoded as "length:text,".
create function priv.field(value text) returns text language sql stable as $$
    select case when value is null then '-,' else octet_length(convert_to(value, 'UTF8')) || ':' || value || ',' end
$$;

create function priv.micros(value timestamptz) returns text language sql immutable as $$
    select (extract(epoch from value) * 1000000)::bigint::text
$$;

-- Append entries (a JSON array). No lock is taken and no chain is read: the worker links the entries afterwards.
create function priv.append(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.journal_entries (authority_id, at, principal_id, role, action, object_type, object_id, case_id, purpose,
            request_id, consultation, event, victims_only, uncleared_only, detail)
        select r.authority_id, r.at, r.principal_id, r.role, r.action, r.object_type, r.object_id, r.case_id, r.purpose,
               r.request_id, r.consultation, r.event, r.victims_only, coalesce(r.uncleared_only, false), coalesce(r.detail, '{}')
        from rows from (jsonb_to_recordset(p_entries) as (authority_id uuid, at timestamptz, principal_id uuid, role text, action text,
             object_type text, object_id uuid, case_id uuid, purpose text, request_id text, consultation boolean, event boolean,
             victims_only boolean, uncleared_only boolean, detail jsonb)) with ordinality r
        order by r.ordinality;
end $$;

-- Return what the hash of an entry at a place of its chain covers.
-- The time is never null and has only digits, so it is encoded here: a call of priv.field would not be planned as a part of the query.
create function priv.linked_fields(e public.journal_entries, p_seq bigint) returns text language sql stable as $$
    select priv.field(e.authority_id::text) || priv.field(p_seq::text) || length(priv.micros(e.at)) || ':' || priv.micros(e.at) || ','
        || priv.field(e.principal_id::text) || priv.field(e.role) || priv.field(e.action)
        || priv.field(e.object_type) || priv.field(e.object_id::text) || priv.field(e.case_id::text)
        || priv.field(e.purpose) || priv.field(e.request_id) || priv.field(e.consultation::text)
        || priv.field(e.event::text) || priv.field(e.victims_only::text) || priv.field(e.uncleared_only::text)
        || priv.field(e.detail::text) || priv.field(e.uid::text)
$$;

-- Link entries that are certain: no transaction that is still running can add an entry before them. At most p_most are linked. The row of
-- journal_linking is locked, so links are made one after the other.
create function priv.link_entries(p_most integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_sort = off
    set plan_cache_mode = force_generic_plan as $$
declare
    certain xid8 := pg_snapshot_xmin(pg_current_snapshot());  -- taken before the entries are read
    since xid8;
    link record;
    hash bytea;
    hashes bytea[] := '{}';
begin
    perform priv.require_worker();
    select l.before into since from public.journal_linking l for update;
    if since = certain then
        return;
    end if;
    if since > certain then  -- restored from another cluster, whose transaction ids were higher
        since := '0';
    end if;
    with entry as materialized (
        select j.authority_id, j.xid, j.id from public.journal_entries j
        where j.xid >= since and j.xid < certain and not exists (select from public.journal_links l where l.entry_id = j.id)
        order by j.xid, j.id limit p_most),
    placed as (
        select e.*, h.hash, coalesce(h.seq, 0) + row_number() over chain as seq, row_number() over chain = 1 as begins
        from entry e left join public.journal_heads h on h.authority_id = e.authority_id
        window chain as (partition by e.authority_id order by e.xid, e.id))
    select array_agg(p.authority_id order by p.authority_id, p.seq) as homes, array_agg(p.seq order by p.authority_id, p.seq) as seqs,
           array_agg(p.id order by p.authority_id, p.seq) as ids, max(p.xid) as last,
           array_agg(case when p.begins then coalesce(p.hash, '') end order by p.authority_id, p.seq) as heads,
           array_agg(convert_to(priv.linked_fields(j, p.seq), 'UTF8') order by p.authority_id, p.seq) as fields
        into link from placed p join public.journal_entries j on j.id = p.id;
    for i in 1 .. coalesce(cardinality(link.ids), 0) loop
        hash := sha256(coalesce(link.heads[i], hash) || link.fields[i]);
        hashes[i] := hash;
    end loop;
    insert into public.journal_links (authority_id, seq, entry_id, hash, version)
        select l.authority_id, l.seq, l.id, l.hash, 2 from unnest(link.homes, link.seqs, link.ids, hashes) l (authority_id, seq, id, hash);
    insert into public.journal_heads as h (authority_id, seq, hash)
        select distinct on (l.authority_id) l.authority_id, l.seq, l.hash from unnest(link.homes, link.seqs, hashes) l (authority_id, seq, hash)
        order by l.authority_id, l.seq desc
        on conflict (authority_id) do update set seq = excluded.seq, hash = excluded.hash;
    update public.journal_linking l set before = case when cardinality(link.ids) = p_most then link.last else certain end;
end $$;

-- Return how many entries of the auditor's authority are not linked although they should be, how many wait to be linked, and since when the
-- oldest of these waits.
create function priv.unlinked() returns table (missing bigint, waiting bigint, since timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select count(*) filter (where j.xid < l.before), count(*) filter (where j.xid >= l.before), min(j.at) filter (where j.xid >= l.before)
    from public.journal_entries j, public.journal_linking l
    where j.authority_id = (select priv.authority()) and (select priv.role()) = 'auditor'
      and not exists (select from public.journal_links k where k.entry_id = j.id)
$$;

-- Return the place in the feed of events after which a page that begins at a place looks no further: that of the p_most-th certain event, or
-- null if there are fewer. It counts the events of all authorities, so it is passed on in sealed cursors only.
create function priv.end_of_page(p_xid xid8, p_id bigint, p_most integer, out xid xid8, out id bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_sort = off as $$
begin
    select j.xid, j.id into end_of_page.xid, end_of_page.id
        from public.journal_entries j
        where j.event and (j.xid, j.id) > (p_xid, p_id) and j.xid < pg_snapshot_xmin(pg_current_snapshot())
        order by j.xid, j.id offset p_most - 1 limit 1;
end $$;

-- Return the journal entry of an alarm for the auditors and administrators of an authority; the calling function appends it. The notice
-- makes the application log and count the alarm once the transaction has committed.
create function priv.alarmed(p_authority uuid, p_kind text, p_detail jsonb, p_at timestamptz default null) returns jsonb
language plpgsql volatile as $$
begin
    raise notice 'coopapi.alarm %', p_kind;
    return jsonb_build_array(jsonb_build_object(
        'authority_id', p_authority, 'role', 'machine', 'at', coalesce(p_at, (select priv.at()), clock_timestamp()), 'action', 'alarm.' || p_kind,
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
    select p_action in ('overlap.detected', 'overlap.changed', 'overlap.withdrawn', 'evidence.erased', 'client.refused', 'honey_value.registered',
            'identifiers.compared', 'identifiers.reread', 'digests.outdated', 'import.stopped', 'export.stopped', 'deadline.nears', 'search.found')
        or p_action like any (array ['alarm.%', 'disclosure.item\_%', 'case.responsible\_%'])
$$;

-- Tell whether the caller may record something about a case: it has access to the index of the case, its access ended in this transaction,
-- or it takes part in a team or meeting with which the case is shared.
create function priv.notes_about(p_case uuid, p_object uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return priv.level(p_case) >= 1 or priv.takes_part(p_object, 1) and exists (
        select from public.shared_cases s where s.case_id = p_case and s.object_id = p_object) or exists (
        select from public.case_access g
        where g.case_id = p_case and g.authority_id = (select priv.authority()) and g.level >= 1 and g.withdrawn_at = (select priv.at())
          and (g.principal_id is null or g.principal_id = (select priv.principal())));
end $$;

-- Append entries for the application. Every entry names the caller from the context, and concerns either no case or a case that the caller
-- may know of. An entry about a shared thing is appended to the journal of every authority that takes part in it, or only of those named in
-- `only`, each with its own case.
create function priv.record(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    said text[] := priv.context();
    at_time timestamptz := TIME_IN(said);
    written integer;
begin
    if coalesce(said[1], '') = '' then
        raise exception 'there is no caller whose act can be recorded' using errcode = '42501';
    end if;
    insert into public.journal_entries (authority_id, at, principal_id, role, action, object_type, object_id, case_id, purpose,
            request_id, consultation, event, victims_only, uncleared_only, detail)
        select said[1]::uuid, at_time, nullif(said[2], '')::uuid, coalesce(nullif(said[3], ''), 'machine'), r.action, r.object_type, r.object_id,
               r.case_id, r.purpose, r.request_id, r.consultation, r.event, r.victims_only, coalesce(r.uncleared_only, false), coalesce(r.detail, '{}')
        from rows from (jsonb_to_recordset(p_entries) as (action text, object_type text, object_id uuid, case_id uuid, purpose text,
             request_id text, consultation boolean, event boolean, victims_only boolean, uncleared_only boolean, detail jsonb))
             with ordinality r
        where not priv.registers_own(r.action) and r.object_type not in ('alarm', 'audit')
          and (r.case_id is null or GRANTED_TO(said, r.case_id, 1) or priv.notes_about(r.case_id, r.object_id))
        order by r.ordinality;
    get diagnostics written = row_count;
    if written <> jsonb_array_length(p_entries) then
        raise exception 'the caller has no access to the case, or only the register itself writes entries of this name or type'
            using errcode = '42501';
    end if;
    if p_entries @? '$[*].parties' then
        perform priv.append((
            select jsonb_agg(t.x || jsonb_build_object('authority_id', p.authority_id, 'principal_id', null,
                                 'role', 'machine', 'at', at_time, 'case_id', p.case_id)
                             order by t.n, p.authority_id::text, p.case_id::text)
            from jsonb_array_elements(p_entries) with ordinality t (x, n)
            join (select distinct object_id, authority_id, case_id from public.parties where until is null or until > at_time) p
                 on p.object_id = (t.x ->> 'parties')::uuid
            where p.authority_id <> said[1]::uuid and priv.takes_part(p.object_id, 1)
              and (t.x -> 'only' is null or t.x -> 'only' ? p.authority_id::text)));
    end if;
end $$;

-- Return what an entry about a request tells its reader in detail. How the request is made and what became of it, in codes, is for those who take
-- part in it in a role that reads requests, and for auditors. Callers who only read the case learn that a step was taken: its state, its side, the
-- measure, and ids. Pages of timelines, the feed and webhooks all take the detail from here.
create function priv.told_detail(p_object uuid, p_detail jsonb) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    if (select priv.role()) = 'auditor'
            or (select priv.role()) = any (array ['investigator', 'prosecutor', 'central_authority', 'contact_point', 'desk', 'system'])
               and PARTY(p_object) then
        return p_detail;
    end if;
    return (
        select coalesce(jsonb_object_agg(d.key, d.value), '{}') from jsonb_each(p_detail) d
        where d.key = any (array ['state', 'side', 'recorded', 'measure', 'code', 'request_state', 'message', 'time', 'replaces', 'what', 'was',
                                  'at', 'fields', 'to', 'acting'])
           or d.key = 'kind' and not p_detail ? 'state');  -- of a draft
end $$;

grant execute on function priv.told_detail(uuid, jsonb), priv.record(jsonb), priv.link_entries(integer), priv.unlinked(),
    priv.end_of_page(xid8, bigint, integer) to APP_ROLE;

grant select on journal_links to APP_ROLE;
grant select, insert on journal_links to coopapi_definer;
-- The place in the chain is for the auditor alone, because its gaps would tell other readers of entries that they do not see.
create policy seen on journal_links for select using (authority_id = (select priv.authority()) and (select priv.role()) = 'auditor');

grant select, update on journal_linking to coopapi_definer;

grant select on journal_heads to APP_ROLE;
grant select, insert, update on journal_heads to coopapi_definer;
create policy seen on journal_heads for select using (authority_id = (select priv.authority()));

grant select on journal_entries to APP_ROLE;
grant select, insert, update (xid) on journal_entries to coopapi_definer;
-- Auditors read the journal of their authority, and they alone read entries of the type audit. Administrators read the alarms. Readers of a
-- case read the entries about it, and an authority that was named as responsible reads that in its own journal also after its access ended;
-- but entries of a team, a meeting or a consultation only if they own the case or take part, those of duties towards Eurojust only if they
-- answer for the case, and those of a fact only if they see it, which may be about a victim since. All others
-- read entries without a case if they are events of things in which they take part, of imports that they see, or of their saved searches.
create policy seen on journal_entries for select using (case (select priv.role())
    when 'auditor' then authority_id = (select priv.authority())
    when 'admin' then authority_id = (select priv.authority()) and object_type = 'alarm' and FITS_CLEARANCE(journal_entries)
    else object_type not in ('alarm', 'audit') and FITS_CLEARANCE(journal_entries) and case when case_id is null
        then event and authority_id = (select priv.authority())
             and (PARTY(journal_entries.object_id)
                  or object_type = 'import' and exists (select from public.imports i where i.id = journal_entries.object_id)
                  or object_type = 'savedsearch' and exists (select from public.saved_searches x where x.id = journal_entries.object_id))
        else GRANTED(journal_entries.case_id, 2)
             and (action not like 'case.responsible\_%' and object_type <> 'export' or authority_id = (select priv.authority()))
             and (object_type <> 'eurojustrecord' or ANSWERING(journal_entries.case_id))
             and (object_type <> 'fact' or exists (select from public.facts f where f.id = journal_entries.object_id offset 0))
             and (object_type not in ('jit', 'meeting', 'consultation')
                  or authority_id = (select priv.authority()) or PARTY(journal_entries.object_id)
                  or exists (select from public.case_access o
                             where o.case_id = journal_entries.case_id and o.owner_id = (select priv.authority())))
            or (action = 'case.registered' or object_type = 'overlap'
                or action = 'case.responsible_missing' and authority_id = (select priv.authority())) and GRANTED(journal_entries.case_id, 1)
            or action like 'case.responsible\_%' and action <> 'case.responsible_missing' and authority_id = (select priv.authority())
        end end);
