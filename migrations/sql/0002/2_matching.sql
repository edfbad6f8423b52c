-- Register and find, with likeness (D6, D7, R5). The order of locks stays: the caller's case, tokens by value, overlaps by pair,
-- journal heads; so registering is two calls, and what lies between them (the comparing) holds the tokens already.
drop function priv.register(uuid, uuid[], bytea[], text[], smallint[], text[], text[], integer, text);
drop function priv.unregister(uuid, uuid[], integer, text);
drop function priv.relabel(uuid, uuid[], text, integer, text);
drop function priv.settle(uuid, bytea[], integer[], integer, text);
drop function priv.refresh(uuid[], uuid[], integer, text);
drop function priv.evidence(uuid[], uuid[], integer);
drop function priv.high_frequency(uuid, integer);
drop function priv.rank(boolean, integer, bigint);

-- How rare a shared value is, in steps, so that only a step has to be told to all who share it: 0 two cases, 3 many.
create function priv.width(p_cases integer) returns smallint language sql immutable as $$
    select (case when p_cases <= 2 then 0 when p_cases <= 5 then 1 when p_cases <= 20 then 2 else 3 end)::smallint
$$;

-- By strength, then by rarity, then by how much is shared.
create function priv.rank(p_strength integer, p_rarity integer, p_shared bigint) returns bigint language sql immutable as $$
    select p_strength * 1099511627776 + (9 - p_rarity) * 34359738368 + least(p_shared, 34359738367)
$$;

-- Whether evidence of a kind, under a token, between two authorities is excluded now.
create function priv.excluded(p_token bytea, p_kinds text[], p_a uuid, p_b uuid) returns boolean language sql stable as $$
    select exists (
        select from public.exclusions e
        where e.withdrawn_at is null and e.lapsed_at is null and (e.until is null or e.until > priv.at())
          and (e.everywhere or e.authority_id in (p_a, p_b))
          and (p_token = any (e.tokens) or e.kind = any (p_kinds)
               or e.other_id is not null and e.authority_id in (p_a, p_b) and e.other_id in (p_a, p_b)
                  and (e.authority_id <> e.other_id or p_a = p_b)))
$$;

-- Everything that links pairs of cases: equal tokens that few enough cases hold, and likenesses that rest on a key that few
-- enough hold. p_limits: the most holders of a match key of persons, and of a value.
create function priv.links(p_mine uuid[], p_other uuid[], p_limits integer[])
returns table (m uuid, n uuid, i uuid, j uuid, s smallint, score real, rule text, ki text, kj text, rx text, ry text,
               v boolean, w smallint, held integer, at timestamptz)
language sql stable as $$
    with pair as (select distinct u.m, u.n from unnest(p_mine, p_other) u (m, n)),
    ruled as (select exists (select from public.exclusions e where e.withdrawn_at is null and e.lapsed_at is null) excluding),
    equal as (
        select x.case_id m, y.case_id n, x.identifier_id i, y.identifier_id j, least(x.strength, y.strength) s,
               1::real score, 'same_value' rule, x.kind ki, y.kind kj, x.role rx, y.role ry, priv.width(t.cases) w, t.cases
               + case when t.hidden_cases = 0 then 0 else (
                     select count(distinct h.case_id) from public.holdings h where h.token = t.token and h.hidden
                     and h.authority_id = (select priv.authority())) end held, greatest(x.since, y.since) at
        from public.holdings x
        join public.match_tokens t on t.token = x.token and t.exact and t.cases <= p_limits[2] and t.cases + t.hidden_cases > 1
        join public.holdings y on y.token = x.token and y.case_id <> x.case_id and y.strength > 0
        join pair p on p.m = x.case_id and p.n = y.case_id
        where x.strength > 0 and x.case_id = any (array (select distinct pair.m from pair))
          and not ((select excluding from ruled)
                   and priv.excluded(x.token, array [x.kind, y.kind], x.authority_id, y.authority_id))),
    alike as (
        select p.m, p.n, case when l.case_a = p.m then l.identifier_a else l.identifier_b end i,
               case when l.case_a = p.m then l.identifier_b else l.identifier_a end j, l.strength s, l.score, l.rule
        from pair p join public.likenesses l
             on l.case_a = p.m and l.case_b = p.n or l.case_a = p.n and l.case_b = p.m),
    held as (
        select a.*, x.kind ki, y.kind kj, x.role rx, y.role ry, greatest(x.since, y.since) at
        from alike a
        join lateral (select h.* from public.holdings h where h.identifier_id = a.i limit 1) x on true
        join lateral (select h.* from public.holdings h where h.identifier_id = a.j limit 1) y on true
        where exists (
            select from public.holdings h
            join public.match_tokens t on t.token = h.token and not t.exact and t.cases <= p_limits[1]
            join public.holdings g on g.token = h.token and g.case_id = a.n and g.identifier_id = a.j
            where h.identifier_id = a.i and h.strength + g.strength > -2)
          and not ((select excluding from ruled)
                   and priv.excluded(null, array [x.kind, y.kind], x.authority_id, y.authority_id))),
    every as (
        select e.m, e.n, e.i, e.j, e.s, e.score, e.rule, e.ki, e.kj, e.rx, e.ry, e.w, e.held, e.at from equal e
        union all
        select h.m, h.n, h.i, h.j, h.s, h.score, h.rule, h.ki, h.kj, h.rx, h.ry, 0::smallint, 2, h.at from held h)
    select e.m, e.n, e.i, e.j, max(e.s), max(e.score), (array_agg(e.rule order by e.s desc, e.score desc, e.rule))[1],
           min(e.ki), min(e.kj), min(e.rx), min(e.ry),
           bool_or(coalesce(e.rx, '') = 'victim' or coalesce(e.ry, '') = 'victim'),
           (array_agg(e.w order by e.s desc, e.w))[1], min(e.held)::integer, max(e.at)
    from every e group by 1, 2, 3, 4
