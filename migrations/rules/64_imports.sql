-- Imports: the worker takes them one after the other, and acts in the name of the client that sent each.

-- Return the import whose next lines are to be processed, and the account of its client: the one that has waited longest of those that are the
-- oldest unfinished import of their client and do not wait for a quota. An import that is put off keeps those after it of its client waiting. Return none while p_most changes wait to be followed, so that no
-- import stores faster than the overlaps of what it stored are found.
create function priv.next_import(p_most integer) returns table (id uuid, issuer text, subject text, role text, purpose text, again boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    return query
    select i.id, p.issuer, p.subject, i.role, i.purpose, PUT_OFF(imports, i.id)
    from public.imports i join public.principals p on p.id = i.principal_id
    where (select count(*) from (select from public.matching_queue x where not PUT_OFF(changes, x.id) limit p_most) q) < p_most
      and i.ended_at is null and (i.waits_until is null or i.waits_until <= (select priv.at())) and not RESTS(imports, i.id)
      and not exists (select from public.imports e where e.principal_id = i.principal_id and e.ended_at is null and e.id < i.id)
    order by i.worked_at nulls first, i.id limit 1;
end $$;

-- Stop an import, because its client may not go on. What is staged of it is deleted, and its authority's auditors are told.
create function priv.stop_import(p_import uuid, p_reason text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    home uuid;
begin
    perform priv.require_worker();
    update public.imports i set state = 'stopped', state_reason = p_reason, ended_at = (select priv.at()), waits_until = null,
            wrapped = null, version = i.version + 1
        where i.id = p_import and i.ended_at is null returning i.authority_id into home;
    if home is null then
        return;
    end if;
    delete from public.import_chunks c where c.import_id = p_import;
    update public.import_lines l set sealed = null where l.import_id = p_import and l.sealed is not null;
    perform priv.append(jsonb_build_array(jsonb_build_object(
        'authority_id', home, 'at', (select priv.at()), 'role', 'machine', 'action', 'import.stopped', 'object_type', 'import',
        'object_id', p_import, 'purpose', 'investigation', 'request_id', '', 'consultation', false, 'event', true, 'victims_only', false,
        'detail', jsonb_build_object('reason', p_reason))));
end $$;

-- Return those of some imports that have not ended.
create function priv.unfinished_imports(p_imports uuid[]) returns table (id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    return query select i.id from public.imports i where i.id = any (p_imports) and i.ended_at is null;
end $$;

-- Delete the results of lines of imports that ended before a time, at most p_most of them. Return how many were deleted.
create function priv.forget_import_lines(p_before timestamptz, p_most integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    deleted bigint;
begin
    perform priv.require_worker();
    with old as (
        select l.import_id, l.line from public.import_lines l
        where l.import_id in (select i.id from public.imports i where i.ended_at < p_before) limit p_most)
    delete from public.import_lines l using old o where l.import_id = o.import_id and l.line = o.line;
    get diagnostics deleted = row_count;
    return deleted;
end $$;

-- Register new identifiers of several cases in one transaction: count their values against the quotas, store them with their links to
-- subjects, and add them to matching. p_rows holds their columns, bytes as hexadecimal digits, with the case of each. p_links holds their
-- subjects. The other arrays are the holdings, and parallel; no identifier has a token twice. Return the quotas as priv.reserve does; if one is
-- exceeded, nothing is stored.
create function priv.register_in_cases(p_rows jsonb, p_links jsonb, p_cases uuid[], p_identifiers uuid[], p_tokens bytea[],
                                       p_families text[], p_strengths smallint[], p_kinds text[], p_common boolean[])
returns table (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
    cases record;
    vals record;
    counted record;
    older uuid[];
begin
    select array_agg(distinct u) ids into cases from unnest(p_cases) u;
    if exists (select from unnest(cases.ids) c where not GRANTED(c, 3)) then
        raise exception 'the caller has no access to the case' using errcode = '42501';
    end if;
    select array_agg(c.id) ids, array_agg(c.authority_id) homes, array_agg(c.visibility = 'hidden') hidden,
           array_agg(c.visibility = 'hidden' and not priv.hiding_confirmed(c.id)) waits into cases
        from public.cases c where c.id = any (cases.ids) and c.state <> 'withdrawn';
    if exists (select from unnest(p_tokens) t where octet_length(t) <> 32) then
        raise exception 'the value is not a match token' using errcode = '22023';
    end if;
    select array_agg(v.case_id order by v.case_id, v.digest) cases, array_agg(c.hidden order by v.case_id, v.digest) hidden,
           array_agg(v.digest order by v.case_id, v.digest) digests, array_agg(v.identifier_id order by v.case_id, v.digest) identifiers,
           array_agg(v.cost order by v.case_id, v.digest) costs into vals
        from priv.values_of_cases(p_cases, p_identifiers, p_tokens, p_strengths) v
        join unnest(cases.ids, cases.hidden) c (id, hidden) on c.id = v.case_id;
    older := priv.with_values(cases.ids);
    select array_agg(q) quotas, coalesce(bool_or(q.exceeded), false) exceeded into counted
        from priv.count_values(coalesce(true = any (cases.hidden), false), vals.cases, vals.hidden, vals.digests, vals.identifiers,
            vals.costs) q;
    if not counted.exceeded then
        if exists (select from unnest(p_tokens) t join public.honey_values v on v.token = t) then
            perform priv.notice_honey(c, array (select t.token from unnest(p_cases, p_tokens) t (id, token) where t.id = c))
                from unnest(cases.ids) c;
        end if;
        perform priv.put_identifiers(p_rows, p_links, p_identifiers);
        perform priv.hold_new(cases.ids, cases.homes, cases.hidden, cases.waits, p_links, p_cases, p_identifiers, p_tokens, p_families,
            p_strengths, p_kinds, p_common);
        update public.registered_values r set left_at = null
            from unnest(vals.cases, vals.digests) v (case_id, digest)
            where v.case_id = any (older) and r.case_id = v.case_id and r.digest = v.digest and r.left_at is not null;
    end if;
    return query select q.policy, q.most, q.remaining, q.seconds, q.length, q.wanted, q.exceeded
        from unnest(counted.quotas) q (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean);
end $$;

-- Store the identifiers that priv.register_in_cases was given, and their links. All must be new, the holdings must be theirs, and the caller must
-- have access to the cases of those without holdings, too.
create function priv.put_identifiers(p_rows jsonb, p_links jsonb, p_identifiers uuid[]) returns void language plpgsql volatile as $$
declare
    made record;
begin
    with given as materialized (
        select * from jsonb_to_recordset(p_rows) r (id uuid, case_id uuid, kind text, fingerprint text, sealed text, normaliser smallint,
            strength smallint, warnings text[], basis text, source_grading text, information_grading text, handling_code text,
            exceptional_reason text, exceptional_until timestamptz, external_id text)),
    allowed as (select not exists (select from (select distinct g.case_id from given g) u (place) where not GRANTED(place, 3)) yes),
    stored as (
        insert into public.identifiers (id, version, case_id, kind, fingerprint, sealed, normaliser, strength, warnings, basis,
                source_grading, information_grading, handling_code, exceptional_reason, exceptional_until, external_id,
                created_at, created_by)
            select r.id, 1, r.case_id, r.kind, decode(r.fingerprint, 'hex'), decode(r.sealed, 'hex'), r.normaliser, r.strength,
                   r.warnings, r.basis, r.source_grading, r.information_grading, r.handling_code,
                   r.exceptional_reason, r.exceptional_until, r.external_id, (select priv.at()), (select priv.principal())
            from given r where (select a.yes from allowed a)
            returning id)
    select (select a.yes from allowed a) allowed, (select array_agg(s.id) from stored s) ids into made;
    if not made.allowed then
        raise exception 'the caller has no access to the case' using errcode = '42501';
    end if;
    if exists (select from unnest(p_identifiers) u (id) where not exists (select from unnest(made.ids) m where m = u.id)) then
        raise exception 'the identifier is not among those that are stored' using errcode = '42501';
    end if;
    insert into public.identifier_subjects (identifier_id, subject_id, case_id, since, basis, created_at, created_by)
        select i.id, l.subject_id, i.case_id, l.since, l.basis, (select priv.at()), (select priv.principal())
        from jsonb_to_recordset(p_links) l (identifier_id uuid, subject_id uuid, since timestamptz, basis text)
        join unnest(made.ids) m on m = l.identifier_id join public.identifiers i on i.id = m;
end $$;

-- Add the holdings that priv.register_in_cases was given to matching, or to those that wait until a person confirms that their case is hidden.
create function priv.hold_new(p_ids uuid[], p_homes uuid[], p_hidden boolean[], p_waits boolean[], p_links jsonb, p_cases uuid[],
                              p_identifiers uuid[], p_tokens bytea[], p_families text[], p_strengths smallint[], p_kinds text[],
                              p_common boolean[]) returns void language sql volatile set enable_nestloop = off as $$
    insert into public.pending_holdings (token, case_id, identifier_id, family, kind, strength, common)
        select u.token, u.case_id, u.identifier, min(u.family), min(u.kind), max(u.strength), bool_and(u.common)
        from unnest(p_cases, p_identifiers, p_tokens, p_families, p_strengths, p_kinds, p_common)
             u (case_id, identifier, token, family, strength, kind, common)
        join unnest(p_ids, p_waits) c (id, waits) on c.id = u.case_id and c.waits
        where true = any (p_waits)  -- most loads have no such case, and then nothing is joined
        group by u.token, u.case_id, u.identifier;
    insert into public.holdings (token, case_id, identifier_id, authority_id, kind, strength, roles, common, hidden, since, open_since)
        select u.token, u.case_id, u.identifier, c.home, u.kind, u.strength, r.roles, u.common, c.hidden, (select priv.at()), (select priv.at())
        from unnest(p_cases, p_identifiers, p_tokens, p_strengths, p_kinds, p_common) u (case_id, identifier, token, strength, kind, common)
        join unnest(p_ids, p_homes, p_hidden, p_waits) c (id, home, hidden, waits) on c.id = u.case_id and not c.waits
        left join (select l.identifier_id, array_agg(distinct l.category order by l.category) roles
                   from (select x.identifier_id, (select s.category from public.subjects s where s.id = x.subject_id) category
                         from jsonb_to_recordset(p_links) x (identifier_id uuid, subject_id uuid)) l
                   group by 1) r on r.identifier_id = u.identifier
        order by 1, 2, 3;
    insert into public.matching_queue (case_id, tokens, families, compared)
        select u.case_id, array_agg(u.token), array_agg(u.family),
               coalesce(array_agg(distinct u.identifier) filter (where u.strength <= 0), '{}')
        from unnest(p_cases, p_identifiers, p_tokens, p_families, p_strengths) u (case_id, identifier, token, family, strength)
        join unnest(p_ids, p_waits) c (id, waits) on c.id = u.case_id and not c.waits
        group by u.case_id
$$;

grant execute on function priv.next_import(integer), priv.unfinished_imports(uuid[]), priv.stop_import(uuid, text),
    priv.forget_import_lines(timestamptz, integer),
    priv.register_in_cases(jsonb, jsonb, uuid[], uuid[], bytea[], text[], smallint[], text[], boolean[]) to APP_ROLE;
grant insert on identifiers to coopapi_definer;

-- The client that sent an import, and the investigators of its authority, read what became of it. The client's own transactions write it.
grant select, insert,
    update (version, state, state_reason, lines, read, stored, updated, withdrawn, unchanged, refused, conflicts, worked, wrapped,
            started_at, worked_at, waits_until, ended_at) on imports to APP_ROLE;
grant select, update on imports to coopapi_definer;
create policy seen on imports for select using (authority_id = (select priv.authority())
    and (principal_id = (select priv.principal()) or (select priv.role()) = 'investigator'));
create policy sent on imports for insert with check (
    authority_id = (select priv.authority()) and principal_id = (select priv.principal()) and (select priv.role()) = 'system');
create policy changed on imports for update using (principal_id = (select priv.principal()) and (select priv.role()) = 'system');

grant select, insert, delete on import_chunks to APP_ROLE;
grant select, delete on import_chunks to coopapi_definer;
create policy own on import_chunks using (exists (
    select from public.imports i where i.id = import_chunks.import_id and i.principal_id = (select priv.principal())));

grant select, insert, update (sealed) on import_lines to APP_ROLE;
grant select, update (sealed), delete on import_lines to coopapi_definer;
create policy seen on import_lines for select using (exists (
    select from public.imports i where i.id = import_lines.import_id
    and (i.ended_at is null or i.ended_at > (select priv.at()) - interval '30 days')));
-- The imports of the client that have not ended are read once for all lines.
create policy made on import_lines for insert with check (import_id in (
    select i.id from public.imports i where i.principal_id = (select priv.principal()) and i.ended_at is null));
create policy changed on import_lines for update using (exists (
    select from public.imports i where i.id = import_lines.import_id and i.principal_id = (select priv.principal())));

grant select, insert, update (row_id, principal_id, version, digest, withdrawn) on imported_rows to APP_ROLE;
grant select, update (version) on imported_rows to coopapi_definer;
create policy seen on imported_rows for select using (authority_id = (select priv.authority()) and (select priv.role()) = 'system');
create policy made on imported_rows for insert with check (
    authority_id = (select priv.authority()) and principal_id = (select priv.principal()));
create policy changed on imported_rows for update using (principal_id = (select priv.principal()));
