-- The functions in this file return what one page shows, in one statement whose plan is kept. They run with the rights of the caller, so the
-- policies of every table apply.

-- Return cases with the caller's level of access to each, the name and country of the authority that owns it, the authorities that are
-- responsible for it, and whether the caller is the desk of the State, which sees more of the index.
create function priv.shown_cases(p_cases uuid[]) returns table (shown public.cases, level smallint, name text, country text, responsible jsonb,
               for_desk boolean, handler_name text)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select c, (case when GRANTED(c.id, 4) then 4 when GRANTED(c.id, 3) then 3 when GRANTED(c.id, 2) then 2 else 1 end)::smallint,
           a.name, a.country, r.responsible, d.case_id is not null, d.handler_name
    from public.cases c join public.authorities a on a.id = c.authority_id
    left join (select f.case_id, jsonb_object_agg(f.state, jsonb_build_object(
                   'id', f.id, 'name', f.name, 'country', f.country, 'access_id', f.access_id)) responsible
               from priv.responsible_for(p_cases) f group by f.case_id) r on r.case_id = c.id
    left join priv.shown_to_desk(p_cases) d on d.case_id = c.id
    where c.id = any (p_cases);
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
        cross join lateral (select coalesce(p_mine,
            case when o.authority_a = (select priv.authority()) and GRANTED(o.case_a, 1) then o.case_a
                 when GRANTED(o.case_b, 1) then o.case_b else o.case_a end) as mine) m
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
create function priv.shown_identifiers(p_identifiers uuid[]) returns table (identifier_id uuid, excluded boolean, subjects jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select i.id, x.id is not null,
           (select jsonb_agg(jsonb_build_object('id', l.subject_id, 'since', l.since, 'basis', l.basis) order by l.since nulls first, l.created_at, l.subject_id)
            from public.identifier_subjects l where l.identifier_id = i.id)
    from unnest(p_identifiers) i (id) left join priv.excluded_everywhere(p_identifiers) x (id) on x.id = i.id;
end $$;

grant execute on function priv.shown_identifiers(uuid[]), priv.places_of_overlaps(), priv.shown_cases(uuid[]), priv.shown_sides(uuid[], uuid),
    priv.shown_evidence(uuid[], uuid[], integer[], boolean, integer, integer) to APP_ROLE;
