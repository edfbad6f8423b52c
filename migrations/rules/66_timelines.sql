-- Timelines: the acts and the facts of one case or of several. These functions run with the rights of the caller, so that the policies of every table
-- apply, except where it is said.

-- Return the identifiers of a subject that the caller may know of, and the subject itself: what acts about the subject are about.
create function priv.things_of_subject(p_subject uuid) returns uuid[]
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    return p_subject || array (select l.identifier_id from public.identifier_subjects l where l.subject_id = p_subject);
end $$;

-- Return an identifier if the caller sees it, and otherwise the id of nothing.
create function priv.seen_identifier(p_identifier uuid) returns uuid
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    return coalesce((select i.id from public.identifiers i where i.id = p_identifier), '00000000-0000-0000-0000-000000000000');
end $$;

-- Return what a page shows of facts, each in the state with this version. Acts have no state; without any state nothing is looked for.
create function priv.facts_at(p_facts uuid[], p_states integer[])
returns table (fact uuid, case_id uuid, authority_id uuid, recorded_at timestamptz, type text, said jsonb, words bytea, place_token bytea)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
begin
    if array_remove(p_states, null) = '{}' then
        return;
    end if;
    return query
    select e.* from unnest(p_facts, p_states) p (fact, state)
    cross join lateral (
        select f.id, f.case_id, f.authority_id, f.recorded_at, f.kind,
               to_jsonb(f) - '{words,place_token}'::text[]
                   || jsonb_build_object('subjects', array (select s.subject_id from public.fact_subjects s where s.fact_id = f.id),
                                         'identifiers', array (select i.identifier_id from public.fact_identifiers i where i.fact_id = f.id)),
               f.words, f.place_token
        from public.facts f where f.id = p.fact and f.version = p.state
        union all
        select f.id, f.case_id, f.authority_id, f.recorded_at, h.kind, to_jsonb(h) - '{words,place_token}'::text[], h.words, h.place_token
        from public.fact_history h join public.facts f on f.id = h.fact_id
        where h.fact_id = p.fact and h.version = p.state and f.version <> p.state) e;
end $$;

-- Return a page of the timeline of several cases: p_most entries after a place, which is the time, the number of an act, and the id of a fact. At
-- one time, acts come before facts; the place of a fact has the highest number, and that of an act the lowest id. p_wanted has `descending`,
-- and may have `kind` (act or fact), `types`, `authority`, `subject`, `identifier`, `from`, `to`, and `known` (what was known at that time); `undated`
-- asks for the facts without a time alone, and `text` says that the caller looks for a text in what it gets. With a filter or a text, about p_look
-- entries of what the caller sees are looked at, whatever the number of cases. If more remain, the last row has no id: it is the place where to
-- go on.
create function priv.page_of_timeline(p_cases uuid[], p_wanted jsonb, p_at timestamptz, p_act bigint, p_fact uuid, p_most integer, p_look integer)
returns table (at timestamptz, act bigint, fact uuid, id uuid, case_id uuid, authority_id uuid, recorded_at timestamptz, type text, role text,
               object_type text, object_id uuid, detail jsonb, said jsonb, words bytea, place_token bytea)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off as $$
#variable_conflict use_column
declare
    v_last constant bigint := 9223372036854775807;
    v_none constant uuid := '00000000-0000-0000-0000-000000000000';
    v_descending boolean := (p_wanted ->> 'descending')::boolean;
    v_undated boolean := coalesce((p_wanted ->> 'undated')::boolean, false);
    v_with_acts boolean := coalesce(p_wanted ->> 'kind', 'act') = 'act';
    v_with_facts boolean := coalesce(p_wanted ->> 'kind', 'fact') = 'fact';
    v_types text[] := case when p_wanted ? 'types' then array (select jsonb_array_elements_text(p_wanted -> 'types')) end;
    v_authority uuid := (p_wanted ->> 'authority')::uuid;
    v_subject uuid := (p_wanted ->> 'subject')::uuid;
    v_identifier uuid := case when p_wanted ? 'identifier' then priv.seen_identifier((p_wanted ->> 'identifier')::uuid) end;
    v_things uuid[] := case when p_wanted ? 'subject' then priv.things_of_subject((p_wanted ->> 'subject')::uuid) end;
    v_from timestamptz := coalesce((p_wanted ->> 'from')::timestamptz, '-infinity');
    v_to timestamptz := coalesce((p_wanted ->> 'to')::timestamptz, 'infinity');
    v_known timestamptz := (p_wanted ->> 'known')::timestamptz;
    v_last_at timestamptz := coalesce(v_known, 'infinity');
    v_with_past boolean := (v_with_facts or v_undated) and v_known is not null;
    v_after timestamptz := case when v_descending then '-infinity' else coalesce(p_at, '-infinity') end;
    v_after_act bigint := case when v_descending then 0 else coalesce(p_act, 0) end;
    v_after_fact uuid := case when v_descending then v_none else coalesce(p_fact, v_none) end;
    v_before timestamptz := case when v_descending then coalesce(p_at, 'infinity') else 'infinity' end;
    v_before_act bigint := case when v_descending then coalesce(p_act, v_last) else v_last end;
    v_before_fact uuid := case when v_descending and p_fact is not null then p_fact else 'ffffffff-ffff-ffff-ffff-ffffffffffff' end;
    v_filtered boolean := v_types is not null or v_authority is not null or v_subject is not null or v_identifier is not null;
    v_cases integer := greatest(cardinality(p_cases), 1);
    v_bound integer := case when v_filtered or p_wanted ? 'text' then greatest(p_look / v_cases, 2 * p_most / v_cases, 1) else p_most end;
    v_most integer := least(v_bound, case when v_filtered then 4 * p_most else 2 * p_most / v_cases + 4 end);
    v_ats timestamptz[];
    v_acts bigint[];
    v_facts uuid[];
    v_states integer[];
    v_entries public.journal_entries[];
    v_until timestamptz;
    v_until_act bigint;
    v_until_fact uuid;
