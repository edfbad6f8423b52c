-- Return how rare a shared value is, in four steps from 0 (two cases) to 3 (many). All who share it learn only of a change of the step.
create function priv.rarity_step(p_cases integer) returns smallint language sql immutable as $$
    select (case when p_cases <= 2 then 0 when p_cases <= 5 then 1 when p_cases <= 20 then 2 else 3 end)::smallint
$$;

-- Return the rank of an overlap: by strength, then by rarity, then by the amount shared.
create function priv.rank(p_strength integer, p_rarity integer, p_shared bigint) returns bigint language sql immutable as $$
    select p_strength * 1099511627776 + (9 - p_rarity) * 34359738368 + least(p_shared, 34359738367)
$$;

-- Tell whether the operator lists the value of a token, at this time, as one that tells nobody apart.
create function priv.listed(p_token bytea) returns boolean language sql stable as $$
    select exists (
        select from public.exclusions e
        where e.everywhere and p_token = any (e.tokens)
          and e.withdrawn_at is null and e.lapsed_at is null and (e.until is null or e.until > (select priv.at())))
$$;

-- Tell whether evidence of a kind, under a token, between two authorities is excluded at this time. A value that the operator excludes is
-- not meant: priv.listed tells of it.
create function priv.excluded(p_token bytea, p_kinds text[], p_a uuid, p_b uuid) returns boolean language sql stable as $$
    select exists (
        select from public.exclusions e
        where e.withdrawn_at is null and e.lapsed_at is null and (e.until is null or e.until > (select priv.at()))
          and (e.everywhere or e.authority_id in (p_a, p_b))
          and (p_token = any (e.tokens) and not e.everywhere or e.kind = any (p_kinds)
               or e.other_id is not null and e.authority_id in (p_a, p_b) and e.other_id in (p_a, p_b)
                  and (e.authority_id <> e.other_id or p_a = p_b)))
$$;

-- Tell whether few enough cases hold a token for it to link two holdings. Holdings about victims are not counted if neither holding is
-- about a victim. Otherwise callers without victim clearance could infer how many cases hold the value for a victim.
create function priv.links_few(p_cases integer, p_open_cases integer, p_x text[], p_y text[], p_limit integer) returns boolean
language sql immutable as $$
    select case when priv.open(p_x) and priv.open(p_y) then p_open_cases else p_cases end <= p_limit
$$;

-- Return how many identifiers may hold a match key of this family, if the setting COOPAPI_CROWD is p_limit. Keys that many share, and seldom two
-- records of the same person, have a lower limit, so that a new person is compared with a bounded number.
create function priv.key_limit(p_family text, p_limit integer) returns integer language sql immutable as $$
    select case when p_family in ('person:initial+date', 'person:part+year', 'person:word+year') then greatest(2, p_limit / 20)
                when p_family in ('person:letters', 'person:beginning', 'person:form') then greatest(2, p_limit / 10)
                when p_family in ('person:letters+year', 'person:part+day') then greatest(2, p_limit / 5) else p_limit end
$$;

-- Return the tokens of evidence of that one of two cases that has fewer tokens of any kind, and the other case, in which they are to be looked
-- up. Of that, at most about six times as many tokens are read as the smaller case has, or 200. Of two very large cases, only those tokens are
-- returned that both have.
create function priv.tokens_of_smaller(p_m uuid, p_n uuid, p_limits integer[] default array [200, 1000, 5000, 25000, 125000],
                                       out tokens bytea[], out other uuid)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    most integer;
    seen bigint;
begin
    foreach most in array p_limits loop
        foreach other in array array [p_m, p_n] loop
            select array_agg(h.token) filter (where h.strength > 0), count(*) into tokens, seen
                from (select x.token, x.strength from public.holdings x
                      where x.case_id = case other when p_m then p_n else p_m end limit most) h;
            if seen < most then
                return;
            end if;
        end loop;
    end loop;
    tokens := array (select x.token from public.holdings x where x.case_id = p_m and x.strength > 0
                  intersect select y.token from public.holdings y where y.case_id = p_n and y.strength > 0);
end $$;

