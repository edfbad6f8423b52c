-- Tell whether callers without victim clearance may know of a holding. They may not if all subjects of its identifier are victims. The roles
-- are the categories of these subjects.
create function priv.open(p_roles text[]) returns boolean language sql immutable as $$ select p_roles is distinct from array ['victim'] $$;

-- Return the categories of the subjects of identifiers in alphabetical order; null where there is none.
create function priv.roles_of(p_identifiers uuid[]) returns table (identifier_id uuid, roles text[]) language sql stable as $$
    select i.id, (select array_agg(distinct s.category order by s.category)
                  from public.identifier_subjects l join public.subjects s on s.id = l.subject_id where l.identifier_id = i.id)
    from (select distinct u.id from unnest(p_identifiers) u (id)) i
$$;

-- Return what is needed to register identifiers of a case, and keep others from changing the case until then. Registrations do not wait for
-- each other. Return nothing if the caller may not add to the case.
create function priv.case_to_add_to(p_case uuid) returns table (id uuid, authority_id uuid, state text, handling_code text, wrapped bytea)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select c.id, c.authority_id, c.state, c.handling_code, k.wrapped
    from public.cases c join public.case_keys k on k.case_id = c.id
    where c.id = p_case and GRANTED(c.id, 3) for share of c;
end $$;

