-- Tell whether a holding concerns somebody who is not a victim, so that callers without victim clearance may know of it.
create function priv.open(p_role text) returns boolean language sql immutable as $$ select p_role is distinct from 'victim' $$;

-- Each token counts its holders. The token of a value counts cases. The token of a match key counts identifiers, because identifiers are
-- compared. `cases` counts the holders in visible cases, `open_cases` those of them that concern somebody who is not a victim, and
-- `hidden_cases` the holders in hidden cases.

-- Return how many holders the identifiers of one case with the same token are: one for a value, each identifier for a match key.
create function priv.holders(p_exact boolean, p_identifiers bigint) returns integer language sql immutable as $$
    select (case when p_exact then least(p_identifiers, 1) else p_identifiers end)::integer
$$;

-- Add identifiers of a case to matching under their tokens, which must have been announced (priv.reserve). The arrays are parallel. Return
-- every token with its previous number of holders, in total and without victims, which settle needs. If a machine client hid the case and
-- no person has confirmed that yet, the identifiers wait.
create function priv.hold(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_families text[], p_strengths smallint[],
                          p_kinds text[], p_roles text[]) returns table (token bytea, was integer, was_open integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    home record;
begin
    perform priv.require_level(p_case, 3);
    select c.authority_id, c.visibility = 'hidden' as hidden into home from public.cases c
        where c.id = p_case and c.state <> 'withdrawn' for no key update;
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
    return query
    with wanted as (
        select u.token, min(u.family) family, max(u.strength) > 0 as exact, count(distinct u.identifier)::integer as identifiers,
               (count(distinct u.identifier) filter (where priv.open(u.role)))::integer as open_identifiers
        from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_roles) u (identifier, token, family, strength, role)
        group by 1),
    grown as (
        select w.*, case when w.exact then (h.held is null)::int else w.identifiers end as more,
               case when w.exact then (w.open_identifiers > 0 and h.open is not true)::int else w.open_identifiers end as open_more
        from wanted w left join lateral (
            select true held, bool_or(priv.open(g.role)) as open from public.holdings g
            where w.exact and g.token = w.token and g.case_id = p_case having count(*) > 0) h on true),
    added as (
        select g.*, case when home.hidden then 0 else g.more end n, case when home.hidden then 0 else g.open_more end open_n,
               case when home.hidden then g.more else 0 end hidden_n from grown g),
    kept as (
        insert into public.match_tokens as t (token, family, exact, cases, open_cases, hidden_cases)
        select a.token, a.family, a.exact, a.n, a.open_n, a.hidden_n from added a order by a.token
        on conflict (token) do update
            set cases = t.cases + excluded.cases, open_cases = t.open_cases + excluded.open_cases,
                hidden_cases = t.hidden_cases + excluded.hidden_cases
        returning t.token, t.cases, t.open_cases)
    select k.token, k.cases - a.n, k.open_cases - a.open_n from kept k join added a on a.token = k.token;
    insert into public.holdings (token, case_id, identifier_id, authority_id, kind, strength, role, hidden, since, open_since)
        select u.token, p_case, u.identifier, home.authority_id, min(u.kind), max(u.strength), min(u.role), home.hidden, priv.at(),
               priv.at()
        from unnest(p_identifiers, p_tokens, p_strengths, p_kinds, p_roles) u (identifier, token, strength, kind, role)
        group by u.token, u.identifier order by 1, 3;
    update public.registered_values r set left_at = null
        from priv.values_of(p_case, p_identifiers, p_tokens, p_strengths) v
        where r.case_id = p_case and r.digest = v.digest and r.left_at is not null;
end $$;

