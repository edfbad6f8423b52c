-- Search for a value or a person among identifiers of cases that the caller may read.

-- Count a value that is searched for a case which the caller may read against the quotas, as if it were registered there. It is free if the
-- caller searched for it in the last 24 hours, and for those who may register in the case also if the case ever registered it; others would learn
-- from that what the case withdrew. What others searched for changes nothing. Returns the quotas as priv.reserve does.
create function priv.reserve_search(p_case uuid, p_search uuid, p_tokens bytea[], p_strengths smallint[])
returns table (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    hidden boolean;
    said record;
    counted record;
begin
    perform priv.require_level(p_case, 2);
    if exists (select from unnest(p_tokens) t where octet_length(t) <> 32) then
        raise exception 'the value is not a match token' using errcode = '22023';
    end if;
    select c.visibility = 'hidden' into hidden from public.cases c where c.id = p_case;
    select array_agg(v.digest) digests, array_agg(v.identifier_id) identifiers, array_agg(v.cost) costs into said
        from priv.values_of(p_case, array_fill(p_search, array [coalesce(cardinality(p_tokens), 0)]), p_tokens, p_strengths) v;
    select array_agg(q) quotas, coalesce(bool_or(q.exceeded), false) exceeded into counted
        from priv.count_values(hidden, array_fill(p_case, array [coalesce(cardinality(said.digests), 0)]),
            array_fill(hidden, array [coalesce(cardinality(said.digests), 0)]), said.digests, said.identifiers, said.costs,
            true, LEVEL(p_case) >= 3) q;
    if not counted.exceeded then
        perform priv.notice_honey(p_case, p_tokens);
    end if;
    return query select q.policy, q.most, q.remaining, q.seconds, q.length, q.wanted, q.exceeded
        from unnest(counted.quotas) q (policy text, most bigint, remaining bigint, seconds integer, length integer, wanted bigint, exceeded boolean);
end $$;

-- Delete what was searched for more than a day ago, at most p_most values, and return how many.
create function priv.forget_searched(p_most integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    deleted bigint;
begin
    perform priv.require_worker();
    delete from public.searched_values s where (s.principal_id, s.digest) in (
        select x.principal_id, x.digest from public.searched_values x where x.until <= (select priv.at())
        order by x.until limit p_most for update skip locked);
    get diagnostics deleted = row_count;
    return deleted;
end $$;

-- Return identifiers of cases that the caller may read which have one of these match tokens, with the tokens that they share: at most p_most
-- in the p_cases newest cases before one, or beginning with that case itself after an identifier of it. Each case is looked up by itself, so the time does not depend on what other cases hold.
-- Who reads a case sees the values of all its identifiers but, without victim clearance, no links to victims. So everybody finds the same, or
-- what is not found would tell that it is a victim's. `last` is the oldest of the cases that were looked at, and null if there are no older
-- ones.
create function priv.identifiers_with(p_tokens bytea[], p_before uuid, p_after uuid, p_cases integer, p_most integer)
returns table (identifier_id uuid, case_id uuid, shared bytea[], strengths smallint[], last uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
    me uuid := priv.authority();
begin
    return query
    with mine as materialized (
        select distinct g.case_id from public.case_access g
        where g.authority_id = me and g.case_id <= p_before and (g.case_id < p_before or p_after is not null) and g.level >= 2 and LIVE(g)
        order by g.case_id desc limit p_cases)
    select f.identifier_id, f.case_id, f.shared, f.strengths, e.last
    from (select case when count(*) = p_cases then (array_agg(m.case_id order by m.case_id))[1] end as last from mine m) e
    left join (
        select h.identifier_id, h.case_id, array_agg(h.token order by h.token) as shared, array_agg(h.strength order by h.token) as strengths
        from mine m cross join lateral (
            select x.identifier_id, x.case_id, x.token, x.strength from public.holdings x
            where x.case_id = m.case_id and x.token = any (p_tokens)
              and not x.outdated and (x.case_id < p_before or x.identifier_id > p_after) offset 0) h
        group by 1, 2 order by h.case_id desc, h.identifier_id limit p_most) f on true
    order by f.case_id desc, f.identifier_id;
end $$;

grant execute on function priv.reserve_search(uuid, uuid, bytea[], smallint[]), priv.forget_searched(integer),
    priv.identifiers_with(bytea[], uuid, uuid, integer, integer) to APP_ROLE;
