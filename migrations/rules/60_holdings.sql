-- Put identifiers of a case into matching under their tokens, which must have been announced (priv.reserve). The arrays run in parallel.
-- Gives back every token with how many cases held it before: settle needs them. In a case that a machine hid on its own they wait.
create function priv.hold(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_families text[], p_strengths smallint[],
                          p_kinds text[], p_roles text[]) returns table (token bytea, was integer)
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
    if home.hidden and not priv.hiding_confirmed(p_case) then
        insert into public.pending_holdings (token, case_id, identifier_id, family, kind, strength, role)
            select u.token, p_case, u.identifier, min(u.family), min(u.kind), max(u.strength), min(u.role)
            from unnest(p_identifiers, p_tokens, p_families, p_strengths, p_kinds, p_roles)
                 u (identifier, token, family, strength, kind, role)
            group by u.token, u.identifier;
        return;
    end if;
    if priv.unannounced(p_case, p_identifiers, p_tokens, p_strengths, home.hidden) then
        raise exception 'these values were not announced' using errcode = '42501';
    end if;
    return query
    with wanted as (
        select u.token, min(u.family) family, max(u.strength) > 0 as exact
        from unnest(p_tokens, p_families, p_strengths) u (token, family, strength) group by 1),
    added as (
        select w.*, (not exists (
            select from public.holdings h where h.token = w.token and h.case_id = p_case))::int n from wanted w),
    kept as (
        insert into public.match_tokens as t (token, family, exact, cases, hidden_cases)
        select a.token, a.family, a.exact, case when home.hidden then 0 else a.n end, case when home.hidden then a.n else 0 end
        from added a order by a.token
        on conflict (token) do update
            set cases = t.cases + excluded.cases, hidden_cases = t.hidden_cases + excluded.hidden_cases
        returning t.token, t.cases)
    select k.token, k.cases - case when home.hidden then 0 else a.n end from kept k join added a on a.token = k.token;
    insert into public.holdings (token, case_id, identifier_id, authority_id, kind, strength, role, hidden, since)
        select u.token, p_case, u.identifier, home.authority_id, min(u.kind), max(u.strength), min(u.role), home.hidden, priv.at()
        from unnest(p_identifiers, p_tokens, p_strengths, p_kinds, p_roles) u (identifier, token, strength, kind, role)
        group by u.token, u.identifier order by 1, 3;
end $$;

-- Put into matching what waited for a person to confirm, or to refuse, that the case is hidden. Identifiers that have match keys come back
-- as rows without a token: they are to be compared.
create function priv.hold_pending(p_case uuid) returns table (token bytea, was integer, identifier uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    p record;
begin
    perform priv.require_level(p_case, 4);
    with gone as (delete from public.pending_holdings w where w.case_id = p_case returning w.*)
    select array_agg(g.identifier_id) ids, array_agg(g.token) tokens, array_agg(g.family) families, array_agg(g.strength) strengths,
           array_agg(g.kind) kinds, array_agg(g.role) roles into p from gone g;
    return query select h.token, h.was, null::uuid from priv.hold(p_case, p.ids, p.tokens, p.families, p.strengths, p.kinds, p.roles) h;
    return query select null::bytea, null::integer, u.i from unnest(p.ids, p.strengths) u (i, s) where u.s <= 0 group by u.i;
end $$;

-- Lock what a case holds, in order; gives back the tokens with their counts.
create function priv.locked(p_case uuid, p_identifiers uuid[]) returns table (token bytea, was integer)
language sql volatile as $$
    select t.token, t.cases from public.match_tokens t
    where t.token in (select h.token from public.holdings h where h.case_id = p_case
                      and (p_identifiers is null or h.identifier_id = any (p_identifiers)))
    order by t.token for update
$$;

-- Take identifiers out of matching at once: those named, or with none named all of the case. Likenesses go with them, and the
-- pairs that rested on those come back as rows without a token.
create function priv.release(p_case uuid, p_identifiers uuid[]) returns table (token bytea, was integer, other uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    gone_ids uuid[];
begin
    perform priv.require_level(p_case, 3);
    perform 1 from public.cases c where c.id = p_case for no key update;
    delete from public.pending_holdings w where w.case_id = p_case and (p_identifiers is null or w.identifier_id = any (p_identifiers));
    perform priv.note_leaving(p_case, p_identifiers);
    return query select l.token, l.was, null::uuid from priv.locked(p_case, p_identifiers) l;
    with gone as (
        delete from public.holdings h where h.case_id = p_case
            and (p_identifiers is null or h.identifier_id = any (p_identifiers))
        returning h.token, h.identifier_id, h.hidden),
    counted as (
        update public.match_tokens t
        set cases = t.cases - (not g.hidden)::int, hidden_cases = t.hidden_cases - g.hidden::int
        from (select token, bool_or(hidden) hidden, array_agg(identifier_id) ids from gone group by 1) g
        where t.token = g.token and not exists (
            select from public.holdings h where h.token = g.token and h.case_id = p_case and h.identifier_id <> all (g.ids)))
    select array_agg(distinct g.identifier_id) into gone_ids from gone g;
    return query
    with apart as (
        delete from public.likenesses l
        where l.identifier_a = any (gone_ids) or l.identifier_b = any (gone_ids)
        returning case when l.case_a = p_case then l.case_b else l.case_a end as other)
    select null::bytea, null::integer, a.other from apart a group by a.other;
end $$;

-- The case changed its visibility, or a subject its category: the holdings follow.
create function priv.relabel(p_case uuid, p_subject_identifiers uuid[], p_role text) returns table (token bytea, was integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    now_hidden boolean;
    lately record;
begin
    perform priv.require_level(p_case, 3);
    select c.visibility = 'hidden' into now_hidden from public.cases c where c.id = p_case for no key update;
    if now_hidden and exists (select from public.holdings h where h.case_id = p_case and not h.hidden) then
        select u.identifiers, u.tokens, u.strengths into lately from priv.unconfirmed(p_case) u;
        if not priv.hiding_confirmed(p_case)
           or priv.unannounced(p_case, lately.identifiers, lately.tokens, lately.strengths, true) then
            raise exception 'hiding was not confirmed, or not announced' using errcode = '42501';
        end if;
    elsif not now_hidden then
        delete from public.hiding_confirmations h where h.case_id = p_case;
    end if;
    update public.pending_holdings w set role = p_role where w.case_id = p_case and w.identifier_id = any (p_subject_identifiers);
    return query select l.token, l.was from priv.locked(p_case, null) l;
    update public.match_tokens t
    set cases = t.cases + case when now_hidden then -1 else 1 end,
        hidden_cases = t.hidden_cases + case when now_hidden then 1 else -1 end
    where t.token in (select h.token from public.holdings h where h.case_id = p_case and h.hidden <> now_hidden);
    update public.holdings h set hidden = now_hidden,
        role = case when h.identifier_id = any (p_subject_identifiers) then p_role else h.role end
    where h.case_id = p_case
      and (h.hidden <> now_hidden or h.identifier_id = any (p_subject_identifiers));
end $$;

-- The tokens of an identifier's value, to exclude it: of the caller's own case only. What it has but weakly in common with
-- others (the host of an address) stays, unless it has nothing else.
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
    priv.release(uuid, uuid[]), priv.relabel(uuid, uuid[], text), priv.value_tokens(uuid, uuid) to APP_ROLE;

grant select, insert, update, delete on match_tokens to coopapi_definer;

grant select, insert, update, delete on holdings to coopapi_definer;
