-- The worker computes overlaps. Each change of holdings is committed together with a row of matching_queue. Of two cases that meet, the one
-- whose change is followed later sees the holdings of both, so no overlap is missed, and a crash loses nothing. All functions here require
-- the context of the worker. They are driven by what changed, also right after a large import, when the statistics of the tables still say
-- that these are small: the planner may not read whole tables in them.

-- Let one transaction at a time find overlaps, even if several workers run. Return false if another one is at work.
create function priv.take_turn() returns boolean language plpgsql volatile as $$
begin
    perform priv.require_worker();
    return pg_try_advisory_xact_lock(hashtextextended('coopapi.matching', 0));
end $$;

-- Let the function that calls this use kept plans if it has little to do: to plan its statements anew takes longer than they do then. With much to
-- do they are planned for how much it is. The calling function sets plan_cache_mode = auto, which ends with it.
create function priv.plan_once(p_little boolean) returns void language plpgsql volatile as $$
begin
    perform set_config('plan_cache_mode', case when p_little then 'force_generic_plan' else 'auto' end, true);
end $$;

-- Return the kinds of work that wait for the worker, in the order in which it does them, with the piece where it is known: things of which it
-- is time (priv.run_timers), changes of holdings, pairs that are due, entries to link, a deadline of which those on duty have to be told, things whose
-- words have to be written, saved searches to compare with them, and what readers of an older version than p_normaliser read, or tokens that are
-- left of these. Pairs with a hidden case come when no other change or pair waits, so that the others do not wait for them and the time of no
-- answer depends on them; identifiers are read again when nothing of all that waits. What is put off does not count. Of that, one piece
-- of each kind whose time has come follows, to be tried again by itself, the oldest first.
create function priv.waiting(p_normaliser integer) returns table (kind text, piece text, again boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    timers boolean := cardinality(priv.next_timers(1)) > 0;
    changes boolean := timers or exists (
        select from public.matching_queue q where not q.followed and not PUT_OFF(changes, q.id));
    pairs boolean := cardinality(priv.next_pairs(false, 1)) > 0 or exists (select from public.matching_queue q where q.followed);
    hidden_pairs boolean := cardinality(priv.next_pairs(true, 1)) > 0;
    entries boolean := exists (
        select from public.journal_entries j
        where j.xid >= (select l.before from public.journal_linking l) and j.xid < pg_snapshot_xmin(pg_current_snapshot()));
    deadline text := priv.next_to_escalate();
    -- What waits of a search that rests is not read: it may be very much.
    searches boolean := exists (select from public.saved_search_checks) and (
        not exists (select from public.put_off o where o.kind = 'searches') or exists (
            select from public.saved_searches s
            where not RESTS(searches, s.id) and exists (select from public.saved_search_checks c where c.search_id = s.id)));
begin
    perform priv.require_worker();
    return query
    select w.kind, w.piece, false
    from (values (1, 'timers', null, timers), (2, 'changes', null, changes), (3, 'pairs', null, changes or pairs),
                 (4, 'hidden_pairs', null, hidden_pairs and not changes and not pairs), (5, 'journal', null, entries),
                 (6, 'deadlines', deadline, deadline is not null),
                 (7, 'words', null, exists (select from public.search_queue q where not PUT_OFF(words, q.object_id))),
                 (8, 'searches', null, searches),
                 (9, 'rereading', null, not (changes or pairs or hidden_pairs or entries) and (
                     cardinality(priv.next_rereadings(p_normaliser, 1)) > 0
                     or not exists (select from public.identifiers i where i.normaliser < p_normaliser)
                        and exists (select from public.holdings h where h.outdated and h.kept_until <= (select priv.at())))))
         w (n, kind, piece, waits)
    where w.waits and not exists (select from public.put_off o where o.kind = w.kind and o.piece = '') order by w.n;
    return query
    select p.kind, p.piece, true
    from (select distinct on (o.kind) o.kind, o.piece, o.until from public.put_off o
          where (o.kind in ('timers', 'changes', 'pairs', 'journal', 'deadlines', 'words', 'rereading')
                 or o.kind = 'hidden_pairs' and not changes and not pairs or o.kind = 'searches' and o.piece = '')
            and o.until <= (select priv.at())
          order by o.kind, o.until) p
    order by p.until;
end $$;

-- Return the next things of which it is time: what priv.notices_due returns, and the ids of exclusions that lapse.
create function priv.next_timers(p_most integer) returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    perform priv.require_worker();
    return array (
        (select n.piece from priv.notices_due() n (piece) where not PUT_OFF(timers, n.piece) limit p_most)
        union all
        (select e.id::text from public.exclusions e
         where e.withdrawn_at is null and e.lapsed_at is null and e.until <= (select priv.at()) and not PUT_OFF(timers, e.id)
         order by e.until limit p_most)
        limit p_most);
end $$;

-- Do things of which it is time: exclusions lapse, overlaps have waited long enough, or administrators have to be told of a missing clearance.
create function priv.run_timers(p_pieces text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off as $$
begin
    if not priv.take_turn() then
        return;
    end if;
    if 'overlaps' = any (p_pieces) then
        perform priv.wake(null);
    end if;
    if 'clearance' = any (p_pieces) then
        perform priv.tell_of_missing_clearance();
    end if;
    with lapsed as (
        update public.exclusions e set lapsed_at = (select priv.at())
        where e.id = any (array_remove(array_remove(p_pieces, 'overlaps'), 'clearance')::uuid[])
          and e.withdrawn_at is null and e.lapsed_at is null and e.until <= (select priv.at()) returning e.id)
    insert into public.matching_queue (exclusion_id) select l.id from lapsed l;
end $$;

-- Return the next changes of holdings, at most p_most of them, or p_most_imported if only those of imports wait: these are few, so that the
-- next other change does not wait long.
create function priv.next_changes(p_most integer, p_most_imported integer) returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    of_imports boolean;
begin
    perform priv.require_worker();
    of_imports := not exists (
        select from public.matching_queue x where not x.followed and not x.imported and not PUT_OFF(changes, x.id));
    return array (
        select x.id::text from public.matching_queue x where not x.followed and x.imported = of_imports and not PUT_OFF(changes, x.id)
        order by x.id limit case when of_imports then p_most_imported else p_most end);
end $$;

-- Return the next pairs that are due, of visible or of hidden cases: the ids of both cases with a space between them.
create function priv.next_pairs(p_hidden boolean, p_most integer) returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    perform priv.require_worker();
    return array (
        select d.case_a || ' ' || d.case_b from public.pairs_due d
        where d.hidden = p_hidden and not exists (
            select from public.put_off o where o.kind = case when p_hidden then 'hidden_pairs' else 'pairs' end
                and o.piece = d.case_a || ' ' || d.case_b)
        order by d.at limit p_most);
end $$;

-- Return up to how many holders of a token are counted. No limit of the settings is as high, so a count of this many says only that there are
-- too many.
create function priv.most_counted() returns integer language sql immutable as $$ select 501 $$;

-- Return up to how many holders of a token of this family are counted: of a match key of persons one more than the limit of the family is when
-- COOPAPI_CROWD is 200, the most that it may be.
create function priv.most_counted(p_family text) returns integer language sql immutable as $$
    select least(priv.most_counted(), case when p_family like 'person:%' then priv.key_limit(p_family, 200) + 1 else priv.most_counted() end)
$$;

-- Count the holders of a token in hidden cases, up to p_most: cases for a value (p_exact), identifiers for a match key.
create function priv.count_hidden_holders(p_token bytea, p_exact boolean, p_most integer) returns integer language sql stable as $$
    select count(*)::integer
    from (select distinct on (h.case_id, case when p_exact then null else h.identifier_id end) 1
          from public.holdings h where h.token = p_token and h.hidden
          order by h.case_id, case when p_exact then null else h.identifier_id end limit p_most) x
$$;

-- Count the holders of tokens: cases for a value, identifiers for a match key. `cases` counts them in visible cases, `open_cases` those of
-- them that concern somebody who is not a victim, and `hidden_cases` the holders in hidden cases. The arrays are parallel: each count ends at
-- the number in p_most, so the work does not grow with a token that very many hold. A token that nobody holds is left out.
create function priv.count_holders(p_tokens bytea[], p_most integer[])
returns table (token bytea, exact boolean, cases integer, open_cases integer, hidden_cases integer)
language plpgsql stable set enable_bitmapscan = off as $$
#variable_conflict use_column
begin
    return query
    with held as (  -- by each case; few tokens have more than one holder, so all of them are grouped together
        select u.token, h.case_id, bool_or(h.strength > 0) exact, count(*) held, count(*) filter (where not h.hidden) shown,
               count(*) filter (where not h.hidden and priv.open(h.roles)) open, min(u.most) most
        from unnest(p_tokens, p_most) u (token, most)
        cross join lateral (select x.* from public.holdings x where x.token = u.token limit u.most + 1) h
        group by 1, 2),
    found as (
        select e.token, bool_or(e.exact) exact, sum(e.held) > min(e.most) many, min(e.most) most,
               case when bool_or(e.exact) then count(*) filter (where e.shown > 0) else sum(e.shown) end cases,
               case when bool_or(e.exact) then count(*) filter (where e.open > 0) else sum(e.open) end open_cases,
               case when bool_or(e.exact) then count(*) filter (where e.shown < e.held) else sum(e.held - e.shown) end hidden_cases
        from held e group by 1)
    select f.token, f.exact,
           (case when not f.many then f.cases
                 when f.exact then (select count(*) from (select distinct on (h.case_id) 1 from public.holdings h
                     where h.token = f.token and not h.hidden order by h.case_id limit f.most) x)
                 else (select count(*) from (select from public.holdings h
                     where h.token = f.token and not h.hidden limit f.most) x) end)::integer,
           (case when not f.many then f.open_cases
                 when f.exact then (select count(*) from (select distinct on (h.case_id) 1 from public.holdings h
                     where h.token = f.token and not h.hidden and priv.open(h.roles) order by h.case_id limit f.most) x)
                 else (select count(*) from (select from public.holdings h
                     where h.token = f.token and not h.hidden and priv.open(h.roles) limit f.most) x) end)::integer,
           (case when f.many then priv.count_hidden_holders(f.token, f.exact, f.most) else f.hidden_cases end)::integer
    from found f;
end $$;

-- Tell whether a changed number of holders matters to other holders of the value: it crossed the limit, or the rarity changed by a step.
create function priv.steps(p_was integer, p_now integer, p_limit integer) returns boolean language sql immutable as $$
    select (p_was <= p_limit) <> (p_now <= p_limit) or p_now <= p_limit and priv.rarity_step(p_was) <> priv.rarity_step(p_now)
$$;

-- Put pairs of cases on the list of those that are due. The arrays are parallel. A pair without new evidence is due only if its overlap
-- exists.
create function priv.make_due(p_mine uuid[], p_other uuid[], p_live boolean[], p_loses boolean[], p_open_loses boolean[]) returns void
language plpgsql volatile as $$
begin
    insert into public.pairs_due as d (case_a, case_b, hidden, loses, open_loses, at)
        select p.a, p.b, bool_or('hidden' in (ca.visibility, cb.visibility)), bool_or(p.loses), bool_or(p.open_loses), clock_timestamp()
        from (select least(u.m, u.n) a, greatest(u.m, u.n) b, u.live, u.loses, u.open_loses
              from unnest(p_mine, p_other, p_live, p_loses, p_open_loses) u (m, n, live, loses, open_loses)) p
        cross join lateral (select c.visibility from public.cases c where c.id = p.a offset 0) ca
        cross join lateral (select c.visibility from public.cases c where c.id = p.b offset 0) cb
        group by 1, 2
        having bool_or(p.live) or exists (select from public.case_overlaps o where o.case_a = p.a and o.case_b = p.b offset 0)
        order by 1, 2
        on conflict (case_a, case_b) do update set hidden = excluded.hidden, at = least(d.at, excluded.at),
            loses = d.loses or excluded.loses, open_loses = d.open_loses or excluded.open_loses;
end $$;

-- Follow changes of holdings: count the holders of their tokens anew, and make all pairs of cases due that this can change, also
-- through values whose rarity changed by a step or that crossed the limit. Return how many changes were followed, which identifiers have to
-- be compared with similar ones, and the match keys that fewer identifiers hold than the limit again, with their previous counts.
create function priv.follow_changes(p_changes bigint[], p_limits integer[], out followed integer, out compared uuid[], out fallen bytea[],
                                    out fallen_was integer[], out fallen_was_open integer[])
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off set plan_cache_mode = auto as $$
declare
    changes public.matching_queue[];
    counts record;
    pair record;
    renewed uuid[];
begin
    followed := 0;
    if not priv.take_turn() then
        return;
    end if;
    with taken as (
        update public.matching_queue q set followed = true where q.id = any (p_changes) and not q.followed returning q as change)
    select array_agg(t.change) into changes from taken t;
    followed := coalesce(cardinality(changes), 0);
    if followed = 0 then
        return;
    end if;
    perform priv.plan_once((select sum(cardinality(c.tokens)) from unnest(changes) c) <= 200);
    select array_agg(u.id) into renewed from unnest(changes) c, unnest(c.compared) u (id) where c.anew;
    if renewed is not null then  -- they are compared in the same transaction again
        with gone as (
            delete from public.likenesses l where l.identifier_a = any (renewed) or l.identifier_b = any (renewed)
            returning l.case_a, l.case_b)
        select array_agg(g.case_a) m, array_agg(g.case_b) n, array_agg(false) none into pair from gone g;
        perform priv.make_due(pair.m, pair.n, pair.none, pair.none, pair.none);
    end if;
    with changed as materialized (  -- most tokens have one holder, which changes nothing for others
        select u.token, max(u.family) family, bool_or(c.loses or c.open_loses or c.anew or c.whole) less
        from unnest(changes) c, unnest(c.tokens, c.families) u (token, family) group by 1
        having bool_or(c.loses or c.open_loses or c.anew or c.whole)
               or exists (select from public.holdings h where h.token = u.token offset 1)),
    stored as (  -- a token that already has the most that is counted is not counted again when only holders are added
        select c.token, coalesce(t.family, c.family) family, c.less, t.exact, t.cases, t.open_cases, t.token is not null there,
               coalesce(not c.less and least(t.cases, t.open_cases) >= priv.most_counted(t.family), false) known,
               priv.most_counted(coalesce(t.family, c.family)) most
        from changed c left join public.match_tokens t on t.token = c.token),
    counted as materialized (  -- grouped, because the planner expects few tokens and would join each with all others
        select x.token, max(x.family) family, bool_or(x.exact) exact, max(x.was) was, max(x.was_open) was_open, bool_or(x.there) there,
               bool_or(x.less) less, coalesce(max(x.now), 0) now, coalesce(max(x.now_open), 0) now_open, coalesce(max(x.now_hidden), 0) now_hidden
        from (select s.token, s.family, s.exact, s.there, s.less, coalesce(s.cases, 0) was, coalesce(s.open_cases, 0) was_open,
                     case when s.known then s.cases end now, case when s.known then s.open_cases end now_open,
                     case when s.known then priv.count_hidden_holders(s.token, s.exact, s.most) end now_hidden
              from stored s
              union all
              select h.token, null, h.exact, null, null, null, null, h.cases, h.open_cases, h.hidden_cases
              from (select array_agg(s.token) tokens, array_agg(s.most) most from stored s where not s.known) a
              cross join lateral priv.count_holders(a.tokens, a.most) h) x
        group by 1),
    kept as (  -- most tokens have one holder and are of no interest until another one comes
        insert into public.match_tokens as t (token, family, exact, cases, open_cases, hidden_cases)
            select c.token, c.family, c.exact, c.now, c.now_open, c.now_hidden from counted c
            where c.exact is not null and c.family is not null and (c.there or c.now + c.now_hidden > 1) order by 1
            on conflict (token) do update set cases = excluded.cases, open_cases = excluded.open_cases, hidden_cases = excluded.hidden_cases
                where (t.cases, t.open_cases, t.hidden_cases)
                      is distinct from (excluded.cases, excluded.open_cases, excluded.hidden_cases))
    -- `others`: whether another case than that of the change may hold the token.
    select array_agg(c.token) tokens, array_agg(c.exact) exact, array_agg(c.was) was, array_agg(c.was_open) was_open,
           array_agg(c.now) now, array_agg(c.now_open) now_open, array_agg(priv.key_limit(c.family, p_limits[1])) key_limit,
           array_agg(c.less or c.now + c.now_hidden > 1) others into counts
        from counted c;
    with token as materialized (
        select * from unnest(counts.tokens, counts.exact, counts.was, counts.was_open, counts.now, counts.now_open, counts.others, counts.key_limit)
                      t (token, exact, was, was_open, now, now_open, others, key_limit)),
    mine as materialized (
        select c.case_id m, u.token, bool_or(c.loses) loses, bool_or(c.open_loses) open_loses
        from unnest(changes) c, unnest(c.tokens) u (token) group by 1, 2),
    touched as (  -- pairs that may have lost evidence exist already; pairs with evidence now may be new
        select c.m, h.case_id n, exists (
                   select from public.holdings x where x.token = c.token and x.case_id = c.m
                   and not x.common and not h.common
                   and priv.links_few(c.now, c.now_open, x.roles, h.roles, p_limits[2])) live, c.loses, c.open_loses
        from (select x.m, x.loses, x.open_loses, t.* from mine x join token t on t.token = x.token
              where t.exact and t.others and (t.now <= p_limits[2] or t.now_open <= p_limits[2]) offset 0) c
        cross join lateral (select x.* from public.holdings x where x.token = c.token and x.case_id <> c.m offset 0) h
        where c.now <= p_limits[2] or priv.open(h.roles) and c.now_open <= p_limits[2]),
    lost as (  -- the tokens that cases lost: in these changes, or in later ones that are not followed yet
        select x.case_id, u.token
        from (select c.case_id, c.tokens from unnest(changes) c where c.loses or c.open_loses or c.anew
              union all
              select q.case_id, q.tokens from public.matching_queue q where not q.followed and (q.loses or q.open_loses or q.anew)) x,
             unnest(x.tokens) u (token)),
    together as (  -- pairs of which both cases lost a value, so that neither finds the other by its holdings
        select c.m, l.case_id n, false live, c.loses, c.open_loses
        from lost l join mine c on c.token = l.token and c.m <> l.case_id),
    risen as materialized (select * from token t where t.exact and (t.was <= p_limits[2] and t.now > p_limits[2]
                                                                    or t.was_open <= p_limits[2] and t.now_open > p_limits[2])),
    outgrown as (  -- only pairs that have an overlap can lose a value that too many hold now, however many hold it
        select o.case_a m, o.case_b n, false live, false loses, false open_loses
        from risen t
        cross join lateral (select h.case_id from public.holdings h where h.token = t.token offset 0) a
        cross join lateral (select v.case_a, v.case_b from public.case_overlaps v where v.case_a = a.case_id offset 0) o
        where exists (select from public.holdings b where b.token = t.token and b.case_id = o.case_b offset 0)
        union all
        select c.m, o.n, false, c.loses, c.open_loses
        from risen t join mine c on c.token = t.token and (c.loses or c.open_loses)
        cross join lateral (select v.case_b n from public.case_overlaps v where v.case_a = c.m
                            union all select v.case_a from public.case_overlaps v where v.case_b = c.m) o
        where exists (select from public.holdings b where b.token = t.token and b.case_id = o.n offset 0)),
    crossing as (
        select h.m, h.n, h.linking and priv.links_few(t.now, t.now_open, h.roles_m, h.roles_n, p_limits[2]) live, false loses, false open_loses
        from (select * from (
                  select *, x.now <= p_limits[2] and priv.steps(x.was, x.now, p_limits[2]) stepped,
                         x.now_open <= p_limits[2] and priv.steps(x.was_open, x.now_open, p_limits[2]) open_stepped
                  from token x where x.exact) x
              where x.stepped or x.open_stepped offset 0) t
        cross join lateral (
            select a.case_id m, b.case_id n, a.roles roles_m, b.roles roles_n, not a.common and not b.common linking
            from public.holdings a join public.holdings b on b.case_id > a.case_id
            where a.token = t.token and b.token = t.token offset 0) h
        where t.stepped or t.open_stepped and priv.open(h.roles_m) and priv.open(h.roles_n)),
    resting as (  -- likenesses based on a key that crossed its limit
        select l.case_a m, l.case_b n, true live, false loses, false open_loses
        from (select x.token from token x
              where not x.exact and ((x.was <= x.key_limit) <> (x.now <= x.key_limit)
                                     or (x.was_open <= x.key_limit) <> (x.now_open <= x.key_limit)) offset 0) t
        cross join lateral (select h.identifier_id from public.holdings h where h.token = t.token offset 0) a
        cross join lateral (select k.case_a, k.case_b from public.likenesses k where k.identifier_a = a.identifier_id offset 0) l),
    apart as (select c.case_id m, u.n, false live, c.loses, c.open_loses from unnest(changes) c, unnest(c.apart) u (n)),
    standing as (  -- all likenesses and overlaps of a case whose visibility or roles changed
        select c.case_id m, x.n, true live, c.loses, c.open_loses
        from unnest(changes) c cross join lateral (
            select l.case_b n from public.likenesses l where l.case_a = c.case_id
            union select l.case_a from public.likenesses l where l.case_b = c.case_id
            union select o.case_b from public.case_overlaps o where o.case_a = c.case_id
            union select o.case_a from public.case_overlaps o where o.case_b = c.case_id) x
        where c.whole),
    excluded as (
        select o.case_a m, o.case_b n, true live, c.loses, c.open_loses
        from unnest(changes) c join public.exclusions e on e.id = c.exclusion_id cross join lateral priv.touched_by(e) o)
    select array_agg(p.m) m, array_agg(p.n) n, array_agg(p.live) live, array_agg(p.loses) loses, array_agg(p.open_loses) open_loses
        into pair
        from (select * from touched union all select * from together union all select * from outgrown union all select * from crossing union all select * from resting union all select * from apart
              union all select * from standing union all select * from excluded) p;
    if pair.m is not null then
        perform priv.make_due(pair.m, pair.n, pair.live, pair.loses, pair.open_loses);
    end if;
    select array_agg(distinct u.id) into compared from unnest(changes) c, unnest(c.compared) u (id);
    select array_agg(t.token), array_agg(t.was), array_agg(t.was_open) into fallen, fallen_was, fallen_was_open
        from unnest(counts.tokens, counts.exact, counts.was, counts.was_open, counts.now_open, counts.key_limit)
             t (token, exact, was, was_open, now_open, key_limit)
        where not t.exact and t.was > t.key_limit and t.now_open <= t.key_limit;
end $$;

-- Return the families of the match keys that two identifiers share: one entry for each key, also if too many others hold the key.
create function priv.shared_families(p_a uuid, p_b uuid) returns text[] language sql stable as $$
    select array_agg(t.family)
    from (select h.token from public.holdings h where h.identifier_id = p_a and h.token = any (KEYS(p_b, -1)) offset 0) k
    cross join lateral (select m.family from public.match_tokens m where m.token = k.token and not m.exact offset 0) t
$$;

-- Return pairs of identifiers that share a match key which few enough identifiers hold, and that were not compared yet: the pairs of the
-- named identifiers, and those of the keys that fewer identifiers hold than the limit again. The auditors of each side are told how many of
-- the values of each of its cases were compared, except with cases that are hidden from it: in one entry for up to 100 cases, because an
-- entry for each case took longer than the comparison.
create function priv.candidates(p_identifiers uuid[], p_tokens bytea[], p_was integer[], p_was_open integer[], p_limits integer[])
returns table (a uuid, b uuid) language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_hashjoin = off set enable_material = off as $$
#variable_conflict use_column
declare
    firsts uuid[];
    seconds uuid[];
    entries jsonb;
begin
    perform priv.require_worker();
    with near as (
        select x.identifier_id i, x.case_id i_case, x.authority_id i_owner, x.hidden i_hidden,
               y.identifier_id j, y.case_id j_case, y.authority_id j_owner, y.hidden j_hidden, t.token, t.family, false fallen
        from public.holdings x
        join public.match_tokens t on t.token = x.token and not t.exact and t.open_cases <= priv.key_limit(t.family, p_limits[1])
             and t.cases + t.hidden_cases > 1
        join public.holdings y on y.token = x.token and y.case_id <> x.case_id and x.strength + y.strength > -2
             and not (x.outdated and y.outdated)
        where x.identifier_id = any (p_identifiers)
          and priv.links_few(t.cases, t.open_cases, x.roles, y.roles, priv.key_limit(t.family, p_limits[1]))
        union all
        select x.identifier_id, x.case_id, x.authority_id, x.hidden, y.identifier_id, y.case_id, y.authority_id, y.hidden,
               t.token, t.family, true
        from unnest(p_tokens, p_was, p_was_open) u (token, was, was_open)
        join public.match_tokens t on t.token = u.token
        join public.holdings x on x.token = t.token
        join public.holdings y on y.token = t.token and y.case_id > x.case_id and x.strength + y.strength > -2
             and not (x.outdated and y.outdated)
        where not priv.links_few(u.was, u.was_open, x.roles, y.roles, priv.key_limit(t.family, p_limits[1]))
          and priv.links_few(t.cases, t.open_cases, x.roles, y.roles, priv.key_limit(t.family, p_limits[1]))),
    -- For a key that fell below its limit, the other keys of the pair are not checked here: priv.links does that when a likeness is read.
    pair as (
        select n.i a, n.j b, n.i_case, n.i_owner, n.i_hidden, n.j_case, n.j_owner, n.j_hidden
        from (select * from near x where x.i < x.j
              union all
              select x.j, x.j_case, x.j_owner, x.j_hidden, x.i, x.i_case, x.i_owner, x.i_hidden, x.token, x.family, x.fallen
              from near x where x.i > x.j) n
        group by n.i, n.j, n.i_case, n.i_owner, n.i_hidden, n.j_case, n.j_owner, n.j_hidden
        having bool_or(n.fallen) or WORTH_COMPARING(n.family, n.token)),
    fresh as materialized (
        select p.* from pair p where not exists (select from public.likenesses l where l.identifier_a = p.a and l.identifier_b = p.b)),
    told as (
        select s.owner, s.of_case, count(*) n, (row_number() over (partition by s.owner order by s.of_case) - 1) / 100 part
        from (select f.i_owner owner, f.i_case of_case from fresh f where not f.j_hidden or f.j_owner = f.i_owner
              union all
              select f.j_owner, f.j_case from fresh f where not f.i_hidden or f.i_owner = f.j_owner) s
        group by 1, 2),
    said as (
        select t.owner, t.part, jsonb_build_object('count', sum(t.n), 'cases', jsonb_object_agg(t.of_case, t.n)) detail from told t group by 1, 2)
    select array_agg(f.a order by f.a, f.b), array_agg(f.b order by f.a, f.b), (
            select coalesce(jsonb_agg(jsonb_build_object(
                'authority_id', d.owner, 'at', (select priv.at()), 'role', 'machine', 'action', 'identifiers.compared', 'object_type', 'case',
                'purpose', 'cross_check', 'request_id', '', 'consultation', false, 'event', false, 'victims_only', false,
                'detail', d.detail) order by d.owner, d.part), '[]')
            from said d)
        into firsts, seconds, entries from fresh f;
    if firsts is null then
        return;
    end if;
    perform priv.append(entries);
    return query select p.a, p.b from unnest(firsts, seconds) p (a, b);
end $$;

-- Return the sealed values of identifiers for their comparison, with the wrapped keys, which only the service can open.
create function priv.values_to_compare(p_identifiers uuid[])
returns table (id uuid, version integer, case_id uuid, owner uuid, sealed bytea, wrapped bytea)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_hashjoin = off as $$
begin
    perform priv.require_worker();
    return query
    select i.id, i.version, i.case_id, c.authority_id, i.sealed, k.wrapped
    from unnest(p_identifiers) u (id) join public.identifiers i on i.id = u.id
    join public.cases c on c.id = i.case_id join public.case_keys k on k.case_id = i.case_id;
end $$;

-- Return the families that each pair of identifiers shares, in the order of the pairs. Only persons that were sent as digests need them.
create function priv.families_to_compare(p_a uuid[], p_b uuid[]) returns table (families text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    perform priv.require_worker();
    return query
    select priv.shared_families(u.a, u.b) from unnest(p_a, p_b) with ordinality u (a, b, n) order by u.n;
end $$;

-- Store likenesses that the comparison found, and make their cases due. One is stored only if both values are still those that were
-- compared: the holdings are locked, so a value that is being withdrawn or corrected takes its likenesses with it.
create function priv.add_likenesses(p_a uuid[], p_b uuid[], p_versions_a integer[], p_versions_b integer[], p_scores real[],
                                    p_strengths smallint[], p_rules text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off as $$
declare
    pair record;
begin
    if not priv.take_turn() then
        return;
    end if;
    -- One row of each identifier is locked. That is enough: other functions change or delete all rows of an identifier together, or wait for this
    -- turn.
    perform from (select distinct u.id from unnest(p_a || p_b) u (id) order by 1) u
        cross join lateral (select from public.holdings h where h.identifier_id = u.id order by h.token limit 1 for share) h;
    insert into public.likenesses (identifier_a, identifier_b, case_a, case_b, score, strength, rule)
        select u.a, u.b, ia.case_id, ib.case_id, u.score, u.strength, u.rule
        from unnest(p_a, p_b, p_versions_a, p_versions_b, p_scores, p_strengths, p_rules) u (a, b, version_a, version_b, score, strength, rule)
        cross join lateral (select i.case_id from public.identifiers i where i.id = u.a and i.version = u.version_a offset 0) ia
        cross join lateral (select i.case_id from public.identifiers i where i.id = u.b and i.version = u.version_b offset 0) ib
        where KEYS(u.a, -1) && KEYS(u.b, -1)
        order by u.a, u.b
        on conflict do nothing;
    select array_agg(l.case_a) m, array_agg(l.case_b) n, array_agg(true) live, array_agg(false) none into pair
        from unnest(p_a, p_b) u (a, b) join public.likenesses l on l.identifier_a = u.a and l.identifier_b = u.b;
    perform priv.make_due(pair.m, pair.n, pair.live, pair.none, pair.none);
end $$;

-- Compute the overlaps of pairs that are due. When no visible pair is left but those that are put off, or due because of an upgrade (`at` is
-- infinity), the changes that were followed are settled.
create function priv.settle_pairs(p_pairs text[], p_limits integer[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off as $$
declare
    due record;
begin
    if not priv.take_turn() then
        return;
    end if;
    with taken as (
        delete from public.pairs_due d where d.ctid = any (array (
            select x.ctid from unnest(p_pairs) u (pair) cross join lateral (
                select p.ctid from public.pairs_due p
                where p.case_a = split_part(u.pair, ' ', 1)::uuid and p.case_b = split_part(u.pair, ' ', 2)::uuid offset 0) x))
        returning d.case_a, d.case_b)
    select array_agg(t.case_a) a, array_agg(t.case_b) b into due from taken t;
    if due.a is not null then
        perform priv.refresh(due.a, due.b, p_limits);
    end if;
    if not exists (
            select from unnest(priv.next_pairs(false, 1)) u (pair) join public.pairs_due d
                on d.case_a = split_part(u.pair, ' ', 1)::uuid and d.case_b = split_part(u.pair, ' ', 2)::uuid and d.at < 'infinity') then
        delete from public.matching_queue q where q.followed;
    end if;
end $$;

grant execute on function priv.waiting(integer), priv.next_timers(integer), priv.run_timers(text[]), priv.next_changes(integer, integer), priv.next_pairs(boolean, integer),
    priv.follow_changes(bigint[], integer[]), priv.candidates(uuid[], bytea[], integer[], integer[], integer[]),
    priv.values_to_compare(uuid[]), priv.families_to_compare(uuid[], uuid[]),
    priv.add_likenesses(uuid[], uuid[], integer[], integer[], real[], smallint[], text[]),
    priv.settle_pairs(text[], integer[]) to APP_ROLE;

grant select, insert, update, delete on matching_queue, pairs_due to coopapi_definer;
