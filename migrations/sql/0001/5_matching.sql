-- Register and find (D6). The order of locks, everywhere: the caller's case, tokens by value, overlaps by pair, journal heads.
-- A token is locked by the upsert itself: whoever comes second waits, then sees what the first one wrote.

-- Compute one pair anew from what both cases hold, tell both owners what changed. Inner part of the functions below.
create function priv.refresh(p_mine uuid[], p_other uuid[], p_limit integer, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    at_time timestamptz := priv.at();
    entries jsonb := '[]';
    r record;
begin
    insert into public.case_overlaps as o (id, case_a, case_b, authority_a, authority_b, hidden_a, hidden_b, state, strength,
            shared_a, shared_b, kinds, open_strength, open_shared_a, open_shared_b, open_kinds, ever_open, rank, open_rank,
            detected_at, changed_at)
        select priv.uuid7(), p.a, p.b, a.authority_id, b.authority_id, a.visibility = 'hidden', b.visibility = 'hidden',
               'withdrawn', 0, 0, 0, '{}', 0, 0, 0, '{}', false, 0, 0, at_time, at_time
        from (select distinct least(m, n) a, greatest(m, n) b from unnest(p_mine, p_other) u (m, n)) p
             join public.cases a on a.id = p.a join public.cases b on b.id = p.b
        order by p.a, p.b
        on conflict (case_a, case_b) do update set hidden_a = excluded.hidden_a, hidden_b = excluded.hidden_b;
    for r in
        with pair as (select distinct m, n from unnest(p_mine, p_other) u (m, n)),
        link as (
            select x.case_id m, y.case_id n, x.identifier_id i, y.identifier_id j,
                   max(least(x.strength, y.strength)) s, min(x.kind) ki, min(y.kind) kj,
                   bool_or(coalesce(x.role, '') = 'victim' or coalesce(y.role, '') = 'victim') v
            from public.holdings x
            join public.match_tokens t on t.token = x.token and t.cases <= p_limit and t.cases + t.hidden_cases > 1
            join public.holdings y on y.token = x.token and y.case_id <> x.case_id
            join pair p on p.m = x.case_id and p.n = y.case_id
            where x.case_id = any (array (select distinct m from pair))
            group by 1, 2, 3, 4),
        total as (
            select m, n, count(distinct i) si, count(distinct j) sj, max(s) s,
                   count(distinct i) filter (where not v) oi, count(distinct j) filter (where not v) oj,
                   coalesce(max(s) filter (where not v), 0) os
            from link group by 1, 2),
        kind as (
            select m, n, array_agg(distinct k order by k) ks, array_agg(distinct k order by k) filter (where not v) oks
            from link, unnest(array [ki, kj]) k group by 1, 2)
        select o.*, p.m = o.case_a as straight, coalesce(t.si, 0) si, coalesce(t.sj, 0) sj, coalesce(t.s, 0) s,
               coalesce(t.oi, 0) oi, coalesce(t.oj, 0) oj, coalesce(t.os, 0) os,
               coalesce(k.ks, '{}') ks, coalesce(k.oks, '{}') oks
        from pair p
        join public.case_overlaps o on o.case_a = least(p.m, p.n) and o.case_b = greatest(p.m, p.n)
        left join total t on t.m = p.m and t.n = p.n
        left join kind k on k.m = p.m and k.n = p.n
        order by o.case_a, o.case_b
    loop
        update public.case_overlaps o set
            state = case when r.si = 0 then 'withdrawn' else 'detected' end,
            strength = r.s, kinds = r.ks,
            shared_a = case when r.straight then r.si else r.sj end, shared_b = case when r.straight then r.sj else r.si end,
            open_strength = r.os, open_kinds = r.oks,
            open_shared_a = case when r.straight then r.oi else r.oj end,
            open_shared_b = case when r.straight then r.oj else r.oi end,
            ever_open = r.ever_open or r.oi > 0,
            rank = priv.rank(r.authority_a <> r.authority_b, r.s, greatest(r.si, r.sj)),
            open_rank = priv.rank(r.authority_a <> r.authority_b, r.os, greatest(r.oi, r.oj)),
            changed_at = at_time
        where o.id = r.id
          and (o.strength, o.open_strength, o.kinds, o.open_kinds, least(o.shared_a, o.shared_b), greatest(o.shared_a, o.shared_b),
               o.open_shared_a + o.open_shared_b)
              is distinct from (r.s::smallint, r.os::smallint, r.ks, r.oks, least(r.si, r.sj)::integer,
               greatest(r.si, r.sj)::integer, (r.oi + r.oj)::integer);
        if found then
            entries := entries || priv.told(r.id, case when r.si = 0 then 'overlap.withdrawn'
                    when r.state = 'withdrawn' then 'overlap.detected' else 'overlap.changed' end,
                r.case_a, r.case_b, r.authority_a, r.authority_b, r.hidden_a, r.hidden_b,
                r.oi = 0 and not r.ever_open, p_request,
                jsonb_build_object('strength', (array ['none', 'weak', 'possible', 'strong'])[r.s + 1]));
        end if;
    end loop;
    if entries <> '[]' then
        perform priv.append(entries);
    end if;
end $$;

-- Across authorities first, then by strength, then by how much is shared.
create function priv.rank(p_across boolean, p_strength integer, p_shared bigint) returns bigint language sql immutable as $$
    select p_across::int * 1099511627776 + p_strength * 4294967296 + least(p_shared, 4294967295)
$$;

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

-- After the holdings of a case changed: find every pair that this touches, also through values that became, or ceased to be,
-- held by more cases than the limit (D7), and compute those pairs anew.
create function priv.settle(p_case uuid, p_tokens bytea[], p_was integer[], p_limit integer, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    mine uuid[];
    other uuid[];
begin
    with token as (
        select u.token, u.was, t.cases now
        from unnest(p_tokens, p_was) u (token, was) join public.match_tokens t on t.token = u.token),
    touched as (  -- pairs that may have lost evidence exist already; pairs with evidence now may be new
        select p_case m, h.case_id n, bool_or(t.now <= p_limit and exists (
                   select from public.holdings x where x.token = t.token and x.case_id = p_case)) live
        from token t join public.holdings h on h.token = t.token and h.case_id <> p_case
        where t.now <= p_limit or t.was <= p_limit group by 2),
    crossing as (
        select a.case_id m, b.case_id n, bool_or(t.now <= p_limit) live
        from token t join public.holdings a on a.token = t.token join public.holdings b on b.token = t.token
        where (t.was <= p_limit) <> (t.now <= p_limit) and a.case_id < b.case_id
          and a.case_id <> p_case and b.case_id <> p_case group by 1, 2),
    pair as (select * from touched union all select * from crossing)
    select array_agg(p.m), array_agg(p.n) into mine, other
    from pair p
    where p.live or exists (
        select from public.case_overlaps o where o.case_a = least(p.m, p.n) and o.case_b = greatest(p.m, p.n));
    if mine is not null then
        perform priv.refresh(mine, other, p_limit, p_request);
    end if;
end $$;

create function priv.require_level(p_case uuid, p_level integer) returns void
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    if priv.level(p_case) < p_level then
        raise exception 'no access to the case' using errcode = '42501';
    end if;
end $$;

-- Register identifiers of a case under their tokens, and find who else holds them. The arrays run in parallel.
create function priv.register(p_case uuid, p_identifiers uuid[], p_tokens bytea[], p_families text[], p_strengths smallint[],
                              p_kinds text[], p_roles text[], p_limit integer, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    home record;
    tokens bytea[];
    was integer[];
begin
    perform priv.require_level(p_case, 3);
    select c.authority_id, c.visibility = 'hidden' as hidden into home from public.cases c
        where c.id = p_case and c.state <> 'withdrawn' for no key update;
    if not found then
        return;
    end if;
    with wanted as (select u.token, min(u.family) family from unnest(p_tokens, p_families) u (token, family) group by 1),
    added as (
        select w.token, w.family, (not exists (
            select from public.holdings h where h.token = w.token and h.case_id = p_case))::int n from wanted w),
    kept as (
        insert into public.match_tokens as t (token, family, cases, hidden_cases)
        select a.token, a.family, case when home.hidden then 0 else a.n end, case when home.hidden then a.n else 0 end
        from added a order by a.token
        on conflict (token) do update
            set cases = t.cases + excluded.cases, hidden_cases = t.hidden_cases + excluded.hidden_cases
        returning t.token, t.cases)
    select array_agg(k.token), array_agg(k.cases - case when home.hidden then 0 else a.n end) into tokens, was
    from kept k join added a on a.token = k.token;
    insert into public.holdings (token, case_id, identifier_id, authority_id, kind, strength, role, hidden)
        select u.token, p_case, u.identifier, home.authority_id, min(u.kind), min(u.strength), min(u.role), home.hidden
        from unnest(p_identifiers, p_tokens, p_strengths, p_kinds, p_roles) u (identifier, token, strength, kind, role)
        group by u.token, u.identifier order by 1, 3;
    perform priv.settle(p_case, tokens, was, p_limit, p_request);
end $$;

-- Take identifiers out of matching at once: those named, or with none named all of the case.
create function priv.unregister(p_case uuid, p_identifiers uuid[], p_limit integer, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    tokens bytea[];
    was integer[];
begin
    perform priv.require_level(p_case, 3);
    perform 1 from public.cases c where c.id = p_case for no key update;
    select array_agg(l.token order by l.token), array_agg(l.cases order by l.token) into tokens, was
    from (select t.token, t.cases from public.match_tokens t
          where t.token in (select h.token from public.holdings h where h.case_id = p_case
                            and (p_identifiers is null or h.identifier_id = any (p_identifiers)))
          order by t.token for update) l;
    if tokens is null then
        return;
    end if;
    with gone as (
        delete from public.holdings h where h.case_id = p_case
            and (p_identifiers is null or h.identifier_id = any (p_identifiers))
        returning h.token, h.identifier_id, h.hidden)
    update public.match_tokens t
    set cases = t.cases - (not g.hidden)::int, hidden_cases = t.hidden_cases - g.hidden::int
    from (select token, bool_or(hidden) hidden, array_agg(identifier_id) ids from gone group by 1) g
    where t.token = g.token and not exists (
        select from public.holdings h where h.token = g.token and h.case_id = p_case and h.identifier_id <> all (g.ids));
    perform priv.settle(p_case, tokens, was, p_limit, p_request);
end $$;

-- The case changed its visibility, or a subject its category: the holdings follow, and with them the overlaps.
create function priv.relabel(p_case uuid, p_subject_identifiers uuid[], p_role text, p_limit integer, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    now_hidden boolean;
    tokens bytea[];
    was integer[];
begin
    perform priv.require_level(p_case, 3);
    select c.visibility = 'hidden' into now_hidden from public.cases c where c.id = p_case for no key update;
    select array_agg(l.token order by l.token), array_agg(l.cases order by l.token) into tokens, was
    from (select t.token, t.cases from public.match_tokens t
          where t.token in (select h.token from public.holdings h where h.case_id = p_case)
          order by t.token for update) l;
    if tokens is null then
        return;
    end if;
    update public.match_tokens t
    set cases = t.cases + case when now_hidden then -1 else 1 end,
        hidden_cases = t.hidden_cases + case when now_hidden then 1 else -1 end
    where t.token in (select h.token from public.holdings h where h.case_id = p_case and h.hidden <> now_hidden);
    update public.holdings h set hidden = now_hidden,
        role = case when h.identifier_id = any (p_subject_identifiers) then p_role else h.role end
    where h.case_id = p_case
      and (h.hidden <> now_hidden or h.identifier_id = any (p_subject_identifiers));
    perform priv.settle(p_case, tokens, was, p_limit, p_request);
end $$;

-- The evidence of overlaps, each seen from one side: for every identifier of that side's case that the other case shares.
create function priv.evidence(p_overlaps uuid[], p_mine uuid[], p_limit integer)
returns table (overlap_id uuid, identifier_id uuid, kind text, strength smallint, my_role text, their_role text,
               theirs integer, holders integer)
language sql stable security definer set search_path = pg_catalog as $$
    with pair as (
        select o.id, u.mine, case when o.case_a = u.mine then o.case_b else o.case_a end other
        from unnest(p_overlaps, p_mine) u (id, mine) join public.case_overlaps o on o.id = u.id and u.mine in (o.case_a, o.case_b)
        where priv.level(u.mine) >= 1
          and (not o.hidden_a or o.authority_a = (select priv.authority()))
          and (not o.hidden_b or o.authority_b = (select priv.authority()))),
    link as (
        select p.id, x.identifier_id i, y.identifier_id j, min(x.kind) k, max(least(x.strength, y.strength)) s,
               min(x.role) rx, min(y.role) ry,
               min(t.cases + case when t.hidden_cases = 0 then 0 else (
                   select count(distinct h.case_id) from public.holdings h
                   where h.token = t.token and h.hidden and h.authority_id = (select priv.authority())) end) held
        from public.holdings x
        join public.match_tokens t on t.token = x.token and t.cases <= p_limit and t.cases + t.hidden_cases > 1
        join public.holdings y on y.token = x.token and y.case_id <> x.case_id
        join pair p on p.mine = x.case_id and p.other = y.case_id
        where x.case_id = any (array (select distinct mine from pair))
          and ((select priv.cleared()) or (coalesce(x.role, '') <> 'victim' and coalesce(y.role, '') <> 'victim'))
        group by 1, 2, 3)
    select l.id, l.i, min(l.k), max(l.s)::smallint, min(l.rx), min(l.ry), count(*)::integer, min(l.held)::integer
    from link l group by 1, 2
    order by 1, 4 desc, 8, 2
$$;

-- Identifiers of a case whose value more cases hold than the limit: evidence for no overlap, and said so (D7).
create function priv.high_frequency(p_case uuid, p_limit integer)
returns table (identifier_id uuid, kind text, holders integer)
language sql stable security definer set search_path = pg_catalog as $$
    select h.identifier_id, min(h.kind), max(t.cases)
    from public.holdings h join public.match_tokens t on t.token = h.token and t.cases > p_limit
    where h.case_id = p_case and priv.level(p_case) >= 1
      and ((select priv.cleared()) or coalesce(h.role, '') <> 'victim')
    group by 1 order by 3 desc, 1
$$;

-- The other side of overlaps the caller sees: whose case it is; reference and title where the owner opened its index, and
-- the case's id too where the caller has access to it anyway (R7).
create function priv.counterparts(p_overlaps uuid[], p_others uuid[])
returns table (case_id uuid, authority_id uuid, shown_id uuid, reference text, title text)
language sql stable security definer set search_path = pg_catalog as $$
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