-- Return everything that links pairs of cases: equal tokens that few enough cases hold, and likenesses based on a key that few enough
-- identifiers hold. p_limits contains the maximum number of identifiers for a match key and of cases for a value. Rarity, number of holders
-- and time are returned twice: for callers with victim clearance, and for those without (ow, open_held, open_at). Values that tell nobody
-- apart are left out, or with p_common returned in rows of their own: `common` is then 'listed' for the list that the register has, and
-- 'excluded' for a value that the operator added.
create function priv.links(p_mine uuid[], p_other uuid[], p_limits integer[], p_common boolean)
returns table (m uuid, n uuid, i uuid, j uuid, s smallint, score real, rule text, ki text, kj text, rx text[], ry text[],
               v boolean, w smallint, held integer, at timestamptz, ow smallint, open_held integer, open_at timestamptz, common text)
language sql stable as $$
    with pair as (select distinct u.m, u.n from unnest(p_mine, p_other) u (m, n)),
    ruled as (select exists (select from public.exclusions e where e.withdrawn_at is null and e.lapsed_at is null) excluding),
    second as materialized (  -- a case that has just come is the second one of many pairs, and its tokens are read once
        select p.n, p.ms, h.tokens, h.many
        from (select u.n, array_agg(u.m) ms from pair u group by 1) p
        cross join lateral (
            select array_agg(h.token) filter (where h.strength > 0) tokens, count(*) = 200 many
            from (select x.token, x.strength from public.holdings x where x.case_id = p.n limit 200) h) h),
    shared as (  -- the tokens that both cases of a pair hold: an intersection, unless one is large; then those of the smaller are looked up
        select p.m, b.n, s.token
        from second b
        cross join lateral unnest(b.ms) p (m)
        cross join lateral (
            select array_agg(h.token) filter (where h.strength > 0) tokens, count(*) = 200 many
            from (select x.token, x.strength from public.holdings x where x.case_id = p.m limit 200) h) a
        cross join lateral (
            (select u.token from unnest(a.tokens) u (token) where not (a.many or b.many) intersect select v.token from unnest(b.tokens) v (token))
            union all
            select t.token
            from priv.tokens_of_smaller(p.m, b.n) k
            cross join lateral (select distinct u.token from unnest(k.tokens) u (token)) t
            cross join lateral (
                select from public.holdings h where h.case_id = k.other and h.token = t.token and h.strength > 0 limit 1) h
            where a.many or b.many) s),
    equal as (
        select s.m, s.n, x.identifier_id i, y.identifier_id j, least(x.strength, y.strength) s, 1::real score, 'same_value' rule,
               x.kind ki, y.kind kj, x.roles rx, y.roles ry, priv.rarity_step(t.cases) w, t.cases + o.held held,
               greatest(x.since, y.since) at, priv.rarity_step(t.open_cases) ow, t.open_cases + o.open_held open_held,
               greatest(x.open_since, y.open_since) open_at, c.common
        from shared s
        cross join lateral (
            select m.* from public.match_tokens m
            where m.token = s.token and m.exact and m.open_cases <= p_limits[2] and m.cases + m.hidden_cases > 1 offset 0) t
        cross join lateral (select h.* from public.holdings h where h.token = s.token and h.case_id = s.m and h.strength > 0 offset 0) x
        cross join lateral (select h.* from public.holdings h where h.token = s.token and h.case_id = s.n and h.strength > 0 offset 0) y
        cross join lateral (  -- the caller's own hidden cases
            select count(distinct h.case_id) held, count(distinct h.case_id) filter (where priv.open(h.roles)) open_held
            from public.holdings h
            where t.hidden_cases > 0 and h.token = t.token and h.hidden and h.authority_id = (select priv.authority())) o
        cross join lateral (
            select case when x.common or y.common then 'listed'
                        when (select excluding from ruled) and priv.listed(s.token) then 'excluded' end as common) c
        where (p_common or c.common is null) and priv.links_few(t.cases, t.open_cases, x.roles, y.roles, p_limits[2])
          and not ((select excluding from ruled)
                   and priv.excluded(s.token, array [x.kind, y.kind], x.authority_id, y.authority_id))),
    alike as (
        select p.m, p.n, l.i, l.j, l.strength s, l.score, l.rule
        from pair p
        cross join lateral (
            select l.identifier_a i, l.identifier_b j, l.* from public.likenesses l where l.case_a = p.m and l.case_b = p.n
            union all
            select l.identifier_b, l.identifier_a, l.* from public.likenesses l where l.case_a = p.n and l.case_b = p.m) l),
    held as (
        select a.*, x.kind ki, y.kind kj, x.roles rx, y.roles ry, greatest(x.since, y.since) at,
               greatest(x.open_since, y.open_since) open_at
        from alike a
        join lateral (select h.* from public.holdings h where h.identifier_id = a.i limit 1) x on true
        join lateral (select h.* from public.holdings h where h.identifier_id = a.j limit 1) y on true
        cross join lateral (select KEYS(a.j, -1) every, KEYS(a.j, 0) found_by offset 0) other
        where (
            select WORTH_COMPARING(t.family, t.token)
            from (select h.token, h.strength, h.outdated from public.holdings h where h.identifier_id = a.i offset 0) k
            cross join lateral (select m.* from public.match_tokens m where m.token = k.token and not m.exact offset 0) t
            where k.token = any (case when k.strength = 0 then other.every else other.found_by end)
              and not (k.outdated and exists (
                  select from public.holdings g where g.token = k.token and g.case_id = a.n and g.identifier_id = a.j and g.outdated))
              and priv.links_few(t.cases, t.open_cases, x.roles, y.roles, priv.key_limit(t.family, p_limits[1])))
          and not ((select excluding from ruled)
                   and priv.excluded(null, array [x.kind, y.kind], x.authority_id, y.authority_id))),
    every as (
        select e.m, e.n, e.i, e.j, e.s, e.score, e.rule, e.ki, e.kj, e.rx, e.ry, e.w, e.held, e.at, e.ow, e.open_held,
               e.open_at, e.common from equal e
        union all
        select h.m, h.n, h.i, h.j, h.s, h.score, h.rule, h.ki, h.kj, h.rx, h.ry, 0::smallint, 2, h.at, 0::smallint, 2,
               h.open_at, null from held h)
    select e.m, e.n, e.i, e.j, max(e.s), max(e.score), (array_agg(e.rule order by e.s desc, e.score desc, e.rule))[1],
           min(e.ki), min(e.kj), min(e.rx), min(e.ry),
           bool_or(not priv.open(e.rx) or not priv.open(e.ry)),
           RARITY_OF_STRONGEST(e.w, e.s), min(e.held)::integer, max(e.at),
           RARITY_OF_STRONGEST(e.ow, e.s), min(e.open_held)::integer, max(e.open_at), e.common
    from every e group by 1, 2, 3, 4, e.common