-- Add the waiting identifiers to matching after a person confirmed, or refused, that the case is hidden. If it was refused, the case
-- becomes visible. Identifiers with match keys are also returned as rows without a token, because they have to be compared.
create function priv.hold_pending(p_case uuid) returns table (token bytea, was integer, was_open integer, identifier uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    p record;
begin
    perform priv.require_level(p_case, 4);
    update public.cases c set visibility = 'hit_no_hit' where c.id = p_case and not priv.hiding_confirmed(c.id);
    with gone as (delete from public.pending_holdings w where w.case_id = p_case returning w.*)
    select array_agg(g.identifier_id) ids, array_agg(g.token) tokens, array_agg(g.family) families, array_agg(g.strength) strengths,
           array_agg(g.kind) kinds, array_agg(g.role) roles into p from gone g;
    return query select h.token, h.was, h.was_open, null::uuid
        from priv.hold(p_case, p.ids, p.tokens, p.families, p.strengths, p.kinds, p.roles) h;
    return query select null::bytea, null::integer, null::integer, u.i from unnest(p.ids, p.strengths) u (i, s) where u.s <= 0 group by u.i;
end $$;

-- Lock the tokens that a case holds, in order, and return them with their counts.
create function priv.locked(p_case uuid, p_identifiers uuid[]) returns table (token bytea, was integer, was_open integer)
language sql volatile as $$
    select t.token, t.cases, t.open_cases from public.match_tokens t
    where t.token in (select h.token from public.holdings h where h.case_id = p_case
                      and (p_identifiers is null or h.identifier_id = any (p_identifiers)))
    order by t.token for update
$$;

-- Remove identifiers from matching at once: the named ones, or all of the case if none are named. Their likenesses are removed too, and the
-- other cases of those likenesses are returned as rows without a token.
create function priv.release(p_case uuid, p_identifiers uuid[])
returns table (token bytea, was integer, was_open integer, other uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    gone_ids uuid[];
begin
    perform priv.require_level(p_case, 3);
    perform 1 from public.cases c where c.id = p_case for no key update;
    delete from public.pending_holdings w where w.case_id = p_case and (p_identifiers is null or w.identifier_id = any (p_identifiers));
    perform priv.note_leaving(p_case, p_identifiers);
    return query select l.token, l.was, l.was_open, null::uuid from priv.locked(p_case, p_identifiers) l;
    with gone as (
        delete from public.holdings h where h.case_id = p_case
            and (p_identifiers is null or h.identifier_id = any (p_identifiers))
        returning h.token, h.identifier_id, h.hidden, priv.open(h.role) as open),
    lost as (
        select g.token, bool_or(g.hidden) hidden, count(*)::integer n, (count(*) filter (where g.open))::integer open_n,
               bool_or(g.open) and not coalesce(bool_or(k.open), false) as open,
               bool_or(k.open) is null as every
        from gone g left join lateral (
            select bool_or(priv.open(h.role)) as open from public.holdings h
            where h.token = g.token and h.case_id = p_case and h.identifier_id <> all (array (
                select o.identifier_id from gone o where o.token = g.token))) k on true
        group by 1),
    counted as (
        update public.match_tokens t
        set cases = t.cases - case when l.hidden then 0 when t.exact then l.every::int else l.n end,
            open_cases = t.open_cases - case when l.hidden then 0 when t.exact then l.open::int else l.open_n end,
            hidden_cases = t.hidden_cases - case when not l.hidden then 0 when t.exact then l.every::int else l.n end
        from lost l where t.token = l.token and (not t.exact or l.every or l.open))
    select array_agg(distinct g.identifier_id) into gone_ids from gone g;
    return query
    with apart as (
        delete from public.likenesses l
        where l.identifier_a = any (gone_ids) or l.identifier_b = any (gone_ids)
        returning case when l.case_a = p_case then l.case_b else l.case_a end as other)
    select null::bytea, null::integer, null::integer, a.other from apart a group by a.other;
end $$;

-- Update the holdings after the visibility of a case, or the category of a subject, changed.
create function priv.relabel(p_case uuid, p_subject_identifiers uuid[], p_role text, p_visibility text)
returns table (token bytea, was integer, was_open integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    now_hidden boolean;
    lately record;
begin
    perform priv.require_level(p_case, case when p_visibility is null then 3 else 4 end);
    update public.cases c set visibility = p_visibility where c.id = p_case and p_visibility is not null;
    select c.visibility = 'hidden' into now_hidden from public.cases c where c.id = p_case for no key update;
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
    return query select l.token, l.was, l.was_open from priv.locked(p_case, null) l;
    update public.match_tokens t
    set cases = t.cases + m.n * ((not now_hidden)::int - (not m.hidden)::int),
        open_cases = t.open_cases + m.now_open_n * (not now_hidden)::int - m.open_n * (not m.hidden)::int,
        hidden_cases = t.hidden_cases + m.n * (now_hidden::int - m.hidden::int)
    from (select h.token, bool_or(h.hidden) hidden, priv.holders(k.exact, count(*)) n,
                 priv.holders(k.exact, count(*) filter (where priv.open(h.role))) open_n,
                 priv.holders(k.exact, count(*) filter (where priv.open(
                     case when h.identifier_id = any (p_subject_identifiers) then p_role else h.role end))) now_open_n
          from public.holdings h join public.match_tokens k on k.token = h.token where h.case_id = p_case group by h.token, k.exact) m
    where t.token = m.token and (m.hidden <> now_hidden or m.open_n <> m.now_open_n);
    update public.holdings h set hidden = now_hidden,
        role = case when h.identifier_id = any (p_subject_identifiers) then p_role else h.role end,
        open_since = case when h.identifier_id = any (p_subject_identifiers) and not priv.open(h.role) and priv.open(p_role)
                          then priv.at() else h.open_since end
    where h.case_id = p_case
      and (h.hidden <> now_hidden or h.identifier_id = any (p_subject_identifiers));
end $$;

-- Return the tokens of an identifier's value, for an exclusion. The identifier must be in a case to which the caller may add. Tokens that
-- are only weak evidence, such as the host of an address, are left out unless there are no others.
create function priv.value_tokens(p_case uuid, p_identifier uuid) returns bytea[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_level(p_case, 3);
    return (select array_agg(h.token order by h.token) from public.holdings h
            where h.identifier_id = p_identifier and h.case_id = p_case and h.strength > 0
              and (h.strength > 1 or not exists (
                  select from public.holdings g where g.identifier_id = p_identifier and g.strength > 1)));
end $$;

grant execute on function priv.hold(uuid, uuid[], bytea[], text[], smallint[], text[], text[]), priv.hold_pending(uuid),
    priv.release(uuid, uuid[]), priv.relabel(uuid, uuid[], text, text), priv.value_tokens(uuid, uuid) to APP_ROLE;

grant select, insert, update, delete on match_tokens to coopapi_definer;

grant select, insert, update, delete on holdings to coopapi_definer;