$$;

-- What a pair of cases amounts to: once with all evidence, once (o...) without that about victims (R9).
create function priv.totals(p_mine uuid[], p_other uuid[], p_limits integer[])
returns table (m uuid, n uuid, si bigint, sj bigint, s smallint, w smallint, c real, ks text[], rs text[], f timestamptz, l timestamptz,
               oi bigint, oj bigint, os smallint, ow smallint, oc real, oks text[], ors text[], og timestamptz, ol timestamptz)
language sql stable as $$
    with link as materialized (select * from priv.links(p_mine, p_other, p_limits)),
    said as (
        select k.*, array [k.ki, k.kj] ks, least(coalesce(k.rx, 'unknown'), coalesce(k.ry, 'unknown')) || '-'
               || greatest(coalesce(k.rx, 'unknown'), coalesce(k.ry, 'unknown')) r from link k)
    select d.m, d.n, count(distinct d.i), count(distinct d.j), max(d.s), (array_agg(d.w order by d.s desc, d.w))[1],
           max(d.score),
           (select array_agg(distinct k order by k) from said e, unnest(e.ks) k where e.m = d.m and e.n = d.n),
           array_agg(distinct d.r order by d.r), min(d.at), max(d.at),
           count(distinct d.i) filter (where not d.v), count(distinct d.j) filter (where not d.v),
           coalesce(max(d.s) filter (where not d.v), 0)::smallint,
           coalesce((array_agg(d.w order by d.s desc, d.w) filter (where not d.v))[1], 0)::smallint,
           coalesce(max(d.score) filter (where not d.v), 0)::real,
           coalesce((select array_agg(distinct k order by k) from said e, unnest(e.ks) k
                     where e.m = d.m and e.n = d.n and not e.v), '{}'),
           coalesce(array_agg(distinct d.r order by d.r) filter (where not d.v), '{}'),
           min(d.at) filter (where not d.v), max(d.at) filter (where not d.v)
    from said d group by 1, 2
$$;

-- What both owners are told of an overlap whose evidence was p_was identifiers and is p_now; nothing if it never had any.
create function priv.news(p_overlap uuid, p_case_a uuid, p_case_b uuid, p_authority_a uuid, p_authority_b uuid, p_hidden_a boolean,
                          p_hidden_b boolean, p_victims boolean, p_request text, p_was bigint, p_now bigint, p_strength integer,
                          p_last_was timestamptz, p_last timestamptz) returns jsonb language sql stable as $$
    select case when p_was = 0 and p_now = 0 then '[]' else priv.told(p_overlap,
        case when p_now = 0 then 'overlap.withdrawn' when p_was = 0 then 'overlap.detected' else 'overlap.changed' end,
        p_case_a, p_case_b, p_authority_a, p_authority_b, p_hidden_a, p_hidden_b, p_victims, p_request,
        jsonb_build_object('strength', (array ['none', 'weak', 'possible', 'strong'])[p_strength + 1],
                           'new', p_last is not null and p_last > coalesce(p_last_was, '-infinity'))) end