$$;

-- Return the totals of each pair of cases, once with all evidence and once without evidence about victims (columns o...). A pair that nothing links
-- has no evidence, so its numbers are 0.
create function priv.totals(p_mine uuid[], p_other uuid[], p_limits integer[])
returns table (m uuid, n uuid, si bigint, sj bigint, s smallint, w smallint, c real, ks text[], rs text[], f timestamptz, l timestamptz,
               oi bigint, oj bigint, os smallint, ow smallint, oc real, oks text[], ors text[], og timestamptz, ol timestamptz)
language sql stable as $$
    with link as materialized (select * from priv.links(p_mine, p_other, p_limits, false)),
    -- Each link with both kinds and the roles of everybody whom it concerns, and each pair. All is grouped together, because the planner expects
    -- few links and would compare each pair with all others.
    said as (
        select k.m, k.n, k.i, k.j, k.s, k.score, k.v, k.w, k.at, case when not k.v then k.s end os, case when not k.v then k.ow end ow, k.open_at,
               x.kind, p.role, p.open
        from link k
        cross join lateral (values (k.ki), (k.kj)) x (kind)
        cross join lateral (
            select least(x, y) || '-' || greatest(x, y), 'victim' not in (x, y)
            from unnest(coalesce(k.rx, '{unknown}')) x, unnest(coalesce(k.ry, '{unknown}')) y) p (role, open)
        union all
        select u.m, u.n, null, null, null, null, null, null, null, null, null, null, null, null, null from unnest(p_mine, p_other) u (m, n))
    select d.m, d.n, count(distinct d.i), count(distinct d.j), coalesce(max(d.s), 0)::smallint, coalesce(RARITY_OF_STRONGEST(d.w, d.s), 0)::smallint,
           coalesce(max(d.score), 0)::real, coalesce(array_agg(distinct d.kind order by d.kind) filter (where d.i is not null), '{}'),
           coalesce(array_agg(distinct d.role order by d.role) filter (where d.i is not null), '{}'), min(d.at), max(d.at),
           count(distinct d.i) filter (where not d.v), count(distinct d.j) filter (where not d.v),
           coalesce(max(d.os), 0)::smallint, coalesce(RARITY_OF_STRONGEST(d.ow, d.os), 0)::smallint,
           coalesce(max(d.score) filter (where not d.v), 0)::real,
           coalesce(array_agg(distinct d.kind order by d.kind) filter (where not d.v), '{}'),
           coalesce(array_agg(distinct d.role order by d.role) filter (where d.open), '{}'),
           min(d.open_at) filter (where not d.v), max(d.open_at) filter (where not d.v)
    from said d group by 1, 2
