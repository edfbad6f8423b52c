-- The functions in this file return what one page shows, in one statement whose plan is kept. They run with the rights of the caller, so the
-- policies of every table apply, except that of cases, which uses the rule of the policy itself.

-- Return cases that the caller sees, each with the name and country of the authority that owns it, the caller's level of access, the authority that
-- is responsible for the case and the one that is named and has not accepted yet, which readers of the case and authorities of the owner's State are
-- told, and whether the caller is the desk of that State, which sees more of the index, with the name of the handler.
create function priv.shown_cases(p_cases uuid[]) returns table (shown public.cases, name text, country text, level smallint, responsible jsonb,
               for_desk boolean, handler_name text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select c, o.name, o.country, m.level,
           (select jsonb_object_agg(case when r.level = 3 then 'accepted' else 'named' end, jsonb_build_object(
                'id', a.id, 'name', a.name, 'country', a.country, 'access_id', r.id))
            from public.case_access r join public.authorities a on a.id = r.authority_id
            where r.case_id = c.id and r.kind = 'responsible' and r.withdrawn_at is null and (m.level >= 2 or priv.same_state(r.owner_id))),
           m.for_desk, case when m.for_desk then (select p.name from public.principals p where p.id = c.handler_id) end
    from public.cases c join public.authorities o on o.id = c.authority_id
    cross join lateral (select LEVEL(c.id) as level, FOR_DESK(c) as for_desk offset 0) m
    where c.id = any (p_cases) and m.level is not null order by c.id desc;
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
    me uuid := priv.authority();
    page uuid[];
begin
    if p_wanted ?| array ['reference', 'external_id'] then
        page := array (
            select c.id
            from (
                (select x.* from public.cases x where x.authority_id = me and x.reference_folded = p_wanted ->> 'reference' offset 0)
                union all
                (select x.* from public.cases x
                 where x.authority_id = me and x.external_id = p_wanted ->> 'external_id' and not p_wanted ? 'reference' offset 0)
                union all
                select x.* from (
                    (select distinct g.owner_id, g.case_id from public.case_access g  -- in the order of the index that finds them without the own ones
                     where g.authority_id = me and g.owner_id < me and LIVE(g) order by g.owner_id, g.case_id)
                    union all
                    (select distinct g.owner_id, g.case_id from public.case_access g
                     where g.authority_id = me and g.owner_id > me and LIVE(g) order by g.owner_id, g.case_id)) shared
                cross join lateral (select y.* from public.cases y where y.id = shared.case_id offset 0) x) c
            where c.id < p_before and WANTED_CASE(c)
            order by c.id desc limit p_most);
    else
        page := array (
            select c.id
            from (select distinct g.authority_id, g.case_id from public.case_access g  -- one range of an index, for authorities with few cases too
                  where g.authority_id >= me and (g.authority_id, g.case_id) < (me, p_before) and LIVE(g)
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
returns setof public.case_overlaps
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
    cleared boolean := priv.cleared();
begin
    if p_case is not null then
        return query
        select o.* from (select * from public.case_overlaps x where x.case_a = p_case
                         union all select * from public.case_overlaps y where y.case_b = p_case) o
        cross join lateral (select case when cleared then o.rank else o.open_rank end as rank) r
        where GRANTED(p_case, 1) and (r.rank, o.id) < (p_rank, p_id) and WANTED(o)
          and (p_wanted ->> 'state' is null or p_wanted ->> 'state' = 'withdrawn' or p_wanted ->> 'state' = (
              select s.state from public.overlap_sides s where s.overlap_id = o.id and s.case_id = p_case order by s.turn desc limit 1))
        order by r.rank desc, o.id desc limit p_most;
    elsif cleared then
        return query OVERLAPS_BY(rank);
    else
        return query OVERLAPS_BY(open_rank);
    end if;
end $$;

-- Return a page of events in the order of the feed: p_most events after a place in it, up to the place of an end unless that is null.
create function priv.page_of_events(p_xid xid8, p_id bigint, p_end_xid xid8, p_end_id bigint, p_kind text, p_action text, p_case uuid,
                                    p_most integer) returns setof public.journal_entries
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
begin
    return query
    select t.* from (
        select j as entry, j.xid, j.id from public.journal_entries j
        where j.event and (j.xid, j.id) > (p_xid, p_id) and (p_end_id is null or (j.xid, j.id) <= (p_end_xid, p_end_id))
          and j.xid < pg_snapshot_xmin(pg_current_snapshot())
          and (p_kind is null or j.object_type = p_kind) and (p_action is null or j.action = p_action) and (p_case is null or j.case_id = p_case)
        order by j.xid, j.id limit p_most) x
    cross join lateral jsonb_populate_record(x.entry, jsonb_build_object('detail',
        priv.told_detail((x.entry).object_type, (x.entry).object_id, (x.entry).detail))) t
    order by x.xid, x.id;
end $$;

-- Return the caller's side of overlaps: its case, which is p_mine or else a case of its own authority before one that is shared with it;
-- the decision that holds, with the version of both rows of the side; and the other case, as far as its owner shows it.
create function priv.shown_sides(p_overlaps uuid[], p_mine uuid)
returns table (overlap_id uuid, mine uuid, state text, verifier_id uuid, reason text, decided_by uuid, decided_at timestamptz, version bigint,
               other_id uuid, reference text, title text, authority_id uuid, name text, country text)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with pair as materialized (
        select o.id, m.mine, case when m.mine = o.case_a then o.case_b else o.case_a end other
        from public.case_overlaps o
        cross join lateral (select coalesce(p_mine, MY_CASE(o)) as mine) m
        where o.id = any (p_overlaps))
    select p.id, p.mine, s.state, s.verifier_id, s.reason, s.decided_by, s.decided_at, s.versions,
           c.shown_id, c.reference, c.title, a.id, a.name, a.country
    from pair p
    join priv.counterparts(array (select q.id from pair q order by q.id), array (select q.other from pair q order by q.id)) c
         on c.case_id = p.other
    join public.authorities a on a.id = c.authority_id
    cross join lateral (select d.*, sum(d.version) over () versions from public.overlap_sides d
                        where d.overlap_id = p.id and d.case_id = p.mine order by d.turn desc limit 1) s;
end $$;

-- Return a part of the evidence of each overlap, the best first: p_most items from p_from on, how many there are, and with p_clear what is
-- needed to decrypt the caller's own values.
create function priv.shown_evidence(p_overlaps uuid[], p_mine uuid[], p_limits integer[], p_clear boolean, p_from integer, p_most integer)
returns table (overlap_id uuid, identifier_id uuid, kind text, strength smallint, score real, rule text, my_roles text[], their_roles text[],
               theirs integer, holders integer, rarity smallint, since timestamptz, common text, items bigint,
               case_id uuid, authority_id uuid, sealed bytea, wrapped bytea)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select e.overlap_id, e.identifier_id, e.kind, e.strength, e.score, e.rule, e.my_roles, e.their_roles, e.theirs, e.holders, e.rarity,
           e.since, e.common, e.items, i.case_id, c.authority_id, i.sealed, k.wrapped
    from (select v.*, count(*) over w as items,
                 row_number() over (w order by v.common is not null, v.strength desc, v.rarity, v.score desc, v.identifier_id) as place
          from priv.evidence(p_overlaps, p_mine, p_limits) v window w as (partition by v.overlap_id)) e
    left join public.identifiers i on p_clear and i.id = e.identifier_id
    left join public.cases c on c.id = i.case_id
    left join public.case_keys k on k.case_id = i.case_id
    where e.place > p_from and e.place <= p_from + p_most
    order by e.overlap_id, e.place;
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
    priv.page_of_events(xid8, bigint, xid8, bigint, text, text, uuid, integer), priv.shown_identifiers(uuid[]), priv.places_of_overlaps(), priv.shown_cases(uuid[]),
    priv.page_of_cases(jsonb, uuid, integer), priv.shown_sides(uuid[], uuid),
    priv.shown_evidence(uuid[], uuid[], integer[], boolean, integer, integer) to APP_ROLE;