$$;

-- Compute pairs anew from what both cases hold, tell both owners what changed. Inner part of the functions below.
create function priv.refresh(p_mine uuid[], p_other uuid[], p_limits integer[], p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    at_time timestamptz := priv.at();
    firsts uuid[];
    seconds uuid[];
    entries jsonb := '[]';
    about_victims boolean;
    moved boolean;
    r record;
begin
    select array_agg(p.a order by p.a, p.b), array_agg(p.b order by p.a, p.b) into firsts, seconds
    from (select distinct least(m, n) a, greatest(m, n) b from unnest(p_mine, p_other) u (m, n)) p;
    with made as (
        insert into public.case_overlaps as o (id, case_a, case_b, authority_a, authority_b, hidden_a, hidden_b, state, strength,
                shared_a, shared_b, kinds, open_strength, open_shared_a, open_shared_b, open_kinds, ever_open, ever, rank,
                open_rank, detected_at, changed_at)
            select priv.uuid7(), p.a, p.b, ca.authority_id, cb.authority_id, ca.visibility = 'hidden', cb.visibility = 'hidden',
                   'withdrawn', 0, 0, 0, '{}', 0, 0, 0, '{}', false, false, 0, 0, at_time, at_time
            from unnest(firsts, seconds) with ordinality p (a, b, at)
                 join public.cases ca on ca.id = p.a join public.cases cb on cb.id = p.b
            order by p.at
            on conflict (case_a, case_b) do update set hidden_a = excluded.hidden_a, hidden_b = excluded.hidden_b
            returning o.*)
    insert into public.overlap_sides (id, version, overlap_id, case_id, authority_id, state)
        select priv.uuid7(), 1, o.id, s.case_id, s.authority_id, 'detected'
        from made o, lateral (values (o.case_a, o.authority_a), (o.case_b, o.authority_b)) s (case_id, authority_id)
        where not o.ever
        order by o.case_a, o.case_b, s.case_id
        on conflict (overlap_id, case_id) do nothing;
    for r in
        select o.*, coalesce(t.si, 0) si, coalesce(t.sj, 0) sj, coalesce(t.s, 0) s, coalesce(t.w, 0) w, coalesce(t.c, 0) c,
               coalesce(t.ks, '{}') ks, coalesce(t.rs, '{}') rs, t.f, t.l,
               coalesce(t.oi, 0) oi, coalesce(t.oj, 0) oj, coalesce(t.os, 0) os, coalesce(t.ow, 0) ow, coalesce(t.oc, 0) oc,
               coalesce(t.oks, '{}') oks, coalesce(t.ors, '{}') ors, t.og, t.ol
        from unnest(firsts, seconds) with ordinality p (a, b, at)
        join public.case_overlaps o on o.case_a = p.a and o.case_b = p.b
        left join priv.totals(firsts, seconds, p_limits) t on t.m = p.a and t.n = p.b
        order by p.at
    loop
        moved := (r.open_strength, r.open_rarity, r.open_score, r.open_kinds, r.open_roles, r.open_shared_a, r.open_shared_b,
                  r.open_last_at)
              is distinct from (r.os, r.ow, r.oc, r.oks, r.ors, r.oi::integer, r.oj::integer, r.ol);
        about_victims := (r.roles, r.rs) is distinct from (r.open_roles, r.ors);
        update public.case_overlaps o set
            state = case when r.si = 0 then 'withdrawn' else 'detected' end,
            strength = r.s, rarity = r.w, score = r.c, kinds = r.ks, roles = r.rs, shared_a = r.si, shared_b = r.sj,
            first_at = r.f, last_at = r.l, ever = r.ever or r.si > 0,
            open_strength = r.os, open_rarity = r.ow, open_score = r.oc, open_kinds = r.oks, open_roles = r.ors,
            open_shared_a = r.oi, open_shared_b = r.oj, open_first_at = r.og, open_last_at = r.ol,
            ever_open = r.ever_open or r.oi > 0,
            rank = priv.rank(r.s, r.w, greatest(r.si, r.sj)), open_rank = priv.rank(r.os, r.ow, greatest(r.oi, r.oj)),
            detected_at = case when r.ever then o.detected_at else at_time end, changed_at = at_time,
            open_changed_at = case when moved then at_time else o.open_changed_at end
        where o.id = r.id
          and (o.strength, o.rarity, o.score, o.kinds, o.roles, o.shared_a, o.shared_b, o.last_at, o.open_strength, o.open_rarity,
               o.open_score, o.open_kinds, o.open_roles, o.open_shared_a, o.open_shared_b, o.open_last_at)
              is distinct from (r.s, r.w, r.c, r.ks, r.rs, r.si::integer, r.sj::integer, r.l, r.os, r.ow,
               r.oc, r.oks, r.ors, r.oi::integer, r.oj::integer, r.ol);
        if found then
            -- What was rejected stays rejected until something new matches.
            update public.overlap_sides d set state = 'detected', verifier_id = null, version = d.version + 1
                where d.overlap_id = r.id and d.state = 'rejected' and d.decided_at < r.l;
            -- All are told what is not about victims, as if that were all there is; the cleared then also what is (R9).
            if moved then
                entries := entries || priv.news(r.id, r.case_a, r.case_b, r.authority_a, r.authority_b, r.hidden_a, r.hidden_b,
                    false, p_request, r.open_shared_a, r.oi, r.os, r.open_last_at, r.ol);
            end if;
            if about_victims then
                entries := entries || priv.news(r.id, r.case_a, r.case_b, r.authority_a, r.authority_b, r.hidden_a, r.hidden_b,
                    true, p_request, r.shared_a, r.si, r.s, r.last_at, r.l);
            end if;
        end if;
    end loop;
    if entries <> '[]' then
        perform priv.append(entries);
    end if;
end $$;

-- Put identifiers of a case into matching under their tokens. The arrays run in parallel. Gives back every token with how many
-- cases held it before: settle needs them.
create function priv.hold(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_families text[], p_strengths smallint[],
                          p_kinds text[], p_roles text[]) returns table (token bytea, was integer)
language plpgsql volatile security definer set search_path = pg_catalog as $$
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
language plpgsql volatile security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    gone_ids uuid[];
begin
    perform priv.require_level(p_case, 3);
    perform 1 from public.cases c where c.id = p_case for no key update;
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
language plpgsql volatile security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    now_hidden boolean;
begin
    perform priv.require_level(p_case, 3);
    select c.visibility = 'hidden' into now_hidden from public.cases c where c.id = p_case for no key update;
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

-- Pairs of identifiers that share a match key few enough cases hold, and were not compared yet: those of the named identifiers
-- of the case, and those whose key ceased to be held by too many. With what is needed to compare them (R5): the sealed values,
-- and the wrapped keys, which only the service can open. The families they share, as often as they share them.
create function priv.candidates(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_was integer[], p_limits integer[])
returns table (a uuid, b uuid, case_a uuid, case_b uuid, owner_a uuid, owner_b uuid, sealed_a bytea, sealed_b bytea,
               wrapped_a bytea, wrapped_b bytea, families text[])
language plpgsql stable security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    perform priv.require_level(p_case, 3);
    return query
    with near as (
        select x.token, x.identifier_id i, x.case_id m, y.identifier_id j, y.case_id n
        from public.holdings x
        join public.match_tokens t on t.token = x.token and not t.exact and t.cases <= p_limits[1]
        join public.holdings y on y.token = x.token and y.case_id <> x.case_id and x.strength + y.strength > -2
        where x.identifier_id = any (p_identifiers) and x.case_id = p_case
        union
        select x.token, x.identifier_id, x.case_id, y.identifier_id, y.case_id
        from unnest(p_tokens, p_was) u (token, was)
        join public.match_tokens t on t.token = u.token and not t.exact and u.was > p_limits[1] and t.cases <= p_limits[1]
        join public.holdings x on x.token = t.token
        join public.holdings y on y.token = t.token and y.case_id > x.case_id and x.strength + y.strength > -2),
    pair as (
        select least(k.i, k.j) a, greatest(k.i, k.j) b, array_agg(distinct k.token) tokens
        from near k group by 1, 2)
    select p.a, p.b, ia.case_id, ib.case_id, ca.authority_id, cb.authority_id, ia.sealed, ib.sealed, ka.wrapped, kb.wrapped,
           (select array_agg(t.family) from public.match_tokens t where t.token = any (p.tokens))
    from pair p
    join public.identifiers ia on ia.id = p.a join public.cases ca on ca.id = ia.case_id
    join public.case_keys ka on ka.case_id = ia.case_id
    join public.identifiers ib on ib.id = p.b join public.cases cb on cb.id = ib.case_id
    join public.case_keys kb on kb.case_id = ib.case_id
    where not exists (select from public.likenesses l where l.identifier_a = p.a and l.identifier_b = p.b)
    order by p.a, p.b;
end $$;

-- After the holdings of a case changed: keep the likenesses that were found, then find every pair that this touches, also
-- through values that became rarer or more common by a step or crossed the limit (D7), and compute those pairs anew.
create function priv.settle(p_case uuid, p_tokens bytea[], p_was integer[], p_apart uuid[], p_a uuid[], p_b uuid[],
                            p_scores real[], p_strengths smallint[], p_rules text[], p_limits integer[], p_request text)
returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    mine uuid[];
    other uuid[];
begin
    perform priv.require_level(p_case, 3);
    insert into public.likenesses (identifier_a, identifier_b, case_a, case_b, score, strength, rule)
        select u.a, u.b, ia.case_id, ib.case_id, u.score, u.strength, u.rule
        from unnest(p_a, p_b, p_scores, p_strengths, p_rules) u (a, b, score, strength, rule)
        join public.identifiers ia on ia.id = u.a join public.identifiers ib on ib.id = u.b
        order by u.a, u.b on conflict do nothing;
    with token as (
        select u.token, u.was, t.cases now, t.exact
        from unnest(p_tokens, p_was) u (token, was) join public.match_tokens t on t.token = u.token),
    touched as (  -- pairs that may have lost evidence exist already; pairs with evidence now may be new
        select p_case m, h.case_id n, bool_or(t.now <= p_limits[2] and exists (
                   select from public.holdings x where x.token = t.token and x.case_id = p_case)) live
        from token t join public.holdings h on h.token = t.token and h.case_id <> p_case
        where t.exact and (t.now <= p_limits[2] or t.was <= p_limits[2]) group by 2),
    crossing as (
        select a.case_id m, b.case_id n, bool_or(t.now <= p_limits[2]) live
        from token t join public.holdings a on a.token = t.token join public.holdings b on b.token = t.token
        where t.exact and ((t.was <= p_limits[2]) <> (t.now <= p_limits[2])
                           or t.now <= p_limits[2] and priv.width(t.was) <> priv.width(t.now))
          and a.case_id < b.case_id and a.case_id <> p_case and b.case_id <> p_case group by 1, 2),
    resting as (  -- likenesses that rest on a key which crossed its limit
        select l.case_a m, l.case_b n, true live
        from token t join public.holdings a on a.token = t.token join public.likenesses l on l.identifier_a = a.identifier_id
        where not t.exact and (t.was <= p_limits[1]) <> (t.now <= p_limits[1]) group by 1, 2),
    alike as (
        select l.case_a m, l.case_b n, true live from unnest(p_a, p_b) u (a, b)
        join public.likenesses l on l.identifier_a = u.a and l.identifier_b = u.b group by 1, 2),
    apart as (select p_case m, u.n, false live from unnest(p_apart) u (n)),
    standing as (  -- a likeness of the case stands whatever its keys: its roles and visibility may have changed
        select p_case m, x.n, true live from (
            select l.case_b n from public.likenesses l where l.case_a = p_case and p_apart is null
            union select l.case_a from public.likenesses l where l.case_b = p_case and p_apart is null) x),
    pair as (
        select * from touched union all select * from crossing union all select * from resting union all select * from alike
        union all select * from apart union all select * from standing)
    select array_agg(p.m), array_agg(p.n) into mine, other
    from pair p
    where p.live or exists (
        select from public.case_overlaps o where o.case_a = least(p.m, p.n) and o.case_b = greatest(p.m, p.n));
    if mine is not null then
        perform priv.refresh(mine, other, p_limits, p_request);
    end if;
end $$;

-- The evidence of overlaps, each seen from one side: for every identifier of that side's case that the other case shares.
create function priv.evidence(p_overlaps uuid[], p_mine uuid[], p_limits integer[])
returns table (overlap_id uuid, identifier_id uuid, kind text, strength smallint, score real, rule text, my_role text,
               their_role text, theirs integer, holders integer, rarity smallint, since timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    with pair as materialized (
        select o.id, u.mine, case when o.case_a = u.mine then o.case_b else o.case_a end other
        from unnest(p_overlaps, p_mine) u (id, mine) join public.case_overlaps o on o.id = u.id and u.mine in (o.case_a, o.case_b)
        where priv.level(u.mine) >= 1
          and (not o.hidden_a or o.authority_a = (select priv.authority()))
          and (not o.hidden_b or o.authority_b = (select priv.authority())))
    select p.id, l.i, min(l.ki), max(l.s), max(l.score), (array_agg(l.rule order by l.s desc, l.score desc, l.rule))[1],
           min(l.rx), min(l.ry), count(*)::integer, min(l.held), (array_agg(l.w order by l.s desc, l.w))[1], max(l.at)
    from priv.links(array (select mine from pair), array (select other from pair), p_limits) l
    join pair p on p.mine = l.m and p.other = l.n
    where (select priv.cleared()) or not l.v
    group by 1, 2
    order by 1, 4 desc, 11, 5 desc, 2
$$;

-- Identifiers of a case whose value more cases hold than the limit: evidence for no overlap, and said so (D7). What is found by
-- match keys is among them once all its keys are held by too many, with how many hold the rarest.
create function priv.high_frequency(p_case uuid, p_limits integer[])
returns table (identifier_id uuid, kind text, holders integer)
language sql stable security definer set search_path = pg_catalog as $$
    select h.identifier_id, min(h.kind), max(t.cases)
    from public.holdings h join public.match_tokens t on t.token = h.token and t.exact and t.cases > p_limits[2]
    where h.case_id = p_case and priv.level(p_case) >= 1
      and ((select priv.cleared()) or coalesce(h.role, '') <> 'victim')
    group by 1
    union all
    select h.identifier_id, min(h.kind), min(t.cases)
    from public.holdings h join public.match_tokens t on t.token = h.token and not t.exact
    where h.case_id = p_case and priv.level(p_case) >= 1
      and ((select priv.cleared()) or coalesce(h.role, '') <> 'victim')
      and not exists (select from public.holdings x where x.identifier_id = h.identifier_id and x.strength > 0)
    group by 1 having min(t.cases) > p_limits[1]
    order by 3 desc, 1
$$;

-- Exclusions took effect, were taken back, or lapsed: the overlaps of their author follow, those of everybody if it was the
-- operator's. Without a name: those that lapsed since anybody looked.
create function priv.reconsider(p_exclusion uuid, p_limits integer[], p_request text) returns integer
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    due uuid[];
    firsts uuid[];
    seconds uuid[];
begin
    select array_agg(e.id) into due from public.exclusions e
    where e.id = p_exclusion and e.authority_id = priv.authority()
       or p_exclusion is null and e.withdrawn_at is null and e.lapsed_at is null and e.until <= priv.at();
    if due is null then
        return 0;
    end if;
    update public.exclusions e set lapsed_at = priv.at() where e.id = any (due) and e.until <= priv.at() and e.lapsed_at is null;
    select array_agg(o.case_a order by o.case_a, o.case_b), array_agg(o.case_b order by o.case_a, o.case_b) into firsts, seconds
    from public.case_overlaps o
    where exists (select from public.exclusions e where e.id = any (due) and (
        e.everywhere or e.authority_id in (o.authority_a, o.authority_b))
        and (e.other_id is null or e.other_id in (o.authority_a, o.authority_b)));
    if firsts is not null then
        perform priv.refresh(firsts, seconds, p_limits, p_request);
    end if;
    return cardinality(due);
end $$;

-- The tokens of an identifier's value, to exclude it: of the caller's own case only. What it has but weakly in common with
-- others (the host of an address) stays, unless it has nothing else.
create function priv.value_tokens(p_case uuid, p_identifier uuid) returns bytea[]
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    perform priv.require_level(p_case, 3);
    return (select array_agg(h.token order by h.token) from public.holdings h
            where h.identifier_id = p_identifier and h.case_id = p_case and h.strength > 0
              and (h.strength > 1 or not exists (
                  select from public.holdings g where g.identifier_id = p_identifier and g.strength > 1)));
end $$;

-- Whether an overlap ever was about others than victims: what is asked about victims alone is for the cleared (R9).
create function priv.openly(p_overlap uuid) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select o.ever_open from public.case_overlaps o where o.id = p_overlap
$$;

-- What was disclosed and may be read now, with what is needed to open it: by those it was disclosed to, until it ends or is
-- recalled; victims' values by the cleared.
create function priv.disclosed(p_disclosure uuid)
returns table (identifier_id uuid, kind text, case_id uuid, owner_id uuid, sealed bytea, wrapped bytea)
language sql stable security definer set search_path = pg_catalog as $$
    select i.id, i.kind, i.case_id, d.owner_authority, i.sealed, k.wrapped
    from public.disclosures d
    join public.disclosed_items x on x.disclosure_id = d.id
    join public.identifiers i on i.id = x.identifier_id and i.withdrawn_at is null
    join public.cases c on c.id = i.case_id and c.state <> 'withdrawn'
    join public.case_keys k on k.case_id = i.case_id
    where d.id = p_disclosure and d.state in ('disclosed_full', 'disclosed_partial')
      and (d.until is null or d.until > priv.at())
      and (priv.level(d.asking_case) >= 2 or priv.level(d.owner_case) >= 2)
      and (not x.victim or (select priv.cleared()))
$$;

-- Every pair of cases that may overlap, and every pair that is stored as one.
create function priv.pairs() returns table (m uuid, n uuid) language sql stable as $$
    select x.case_id, y.case_id from public.holdings x
    join public.match_tokens t on t.token = x.token and t.exact
    join public.holdings y on y.token = x.token and x.case_id < y.case_id
    union select least(l.case_a, l.case_b), greatest(l.case_a, l.case_b) from public.likenesses l
    union select o.case_a, o.case_b from public.case_overlaps o
$$;

-- Stored overlaps against what the holdings say, by brute force: how many pairs differ, and how many tokens are miscounted.
create function priv.differences(p_limits integer[]) returns table (overlaps bigint, tokens bigint, strays bigint)
language sql stable security definer set search_path = pg_catalog as $$
    with pair as materialized (select * from priv.pairs()),
    found as (select t.* from priv.totals(array (select m from pair order by m, n), array (select n from pair order by m, n), p_limits) t)
    select (select count(*) from public.case_overlaps o full join found f on f.m = o.case_a and f.n = o.case_b
            where (coalesce(o.shared_a, 0), coalesce(o.shared_b, 0), coalesce(o.strength, 0), coalesce(o.rarity, 0),
                   coalesce(o.kinds, '{}'), coalesce(o.roles, '{}'), coalesce(o.open_shared_a, 0), coalesce(o.open_shared_b, 0),
                   coalesce(o.open_strength, 0), coalesce(o.open_rarity, 0), coalesce(o.open_kinds, '{}'),
                   coalesce(o.open_roles, '{}'))
                  is distinct from (coalesce(f.si, 0)::integer, coalesce(f.sj, 0)::integer, coalesce(f.s, 0), coalesce(f.w, 0),
                   coalesce(f.ks, '{}'), coalesce(f.rs, '{}'), coalesce(f.oi, 0)::integer, coalesce(f.oj, 0)::integer,
                   coalesce(f.os, 0), coalesce(f.ow, 0), coalesce(f.oks, '{}'), coalesce(f.ors, '{}'))),
           (select count(*) from public.match_tokens t left join (
                select h.token, count(distinct h.case_id) filter (where not h.hidden) c,
                       count(distinct h.case_id) filter (where h.hidden) d from public.holdings h group by 1) h on h.token = t.token
            where (t.cases, t.hidden_cases) is distinct from (coalesce(h.c, 0)::integer, coalesce(h.d, 0)::integer)),
           (select count(*) from public.holdings h left join public.identifiers i on i.id = h.identifier_id
            where i.id is null or i.withdrawn_at is not null)
$$;

-- A disclosure was asked, answered, recalled: both owners find it in their journals, each with its own case (R16).
create function priv.tell(p_disclosure uuid, p_action text, p_detail jsonb, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    o record;
begin
    select v.*, d.asking_case, d.owner_case into o from public.disclosures d join public.case_overlaps v on v.id = d.overlap_id
        where d.id = p_disclosure;
    if not found or greatest(priv.level(o.asking_case), priv.level(o.owner_case)) < 3 then
        raise exception 'no access to the disclosure' using errcode = '42501';
    end if;
    perform priv.append(priv.told(o.id, p_action, o.case_a, o.case_b, o.authority_a, o.authority_b, o.hidden_a, o.hidden_b,
        not o.ever_open, p_request, p_detail));
end $$;

-- Every pair of identifiers that shares a live match key, for the operator to compare again: those of the next identifiers
-- after p_after, with what is stored of their likeness.
create function priv.recheck(p_after uuid, p_count integer, p_limits integer[])
returns table (a uuid, b uuid, case_a uuid, case_b uuid, owner_a uuid, owner_b uuid, sealed_a bytea, sealed_b bytea,
               wrapped_a bytea, wrapped_b bytea, families text[], strength smallint, score real)
language plpgsql stable security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    if priv.operator() is not true or priv.role() <> 'admin' then
        raise exception 'for the operator alone' using errcode = '42501';
    end if;
    return query
    with one as (
        select distinct h.identifier_id from public.holdings h where h.strength <= 0 and h.identifier_id > p_after
        order by 1 limit p_count),
    pair as (
        select x.identifier_id i, y.identifier_id j, array_agg(distinct x.token) tokens
        from one join public.holdings x on x.identifier_id = one.identifier_id
        join public.match_tokens t on t.token = x.token and not t.exact and t.cases <= p_limits[1]
        join public.holdings y on y.token = x.token and y.case_id <> x.case_id and y.identifier_id > x.identifier_id
             and x.strength + y.strength > -2
        group by 1, 2)
    select one.identifier_id, p.j, ia.case_id, ib.case_id, ca.authority_id, cb.authority_id, ia.sealed, ib.sealed, ka.wrapped,
           kb.wrapped, (select array_agg(t.family) from public.match_tokens t where t.token = any (p.tokens)), l.strength, l.score
    from one left join pair p on p.i = one.identifier_id
    left join public.identifiers ia on ia.id = p.i left join public.cases ca on ca.id = ia.case_id
    left join public.case_keys ka on ka.case_id = ia.case_id
    left join public.identifiers ib on ib.id = p.j left join public.cases cb on cb.id = ib.case_id
    left join public.case_keys kb on kb.case_id = ib.case_id
    left join public.likenesses l on l.identifier_a = p.i and l.identifier_b = p.j
    order by 1, 2;
end $$;

-- Put right what the reconciler found: token counts, likenesses (no strength: none), and all overlaps.
create function priv.repair(p_a uuid[], p_b uuid[], p_scores real[], p_strengths smallint[], p_rules text[], p_limits integer[],
                            p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    mine uuid[];
    other uuid[];
begin
    if priv.operator() is not true or priv.role() <> 'admin' then
        raise exception 'for the operator alone' using errcode = '42501';
    end if;
    perform 1 from public.match_tokens t order by t.token for update;
    delete from public.holdings h where not exists (
        select from public.identifiers i where i.id = h.identifier_id and i.withdrawn_at is null);
    update public.match_tokens t set cases = coalesce(c.n, 0), hidden_cases = coalesce(c.d, 0)
    from public.match_tokens u left join (
        select h.token, count(distinct h.case_id) filter (where not h.hidden) n,
               count(distinct h.case_id) filter (where h.hidden) d from public.holdings h group by 1) c on c.token = u.token
    where u.token = t.token and (t.cases, t.hidden_cases) is distinct from (coalesce(c.n, 0)::integer, coalesce(c.d, 0)::integer);
    delete from public.likenesses l using unnest(p_a, p_b) u (a, b) where l.identifier_a = u.a and l.identifier_b = u.b;
    insert into public.likenesses (identifier_a, identifier_b, case_a, case_b, score, strength, rule)
        select u.a, u.b, ia.case_id, ib.case_id, u.score, u.strength, u.rule
        from unnest(p_a, p_b, p_scores, p_strengths, p_rules) u (a, b, score, strength, rule)
        join public.identifiers ia on ia.id = u.a join public.identifiers ib on ib.id = u.b where u.strength is not null;
    select array_agg(p.m order by p.m, p.n), array_agg(p.n order by p.m, p.n) into mine, other from priv.pairs() p;
    if mine is not null then
        perform priv.refresh(mine, other, p_limits, p_request);
    end if;
end $$;