$$;

-- Return the overlaps that an exclusion can change: those of its author's cases, or of all cases if the operator made it. A value can change
-- only those of the cases that have it.
create function priv.touched_by(e public.exclusions) returns setof public.case_overlaps language sql stable as $$
    select o.* from public.case_overlaps o
    where (e.everywhere or e.authority_id in (o.authority_a, o.authority_b))
      and (e.other_id is null or e.other_id in (o.authority_a, o.authority_b))
      and (e.tokens is null or exists (select from public.holdings h where h.token = any (e.tokens) and h.case_id = o.case_a))
$$;

-- Return the overlaps that have lost evidence for the caller since they were computed: a value was withdrawn, hidden or excluded, or is now
-- about a victim, and the worker has not computed the overlap anew. No reader sees them for this moment.
create function priv.unsettled() returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    if not exists (select from public.matching_queue q where not q.followed and (q.loses or q.open_loses))
            and not exists (select from public.pairs_due d where d.loses or d.open_loses) then
        return;
    end if;
    return query
    with queued as materialized (
        select q.case_id, q.exclusion_id from public.matching_queue q
        where not q.followed and (q.loses or q.open_loses) and case when (select priv.cleared()) then q.loses else q.open_loses end)
    select o.id from queued q join public.case_overlaps o on o.case_a = q.case_id
    union all
    select o.id from queued q join public.case_overlaps o on o.case_b = q.case_id
    union all
    select o.id from queued q join public.exclusions e on e.id = q.exclusion_id cross join lateral priv.touched_by(e) o
    union all
    select o.id from public.pairs_due d join public.case_overlaps o on o.case_a = d.case_a and o.case_b = d.case_b
    where (d.loses or d.open_loses) and case when (select priv.cleared()) then d.loses else d.open_loses end;
end $$;

