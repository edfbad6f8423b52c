-- Figures about cases, overlaps, meetings and teams. As with requests, the rights of the caller are sets of ids.

-- Return the cases that the caller sees, and its highest level of access to each.
create function priv.own_cases() returns table (case_id uuid, level smallint)
language sql stable rows 10000 security definer set search_path = pg_catalog, pg_temp as $$
    select g.case_id, max(g.level) from public.case_access g
    where g.authority_id = (select priv.authority()) and LIVE(g) group by g.case_id
$$;

-- Return the case of each overlap that is counted, when it was found, and what became of it: for the caller, from its side, with the evidence that it
-- may see; or for publication, once for both sides and without evidence about victims.
create function priv.overlaps_to_count(p_published boolean, p_wanted jsonb)
returns table (id uuid, year text, quarter text, strength text, kinds text[], scope text, counterpart_country text, regions text[],
               crime_categories text[], authority text, state text, stands boolean, asked boolean, disclosed boolean, refused boolean,
               verified_after real, disclosed_after real)
language plpgsql stable rows 5000 security definer set search_path = pg_catalog, pg_temp
    set enable_nestloop = off as $$
#variable_conflict use_column
declare
    me uuid := (select priv.authority());
    cleared boolean := not p_published and (select priv.cleared());
    v_since timestamptz := (p_wanted ->> 'since')::timestamptz;
    v_until timestamptz := (p_wanted ->> 'until')::timestamptz;
begin
    return query
    with own as materialized (select c.case_id, c.level from priv.own_cases() c where not p_published),
    hidden as materialized (select c.id from public.cases c where p_published and c.visibility = 'hidden'),
    seen as materialized (
        select o.id, o.case_a, o.case_b, o.authority_a, o.authority_b,
               case when cleared then o.strength else o.open_strength end as strength,
               case when cleared then o.kinds else o.open_kinds end as kinds,
               case when cleared then o.detected_a else o.open_detected_a end as a_at,
               case when cleared then o.detected_b else o.open_detected_b end as b_at,
               a.case_id is not null as sees_a, b.case_id is not null as sees_b,
               case when p_published or o.authority_a = me and a.case_id is not null or b.case_id is null then o.case_a else o.case_b end as mine
        from public.case_overlaps o
        left join own a on a.case_id = o.case_a
        left join own b on b.case_id = o.case_b
        where case when p_published then not o.hidden_a and not o.hidden_b
                                         and o.case_a not in (select h.id from hidden h) and o.case_b not in (select h.id from hidden h)
                   else (not o.hidden_a or o.authority_a = me) and (not o.hidden_b or o.authority_b = me)
                        and o.id not in (select priv.unsettled()) end),
    found as materialized (
        select s.*, case when p_published then least(s.a_at, s.b_at)
                         when s.mine = s.case_a then coalesce(s.a_at, case when s.sees_b then s.b_at end)
                         else coalesce(s.b_at, case when s.sees_a then s.a_at end) end as at
        from seen s
        where p_published and (s.a_at is not null or s.b_at is not null)
           or s.sees_a and s.a_at is not null or s.sees_b and s.b_at is not null),
    side as (
        select distinct on (d.overlap_id) d.overlap_id, d.state, d.decided_at
        from public.overlap_sides d join found f on f.id = d.overlap_id and (p_published or d.case_id = f.mine)
        where cleared or not d.victims
        order by d.overlap_id, case when p_published then case d.state when 'confirmed' then 1 when 'rejected' then 2 else 3 end else 1 end,
                 d.turn desc),
    shown as (
        select d.overlap_id, bool_or(true) as asked, bool_or(d.state in ('disclosed_full', 'disclosed_partial', 'recalled')) as disclosed,
               bool_or(d.state = 'refused') as refused,
               min(d.decided_at) filter (where d.state in ('disclosed_full', 'disclosed_partial', 'recalled')) as at
        from public.disclosures d join found f on f.id = d.overlap_id
        left join own a on a.case_id = d.asking_case and a.level >= 2
        left join own b on b.case_id = d.owner_case and b.level >= 2
        where (cleared or not d.victims_only) and (p_published or a.case_id is not null or b.case_id is not null)
        group by d.overlap_id)
    select f.id, to_char(f.at at time zone 'UTC', 'YYYY'), to_char(f.at at time zone 'UTC', 'YYYY-"Q"Q'),
           coalesce((array ['weak', 'possible', 'strong'])[f.strength], 'none'), priv.or_none(f.kinds),
           case when f.authority_a = f.authority_b then 'within' else 'across' end, coalesce(t.country, 'none'),
           coalesce((select array_agg(x) from jsonb_array_elements_text(p_wanted -> 'regions' -> t.country) x), array ['none']),
           priv.or_none(c.crime_categories), c.authority_id::text, coalesce(d.state, 'detected'), f.strength > 0,
           coalesce(w.asked, false), coalesce(w.disclosed, false), coalesce(w.refused, false),
           case when d.state in ('confirmed', 'rejected', 'unsure') then priv.hours_between(f.at, d.decided_at) end,
           priv.hours_between(f.at, w.at)
    from found f
    join public.cases c on c.id = f.mine
    join public.authorities t on t.id = case when f.mine = f.case_a then f.authority_b else f.authority_a end
    left join side d on d.overlap_id = f.id
    left join shown w on w.overlap_id = f.id
    where (v_since is null or f.at >= v_since) and (v_until is null or f.at < v_until)
      and (p_wanted ->> 'country' is null or t.country = p_wanted ->> 'country');