begin
    -- A plan without the tables of facts and their policies starts faster.
    v_with_facts := v_with_facts and (v_with_past or exists (select from public.facts f where f.case_id = any (p_cases)));
    loop
        if v_undated and v_descending then
            LINE_AFTER(desc, asc, UNDATED_AFTER);
        elsif v_undated then
            LINE_AFTER(asc, desc, UNDATED_AFTER);
        elsif v_descending and not v_with_facts then
            LINE_AFTER(desc, asc, ACTS_AFTER);
        elsif not v_with_facts then
            LINE_AFTER(asc, desc, ACTS_AFTER);
        elsif v_descending then
            LINE_AFTER(desc, asc, DATED_AFTER);
        else
            LINE_AFTER(asc, desc, DATED_AFTER);
        end if;
        exit when v_until is null or cardinality(v_ats) = p_most or v_most >= v_bound;
        v_most := least(4 * v_most, v_bound);
    end loop;
    -- unnest of v_entries gives a column for each column of the journal; for facts all are null.
    return query
    select nullif(e.place_at, 'infinity'), e.place_act, e.place_fact, coalesce(e.uid, f.fact), coalesce(e.case_id, f.case_id),
           coalesce(e.authority_id, f.authority_id), coalesce(e.at, f.recorded_at), coalesce(e.action, f.type), e.role,
           coalesce(e.object_type, 'fact'), coalesce(e.object_id, f.fact), TOLD_DETAIL(e), f.said, f.words, f.place_token
    from rows from (unnest(v_ats), unnest(v_acts), unnest(v_facts), unnest(v_entries)) with ordinality e (place_at, place_act, place_fact)
    left join priv.facts_at(v_facts, v_states) f on f.fact = e.place_fact
    where coalesce(e.uid, f.fact) is not null order by e.ordinality;
    if v_until is not null and coalesce(cardinality(v_ats), 0) < p_most then
        return query select nullif(v_until, 'infinity'), v_until_act, v_until_fact, null::uuid, null::uuid, null::uuid, null::timestamptz,
                            null::text, null::text, null::text, null::uuid, null::jsonb, null::jsonb, null::bytea, null::bytea;
    end if;
end $$;

-- Return a digest of the newest acts that the caller sees in each of these cases, which changes with every further act. An act can be committed
-- after acts with a later time, so those of the last p_window before the newest one are in it: about p_most of all cases, and up to 50 of each at
-- least. Most cases have few of them, so few are read first.
create function priv.newest_in_timeline(p_cases uuid[], p_window interval, p_most integer) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
    v_bound constant integer := greatest(p_most / greatest(cardinality(p_cases), 1), 50);
    v_most integer := 8;
    v_digest text;
    v_cut boolean;
begin
    loop
        select encode(sha256(convert_to(string_agg(a.id::text, ',' order by a.id), 'UTF8')), 'hex'), bool_or(a.place = v_most)
            into v_digest, v_cut
            from unnest(p_cases) c (id)
            cross join lateral (
                select j.id, j.at, row_number() over w as place, first_value(j.at) over w as newest
                from public.journal_entries j where j.case_id = c.id and not j.consultation
                window w as (order by j.at desc, j.id desc) order by j.at desc, j.id desc limit v_most) a
            where a.at > a.newest - p_window;
        exit when v_cut is not true or v_most = v_bound;
        v_most := v_bound;
    end loop;
    return v_digest;