-- Announce values that are about to be registered in a case (priv.reserve), unless it is final, and return with the quotas what is needed to
-- register them, and whether all values are new to the case. Return nothing if the caller may not add to the case. If the caller has used the
-- idempotency key before, nothing is announced, and the row that is returned is empty.
create function priv.open_registration(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_strengths smallint[], p_key text)
returns table (id uuid, authority_id uuid, state text, handling_code text, wrapped bytea,
               policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean, all_new boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    said text[] := priv.context();
    home record;
begin
    if exists (select from public.idempotency_keys k where k.principal_id = nullif(said[2], '')::uuid and k.key = p_key) then
        return next;
        return;
    end if;
    select c.id, c.authority_id, c.state, c.handling_code, k.wrapped, c.visibility = 'hidden' as hidden into home
        from public.cases c join public.case_keys k on k.case_id = c.id where c.id = p_case and GRANTED_TO(said, c.id, 3);
    if FINAL(home.state) then
        return query select home.id, home.authority_id, home.state, home.handling_code, home.wrapped,
            null::text, null::bigint, null::bigint, null::integer, null::integer, null::bigint, null::boolean, null::boolean;
    elsif home.id is not null then
        return query select home.id, home.authority_id, home.state, home.handling_code, home.wrapped, q.*
            from priv.count_new(p_case, home.hidden, false, p_identifiers, p_tokens, p_strengths) q;
    end if;
end $$;

-- Update the holdings and the facts of identifiers after the people changed to whom they belong, or the category of one.
create function priv.recast(p_case uuid, p_identifiers uuid[]) returns void language plpgsql volatile as $$
declare
    turned record;
begin
    perform priv.recast_facts(p_case, null, p_identifiers);
    select array_agg(distinct h.token) tokens, coalesce(bool_or(priv.open(h.roles) and not priv.open(r.roles)), false) closes into turned
        from priv.roles_of(p_identifiers) r join public.holdings h on h.identifier_id = r.identifier_id
        where h.case_id = p_case and h.roles is distinct from r.roles;
    if turned.tokens is null then
        return;
    end if;
    insert into public.matching_queue (case_id, tokens, whole, open_loses) values (p_case, turned.tokens, true, turned.closes);
    update public.holdings h set roles = r.roles,
        open_since = case when not priv.open(h.roles) and priv.open(r.roles) then (select priv.at()) else h.open_since end
        from priv.roles_of(p_identifiers) r
        where h.case_id = p_case and h.identifier_id = r.identifier_id and h.roles is distinct from r.roles;
end $$;

-- Link identifiers of a case to its subjects. p_links holds the fingerprint of the value, the subject, since when, and the basis. With
-- p_complete, the links of that identifier that the caller sees become exactly these; links to victims are seen with victim clearance
-- only, and those that the caller does not see stay as they are. Return how many links of other than the p_fresh identifiers were changed or
-- withdrawn, of victims and of others. The version that callers without victim clearance see (`version`) changes only with links that they see.
create function priv.link_subjects(p_case uuid, p_links jsonb, p_fresh uuid[], p_complete uuid, out changed integer, out victims integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    touched record;
begin
    perform priv.require_level(p_case, 3);
    perform 1 from public.identifiers i
        where i.case_id = p_case and i.withdrawn_at is null and i.id <> all (coalesce(p_fresh, '{}'))
          and i.fingerprint in (select decode(r.fingerprint, 'hex') from jsonb_to_recordset(p_links) r (fingerprint text))
        order by i.id for no key update;
    with wanted as materialized (
        select i.id, s.id as subject_id, s.category = 'victim' as victim, r.since, r.basis
        from jsonb_to_recordset(p_links) r (fingerprint text, subject_id uuid, since timestamptz, basis text)
        join public.identifiers i on i.case_id = p_case and i.fingerprint = decode(r.fingerprint, 'hex') and i.withdrawn_at is null
        join public.subjects s on s.id = r.subject_id and s.case_id = p_case),
    gone as (
        delete from public.identifier_subjects l using public.subjects s
        where l.identifier_id = p_complete and l.case_id = p_case and s.id = l.subject_id
          and (s.category <> 'victim' or (select priv.cleared()))
          and not exists (select from wanted w where w.id = l.identifier_id and w.subject_id = l.subject_id)
        returning l.identifier_id as id, s.category = 'victim' as victim),
    put as (
        insert into public.identifier_subjects as l (identifier_id, subject_id, case_id, since, basis, created_at, created_by)
            select w.id, w.subject_id, p_case, w.since, w.basis, (select priv.at()), (select priv.principal())
            from wanted w order by 1, 2
            on conflict (identifier_id, subject_id) do update set since = excluded.since, basis = excluded.basis
                where l.identifier_id = p_complete and (l.since, l.basis) is distinct from (excluded.since, excluded.basis)
                  and ((select priv.cleared()) or exists (select from public.subjects s where s.id = l.subject_id and s.category <> 'victim'))
            returning l.identifier_id as id, l.subject_id)
    select array_agg(t.id) filter (where not t.victim) as ids, array_agg(t.id) filter (where t.victim) as of_victims into touched
        from (select g.id, g.victim from gone g
              union all
              select p.id, w.victim from put p join wanted w on w.id = p.id and w.subject_id = p.subject_id) t
        where t.id <> all (coalesce(p_fresh, '{}'));
    changed := coalesce(cardinality(touched.ids), 0);
    victims := coalesce(cardinality(touched.of_victims), 0);
    if changed + victims = 0 then
        return;
    end if;
    update public.identifiers i set version = i.version + (i.id = any (coalesce(touched.ids, '{}')))::integer,
            victim_version = i.victim_version + (i.id = any (coalesce(touched.of_victims, '{}')))::integer
        where i.id = any (touched.ids || touched.of_victims);
    perform priv.recast(p_case, touched.ids || touched.of_victims);
end $$;

-- Store identifiers of a case with their links to subjects, and add those that it did not have to matching. p_rows holds their columns,
-- bytes as hexadecimal digits, p_links their subjects as for priv.link_subjects; the arrays are the holdings as for priv.hold. The service is
-- asked for another attempt if the case became final since they were announced and, with p_new, if it has one of the identifiers already. Return
-- the ids of those that are new, those among them whose value the operator excluded for all, and how many links the others got.
create function priv.register(p_case uuid, p_rows jsonb, p_links jsonb, p_identifiers uuid[], p_tokens bytea[], p_families text[],
                              p_strengths smallint[], p_kinds text[], p_common boolean[], p_new boolean,
                              out fresh uuid[], out excluded uuid[], out linked integer, out victims_linked integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan as $$
declare
    said text[] := priv.context();
    home record;
    held record;
begin
    select c.authority_id, c.state, c.visibility = 'hidden' as hidden into home from public.cases c
        where c.id = p_case and GRANTED_TO(said, c.id, 3) for share of c;
    if not found then
        raise exception 'the caller has no access to the case' using errcode = '42501';
    end if;
    if FINAL(home.state) then
        raise exception 'the case became final since the values were announced' using errcode = '40001';
    end if;
    with stored as (
        insert into public.identifiers (id, version, case_id, kind, fingerprint, sealed, normaliser, strength, warnings, basis,
                source_grading, information_grading, handling_code, exceptional_reason, exceptional_until, external_id,
                created_at, created_by)
            select r.id, 1, p_case, r.kind, decode(r.fingerprint, 'hex'), decode(r.sealed, 'hex'), r.normaliser, r.strength,
                   array (select jsonb_array_elements_text(r.warnings)), r.basis, r.source_grading, r.information_grading, r.handling_code,
                   r.exceptional_reason, r.exceptional_until, r.external_id, TIME_IN(said), nullif(said[2], '')::uuid
            from jsonb_to_recordset(p_rows) r (id uuid, kind text, fingerprint text, sealed text, normaliser smallint,
                 strength smallint, warnings jsonb, basis text, source_grading text, information_grading text, handling_code text,
                 exceptional_reason text, exceptional_until timestamptz, external_id text)
            order by r.fingerprint
            on conflict do nothing returning id)
    select array_agg(s.id) into fresh from stored s;
    if p_new and cardinality(fresh) is distinct from jsonb_array_length(p_rows) then
        raise exception 'the case has got one of the identifiers since the values were announced' using errcode = '40001';
    end if;
    linked := 0;
    victims_linked := 0;
    if p_links <> '[]' then
        select l.changed, l.victims into linked, victims_linked from priv.link_subjects(p_case, p_links, fresh, null) l;
    end if;
    select array_agg(u.identifier) as identifiers, array_agg(u.token) as tokens, array_agg(u.family) as families,
           array_agg(u.strength) as strengths, array_agg(u.kind) as kinds, array_agg(u.common) as common into held
        from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_kinds, p_common) u (identifier, token, family, strength, kind, common)
        where u.identifier in (select unnest(fresh));
    if held.identifiers is not null then
        perform priv.put_holdings(p_case, home.authority_id, home.hidden, TIME_IN(said), case when p_links <> '[]' then held.identifiers end,
            held.identifiers, held.tokens, held.families, held.strengths, held.kinds, held.common);
    end if;
    excluded := array (select priv.excluded_everywhere(fresh));
end $$;

-- Add identifiers of a case to matching under their tokens, which must have been announced (priv.reserve). The arrays are parallel.
create function priv.hold(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_families text[], p_strengths smallint[],
                          p_kinds text[], p_common boolean[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan as $$
declare
    home record;
begin
    select c.authority_id, c.visibility = 'hidden' as hidden, c.state = 'withdrawn' as ended into home from public.cases c
        where c.id = p_case and GRANTED(c.id, 3) for share of c;
    if not found then
        raise exception 'the caller has no access to the case' using errcode = '42501';
    end if;
    if exists (select from unnest(p_identifiers) u (id) where not exists (
            select from public.identifiers i where i.id = u.id and i.case_id = p_case offset 0)) then
        raise exception 'the identifier does not belong to the case' using errcode = '42501';
    end if;
    if not home.ended then
        perform priv.put_holdings(p_case, home.authority_id, home.hidden, (select priv.at()), p_identifiers, p_identifiers, p_tokens, p_families,
            p_strengths, p_kinds, p_common);
    end if;
end $$;

-- Add identifiers to matching for priv.hold and priv.register, which know that they belong to the case and locked it. The worker compares them
-- with other cases after the commit. If a machine client hid the case and no person has confirmed that yet, the identifiers wait.
-- Those in p_linked may have subjects. The service is asked for another attempt if the case was hidden since the values were announced.
create function priv.put_holdings(p_case uuid, p_home uuid, p_hidden boolean, p_at timestamptz, p_linked uuid[], p_identifiers uuid[],
                                  p_tokens bytea[], p_families text[], p_strengths smallint[], p_kinds text[], p_common boolean[]) returns void
language plpgsql volatile as $$
declare
    counted record;
begin
    select bool_or(r.digest is null) as uncounted, bool_or(p_hidden and not r.hidden) as hidden_since,
           array_agg(r.digest) filter (where r.left_at is not null) as left_before into counted
        from priv.values_of(p_case, p_identifiers, p_tokens, p_strengths) v left join lateral (
            select x.digest, x.hidden, x.left_at from public.registered_values x
            where ANNOUNCED(x, v, p_case, false) offset 0) r on true;
    if counted.uncounted then
        raise exception 'these values were not counted against the quota' using errcode = '42501';
    elsif counted.hidden_since then
        raise exception 'these values were not counted against the quota for hidden cases' using errcode = '40001';
    end if;
    if p_hidden and not priv.hiding_confirmed(p_case) then
        insert into public.pending_holdings (token, case_id, identifier_id, family, kind, strength, common)
            select u.token, p_case, u.identifier, min(u.family), min(u.kind), max(u.strength), bool_and(u.common)
            from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_kinds, p_common) u (identifier, token, family, strength, kind, common)
            group by u.token, u.identifier;
        return;
    end if;
    insert into public.holdings (token, case_id, identifier_id, authority_id, kind, strength, roles, common, hidden, since, open_since)
        select u.token, p_case, u.identifier, p_home, min(u.kind), max(u.strength), min(r.roles), bool_and(u.common), p_hidden, p_at, p_at
        from unnest(p_identifiers, p_tokens, p_strengths, p_kinds, p_common) u (identifier, token, strength, kind, common)
        left join priv.roles_of(p_linked) r on r.identifier_id = u.identifier
        group by u.token, u.identifier order by 1, 3;
    insert into public.matching_queue (case_id, tokens, families, compared)
        values (p_case, p_tokens, p_families,
                array (select distinct u.identifier from unnest(p_identifiers, p_strengths) u (identifier, strength) where u.strength <= 0));
    if counted.left_before is not null then
        update public.registered_values r set left_at = null where r.case_id = p_case and r.digest = any (counted.left_before);
    end if;
end $$;

-- Add the waiting identifiers to matching after a person confirmed, or refused, that the case is hidden. If it was refused, the case
-- becomes visible.
create function priv.hold_pending(p_case uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    p record;
begin
    perform priv.require_level(p_case, 4);
    update public.cases c set visibility = 'hit_no_hit' where c.id = p_case and not priv.hiding_confirmed(c.id);
    with gone as (delete from public.pending_holdings w where w.case_id = p_case returning w.*)
    select array_agg(g.identifier_id) ids, array_agg(g.token) tokens, array_agg(g.family) families, array_agg(g.strength) strengths,
           array_agg(g.kind) kinds, array_agg(g.common) common into p from gone g;
    perform priv.hold(p_case, p.ids, p.tokens, p.families, p.strengths, p.kinds, p.common);
end $$;

-- Remove identifiers from matching at once: the named ones, or all of the case if none are named. Their likenesses are removed too. Until
-- the worker has computed the overlaps of the case anew, they are hidden from readers who lose evidence.
create function priv.release(p_case uuid, p_identifiers uuid[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    gone record;
begin
    perform priv.require_level(p_case, 3);
    perform 1 from public.cases c where c.id = p_case for no key update;
    delete from public.pending_holdings w where w.case_id = p_case and (p_identifiers is null or w.identifier_id = any (p_identifiers));
    perform priv.note_leaving(p_case, p_identifiers);
    with deleted as (
        delete from public.holdings h where h.case_id = p_case
            and (p_identifiers is null or h.identifier_id = any (p_identifiers))
        returning h.token, h.identifier_id, h.roles)
    select array_agg(distinct d.identifier_id) ids, array_agg(distinct d.token) tokens, bool_or(priv.open(d.roles)) as open into gone
        from deleted d;
    if gone.ids is null then
        return;
    end if;
    -- A statement of its own, because the worker may have stored likenesses while the holdings were waited for.
    with apart as (
        delete from public.likenesses l where l.identifier_a = any (gone.ids) or l.identifier_b = any (gone.ids)
        returning case when l.case_a = p_case then l.case_b else l.case_a end as other)
    insert into public.matching_queue (case_id, tokens, apart, loses, open_loses)
        select p_case, gone.tokens, array (select distinct a.other from apart a), true, gone.open;
end $$;

-- Update the holdings after the visibility of a case, or the category of a subject, changed. If the subject became or ceased to be a victim,
-- callers without victim clearance see its links and its facts no more, or now, so the version of its identifiers changes. For imports of the
-- caller these are unchanged, because what their lines said still holds.
create function priv.relabel(p_case uuid, p_subject uuid, p_was text, p_visibility text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    was_hidden boolean;
    now_hidden boolean;
    lately record;
    own uuid[];
begin
    perform priv.require_level(p_case, case when p_visibility is null then 3 else 4 end);
    select c.visibility = 'hidden' into was_hidden from public.cases c where c.id = p_case for no key update;
    update public.cases c set visibility = p_visibility where c.id = p_case and p_visibility is not null;
    now_hidden := coalesce(p_visibility = 'hidden', was_hidden);
    if now_hidden and exists (select from public.holdings h where h.case_id = p_case and not h.hidden) then
        select u.identifiers, u.tokens, u.strengths into lately from priv.unconfirmed(p_case) u;
        if not priv.hiding_confirmed(p_case)
           or priv.unannounced(p_case, lately.identifiers, lately.tokens, lately.strengths, true) then
            raise exception 'the hiding of the case was not confirmed, or not counted against the quota' using errcode = '42501';
        end if;
    elsif not now_hidden then
        delete from public.hiding_confirmations h where h.case_id = p_case;
    end if;
    if p_visibility is not null then
        insert into public.matching_queue (case_id, tokens, whole, loses, open_loses)
            select p_case, array_agg(distinct h.token), true, now_hidden and not was_hidden, now_hidden and not was_hidden
            from public.holdings h where h.case_id = p_case;
        update public.holdings h set hidden = now_hidden where h.case_id = p_case and h.hidden <> now_hidden;
    end if;
    select array_agg(l.identifier_id) into own from public.identifier_subjects l where l.subject_id = p_subject and l.case_id = p_case;
    with turned as (
        update public.identifiers i set version = i.version + 1
        from public.subjects s
        where i.id = any (own) and s.id = p_subject and (s.category = 'victim') <> (p_was = 'victim')
        returning i.id, i.external_id, i.version + i.victim_version as version)
    update public.imported_rows r set version = t.version
        from turned t
        where r.scope = p_case and r.kind = 'identifier' and r.external_id = t.external_id and r.row_id = t.id and r.version = t.version - 1
          and r.principal_id = (select priv.principal());
    perform priv.recast(p_case, own);
    perform priv.recast_facts(p_case, p_subject, null);
end $$;

-- Return the kinds of the identifiers of a subject that are not stored exceptionally, also of those that the caller does not see.
create function priv.kinds_of_subject(p_case uuid, p_subject uuid) returns setof text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_level(p_case, 3);
    return query
    select distinct i.kind from public.identifier_subjects l join public.identifiers i on i.id = l.identifier_id
    where l.subject_id = p_subject and l.case_id = p_case and i.withdrawn_at is null and i.exceptional_reason is null;
end $$;

-- Return those identifiers of a case that belong to victims alone, also if the caller does not see these links.
create function priv.of_victims_alone(p_case uuid, p_identifiers uuid[]) returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_level(p_case, 3);
    return query
    select i.id from public.identifiers i join priv.roles_of(p_identifiers) r on r.identifier_id = i.id
    where i.case_id = p_case and not priv.open(r.roles);
end $$;

-- Return the tokens of an identifier's value. Tokens that are only weak evidence, such as the host of an address, are left out unless there
-- are no others.
create function priv.tokens_of_value(p_identifier uuid) returns bytea[] language sql stable as $$
    select array_agg(h.token order by h.token) from public.holdings h
    where h.identifier_id = p_identifier and h.strength > 0
      and (h.strength > 1 or not exists (select from public.holdings g where g.identifier_id = p_identifier and g.strength > 1))
$$;

-- Return the tokens of an identifier's value, for an exclusion. The identifier must be in a case to which the caller may add.
create function priv.value_tokens(p_case uuid, p_identifier uuid) returns bytea[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_level(p_case, 3);
    return (select priv.tokens_of_value(i.id) from public.identifiers i where i.id = p_identifier and i.case_id = p_case);
end $$;

grant execute on function priv.case_to_add_to(uuid), priv.open_registration(uuid, uuid[], bytea[], smallint[], text),
    priv.link_subjects(uuid, jsonb, uuid[], uuid), priv.kinds_of_subject(uuid, uuid), priv.of_victims_alone(uuid, uuid[]),
    priv.register(uuid, jsonb, jsonb, uuid[], bytea[], text[], smallint[], text[], boolean[], boolean),
    priv.hold(uuid, uuid[], bytea[], text[], smallint[], text[], boolean[]), priv.hold_pending(uuid),
    priv.release(uuid, uuid[]), priv.relabel(uuid, uuid, text, text), priv.value_tokens(uuid, uuid) to APP_ROLE;

grant select, insert, update, delete on match_tokens to coopapi_definer;

grant select, insert, update, delete on holdings to coopapi_definer;

grant update (version, victim_version) on identifiers to coopapi_definer;

grant select on identifier_subjects to APP_ROLE;
grant select, insert, update, delete on identifier_subjects to coopapi_definer;
-- Links to victims are for people with victim clearance, also in their own case. The function priv.link_subjects alone writes links.
create policy seen on identifier_subjects for select using (
    GRANTED(identifier_subjects.case_id, 2)
    and ((select priv.cleared()) or not exists (
        select from public.subjects s where s.id = identifier_subjects.subject_id and s.category = 'victim')));
