-- The journal entries of one change of an overlap: one for each side that may know; the other side's names the machine (R16).
create function priv.told(p_overlap uuid, p_action text, p_case_a uuid, p_case_b uuid, p_authority_a uuid, p_authority_b uuid,
                          p_hidden_a boolean, p_hidden_b boolean, p_victims_only boolean, p_request text, p_detail jsonb)
returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'authority_id', s.owner, 'at', priv.at(),
        'principal_id', case when s.owner = priv.authority() then priv.principal() end,
        'role', case when s.owner = priv.authority() then coalesce(priv.role(), 'machine') else 'machine' end,
        'action', p_action, 'object_type', 'overlap', 'object_id', p_overlap, 'case_id', s.mine,
        'purpose', 'cross_check', 'request_id', case when s.owner = priv.authority() then p_request else '' end,
        'consultation', false, 'event', true, 'victims_only', p_victims_only, 'detail', p_detail)), '[]')
    from (values (p_case_a, p_authority_a, p_authority_b, p_hidden_b), (p_case_b, p_authority_b, p_authority_a, p_hidden_a))
         as s (mine, owner, counterpart, hidden)
    where not s.hidden or s.owner = s.counterpart
$$;

-- The other side of overlaps the caller sees: whose case it is; reference and title where the owner opened its index, and
-- the case's id too where the caller has access to it anyway (R7).
create function priv.counterparts(p_overlaps uuid[], p_others uuid[])
returns table (case_id uuid, authority_id uuid, shown_id uuid, reference text, title text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select distinct c.id, c.authority_id, case when priv.level(c.id) >= 1 then c.id end,
           case when c.visibility = 'open_index' or priv.level(c.id) >= 2 then c.reference end,
           case when c.visibility = 'open_index' or priv.level(c.id) >= 2 then c.title end
    from unnest(p_overlaps, p_others) u (id, other)
    join public.case_overlaps o on o.id = u.id and u.other in (o.case_a, o.case_b)
    join public.cases c on c.id = u.other
    where priv.level(case when o.case_a = u.other then o.case_b else o.case_a end) >= 1
      and (not o.hidden_a or o.authority_a = (select priv.authority()))
      and (not o.hidden_b or o.authority_b = (select priv.authority()))
      and ((select priv.cleared()) or o.ever_open)
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
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
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

-- Pairs of identifiers that share a match key few enough cases hold, and were not compared yet: those of the named identifiers
-- of the case, and those whose key ceased to be held by too many. With what is needed to compare them (R5): the sealed values,
-- and the wrapped keys, which only the service can open. The families they share, as often as they share them.
create function priv.candidates(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_was integer[], p_limits integer[])
returns table (a uuid, b uuid, case_a uuid, case_b uuid, owner_a uuid, owner_b uuid, sealed_a bytea, sealed_b bytea,
               wrapped_a bytea, wrapped_b bytea, families text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
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
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine uuid[];
    other uuid[];
begin
    perform priv.require_level(p_case, 3);
    -- Only what `candidates` could have given may be found alike: pairs that share a match key, with one of them in the case or the
    -- key among those that were touched.
    insert into public.likenesses (identifier_a, identifier_b, case_a, case_b, score, strength, rule)
        select u.a, u.b, ia.case_id, ib.case_id, u.score, u.strength, u.rule
        from unnest(p_a, p_b, p_scores, p_strengths, p_rules) u (a, b, score, strength, rule)
        join public.identifiers ia on ia.id = u.a join public.identifiers ib on ib.id = u.b
        where exists (
            select from public.holdings x join public.holdings y on y.token = x.token and y.identifier_id = u.b
            where x.identifier_id = u.a and x.strength <= 0
              and (p_case in (ia.case_id, ib.case_id) or x.token = any (p_tokens)))
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

-- Exclusions took effect, were taken back, or lapsed: the overlaps of their author follow, those of everybody if it was the
-- operator's. Without a name: those that lapsed since anybody looked.
create function priv.reconsider(p_exclusion uuid, p_limits integer[], p_request text) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
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

-- Whether an overlap of a case of the caller ever was about others than victims: what is asked about victims alone is for the cleared
-- (R9).
create function priv.openly(p_overlap uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select o.ever_open from public.case_overlaps o
    where o.id = p_overlap and (priv.level(o.case_a) >= 1 or priv.level(o.case_b) >= 1)
$$;

grant execute on function priv.counterparts(uuid[], uuid[]), priv.candidates(uuid, uuid[], bytea[], integer[], integer[]),
    priv.settle(uuid, bytea[], integer[], uuid[], uuid[], uuid[], real[], smallint[], text[], integer[], text),
    priv.reconsider(uuid, integer[], text), priv.openly(uuid) to APP_ROLE;

grant select on case_overlaps to APP_ROLE;
grant select, insert, update on case_overlaps to coopapi_definer;
create policy seen on case_overlaps for select using (
    (case when (select priv.cleared()) then ever else ever_open end)
    and (not hidden_a or authority_a = (select priv.authority()))
    and (not hidden_b or authority_b = (select priv.authority()))
    and (GRANTED(case_overlaps.case_a, 1) or GRANTED(case_overlaps.case_b, 1)));

grant select, update on overlap_sides to APP_ROLE;
grant select, insert, update on overlap_sides to coopapi_definer;
-- A side is judged by those who may add to its case, and seen with it: the other side's judgement is not there (R10).
create policy seen on overlap_sides for select using (
    GRANTED(overlap_sides.case_id, 1)
    and exists (select from public.case_overlaps o where o.id = overlap_sides.overlap_id));
create policy judged on overlap_sides for update using (
    GRANTED(overlap_sides.case_id, 3)
    and exists (select from public.case_overlaps o where o.id = overlap_sides.overlap_id));
