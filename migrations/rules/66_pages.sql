-- The functions in this file return what one page shows, in one statement whose plan is kept. They run with the rights of the caller, so the
-- policies of every table apply, except those of cases and overlaps: they use the rules of the policies themselves, because a plan that contains the
-- policies of each table in those of another takes longer to start than to run.

-- Return cases that the caller sees, each with the name and country of the authority that owns it, the caller's level of access, the authority that
-- is responsible for the case and the one that is named and has not accepted yet, which readers of the case and authorities of the owner's State are
-- told, and whether the caller is the desk of that State, which sees more of the index, with the name of the handler. It begins from the caller's
-- grants, so that a case that is hidden from the caller takes the same steps as one that does not exist.
create function priv.shown_cases(p_cases uuid[]) returns table (shown public.cases, name text, country text, level smallint, responsible jsonb,
               for_desk boolean, handler_name text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    caller record := priv.caller();
begin
    return query
    select c.shown, o.name, o.country, m.level,
           (select jsonb_object_agg(case when r.level = 3 then 'accepted' else 'named' end, jsonb_build_object(
                'id', a.id, 'name', a.name, 'country', a.country, 'access_id', r.id))
            from public.case_access r join public.authorities a on a.id = r.authority_id
            where r.case_id = c.id and r.kind = 'responsible' and r.withdrawn_at is null and (m.level >= 2 or priv.same_state(r.owner_id))),
           d.for_desk, case when d.for_desk then (select p.name from public.principals p where p.id = c.handler_id) end
    from (select g.case_id, max(g.level) as level from public.case_access g
          where g.authority_id = caller.authority and g.case_id = any (p_cases) and LIVE(g) group by g.case_id) m
    cross join lateral (select x as shown, x.* from public.cases x where x.id = m.case_id offset 0) c
    cross join lateral (select FOR_DESK(c) as for_desk offset 0) d
    join public.authorities o on o.id = c.authority_id
    order by c.id desc;
end $$;

-- Return a page of the cases that the caller sees, newest first: p_most cases before one. p_wanted may have `state`, `reference` (folded),
-- `authority_id`, `external_id`, `country` and `crime_category`; by those that the index does not show, only cases are found that show them.
-- By reference or key, an index finds the only such case of the caller's authority. Those of other owners are looked for among the cases that they
-- share with it, because otherwise a case that they hide would take its time.
create function priv.page_of_cases(p_wanted jsonb, p_before uuid, p_most integer)
returns table (shown public.cases, name text, country text, level smallint, responsible jsonb, for_desk boolean, handler_name text)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off as $$
declare
    caller record := priv.caller();
    page uuid[];
begin
    if p_wanted ?| array ['reference', 'external_id'] then
        page := array (
            select c.id
            from (
                (select x.* from public.cases x where x.authority_id = caller.authority and x.reference_folded = p_wanted ->> 'reference' offset 0)
                union all
                (select x.* from public.cases x
                 where x.authority_id = caller.authority and x.external_id = p_wanted ->> 'external_id' and not p_wanted ? 'reference' offset 0)
                union all
                select x.* from (
                    (select distinct g.owner_id, g.case_id from public.case_access g  -- in the order of the index that finds them without the own ones
                     where g.authority_id = caller.authority and g.owner_id < caller.authority and LIVE(g) order by g.owner_id, g.case_id)
                    union all
                    (select distinct g.owner_id, g.case_id from public.case_access g
                     where g.authority_id = caller.authority and g.owner_id > caller.authority and LIVE(g) order by g.owner_id, g.case_id)) shared
                cross join lateral (select y.* from public.cases y where y.id = shared.case_id offset 0) x) c
            where c.id < p_before and WANTED_CASE(c)
            order by c.id desc limit p_most);
    else
        page := array (
            select c.id
            from (select distinct g.authority_id, g.case_id from public.case_access g  -- one range of an index, for authorities with few cases too
                  where g.authority_id >= caller.authority and (g.authority_id, g.case_id) < (caller.authority, p_before) and LIVE(g)
                  order by g.authority_id desc, g.case_id desc) mine
            join public.cases c on c.id = mine.case_id
            where WANTED_CASE(c)
            order by mine.authority_id desc, mine.case_id desc limit p_most);
    end if;
    return query select s.* from priv.shown_cases(page) s;
end $$;

-- Return where to look for the overlaps that the caller may see: the authorities of whose cases it sees many, in whose overlaps it looks in
-- the order of their rank, and the cases of authorities of which it sees few.
create function priv.places_of_overlaps() returns table (authority_id uuid, case_id uuid)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
    caller record := priv.caller();
begin
    return query
    with recursive owner as (  -- each owner by one step in the index, however many grants there are
        (select g.owner_id from public.case_access g where g.authority_id = (select priv.authority()) order by g.owner_id limit 1)
        union all
        select (select g.owner_id from public.case_access g
                where g.authority_id = (select priv.authority()) and g.owner_id > o.owner_id order by g.owner_id limit 1)
        from owner o where o.owner_id is not null),
    held as (
        select o.owner_id, array (select g.case_id from public.case_access g
                                  where g.authority_id = (select priv.authority()) and g.owner_id = o.owner_id limit 51) cases
        from owner o where o.owner_id is not null)
    select h.owner_id, null::uuid from held h where cardinality(h.cases) > 50
    union all
    select distinct null::uuid, c from held h, unnest(h.cases) c where cardinality(h.cases) <= 50;
end $$;

-- Return a page of the overlaps of one case that the caller sees, or of all cases if p_case is null, sorted by the rank that they have for the caller: p_most
-- overlaps after the one with this rank and id. p_wanted has the least `strength`, and may have `state`, `kind`, `role`, `since`, `scope`,
-- `authority_id` and `country`.
create function priv.page_of_overlaps(p_case uuid, p_wanted jsonb, p_rank bigint, p_id uuid, p_most integer)
returns table (id uuid, rank bigint, strength smallint, case_a uuid, case_b uuid, authority_a uuid, authority_b uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
#variable_conflict use_column
declare
    caller record := priv.caller();
begin
    if p_case is not null then
        if not GRANTED(p_case, 1) then  -- before any overlap is looked for
            return;
        end if;
        return query
        select o.id, r.rank, r.strength, o.case_a, o.case_b, o.authority_a, o.authority_b
        from (select * from public.case_overlaps x where x.case_a = p_case
                         union all select * from public.case_overlaps y where y.case_b = p_case) o
        cross join lateral (select o.rank, o.strength where caller.cleared union all select o.open_rank, o.open_strength where not caller.cleared) r
        where SEEN_FROM(o, p_case) and (r.rank, o.id) < (p_rank, p_id) and WANTED(o)
          and (p_wanted ->> 'state' is null or p_wanted ->> 'state' = 'withdrawn' or IN_STATE(o, p_case))
        order by r.rank desc, o.id desc limit p_most;
    elsif caller.cleared then
        return query OVERLAPS_BY(rank);
    else
        return query OVERLAPS_BY(open_rank);
    end if;
end $$;

-- Return a page of events in the order of the feed: p_most events after a place in it, up to the place of an end unless that is null.
create function priv.page_of_events(p_xid xid8, p_id bigint, p_end_xid xid8, p_end_id bigint, p_kind text, p_action text, p_case uuid, p_most integer)
returns table (xid xid8, id bigint, uid uuid, at timestamptz, authority_id uuid, role text, action text, object_type text, object_id uuid,
               case_id uuid, detail jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
#variable_conflict use_column
begin
    return query
    select j.xid, j.id, j.uid, j.at, j.authority_id, j.role, j.action, j.object_type, j.object_id, j.case_id, TOLD_DETAIL(j)
    from public.journal_entries j
    where j.event and (j.xid, j.id) > (p_xid, p_id) and (p_end_id is null or (j.xid, j.id) <= (p_end_xid, p_end_id))
      and j.xid < pg_snapshot_xmin(pg_current_snapshot())
      and (p_kind is null or j.object_type = p_kind) and (p_action is null or j.action = p_action) and (p_case is null or j.case_id = p_case)
    order by j.xid, j.id limit p_most;
end $$;

-- Return overlaps as they are shown to the caller, each from one side: that of p_mine, or else of a case of its own authority before one that is
-- shared with it. Of the evidence, what the caller may know of; of the decision, the one that holds, with the version of both rows of the side; of
-- the other case its authority, its reference and title if the index is open, and its id if the caller has access to it anyway. No evidence counts
-- from before the time at which the other case became visible to the side.
create function priv.shown_sides(p_overlaps uuid[], p_mine uuid)
returns table (id uuid, case_id uuid, strength smallint, score real, rarity smallint, of_mine integer, of_theirs integer, kinds text[], roles text[],
               first_seen timestamptz, last_seen timestamptz, detected_at timestamptz, changed_at timestamptz, state text, verifier_id uuid,
               reason text, decided_by uuid, decided_at timestamptz, version bigint, new_since_decision boolean, other_id uuid, reference text, title text,
               authority_id uuid, name text, country text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    caller record := priv.caller();
begin
    return query
    select o.id, m.mine, v.strength, v.score, v.rarity, case when m.is_a then v.shared_a else v.shared_b end,
           case when m.is_a then v.shared_b else v.shared_a end, v.kinds, v.roles, t.first, t.last,
           case when m.is_a then v.detected_a else v.detected_b end, v.changed_at, d.state, d.verifier_id, d.reason, d.decided_by, d.decided_at,
           d.versions, coalesce(t.last > d.decided_at, false), case when c.level >= 1 then c.id end,
           case when c.visibility = 'open_index' or c.level >= 2 then c.reference end,
           case when c.visibility = 'open_index' or c.level >= 2 then c.title end, a.id, a.name, a.country
    from unnest(p_overlaps) u (id)
    cross join lateral (select x.* from public.case_overlaps x where x.id = u.id offset 0) o
    cross join lateral (select y.mine, y.mine = o.case_a as is_a from (select coalesce(p_mine, MY_CASE(o)) as mine offset 0) y) m
    cross join lateral (
        select o.strength, o.score, o.rarity, o.shared_a, o.shared_b, o.kinds, o.roles, o.first_at, o.last_at, o.detected_a, o.detected_b,
               o.changed_at where caller.cleared
        union all
        select o.open_strength, o.open_score, o.open_rarity, o.open_shared_a, o.open_shared_b, o.open_kinds, o.open_roles, o.open_first_at,
               o.open_last_at, o.open_detected_a, o.open_detected_b, o.open_changed_at where not caller.cleared) v
    cross join lateral (
        select case when v.first_at is not null then greatest(v.first_at, s.shown) end as first,
               case when v.last_at is not null then greatest(v.last_at, s.shown) end as last
        from (select case when m.is_a then o.shown_a else o.shown_b end as shown) s) t
    cross join lateral (select x.*, LEVEL(x.id) as level from public.cases x
                        where x.id = case when m.is_a then o.case_b else o.case_a end offset 0) c
    cross join lateral (select x.* from public.authorities x where x.id = c.authority_id offset 0) a
    cross join lateral (select s.*, sum(s.version) over () as versions from public.overlap_sides s
                        where SIDE_OF(o.id, m.mine) order by s.turn desc limit 1) d
    where SEEN_FROM(o, m.mine);
end $$;

-- Return overlaps as they are shown, those with these ids or else a page of a list (priv.page_of_overlaps) of which the last of p_count is not shown,
-- each from the side of p_case unless that is null. The first row says whether a case whose list this is is settled (priv.settled). For each overlap
-- there is a row with the columns of priv.shown_sides, and then one for each of its first p_most items of evidence with those of
-- priv.shown_evidence; the other columns are null. Ids that are only shown are texts. The notes are recorded, with the number of overlaps in the
-- list; nothing is read or recorded if the caller does not see the case, or p_waits and should wait for the worker.
create function priv.overlaps_with_evidence(p_case uuid, p_overlaps uuid[], p_wanted jsonb, p_rank bigint, p_id uuid, p_count integer,
                                            p_limits integer[], p_clear boolean, p_most integer, p_behind interval default null,
                                            p_waits boolean default false, p_notes jsonb default null)
returns table (settled boolean, late boolean, known boolean, place bigint, listed text, rank bigint, id text, case_id uuid, strength smallint,
               score real, rarity smallint, of_mine integer, of_theirs integer, kinds text[], roles text[], first_seen timestamptz, last_seen
               timestamptz, detected_at timestamptz, changed_at timestamptz, state text, verifier_id text, reason text, decided_by text,
               decided_at timestamptz, version bigint, new_since_decision boolean, other_id text, reference text, title text, authority_id text,
               name text, country text, overlap_id text, identifier_id text, kind text, how_strong smallint, how_alike real, rule text, my_roles
               text[], their_roles text[], theirs integer, holders integer, how_rare smallint, since timestamptz, common text, items bigint,
               owner_id text, sealed bytea, wrapped bytea, number bigint)
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_listed uuid[] := p_overlaps;
    v_ranks bigint[];
begin
    if p_overlaps is null then
        if p_case is not null then
            select s.* into settled, late, known from priv.settled(p_case, p_behind, p_limits) s;
        end if;
        return next;
        if not known or p_waits and not settled and not late then
            return;
        end if;
        select array_agg(f.id order by f.place), array_agg(f.rank order by f.place) into v_listed, v_ranks
        from priv.page_of_overlaps(p_case, p_wanted, p_rank, p_id, p_count)
             with ordinality f (id, rank, strength, case_a, case_b, authority_a, authority_b, place);
        perform priv.record(jsonb_set(p_notes, '{0,detail,count}', to_jsonb(least(coalesce(cardinality(v_listed), 0), p_count - 1))));
    end if;
    if v_listed is null then  -- most cases have no overlap
        return;
    end if;
    return query
    with side as materialized (
        select p.place, p.id as listed, p.rank, s.*
        from unnest(v_listed, v_ranks) with ordinality p (id, rank, place)
        left join priv.shown_sides(v_listed[:p_count - 1], p_case) s on s.id = p.id)
    select null::boolean, null::boolean, null::boolean, x.place, x.listed::text, x.rank, x.id::text, x.case_id, x.strength, x.score, x.rarity,
           x.of_mine, x.of_theirs, x.kinds, x.roles, x.first_seen, x.last_seen, x.detected_at, x.changed_at, x.state, x.verifier_id::text,
           x.reason, x.decided_by::text, x.decided_at, x.version, x.new_since_decision, x.other_id::text, x.reference, x.title,
           x.authority_id::text, x.name, x.country, e.overlap_id::text, e.identifier_id::text, e.kind, e.how_strong, e.how_alike, e.rule,
           e.my_roles, e.their_roles, e.theirs, e.holders, e.how_rare, e.since, e.common, e.items, e.owner_id::text, e.sealed, e.wrapped, e.number
    from side x full join priv.shown_evidence(
            array (select y.id from side y where y.id is not null order by y.place),
            array (select y.case_id from side y where y.id is not null order by y.place), p_limits, p_clear, 0, p_most)
        with ordinality e (overlap_id, identifier_id, kind, how_strong, how_alike, rule, my_roles, their_roles, theirs, holders, how_rare, since,
                           common, items, owner_id, sealed, wrapped, number)
        on e.number = - x.place  -- never true: both lists follow each other, and PostgreSQL joins them by a hash
    order by x.place, e.number;
end $$;

-- Return what is shown of identifiers beside their rows: whether the operator excluded the value for all, and the subjects that the caller
-- may know of.
create function priv.shown_identifiers(p_identifiers uuid[]) returns table (identifier_id uuid, excluded boolean, subjects jsonb, same_as uuid)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select i.id, x.id is not null,
           (select jsonb_agg(jsonb_build_object('id', l.subject_id, 'since', l.since, 'basis', l.basis) order by l.since nulls first, l.created_at, l.subject_id)
            from public.identifier_subjects l where l.identifier_id = i.id),
           (select t.id from (select s.same_as from public.identifiers s where s.id = i.id offset 0) s
            cross join lateral (select t.id from public.identifiers t where t.id = s.same_as and t.withdrawn_at is null offset 0) t)
    from unnest(p_identifiers) i (id) left join priv.excluded_everywhere(p_identifiers) x (id) on x.id = i.id;
end $$;

grant execute on function priv.page_of_overlaps(uuid, jsonb, bigint, uuid, integer),
    priv.page_of_events(xid8, bigint, xid8, bigint, text, text, uuid, integer), priv.shown_identifiers(uuid[]), priv.places_of_overlaps(),
    priv.shown_cases(uuid[]), priv.page_of_cases(jsonb, uuid, integer), priv.shown_sides(uuid[], uuid),
    priv.overlaps_with_evidence(uuid, uuid[], jsonb, bigint, uuid, integer, integer[], boolean, integer, interval, boolean, jsonb)
    to APP_ROLE;
