-- Return every pair of cases that may overlap, and every pair that is stored as an overlap, for the operator.
create function priv.pairs() returns table (m uuid, n uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_operator();
    return query
    select x.case_id, y.case_id from public.holdings x
    join public.match_tokens t on t.token = x.token and t.exact
    join public.holdings y on y.token = x.token and x.case_id < y.case_id
    union select least(l.case_a, l.case_b), greatest(l.case_a, l.case_b) from public.likenesses l
    union select o.case_a, o.case_b from public.case_overlaps o;
end $$;

-- Count the holders of all tokens, as priv.count_holders does, and return those of which something else is stored, or nothing although they have
-- several holders (`missing`). Of a token with one holder nothing needs to be stored: nothing is read of it before another one comes. The tokens are
-- never held in memory together: a large register has more of them than an array can have.
create function priv.miscounted() returns table (token bytea, cases integer, open_cases integer, hidden_cases integer, missing boolean)
language sql stable as $$
    with held as (
        select h.token, bool_or(h.strength > 0) exact,
               count(*) filter (where not h.hidden) shown, count(distinct h.case_id) filter (where not h.hidden) shown_cases,
               count(*) filter (where not h.hidden and priv.open(h.roles)) open,
               count(distinct h.case_id) filter (where not h.hidden and priv.open(h.roles)) open_cases,
               count(*) filter (where h.hidden) hidden, count(distinct h.case_id) filter (where h.hidden) hidden_cases
        from public.holdings h group by h.token),
    counted as (
        select coalesce(t.token, h.token) token, t.token is null missing, t.cases, t.open_cases, t.hidden_cases,
               priv.most_counted(t.family) most, coalesce(case when h.exact then h.shown_cases else h.shown end, 0) shown,
               coalesce(case when h.exact then h.open_cases else h.open end, 0) open,
               coalesce(case when h.exact then h.hidden_cases else h.hidden end, 0) hidden
        from held h full join public.match_tokens t on t.token = h.token)
    select c.token, n.*, c.missing
    from counted c
    cross join lateral (select least(c.shown, c.most)::integer, least(c.open, c.most)::integer, least(c.hidden, c.most)::integer)
        n (cases, open_cases, hidden_cases)
    where (n.cases + n.hidden_cases <> 1 or c.cases + c.hidden_cases > 1)
      and (c.missing or (least(c.cases, c.most), least(c.open_cases, c.most), least(c.hidden_cases, c.most))
                        <> (n.cases, n.open_cases, n.hidden_cases))
$$;

-- Compare the stored overlaps of these pairs of cases with a full computation from the holdings, for the operator, and count those that differ.
create function priv.differences(p_m uuid[], p_n uuid[], p_limits integer[]) returns bigint
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_operator();
    return (
        select count(*) from priv.totals(p_m, p_n, p_limits) f left join public.case_overlaps o on o.case_a = f.m and o.case_b = f.n
        where o.waits_until is null and (coalesce(o.shared_a, 0), coalesce(o.shared_b, 0), coalesce(o.strength, 0), coalesce(o.rarity, 0),
               coalesce(o.kinds, '{}'), coalesce(o.roles, '{}'), coalesce(o.open_shared_a, 0), coalesce(o.open_shared_b, 0),
               coalesce(o.open_strength, 0), coalesce(o.open_rarity, 0), coalesce(o.open_kinds, '{}'),
               coalesce(o.open_roles, '{}'))
              is distinct from (f.si::integer, f.sj::integer, f.s, f.w, f.ks, f.rs, f.oi::integer, f.oj::integer, f.os, f.ow, f.oks, f.ors));
end $$;

-- Count the tokens that are miscounted, and the holdings that should not exist, for the operator.
create function priv.miscounts() returns table (tokens bigint, strays bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_operator();
    return query
    select (select count(*) from priv.miscounted()),
           (select count(*) from public.holdings h left join public.identifiers i on i.id = h.identifier_id
            where i.id is null or i.withdrawn_at is not null);
end $$;

-- Return pairs of identifiers that share a match key within its limit, for the operator to compare again: those of the next p_count
-- identifiers after p_after, with the stored likeness.
create function priv.recheck(p_after uuid, p_count integer, p_limits integer[])
returns table (a uuid, b uuid, case_a uuid, case_b uuid, owner_a uuid, owner_b uuid, sealed_a bytea, sealed_b bytea,
               wrapped_a bytea, wrapped_b bytea, families text[], strength smallint, score real)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_operator();
    return query
    with one as (
        select distinct h.identifier_id from public.holdings h where h.strength <= 0 and h.identifier_id > p_after
        order by 1 limit p_count),
    pair as (
        select x.identifier_id i, y.identifier_id j
        from one join public.holdings x on x.identifier_id = one.identifier_id
        join public.match_tokens t on t.token = x.token and not t.exact
        join public.holdings y on y.token = x.token and y.case_id <> x.case_id and y.identifier_id > x.identifier_id
             and x.strength + y.strength > -2 and not (x.outdated and y.outdated)
             and priv.links_few(t.cases, t.open_cases, x.roles, y.roles, priv.key_limit(t.family, p_limits[1]))
        group by 1, 2
        having WORTH_COMPARING(t.family, t.token))
    select one.identifier_id, p.j, ia.case_id, ib.case_id, ca.authority_id, cb.authority_id, ia.sealed, ib.sealed, ka.wrapped,
           kb.wrapped, priv.shared_families(p.i, p.j), l.strength, l.score
    from one left join pair p on p.i = one.identifier_id
    left join public.identifiers ia on ia.id = p.i left join public.cases ca on ca.id = ia.case_id
    left join public.case_keys ka on ka.case_id = ia.case_id
    left join public.identifiers ib on ib.id = p.j left join public.cases cb on cb.id = ib.case_id
    left join public.case_keys kb on kb.case_id = ib.case_id
    left join public.likenesses l on l.identifier_a = p.i and l.identifier_b = p.j
    order by 1, 2;
end $$;

-- Repair what the reconciliation found: token counts, and likenesses (a null strength removes one). A token of several holders
-- without a count lacks its family too, which only its value tells: the worker is asked to read the identifiers of its holders again, which counts it
-- (priv.replace_holdings), and computes the overlaps of these cases. Counts of tokens with one holder or none, which nobody reads, are deleted.
create function priv.repair(p_a uuid[], p_b uuid[], p_scores real[], p_strengths smallint[], p_rules text[])
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_operator();
    perform pg_advisory_xact_lock(hashtextextended('coopapi.matching', 0));
    delete from public.holdings h where not exists (
        select from public.identifiers i where i.id = h.identifier_id and i.withdrawn_at is null);
    with wrong as materialized (select * from priv.miscounted()),
    unread as (
        update public.identifiers i set normaliser = 0
        from (select distinct h.identifier_id from wrong w join public.holdings h on h.token = w.token where w.missing) x
        where i.id = x.identifier_id)
    update public.match_tokens t
    set cases = w.cases, open_cases = w.open_cases, hidden_cases = w.hidden_cases
    from wrong w where w.token = t.token;
    delete from public.match_tokens t where t.cases + t.hidden_cases <= 1;
    delete from public.likenesses l using unnest(p_a, p_b) u (a, b) where l.identifier_a = u.a and l.identifier_b = u.b;
    insert into public.likenesses (identifier_a, identifier_b, case_a, case_b, score, strength, rule)
        select u.a, u.b, ia.case_id, ib.case_id, u.score, u.strength, u.rule
        from unnest(p_a, p_b, p_scores, p_strengths, p_rules) u (a, b, score, strength, rule)
        join public.identifiers ia on ia.id = u.a join public.identifiers ib on ib.id = u.b where u.strength is not null;
end $$;

-- Compute the overlaps of these pairs of cases anew, for the operator, after priv.repair. A pair whose token has no count is left out, so that
-- nobody is told that evidence is gone before the token is counted again.
create function priv.compute_anew(p_m uuid[], p_n uuid[], p_limits integer[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine uuid[];
    other uuid[];
begin
    perform priv.require_operator();
    select array_agg(u.m order by u.m, u.n), array_agg(u.n order by u.m, u.n) into mine, other from unnest(p_m, p_n) u (m, n)
        where not exists (
            select from public.holdings x join public.holdings y on y.token = x.token and y.case_id = u.n
            where x.case_id = u.m and not exists (select from public.match_tokens t where t.token = x.token));
    if mine is not null then
        perform priv.refresh(mine, other, p_limits);
    end if;
end $$;

grant execute on function priv.pairs(), priv.differences(uuid[], uuid[], integer[]), priv.miscounts(), priv.recheck(uuid, integer, integer[]),
    priv.repair(uuid[], uuid[], real[], smallint[], text[]), priv.compute_anew(uuid[], uuid[], integer[]) to APP_ROLE;