end $$;

create function priv.overlap_figures(p_published boolean, p_by text[], p_wanted jsonb) returns table (keys text[], figures jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_figures(p_published);
    return query
    select (array [k1, k2, k3])[1:cardinality(p_by)], jsonb_build_object(
        'found', count(*), 'standing', count(*) filter (where f.stands), 'confirmed', count(*) filter (where f.state = 'confirmed'),
        'rejected', count(*) filter (where f.state = 'rejected'), 'unsure', count(*) filter (where f.state = 'unsure'),
        'under_verification', count(*) filter (where f.state = 'under_verification'),
        'not_verified', count(*) filter (where f.state = 'detected'), 'disclosure_asked', count(*) filter (where f.asked),
        'disclosed', count(*) filter (where f.disclosed), 'disclosure_refused', count(*) filter (where f.refused),
        'hours_to_verify', priv.spread(array_agg(f.verified_after) filter (where f.verified_after is not null)),
        'hours_to_disclose', priv.spread(array_agg(f.disclosed_after) filter (where f.disclosed_after is not null)))
    from priv.overlaps_to_count(p_published, p_wanted) f
    IN_GROUPS(OVERLAP_DIMENSION)
    group by k1, k2, k3 order by 1 limit 5001;
end $$;

-- Return the cases that count. Who has only index access to a case is not told its state (except the desk of its State), type and countries.
create function priv.cases_to_count(p_published boolean, p_wanted jsonb)
returns table (id uuid, year text, quarter text, authority text, owner_country text, state text, case_type text, crime_categories text[],
               countries text[], regions text[], stage text, result text, created_at timestamptz, ended_at timestamptz, third_state boolean)
language plpgsql stable rows 5000 security definer set search_path = pg_catalog, pg_temp
    set enable_nestloop = off as $$
#variable_conflict use_column
declare
    v_since timestamptz := (p_wanted ->> 'since')::timestamptz;
    v_until timestamptz := (p_wanted ->> 'until')::timestamptz;
    members jsonb := p_wanted -> 'members';
begin
    return query
    with own as materialized (
        select o.case_id, o.level from priv.own_cases() o where not p_published
        union all
        select c.id, 2::smallint from public.cases c where p_published and c.visibility <> 'hidden'),
    reached as materialized (
        select distinct on (p.case_id) p.case_id, p.stage, p.result from public.case_proceedings p
        order by p.case_id, case p.stage when 'adjudicated' then 3 when 'prosecuted' then 2 else 1 end desc, p.reached_on desc, p.id desc)
    select c.id, to_char(c.created_at at time zone 'UTC', 'YYYY'), to_char(c.created_at at time zone 'UTC', 'YYYY-"Q"Q'), c.authority_id::text,
           coalesce(a.country, 'none'),
           case when o.level >= 2 or FOR_DESK(c) then c.state else 'not_shown' end,
           case when o.level >= 2 then c.case_type else 'not_shown' end, priv.or_none(c.crime_categories),
           case when o.level >= 2 then priv.or_none(c.countries) else array ['not_shown'] end,
           case when o.level >= 2 then coalesce((
               select array_agg(distinct x) from unnest(c.countries) k, jsonb_array_elements_text(p_wanted -> 'regions' -> k) x), array ['none'])
               else array ['not_shown'] end,
           case when o.level >= 2 then coalesce(r.stage, 'none') else 'not_shown' end,
           case when o.level >= 2 then coalesce(r.result, 'none') else 'not_shown' end, c.created_at,
           case when o.level >= 2 or FOR_DESK(c) then c.ended_at end,
           o.level >= 2 and members is not null and exists (select from unnest(c.countries) k where not members ? k)
    from own o join public.cases c on c.id = o.case_id
    join public.authorities a on a.id = c.authority_id
    left join reached r on r.case_id = c.id
    where (v_since is null or c.created_at >= v_since) and (v_until is null or c.created_at < v_until);
end $$;

create function priv.case_figures(p_published boolean, p_by text[], p_wanted jsonb) returns table (keys text[], figures jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_figures(p_published);
    return query
    select (array [k1, k2, k3])[1:cardinality(p_by)], jsonb_build_object(
        'registered', count(*), 'under_way', count(*) filter (where f.state in ('registered', 'open', 'hidden_pending')),
        'closed', count(*) filter (where f.state = 'closed'), 'transferred', count(*) filter (where f.state = 'transferred'),
        'withdrawn', count(*) filter (where f.state = 'withdrawn'), 'multilateral', count(*) filter (where f.case_type = 'multilateral'),
        'investigated', count(*) filter (where f.stage in ('investigated', 'prosecuted', 'adjudicated')),
        'prosecuted', count(*) filter (where f.stage in ('prosecuted', 'adjudicated')),
        'adjudicated', count(*) filter (where f.stage = 'adjudicated'),
        'convictions', count(*) filter (where f.result in ('conviction', 'mixed')),
        'acquittals', count(*) filter (where f.result = 'acquittal'),
        'hours_to_end', priv.spread(array_agg(priv.hours_between(f.created_at, f.ended_at))
            filter (where f.ended_at is not null)))
    from priv.cases_to_count(p_published, p_wanted) f
    IN_GROUPS(CASE_DIMENSION)
    group by k1, k2, k3 order by 1 limit 5001;
end $$;

-- Return the figures of the meetings in which the caller takes part, or of those to be published. A meeting counts in the period in which it begins,
-- or in which it was proposed if it has no date.
create function priv.meeting_figures(p_published boolean, p_by text[], p_wanted jsonb) returns table (keys text[], figures jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_figures(p_published);
    return query
    select (array [k1, k2, k3])[1:cardinality(p_by)], jsonb_build_object(
        'convened', count(*), 'held', count(*) filter (where f.state in ('held', 'minutes_agreed', 'closed')),
        'minutes_agreed', count(*) filter (where f.state in ('minutes_agreed', 'closed')),
        'cancelled', count(*) filter (where f.state = 'cancelled'),
        'coordination_centres', count(*) filter (where f.level = 'coordination_centre' and f.state in ('held', 'minutes_agreed', 'closed')),
        'with_three_countries', count(*) filter (where f.size >= 3), 'outcomes', coalesce(sum(f.outcomes), 0))
    from (select to_char(x.at at time zone 'UTC', 'YYYY') as year, to_char(x.at at time zone 'UTC', 'YYYY-"Q"Q') as quarter, m.level, m.mode, m.state,
                 m.origin_type as origin, priv.or_none(m.countries) as countries, cardinality(m.countries) as size, m.host_id::text as host,
                 coalesce((select array_agg(distinct g) from unnest(m.countries) k, jsonb_array_elements_text(p_wanted -> 'regions' -> k) g),
                          array ['none']) as regions, coalesce(u.number, 0) as outcomes
          from public.meetings m
          join (select t.object_id from priv.own_things() t where not p_published
                union all select t.object_id from priv.published_things() t where p_published) t on t.object_id = m.id
          cross join lateral (select coalesce(m.starts_at, m.created_at) as at) x
          left join (select n.meeting_id, count(*) as number from public.meeting_outcomes n group by 1) u on u.meeting_id = m.id
          where (p_wanted ->> 'since' is null or x.at >= (p_wanted ->> 'since')::timestamptz)
            and (p_wanted ->> 'until' is null or x.at < (p_wanted ->> 'until')::timestamptz)) f
    IN_GROUPS(MEETING_DIMENSION)
    group by k1, k2, k3 order by 1 limit 5001;
end $$;

-- Return the figures of the teams in which the caller takes part, or of those to be published. A team counts in the period in which it was set up, or
-- proposed if it was not set up yet. A team whose time is over has ended.
create function priv.team_figures(p_published boolean, p_by text[], p_wanted jsonb) returns table (keys text[], figures jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    perform priv.require_figures(p_published);
    return query
    select (array [k1, k2, k3])[1:cardinality(p_by)], jsonb_build_object(
        'proposed', count(*), 'set_up', count(*) filter (where f.since is not null), 'active', count(*) filter (where f.state = 'active'),
        'ended', count(*) filter (where f.state in ('ended', 'evaluation', 'closed', 'public_statement')),
        'ended_by_expiry', count(*) filter (where f.end_reason = 'expiry'), 'ended_with_its_goal', count(*) filter (where f.end_reason = 'goal'),
        'ended_by_withdrawal', count(*) filter (where f.end_reason = 'withdrawal'),
        'abandoned', count(*) filter (where f.state = 'abandoned'), 'with_three_countries', count(*) filter (where f.size >= 3),
        'hours_of_work', priv.spread(array_agg(priv.hours_between(f.since, f.ended_at)) filter (where f.ended_at is not null)))
    from (select to_char(x.at at time zone 'UTC', 'YYYY') as year, to_char(x.at at time zone 'UTC', 'YYYY-"Q"Q') as quarter, j.legal_basis, j.since,
                 case when j.state = 'active' and j.until <= (select priv.at()) then 'ended' else j.state end as state,
                 case when j.state = 'active' and j.until <= (select priv.at()) then 'expiry' else j.end_reason end as end_reason,
                 case when j.state = 'active' and j.until <= (select priv.at()) then j.until else j.ended_at end as ended_at,
                 coalesce(y.countries, array ['none']) as countries, coalesce(cardinality(y.countries), 0) as size,
                 coalesce((select array_agg(distinct g) from unnest(y.countries) k, jsonb_array_elements_text(p_wanted -> 'regions' -> k) g),
                          array ['none']) as regions
          from public.jits j
          join (select t.object_id from priv.own_things() t where not p_published
                union all select t.object_id from priv.published_things() t where p_published) t on t.object_id = j.id
          cross join lateral (select coalesce(j.since, j.created_at) as at) x
          left join (select p.jit_id, array_agg(distinct p.country) as countries from public.jit_parties p group by 1) y on y.jit_id = j.id
          where (p_wanted ->> 'since' is null or x.at >= (p_wanted ->> 'since')::timestamptz)
            and (p_wanted ->> 'until' is null or x.at < (p_wanted ->> 'until')::timestamptz)) f
    IN_GROUPS(TEAM_DIMENSION)
    group by k1, k2, k3 order by 1 limit 5001;
end $$;

-- Return the figures that Eurojust's annual report gives for a year: casework by type and by crime category, new and ongoing, meetings, centres,
-- teams, and the requests of each kind. Ongoing are cases registered before the year that had not ended before it.
create function priv.annual_figures(p_year integer, p_wanted jsonb) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    first timestamptz := make_timestamptz(p_year, 1, 1, 0, 0, 0, 'UTC');
    after timestamptz := make_timestamptz(p_year + 1, 1, 1, 0, 0, 0, 'UTC');
    said jsonb;
begin
    perform priv.require_figures(false);
    with c as materialized (
        select f.*, f.created_at >= first as is_new from priv.cases_to_count(false, p_wanted) f
        where f.created_at < after and (f.ended_at is null or f.ended_at >= first)),
    m as (select m.level, m.state from public.meetings m join priv.own_things() t on t.object_id = m.id
          where m.starts_at >= first and m.starts_at < after),
    j as (select j.since from public.jits j join priv.own_things() t on t.object_id = j.id
          where j.since < after and least(coalesce(j.ended_at, j.until), j.until) >= first),
    r as (select f.kind, count(*) as number from priv.requests_to_count(false, '{}') f where f.sent_at >= first and f.sent_at < after group by 1)
    select jsonb_build_object(
        'cases', (select jsonb_build_object('worked_on', count(*), 'new', count(*) filter (where c.is_new),
            'bilateral', count(*) filter (where c.case_type = 'bilateral'), 'multilateral', count(*) filter (where c.case_type = 'multilateral'),
            'with_third_states', count(*) filter (where c.third_state)) from c),
        'crime', coalesce((select jsonb_object_agg(k.code, jsonb_build_object('ongoing', k.ongoing, 'new', k.fresh)) from (
            select x as code, count(*) filter (where not c.is_new) as ongoing, count(*) filter (where c.is_new) as fresh
            from c cross join unnest(c.crime_categories) x group by 1) k), '{}'),
        'meetings', (select jsonb_build_object(
            'held', count(*) filter (where m.level <> 'coordination_centre'),
            'coordination_centres', count(*) filter (where m.level = 'coordination_centre'))
            from m where m.state in ('held', 'minutes_agreed', 'closed')),
        'teams', (select jsonb_build_object('supported', count(*), 'new', count(*) filter (where j.since >= first)) from j),
        'requests', coalesce((select jsonb_object_agg(r.kind, r.number) from r), '{}')) into said;
    return said;
end $$;

grant execute on function priv.overlap_figures(boolean, text[], jsonb), priv.case_figures(boolean, text[], jsonb),
    priv.meeting_figures(boolean, text[], jsonb), priv.team_figures(boolean, text[], jsonb), priv.annual_figures(integer, jsonb) to APP_ROLE;
grant select on meeting_outcomes to coopapi_definer;

grant select, insert, update (version, stage, result, procedure, reached_on) on case_proceedings to APP_ROLE;
grant select on case_proceedings to coopapi_definer;
-- Who may read the case reads how far its proceedings came. People of the authority that answers for it record that.
create policy seen on case_proceedings for select using (GRANTED(case_proceedings.case_id, 2));
create policy made on case_proceedings for insert with check (
    (select priv.role()) = any (array ['prosecutor', 'investigator', 'system']) and authority_id = (select priv.authority())
    and ANSWERING(case_proceedings.case_id));
create policy changed on case_proceedings for update using (
    (select priv.role()) = any (array ['prosecutor', 'investigator', 'system']) and ANSWERING(case_proceedings.case_id));
