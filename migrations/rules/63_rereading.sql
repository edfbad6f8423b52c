-- The readers of identifiers change, and the version of those that read an identifier is stored with it (`normaliser`). The worker reads
-- identifiers of an older version again from their sealed values. Their new tokens are added, and the old ones still match until no
-- identifier of an older version is left: otherwise two cases that share a value would be apart between the two times at which their
-- identifiers are read. Nothing is counted against quotas. The case is locked against writers for the time of one batch.

-- Return what is to be read again next: the listed values of exclusions, or else identifiers of an older version. Identifiers
-- whose value an exclusion names come first, so that the exclusion knows the new tokens before other cases are evidence by them. If that is put
-- off, the identifiers with its value wait too.
create function priv.next_rereadings(p_normaliser integer, p_most integer) returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off as $$
declare
    first uuid[] := array (
        select e.id from public.exclusions e
        where e.normaliser < p_normaliser and e.withdrawn_at is null and not PUT_OFF(rereading, e.id) limit p_most);
    excluded bytea[] := array (
        select unnest(e.tokens) from public.exclusions e
        where e.withdrawn_at is null and (PUT_OFF(rereading, e.id) or PUT_OFF(rereading, e.identifier_id)));
begin
    perform priv.require_worker();
    if first <> '{}' then
        return first::text[];
    end if;
    first := array (
        select i.id from public.exclusions e join public.identifiers i on i.id = e.identifier_id and i.normaliser < p_normaliser
        where e.withdrawn_at is null and not PUT_OFF(rereading, i.id));
    return array (
        select i.id::text from public.identifiers i
        where i.normaliser < p_normaliser and (first = '{}' or i.id = any (first)) and not PUT_OFF(rereading, i.id)
          and (excluded = '{}' or not exists (
              select from public.holdings h where h.identifier_id = i.id and h.token = any (excluded)))
        order by i.normaliser, i.id limit p_most);
end $$;

-- Return those of some identifiers that readers of an older version read, with the sealed values and the wrapped keys, which only the service
-- can open. What another transaction has locked is left for later.
create function priv.to_reread(p_normaliser integer, p_ids uuid[])
returns table (id uuid, case_id uuid, authority_id uuid, kind text, sealed bytea, wrapped bytea, warnings text[], withdrawn boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off as $$
#variable_conflict use_column
begin
    if not priv.take_turn() then
        return;
    end if;
    return query
    select i.id, i.case_id, c.authority_id, i.kind, i.sealed, k.wrapped, i.warnings, i.withdrawn_at is not null
    from public.identifiers i
    join public.cases c on c.id = i.case_id
    left join public.case_keys k on k.case_id = i.case_id
    where i.normaliser < p_normaliser and i.id = any (p_ids)
    order by i.id
    for no key update of i, c skip locked;
end $$;

-- Return until when digests of persons that an older version made match the tokens of that version, if persons are read again now.
create function priv.old_digests_match_until() returns timestamptz language sql stable as $$
    select (select priv.at()) + interval '90 days'
$$;

-- Replace the tokens of identifiers of a case that were read again. The old tokens are kept as outdated ones. What was counted against the
-- quota stays counted under the new tokens. A token that others hold too, and that was never counted, is counted now.
create function priv.replace_holdings(p_case uuid, p_named uuid[], p_identifiers uuid[], p_tokens bytea[], p_families text[],
                                      p_strengths smallint[], p_common boolean[]) returns void language plpgsql volatile as $$
declare
    home record;
    was record;
begin
    select c.authority_id, c.visibility = 'hidden' as hidden,
           c.visibility = 'hidden' and not priv.hiding_confirmed(c.id) as waits into home
        from public.cases c where c.id = p_case and c.state <> 'withdrawn';
    if not found then
        return;
    end if;
    select array_agg(x.identifier_id) as identifiers, array_agg(x.token) as tokens, array_agg(x.strength) as strengths into was
        from (
            select w.identifier_id, w.token, w.strength from public.pending_holdings w
            where w.case_id = p_case and w.identifier_id = any (p_named)
            union all
            select h.identifier_id, h.token, h.strength from public.holdings h
            where h.identifier_id = any (p_named) and not h.outdated) x;
    update public.registered_values r set digest = n.digest
        from priv.values_of(p_case, was.identifiers, was.tokens, was.strengths) o
        join priv.values_of(p_case, p_identifiers, p_tokens, p_strengths) n on n.identifier_id = o.identifier_id
        where r.case_id = p_case and r.digest = o.digest and n.digest <> o.digest
          and not exists (select from public.registered_values x where x.case_id = p_case and x.digest = n.digest);
    if home.waits then
        delete from public.pending_holdings w where w.case_id = p_case and w.identifier_id = any (p_named);
        insert into public.pending_holdings (token, case_id, identifier_id, family, kind, strength, common)
            select u.token, p_case, u.identifier, min(u.family), min(i.kind), max(u.strength), bool_and(u.common)
            from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_common) u (identifier, token, family, strength, common)
            join public.identifiers i on i.id = u.identifier
            group by u.token, u.identifier;
        return;
    end if;
    with wanted as materialized (
        select u.token, u.identifier, min(u.family) family, max(u.strength) strength, bool_and(u.common) common
        from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_common) u (identifier, token, family, strength, common)
        group by 1, 2),
    known as (
        select h.identifier_id, min(h.since) since, min(h.open_since) open_since
        from public.holdings h where h.identifier_id = any (p_named) group by 1),
    left_behind as (
        update public.holdings h set outdated = true,
            kept_until = case when h.kind = 'person' then priv.old_digests_match_until() else '-infinity' end
        where h.identifier_id = any (p_named) and not h.outdated
          and not exists (select from wanted w where w.token = h.token and w.identifier = h.identifier_id)),
    stored as (
        insert into public.holdings as h (token, case_id, identifier_id, authority_id, kind, strength, roles, common, hidden, since,
                                          open_since)
            select w.token, p_case, w.identifier, home.authority_id, i.kind, w.strength, r.roles, w.common, home.hidden,
                   coalesce(k.since, (select priv.at())), coalesce(k.open_since, (select priv.at()))
            from wanted w join public.identifiers i on i.id = w.identifier join priv.roles_of(p_named) r on r.identifier_id = w.identifier
            left join known k on k.identifier_id = w.identifier
            order by 1, 3
            on conflict (token, case_id, identifier_id) do update
                set strength = excluded.strength, common = excluded.common, outdated = false
                where (h.strength, h.common, h.outdated) is distinct from (excluded.strength, excluded.common, false)
            returning h.token, h.identifier_id),
    compared as (select array_agg(distinct w.identifier) ids from wanted w where w.strength <= 0),
    changed as (
        select array_agg(w.token) tokens, array_agg(w.family) families from wanted w
        where exists (select from stored n where n.token = w.token and n.identifier_id = w.identifier)
           or not exists (select from public.match_tokens t where t.token = w.token)
              and exists (select from public.holdings h where h.token = w.token and h.identifier_id <> w.identifier))
    insert into public.matching_queue (case_id, tokens, families, compared, anew)
        select p_case, c.tokens, c.families, d.ids, true from changed c, compared d where num_nonnulls(c.tokens, d.ids) > 0;
