-- Tell whether a holding concerns somebody who is not a victim, so that callers without victim clearance may know of it.
create function priv.open(p_role text) returns boolean language sql immutable as $$ select p_role is distinct from 'victim' $$;

-- Return what is needed to register identifiers of a case, and keep others from changing the case until then. Registrations do not wait for
-- each other. Return nothing if the caller may not add to the case.
create function priv.case_to_add_to(p_case uuid) returns table (id uuid, authority_id uuid, state text, handling_code text, wrapped bytea)
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select c.id, c.authority_id, c.state, c.handling_code, k.wrapped
    from public.cases c join public.case_keys k on k.case_id = c.id
    where c.id = p_case and GRANTED(c.id, 3) for share of c;
end $$;

-- Store identifiers of a case and add those that it did not have to matching. p_rows holds their columns, bytes as hexadecimal digits; the
-- other arrays are the holdings as for priv.hold. Return the ids of those that are new. This runs with the rights of the caller.
create function priv.register(p_case uuid, p_rows jsonb, p_identifiers uuid[], p_tokens bytea[], p_families text[], p_strengths smallint[],
                              p_kinds text[], p_roles text[]) returns uuid[]
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
    fresh uuid[];
    held record;
begin
    with stored as (
        insert into public.identifiers (id, version, case_id, subject_id, kind, fingerprint, sealed, normaliser, strength, warnings, basis,
                source_grading, information_grading, handling_code, exceptional_reason, exceptional_until, external_id, of_victim,
                created_at, created_by)
            select r.id, 1, p_case, r.subject_id, r.kind, decode(r.fingerprint, 'hex'), decode(r.sealed, 'hex'), r.normaliser, r.strength,
                   array (select jsonb_array_elements_text(r.warnings)), r.basis, r.source_grading, r.information_grading, r.handling_code,
                   r.exceptional_reason, r.exceptional_until, r.external_id, r.of_victim, (select priv.at()), (select priv.principal())
            from jsonb_to_recordset(p_rows) r (id uuid, subject_id uuid, kind text, fingerprint text, sealed text, normaliser smallint,
                 strength smallint, warnings jsonb, basis text, source_grading text, information_grading text, handling_code text,
                 exceptional_reason text, exceptional_until timestamptz,
                 external_id text, of_victim boolean)
            order by r.fingerprint
            on conflict do nothing returning id)
    select array_agg(s.id) into fresh from stored s;
    select array_agg(u.identifier) as identifiers, array_agg(u.token) as tokens, array_agg(u.family) as families,
           array_agg(u.strength) as strengths, array_agg(u.kind) as kinds, array_agg(u.role) as roles into held
        from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_kinds, p_roles) u (identifier, token, family, strength, kind, role)
        where u.identifier = any (fresh);
    if held.identifiers is not null then
        perform priv.hold(p_case, held.identifiers, held.tokens, held.families, held.strengths, held.kinds, held.roles);
    end if;
    return fresh;
end $$;

-- Add identifiers of a case to matching under their tokens, which must have been announced (priv.reserve). The arrays are parallel. The
-- worker compares them with other cases after the commit. If a machine client hid the case and no person has confirmed that yet, the
-- identifiers wait.
create function priv.hold(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_families text[], p_strengths smallint[],
                          p_kinds text[], p_roles text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    home record;
begin
    perform priv.require_level(p_case, 3);
    select c.authority_id, c.visibility = 'hidden' as hidden into home from public.cases c
        where c.id = p_case and c.state <> 'withdrawn' for share;
    if not found then
        return;
    end if;
    if exists (select from unnest(p_identifiers) u (id) where not exists (
            select from public.identifiers i where i.id = u.id and i.case_id = p_case)) then
        raise exception 'the identifier does not belong to the case' using errcode = '42501';
    end if;
    if priv.unannounced(p_case, p_identifiers, p_tokens, p_strengths, home.hidden) then
        raise exception 'these values were not counted against the quota' using errcode = '42501';
    end if;
    if home.hidden and not priv.hiding_confirmed(p_case) then
        insert into public.pending_holdings (token, case_id, identifier_id, family, kind, strength, role)
            select u.token, p_case, u.identifier, min(u.family), min(u.kind), max(u.strength), min(u.role)
            from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_kinds, p_roles)
                 u (identifier, token, family, strength, kind, role)
            group by u.token, u.identifier;
        return;
    end if;
    insert into public.holdings (token, case_id, identifier_id, authority_id, kind, strength, role, hidden, since, open_since)
        select u.token, p_case, u.identifier, home.authority_id, min(u.kind), max(u.strength), min(u.role), home.hidden, (select priv.at()),
               (select priv.at())
        from unnest(p_identifiers, p_tokens, p_strengths, p_kinds, p_roles) u (identifier, token, strength, kind, role)
        group by u.token, u.identifier order by 1, 3;
    insert into public.matching_queue (case_id, tokens, families, compared)
        values (p_case, p_tokens, p_families,
                array (select distinct u.identifier from unnest(p_identifiers, p_strengths) u (identifier, strength) where u.strength <= 0));
    update public.registered_values r set left_at = null
        from priv.values_of(p_case, p_identifiers, p_tokens, p_strengths) v
        where r.case_id = p_case and r.digest = v.digest and r.left_at is not null;
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
           array_agg(g.kind) kinds, array_agg(g.role) roles into p from gone g;
    perform priv.hold(p_case, p.ids, p.tokens, p.families, p.strengths, p.kinds, p.roles);
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
        returning h.token, h.identifier_id, h.role)
    select array_agg(distinct d.identifier_id) ids, array_agg(distinct d.token) tokens, bool_or(priv.open(d.role)) as open into gone
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

-- Update the holdings after the visibility of a case, or the category of a subject, changed.
create function priv.relabel(p_case uuid, p_subject_identifiers uuid[], p_role text, p_visibility text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    was_hidden boolean;
    now_hidden boolean;
    lately record;
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
    update public.pending_holdings w set role = p_role where w.case_id = p_case and w.identifier_id = any (p_subject_identifiers);
    insert into public.matching_queue (case_id, tokens, whole, loses, open_loses)
        select p_case, array_agg(distinct h.token), true, now_hidden and not was_hidden,
               now_hidden and not was_hidden or coalesce(bool_or(
                   h.identifier_id = any (p_subject_identifiers) and priv.open(h.role) and not priv.open(p_role)), false)
        from public.holdings h where h.case_id = p_case;
    update public.holdings h set hidden = now_hidden,
        role = case when h.identifier_id = any (p_subject_identifiers) then p_role else h.role end,
        open_since = case when h.identifier_id = any (p_subject_identifiers) and not priv.open(h.role) and priv.open(p_role)
                          then (select priv.at()) else h.open_since end
    where h.case_id = p_case
      and (h.hidden <> now_hidden or h.identifier_id = any (p_subject_identifiers));
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

grant execute on function priv.case_to_add_to(uuid),
    priv.register(uuid, jsonb, uuid[], bytea[], text[], smallint[], text[], text[]),
    priv.hold(uuid, uuid[], bytea[], text[], smallint[], text[], text[]), priv.hold_pending(uuid),
    priv.release(uuid, uuid[]), priv.relabel(uuid, uuid[], text, text), priv.value_tokens(uuid, uuid) to APP_ROLE;

grant select, insert, update, delete on match_tokens to coopapi_definer;

grant select, insert, update, delete on holdings to coopapi_definer;