-- Tell whether the worker has followed every change of a case that the caller may know of, and whether it is behind by more than p_behind;
-- changes of imports of other cases are followed later, so they do not count for that, and neither does what is put off of them. A pair with a
-- hidden case is not waited for, nor one that the caller may not know of (priv.may_know_of_pair). Nothing of the changes that imports leave waiting is read.
create function priv.settled(p_case uuid, p_behind interval, p_limits integer[], out settled boolean, out late boolean, out known boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    old timestamptz := clock_timestamp() - p_behind;
    pair_put_off boolean;
begin
    known := priv.level(p_case) >= 1;
    pair_put_off := known and exists (
        select from (
            select d.case_a, d.case_b from public.put_off o join public.pairs_due d
                on d.case_a = split_part(o.piece, ' ', 1)::uuid and d.case_b = split_part(o.piece, ' ', 2)::uuid and not d.hidden
            where o.kind = 'pairs' and position(p_case::text in o.piece) > 0 limit 100) p
        where priv.may_know_of_pair(p.case_a, p.case_b, p_limits));
    settled := not known or not pair_put_off and not exists (select from public.matching_queue q where q.case_id = p_case);
    late := pair_put_off
        or exists (select from public.matching_queue q where not q.imported and q.at < old and not PUT_OFF(changes, q.id))
        or exists (select from public.matching_queue q where q.case_id = p_case and q.at < old);
end $$;

-- Return for how many seconds the oldest change has waited for the worker, the oldest one of imports, and the oldest entry of the journal to be
-- linked; 0 if none waits. A change that is put off does not count.
create function priv.worker_lag(out matching real, out imports real, out journal real)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(extract(epoch from clock_timestamp() - (
               select q.at from public.matching_queue q where not q.imported and not PUT_OFF(changes, q.id) order by q.at limit 1))::real, 0),
           coalesce(extract(epoch from clock_timestamp() - (
               select q.at from public.matching_queue q where q.imported and not PUT_OFF(changes, q.id) order by q.at limit 1))::real, 0),
           coalesce((select extract(epoch from clock_timestamp() - j.at)::real
                     from public.journal_entries j
                     where j.xid >= (select l.before from public.journal_linking l) and j.xid < pg_snapshot_xmin(pg_current_snapshot())
                     order by j.xid, j.id limit 1), 0)
$$;

-- Return a part of the evidence of overlaps, each seen from one side, the best first: of the identifiers of that side's case that the other case
-- shares, p_most from p_from on, how many there are, and with p_clear what is needed to decrypt their values. Values that tell nobody apart
-- (`common`) are shown only beside evidence that the caller sees and that tells somebody apart.
create function priv.shown_evidence(p_overlaps uuid[], p_mine uuid[], p_limits integer[], p_clear boolean, p_from integer, p_most integer)
returns table (overlap_id uuid, identifier_id uuid, kind text, strength smallint, score real, rule text, my_roles text[], their_roles text[],
               theirs integer, holders integer, rarity smallint, since timestamptz, common text, items bigint,
               authority_id uuid, sealed bytea, wrapped bytea)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    caller record := priv.caller();
    pairs record;  -- given to priv.links as arrays, because one with subqueries is not planned together with this statement
begin
    select array_agg(o.id) ids, array_agg(u.mine) mine, array_agg(case when o.case_a = u.mine then o.case_b else o.case_a end) other,
           array_agg(case when o.case_a = u.mine then o.shown_a else o.shown_b end) shown, array_agg(k.authority_id) owners,
           array_agg(k.wrapped) wrapped
        into pairs
        from unnest(p_overlaps, p_mine) u (id, mine)
        cross join lateral (select x.* from public.case_overlaps x where x.id = u.id offset 0) o
        left join lateral (select c.authority_id, y.wrapped from public.case_keys y join public.cases c on c.id = y.case_id
                           where p_clear and y.case_id = u.mine and GRANTED(y.case_id, 2) offset 0) k on true
        where SEEN_FROM(o, u.mine);
    return query
    with pair as (
        select * from unnest(pairs.ids, pairs.mine, pairs.other, pairs.shown, pairs.owners, pairs.wrapped)
                      p (id, mine, other, shown, authority_id, wrapped)),
    item as (
        select l.m, l.n, l.i, min(l.ki) kind, max(l.s) s, max(l.score) score, (array_agg(l.rule order by l.s desc, l.score desc, l.rule))[1] rule,
               min(l.rx) rx, array_agg(distinct t.role order by t.role) filter (where t.role is not null) ry, count(distinct l.j)::integer theirs,
               min(l.held) held, RARITY_OF_STRONGEST(l.w, l.s) w, max(l.at) at, min(l.common) common
        from (select k.m, k.n, k.i, k.j, k.s, k.score, k.rule, k.ki, case when caller.cleared then k.rx else array_remove(k.rx, 'victim') end rx,
                     case when caller.cleared then k.ry else array_remove(k.ry, 'victim') end ry, case when caller.cleared then k.held else k.open_held end held,
                     case when caller.cleared then k.w else k.ow end w, case when caller.cleared then k.at else k.open_at end at,
                     k.common, bool_or(k.common is null) over (partition by k.m, k.n) beside,
                     bool_or(k.common is null) over (partition by k.m, k.n, k.i) told
              from priv.links(pairs.mine, pairs.other, p_limits, true) k
              where caller.cleared or not k.v) l
        left join lateral unnest(l.ry) t (role) on true
        where l.common is null or l.beside and not l.told
        group by l.m, l.n, l.i),
    placed as (
        select t.*, count(*) over w as items, row_number() over (w order by t.common is not null, t.s desc, t.w, t.score desc, t.i) as place
        from item t window w as (partition by t.m, t.n))
    select p.id, t.i, t.kind, t.s, t.score, t.rule, t.rx, t.ry, t.theirs, t.held, t.w, greatest(t.at, p.shown), t.common, t.items,
           p.authority_id, i.sealed, p.wrapped
    from placed t join pair p on p.mine = t.m and p.other = t.n
    left join lateral (select x.sealed from public.identifiers x where x.id = t.i and p.wrapped is not null offset 0) i on true
    where t.place > p_from and t.place <= p_from + p_most
    order by p.id, t.place;
end $$;

-- Return the identifiers of a case that are no evidence because too many share them, with the number of holders: values that more cases hold than
-- the limit, and persons with a match key that more identifiers hold than its limit, unless they share other keys by which they are compared.
create function priv.high_frequency(p_case uuid, p_limits integer[])
returns table (identifier_id uuid, kind text, holders integer)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with held as (
        select h.identifier_id i, h.kind, h.hidden, t.exact, t.family, t.token, case when (select priv.cleared()) then t.cases else t.open_cases end cases,
               case when t.exact then p_limits[2] else priv.key_limit(t.family, p_limits[1]) end most
        from public.holdings h join public.match_tokens t on t.token = h.token
        where h.case_id = p_case and GRANTED(h.case_id, 1) and ((select priv.cleared()) or priv.open(h.roles))),
    compared as (
        select h.i from held h where not h.exact and h.cases <= h.most and h.cases + h.hidden::integer > 1
        group by h.i having WORTH_COMPARING(h.family, h.token))
    select h.i, min(h.kind), max(h.cases) from held h
    where h.cases > h.most and h.i not in (select c.i from compared c)
    group by 1 order by 3 desc, 1
$$;

-- Return those identifiers, of cases that the caller may read, whose value the operator excluded for all.
create function priv.excluded_everywhere(p_identifiers uuid[]) returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    if not exists (select from public.exclusions e where e.everywhere and e.tokens is not null and e.withdrawn_at is null and e.lapsed_at is null) then
        return;
    end if;
    return query
    select i.id from public.identifiers i
    where i.id = any (p_identifiers) and GRANTED(i.case_id, 2)
      and exists (select from unnest(priv.tokens_of_value(i.id)) u (token) where priv.listed(u.token));
end $$;

grant execute on function priv.excluded_everywhere(uuid[]), priv.unsettled(), priv.settled(uuid, interval, integer[]), priv.worker_lag(),
    priv.shown_evidence(uuid[], uuid[], integer[], boolean, integer, integer), priv.high_frequency(uuid, integer[]) to APP_ROLE;

grant select, insert, update, delete on likenesses to coopapi_definer;

-- Make the worker compute the overlaps anew that an exclusion of the caller's authority can change, because it took effect or was withdrawn.
create function priv.reconsider(p_exclusion uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.matching_queue (exclusion_id, loses, open_loses)
        select e.id, e.withdrawn_at is null, e.withdrawn_at is null
        from public.exclusions e where e.id = p_exclusion and e.authority_id = (select priv.authority());
end $$;

grant execute on function priv.reconsider(uuid) to APP_ROLE;

grant select, insert, update (version, withdrawn_at, withdrawn_by) on exclusions to APP_ROLE;
grant select, update on exclusions to coopapi_definer;
create policy seen on exclusions for select using (authority_id = (select priv.authority()) or everywhere);
create policy made on exclusions for insert with check (
    authority_id = (select priv.authority()) and (not everywhere or (select priv.operator())));
create policy changed on exclusions for update using (authority_id = (select priv.authority()))
    with check (authority_id = (select priv.authority()) and (not everywhere or (select priv.operator())));