end $$;

-- Store identifiers that were read again. p_rows holds their columns, bytes as hexadecimal digits: without a sealed value the tokens stay
-- as they are. The arrays are the new holdings and are parallel. An identifier whose value another one of the case already has keeps its
-- old fingerprint, and the later one of both names the earlier (`same_as`). The auditors of each owner are told how many identifiers of a
-- case were read again, and everybody who reads the case how many persons in it were sent as digests that are old now, with the time until
-- which these match as before. What concerns victims alone is told to cleared people only.
create function priv.store_reread(p_normaliser integer, p_rows jsonb, p_identifiers uuid[], p_tokens bytea[], p_families text[],
                                  p_strengths smallint[], p_common boolean[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off as $$
declare
    r record;
    named uuid[];
    old uuid[];
    twin uuid;
begin
    if not priv.take_turn() then
        return;
    end if;
    for r in
        select x.*, x.warnings ? 'old_digests' and 'old_digests' <> all (i.warnings) as grown_old, i.case_id from jsonb_to_recordset(p_rows) x (id uuid, fingerprint text, sealed text, strength smallint, warnings jsonb)
        join public.identifiers i on i.id = x.id and i.normaliser < p_normaliser order by x.id
    loop
        twin := (select t.id from public.identifiers t where t.case_id = r.case_id and t.fingerprint = decode(r.fingerprint, 'hex')
                 and t.withdrawn_at is null and t.id <> r.id);
        update public.identifiers i set
            normaliser = p_normaliser, sealed = coalesce(decode(r.sealed, 'hex'), i.sealed), strength = coalesce(r.strength, i.strength),
            warnings = array (select jsonb_array_elements_text(r.warnings)),
            fingerprint = case when r.fingerprint is null or twin is not null then i.fingerprint else decode(r.fingerprint, 'hex') end
            where i.id = r.id;
        update public.identifiers i set same_as = least(twin, r.id) where i.id = greatest(twin, r.id) and twin is not null;
        named := named || case when r.sealed is not null then r.id end;
        old := old || case when r.grown_old then r.id end;
    end loop;
    for r in
        select i.case_id, array_agg(i.id) as named from public.identifiers i where i.id = any (named) group by 1 order by 1
    loop
        perform priv.replace_holdings(r.case_id, r.named, u.identifiers, u.tokens, u.families, u.strengths, u.common)
            from (select array_agg(v.identifier) identifiers, array_agg(v.token) tokens, array_agg(v.family) families,
                         array_agg(v.strength) strengths, array_agg(v.common) common
                  from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_common) v (identifier, token, family, strength, common)
                  where v.identifier = any (r.named)) u;
    end loop;
    update public.exclusions e
        set tokens = array (select unnest(e.tokens) union select unnest(priv.tokens_of_value(e.identifier_id)) order by 1)
        where e.identifier_id = any (named) and e.tokens is not null and e.withdrawn_at is null;
    perform priv.append((
        select coalesce(jsonb_agg(jsonb_build_object(
            'authority_id', s.authority_id, 'at', (select priv.at()), 'role', 'machine', 'action', 'identifiers.reread', 'object_type', 'case',
            'purpose', 'cross_check', 'request_id', '', 'consultation', false, 'event', false, 'victims_only', false,
            'detail', jsonb_build_object('case', s.id, 'count', s.n)) order by s.authority_id, s.id), '[]')
        from (
            select c.authority_id, c.id, count(*) n
            from jsonb_to_recordset(p_rows) x (id uuid)
            join public.identifiers i on i.id = x.id join public.cases c on c.id = i.case_id group by 1, 2) s));
    perform priv.append((
        select coalesce(jsonb_agg(jsonb_build_object(
            'authority_id', s.authority_id, 'at', (select priv.at()), 'role', 'machine', 'action', 'digests.outdated', 'object_type', 'case',
            'object_id', s.id, 'case_id', s.id, 'purpose', 'cross_check', 'request_id', '', 'consultation', false, 'event', true,
            'victims_only', s.victims, 'detail', jsonb_build_object('count', s.n, 'until', priv.old_digests_match_until()))
            order by s.authority_id, s.id, s.victims), '[]')
        from (
            select c.authority_id, c.id, not priv.open(k.roles) victims, count(*) n
            from priv.roles_of(old) k
            join public.identifiers i on i.id = k.identifier_id join public.cases c on c.id = i.case_id group by 1, 2, 3) s));
end $$;

-- Return the values of some exclusions that the operator listed and that readers of an older version read.
create function priv.listed_to_reread(p_normaliser integer, p_ids uuid[]) returns table (id uuid, listed jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not priv.take_turn() then
        return;
    end if;
    return query select e.id, e.listed from public.exclusions e
        where e.id = any (p_ids) and e.normaliser < p_normaliser and e.withdrawn_at is null;
end $$;

-- Give exclusions of listed values the tokens of today's readers. The old tokens stay for values that were not read again yet.
create function priv.store_listed(p_normaliser integer, p_exclusion uuid, p_tokens bytea[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    update public.exclusions e set normaliser = p_normaliser, tokens = array (select unnest(e.tokens) union select unnest(p_tokens) order by 1)
        where e.id = p_exclusion and e.normaliser < p_normaliser;
    insert into public.matching_queue (exclusion_id) values (p_exclusion);
end $$;

-- Remove tokens of older versions of the readers, as soon as no identifier of an older version is left and the time has passed for which
-- they are kept. Persons that had one are compared anew.
create function priv.drop_outdated(p_normaliser integer, p_most integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off as $$
begin
    if not priv.take_turn() or exists (select from public.identifiers i where i.normaliser < p_normaliser) then
        return;
    end if;
    with taken as (
        select h.token, h.case_id, h.identifier_id from public.holdings h join public.cases c on c.id = h.case_id
        where h.outdated and h.kept_until <= (select priv.at()) order by h.kept_until limit p_most for no key update of c skip locked),
    gone as (
        delete from public.holdings h using taken t
        where h.token = t.token and h.case_id = t.case_id and h.identifier_id = t.identifier_id and h.outdated
        returning h.case_id, h.token, h.identifier_id, h.strength)
    insert into public.matching_queue (case_id, tokens, compared, anew)
        select g.case_id, array_agg(distinct g.token), array_agg(distinct g.identifier_id) filter (where g.strength <= 0), true
        from gone g group by 1;
end $$;

-- Return how many identifiers wait to be read again, but at most 100,000, so that counting them takes little time.
create function priv.waiting_to_be_reread(p_normaliser integer) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
    select count(*) from (select from public.identifiers i where i.normaliser < p_normaliser limit 100000) x
$$;

grant execute on function priv.next_rereadings(integer, integer), priv.to_reread(integer, uuid[]),
    priv.store_reread(integer, jsonb, uuid[], bytea[], text[], smallint[], boolean[]), priv.drop_outdated(integer, integer),
    priv.waiting_to_be_reread(integer), priv.listed_to_reread(integer, uuid[]), priv.store_listed(integer, uuid, bytea[]) to APP_ROLE;

grant update (fingerprint, sealed, normaliser, strength, warnings, same_as) on identifiers to coopapi_definer;