end $$;

-- Return what the things of a page are called, as far as the caller sees them: each with its type, a code (the kind of a request or an identifier,
-- the category of a subject), words (a reference, a pseudonym, the name of an authority), and for some the name and country of another authority. The
-- rows of the type `link` are the subjects of identifiers. p_shared are things that several authorities share, and access to cases. p_overlaps are
-- overlaps and disclosures, each with the case of the reader. What a page does not ask for is not looked for, because starting such a query takes
-- longer than running it.
create function priv.names_of(p_things uuid[], p_shared uuid[], p_overlaps uuid[], p_mine uuid[])
returns table (id uuid, other uuid, type text, code text, words text, name text, country text)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
begin
    return query
    select i.id, null::uuid, 'identifier', i.kind, null::text, null::text, null::text from public.identifiers i where i.id = any (p_things)
    union all select s.id, null, 'subject', s.category, s.pseudonym, null, null from public.subjects s where s.id = any (p_things)
    union all (select l.identifier_id, l.subject_id, 'link', s.category, s.pseudonym, null, null
               from public.identifier_subjects l join public.subjects s on s.id = l.subject_id where l.identifier_id = any (p_things)
               order by l.identifier_id, l.subject_id)
    union all select f.id, null, 'fact', f.kind, null, null, null from public.facts f where f.id = any (p_things)
    union all select h.id, null, 'authority', h.country, h.name, null, null from public.authorities h where h.id = any (p_things);
    if p_shared <> '{}' then
        return query
        select r.id, null::uuid, 'request', r.kind, r.reference, null::text, null::text from public.mla_requests r where r.id = any (p_shared)
        union all select t.id, null, 'jit', null, t.reference, null, null from public.jits t where t.id = any (p_shared)
        union all select m.id, null, 'meeting', m.level, m.reference, null, null from public.meetings m where m.id = any (p_shared)
        union all select c.id, null, 'consultation', null, null, null, null from public.consultations c where c.id = any (p_shared)
        union all select g.id, null, 'access', null, null, a.name, a.country
                  from public.case_access g join public.authorities a on a.id = g.authority_id where g.id = any (p_shared);
    end if;
    if p_overlaps <> '{}' then
        return query
        select n.id, n.mine, n.type, null::text, null::text, a.name, a.country from (
            select o.id, u.mine, 'overlap' as type, case when o.case_a = u.mine then o.authority_b else o.authority_a end as authority
            from unnest(p_overlaps, p_mine) u (id, mine) join public.case_overlaps o on o.id = u.id and u.mine in (o.case_a, o.case_b)
            union all
            select d.id, u.mine, 'disclosure', case when d.asking_case = u.mine then d.owner_authority else d.asking_authority end
            from unnest(p_overlaps, p_mine) u (id, mine)
            join public.disclosures d on d.id = u.id and u.mine in (d.asking_case, d.owner_case)) n
        join public.authorities a on a.id = n.authority;
    end if;
end $$;

-- Return which identifiers of other cases have the same value as these identifiers, among cases that the caller reads. As with overlaps, a value
-- that too many cases hold, that tells nobody apart, or that is excluded says nothing. The caller sees these values, but without victim clearance
-- no links to victims; so these links change nothing here, or a missing pair would tell of them.
create function priv.same_values(p_identifiers uuid[], p_cases uuid[], p_limits integer[]) returns table (identifier_id uuid, same_id uuid, case_id uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off as $$
#variable_conflict use_column
declare
    read uuid[] := array (select c.id from unnest(p_cases) c (id) where GRANTED(c.id, 2));
begin
    return query
    select distinct x.identifier_id, y.identifier_id, y.case_id
    from public.holdings x
    join public.match_tokens t on t.token = x.token and t.exact and t.open_cases <= p_limits[2]
    join public.holdings y on y.token = x.token and y.case_id = any (read) and y.case_id <> x.case_id and y.strength > 0 and not y.common
    where x.identifier_id = any (p_identifiers) and x.case_id = any (read) and x.strength > 0 and not x.common
      and not priv.listed(x.token) and not priv.excluded(x.token, array [x.kind, y.kind], x.authority_id, y.authority_id);
end $$;

grant execute on function priv.things_of_subject(uuid), priv.seen_identifier(uuid), priv.facts_at(uuid[], integer[]),
    priv.page_of_timeline(uuid[], jsonb, timestamptz, bigint, uuid, integer, integer),
    priv.newest_in_timeline(uuid[], interval, integer), priv.names_of(uuid[], uuid[], uuid[], uuid[]),
    priv.same_values(uuid[], uuid[], integer[]) to APP_ROLE;
