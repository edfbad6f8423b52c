-- Texts that several rules share: the conditions of access, and parts of the lists of overlaps. When the rules are applied, each use of a
-- template is replaced by its text. A template may use those below it. Apart from these, only APP_ROLE is replaced, by the name of the role with
-- which the application connects.
--
-- A function in PL/pgSQL that asks several times who calls declares `caller record := priv.caller()`. Then `(select priv.authority())`, and in
-- the same way priv.principal, priv.cleared and priv.at, are replaced in its text by the fields of this variable.
--
-- In templates and rules, `offset 0` in a subquery makes the planner look each row up in the index instead of reading the whole table.

-- template LINE_AFTER(way, back, entries): the first entries of all cases p_cases between two places, as far as they are wanted: acts alone
-- (ACTS_AFTER), all dated ones (DATED_AFTER) or the undated ones (UNDATED_AFTER). Of each case v_most entries are looked at. Entries behind the
-- last one of a case that has more are left out, because that case may have earlier ones: the horizon is the place up to which all cases were
-- looked through.
with looked as materialized (
    select c.id as of_case, l.* from unnest(p_cases) c (id) cross join lateral (
        select x.* from ({entries}({way})) x
        order by x.at {way}, x.act {way}, x.fact {way} limit v_most) l),
ends as (
    select distinct on (k.of_case) k.at, k.act, k.fact, count(*) over (partition by k.of_case) as seen
    from looked k order by k.of_case, k.at {back}, k.act {back}, k.fact {back}),
horizon as materialized (select e.at, e.act, e.fact from ends e where e.seen >= v_most order by e.at {way}, e.act {way}, e.fact {way} limit 1),
found as materialized (
    select k.at, k.act, k.fact, k.state, k.entry from looked k left join horizon h on true
    where k.wanted and (h.at is null or case when v_descending then (k.at, k.act, k.fact) >= (h.at, h.act, h.fact)
                                             else (k.at, k.act, k.fact) <= (h.at, h.act, h.fact) end)
    order by k.at {way}, k.act {way}, k.fact {way} limit p_most)
select array_agg(f.at order by f.at {way}, f.act {way}, f.fact {way}), array_agg(f.act order by f.at {way}, f.act {way}, f.fact {way}),
       array_agg(f.fact order by f.at {way}, f.act {way}, f.fact {way}), array_agg(f.state order by f.at {way}, f.act {way}, f.fact {way}),
       array_agg(f.entry order by f.at {way}, f.act {way}, f.fact {way}),
       (select h.at from horizon h), (select h.act from horizon h), (select h.fact from horizon h)
into v_ats, v_acts, v_facts, v_states, v_entries, v_until, v_until_act, v_until_fact from found f

-- template DATED_AFTER(way): what of a case has a time, from each of the three tables that it is in.
(ACTS_AFTER({way}))
union all
(FACTS_AFTER({way}))
union all
(PAST_FACTS_AFTER({way}))

-- template ACTS_AFTER(way): entries of the journal about a case. At one time acts come before facts, whose places have the highest number.
select j.at, j.id as act, v_none as fact, null::integer as state, j as entry,
       (v_types is null or j.action = any (v_types)) and (v_authority is null or j.authority_id = v_authority)
       and (v_things is null or j.object_id = any (v_things)) and (v_identifier is null or j.object_id = v_identifier) as wanted
from public.journal_entries j
where v_with_acts and j.case_id = c.id and not j.consultation and j.at >= v_from and j.at < v_to and j.at <= v_last_at
  and (j.at, j.id) > (v_after, v_after_act) and (j.at, j.id) < (v_before, v_before_act)
order by j.at {way}, j.id {way} limit v_most

-- template FACTS_AFTER(way): the dated facts of a case as they are now, as far as they were known at v_known.
select f.begins_at, v_last, f.id, f.version, null::public.journal_entries,
       (v_types is null or f.kind = any (v_types)) and (v_authority is null or f.authority_id = v_authority)
       and (v_subject is null or exists (select from public.fact_subjects s where s.fact_id = f.id and s.subject_id = v_subject))
       and (v_identifier is null or exists (select from public.fact_identifiers i where i.fact_id = f.id and i.identifier_id = v_identifier))
from public.facts f
where v_with_facts and f.case_id = c.id and (f.withdrawn_at is null or f.withdrawn_at > v_known and not f.victims)
  and f.changed_at <= v_last_at
  and f.begins_at >= v_from and f.begins_at < v_to
  and (f.begins_at, f.id) > (v_after, v_after_fact) and (f.begins_at, f.id) < (v_before, v_before_fact)
order by f.begins_at {way}, f.id {way} limit v_most

-- template PAST_FACTS_AFTER(way): the dated facts of a case that were corrected or withdrawn since v_known, as they were known then. What was
-- withdrawn about victims stays out.
select y.begins_at, v_last, y.fact_id, y.version, null::public.journal_entries,
       (v_types is null or y.kind = any (v_types)) and (v_authority is null or y.authority_id = v_authority)
       and (v_subject is null or v_subject = any (y.subjects))
       and (v_identifier is null or v_identifier = any (y.identifiers))
from (select h.*, f.authority_id from public.fact_history h join public.facts f on f.id = h.fact_id
      where f.withdrawn_at is null or not f.victims) y
where v_with_past and y.case_id = c.id and y.recorded_at <= v_known and y.superseded_at > v_known
  and y.begins_at >= v_from and y.begins_at < v_to
  and (y.begins_at, y.fact_id) > (v_after, v_after_fact) and (y.begins_at, y.fact_id) < (v_before, v_before_fact)
order by y.begins_at {way}, y.fact_id {way} limit v_most

-- template UNDATED_AFTER(way): the facts of a case without a time, in the order of their ids, as FACTS_AFTER and PAST_FACTS_AFTER return those with
-- a time. Their place is behind all times.
(select 'infinity'::timestamptz as at, v_last as act, f.id as fact, f.version as state, null::public.journal_entries as entry,
        (v_types is null or f.kind = any (v_types)) and (v_authority is null or f.authority_id = v_authority)
        and (v_subject is null or exists (select from public.fact_subjects s where s.fact_id = f.id and s.subject_id = v_subject))
        and (v_identifier is null
             or exists (select from public.fact_identifiers i where i.fact_id = f.id and i.identifier_id = v_identifier)) as wanted
 from public.facts f
 where f.case_id = c.id and f.begins_at is null and (f.withdrawn_at is null or f.withdrawn_at > v_known and not f.victims)
   and f.changed_at <= v_last_at and f.id > v_after_fact and f.id < v_before_fact
 order by f.begins_at {way}, f.id {way} limit v_most)
union all
(select 'infinity', v_last, y.fact_id, y.version, null::public.journal_entries,
        (v_types is null or y.kind = any (v_types)) and (v_authority is null or y.authority_id = v_authority)
        and (v_subject is null or v_subject = any (y.subjects)) and (v_identifier is null or v_identifier = any (y.identifiers))
 from (select h.*, f.authority_id from public.fact_history h join public.facts f on f.id = h.fact_id
       where f.withdrawn_at is null or not f.victims) y
 where v_with_past and y.case_id = c.id and y.begins_at is null and y.recorded_at <= v_known and y.superseded_at > v_known
   and y.fact_id > v_after_fact and y.fact_id < v_before_fact
 order by y.begins_at {way}, y.fact_id {way} limit v_most)

-- template OVERLAPS_BY(rank): the p_most overlaps of all cases after a place, sorted by this rank. Those of an authority are read in the
-- order of the index, so what is read does not depend on how many there are.
with place as materialized (select * from priv.places_of_overlaps())
select x.* from (
    select distinct on (f.rank, f.id) f.* from (
        OVERLAPS_AT(authority_a, authority_id, {rank}, p_most)
        union all
        OVERLAPS_AT(authority_b, authority_id, {rank}, p_most)
        union all
        OVERLAPS_AT(case_a, case_id, {rank}, null)
        union all
        OVERLAPS_AT(case_b, case_id, {rank}, null)) f
    order by f.rank desc, f.id desc limit p_most) x
order by x.rank desc, x.id desc

-- template OVERLAPS_AT(end, place, rank, most): the overlaps with this authority or case at one of their two ends. Of an authority `most` are
-- read; a case has few, and its overlaps are all read.
select f.* from place p cross join lateral (
    select o.id, o.{rank} as rank, case when caller.cleared then o.strength else o.open_strength end, o.case_a, o.case_b, o.authority_a, o.authority_b
    from public.case_overlaps o
    where o.{end} = p.{place} and (o.{rank}, o.id) < (p_rank, p_id) and WANTED(o) and STATE_WANTED(o) and OVERLAP_SEEN(o)
    order by o.{rank} desc, o.id desc limit {most}) f

-- template TO_VERIFY(rank, strength, since_a, since_b): the overlaps after a place whose sides wait for the caller to verify them, or that it has
-- taken. The columns are those for callers who are cleared for victims, or those for the others.
with side as not materialized (
    select s.overlap_id, s.case_id, s.state from public.overlap_sides s
    where s.state = any (v_states) and GRANTED(s.case_id, 3)
      and (s.state <> 'under_verification' or s.verifier_id = (select priv.principal()))
      and (v_case is null or s.case_id = v_case)
      and (v_assignee is null or priv.is_assigned('overlap', s.overlap_id, v_assignee))
      and not exists (select from public.overlap_sides x
                      where x.overlap_id = s.overlap_id and x.case_id = s.case_id and x.turn > s.turn))
select distinct 'overlap', f.id, f.case_id, w.event, f.since, f.{rank}
from priv.places_to_verify(p_wanted) l cross join lateral (
    (TO_VERIFY_AT(authority_a, authority_id, {rank}, {strength}, {since_a}, {since_b}))
    union
    (TO_VERIFY_AT(authority_b, authority_id, {rank}, {strength}, {since_a}, {since_b}))
    union
    (TO_VERIFY_AT(case_a, case_id, {rank}, {strength}, {since_a}, {since_b}))
    union
    (TO_VERIFY_AT(case_b, case_id, {rank}, {strength}, {since_a}, {since_b}))) f
join priv.awaited(p_steps, 'overlap') w on w.state = f.state

-- template TO_VERIFY_AT(end, place, rank, strength, since_a, since_b): those of them with this authority or case at one of their two ends.
select o.id, s.case_id, s.state, d.since, o.{rank} from public.case_overlaps o
join side s on s.overlap_id = o.id
cross join lateral (select case when s.case_id = o.case_a then o.{since_a} else o.{since_b} end as since) d
where o.{end} = l.{place} and o.{strength} > 0 and d.since is not null and o.{rank} <= p_rank
  and (p_after is null or (o.{rank}, o.id, s.case_id) < (p_rank, p_after, p_side))
order by o.{rank} desc, o.id desc, s.case_id desc limit p_count

-- template STATE_WANTED(overlap): the decision of the caller's side is the one that a list of all cases asks for.
(p_wanted ->> 'state' is null or p_wanted ->> 'state' = 'withdrawn' or exists (
    select from (select MY_CASE({overlap}) as mine) m where IN_STATE({overlap}, m.mine)))

-- template IN_STATE(overlap, mine): the side of the case `mine` has decided as a list asks.
p_wanted ->> 'state' = (select s.state from public.overlap_sides s where SIDE_OF({overlap}.id, {mine}) order by s.turn desc limit 1)

-- template WANTED(overlap): a list asks for the overlap. p_wanted has the filters of the list. The function knows the `caller`.
(case when p_wanted ->> 'state' = 'withdrawn' then case when caller.cleared then {overlap}.strength else {overlap}.open_strength end = 0
      else case when caller.cleared then {overlap}.strength else {overlap}.open_strength end >= (p_wanted ->> 'strength')::smallint end
    and (p_wanted ->> 'kind' is null or p_wanted ->> 'kind' = any (case when caller.cleared then {overlap}.kinds else {overlap}.open_kinds end))
    and (p_wanted ->> 'role' is null or p_wanted ->> 'role' = any (case when caller.cleared then {overlap}.roles else {overlap}.open_roles end))
    and (p_wanted ->> 'since' is null
         or case when caller.cleared then {overlap}.changed_at else {overlap}.open_changed_at end >= (p_wanted ->> 'since')::timestamptz)
    and (p_wanted ->> 'scope' is null or ({overlap}.authority_a = {overlap}.authority_b) = (p_wanted ->> 'scope' = 'within'))
    and (p_wanted ->> 'authority_id' is null or (p_wanted ->> 'authority_id')::uuid in ({overlap}.authority_a, {overlap}.authority_b))
    and (p_wanted ->> 'assignee' is null or priv.is_assigned('overlap', {overlap}.id, p_wanted ->> 'assignee'))
    and (p_wanted ->> 'country' is null or exists (
        select from public.authorities a
        where a.id in ({overlap}.authority_a, {overlap}.authority_b) and a.country = p_wanted ->> 'country')))

-- template MY_CASE(overlap): the caller's case of an overlap, from whose side it sees the overlap. A case of its own authority has precedence over
-- one that is shared with it.
case when {overlap}.authority_a = (select priv.authority()) and SIDE_SEEN({overlap}, a) then {overlap}.case_a
     when SIDE_SEEN({overlap}, b) then {overlap}.case_b else {overlap}.case_a end

-- template SIDE_OF(overlap, mine): the row s of overlap_sides is about this side, and the caller may know of it. The row with the highest turn holds.
s.overlap_id = {overlap} and s.case_id = {mine} and (caller.cleared or not s.victims)

-- template OVERLAP_SEEN(overlap): the caller sees this row of case_overlaps. Functions that bypass the policies use this rule, too.
NEITHER_HIDDEN_NOR_UNSETTLED({overlap}) and (SIDE_SEEN({overlap}, a) or SIDE_SEEN({overlap}, b))

-- template SEEN_FROM(overlap, mine): the caller sees this row of case_overlaps from the side of its case `mine`.
NEITHER_HIDDEN_NOR_UNSETTLED({overlap})
    and ({mine} = {overlap}.case_a and SIDE_SEEN({overlap}, a) or {mine} = {overlap}.case_b and SIDE_SEEN({overlap}, b))

-- template NEITHER_HIDDEN_NOR_UNSETTLED(overlap): no case of this row of case_overlaps is hidden from the caller, and it lost no evidence that is
-- not settled.
(not {overlap}.hidden_a or {overlap}.authority_a = (select priv.authority()))
    and (not {overlap}.hidden_b or {overlap}.authority_b = (select priv.authority()))
    and {overlap}.id not in (select priv.unsettled())

-- template SIDE_SEEN(overlap, side): an overlap was detected for this side, whose case the caller has access to: not while the other case was hidden,
-- and for people without victim clearance not while the evidence was only about victims.
(case when (select priv.cleared()) then {overlap}.detected_{side} else {overlap}.open_detected_{side} end is not null
    and GRANTED({overlap}.case_{side}, 1))

-- template IN_GROUPS(codes): each thing f once in every group that p_by makes of its codes in up to three dimensions, as k1, k2 and k3, if it has the
-- codes that `only` of p_wanted asks for. `codes` is the template that tells the codes of such a thing in a dimension.
cross join lateral unnest({codes}(p_by[1])) k1
cross join lateral unnest({codes}(p_by[2])) k2
cross join lateral unnest({codes}(p_by[3])) k3
where (p_wanted -> 'only' is null or not exists (
    select from jsonb_each_text(p_wanted -> 'only') o where not o.value = any ({codes}(o.key))))

-- template REQUEST_DIMENSION(dimension): the codes of the request f of priv.requests_to_count in a dimension.
case {dimension}
    when 'year' then array [f.year] when 'quarter' then array [f.quarter] when 'direction' then array [f.direction]
    when 'requesting_country' then array [f.requesting_country] when 'executing_country' then array [f.executing_country]
    when 'region' then f.regions when 'kind' then array [f.kind] when 'instrument' then array [f.instrument]
    when 'urgency' then array [f.urgency] when 'channel' then array [f.channel] when 'measure' then f.measures
    when 'data_category' then f.data_categories when 'crime_category' then f.crime_categories
    when 'requesting_authority' then array [f.requesting_authority] when 'executing_authority' then array [f.executing_authority]
    when 'outcome' then array [f.outcome] when 'emergency' then array [case f.urgency when 'emergency' then 'yes' else 'no' end]
    else array [''] end

-- template OVERLAP_DIMENSION(dimension): the same of the overlap f of priv.overlaps_to_count.
case {dimension}
    when 'year' then array [f.year] when 'quarter' then array [f.quarter] when 'strength' then array [f.strength]
    when 'identifier_kind' then f.kinds when 'scope' then array [f.scope] when 'counterpart_country' then array [f.counterpart_country]
    when 'region' then f.regions when 'crime_category' then f.crime_categories when 'authority' then array [f.authority]
    when 'state' then array [f.state] else array [''] end

-- template CASE_DIMENSION(dimension): the same of the case f of priv.cases_to_count.
case {dimension}
    when 'year' then array [f.year] when 'quarter' then array [f.quarter] when 'authority' then array [f.authority]
    when 'owner_country' then array [f.owner_country] when 'state' then array [f.state] when 'case_type' then array [f.case_type]
    when 'crime_category' then f.crime_categories when 'country' then f.countries when 'region' then f.regions
    when 'stage' then array [f.stage] when 'result' then array [f.result] else array [''] end

-- template MEETING_DIMENSION(dimension): the same of the meeting f of priv.meeting_figures.
case {dimension}
    when 'year' then array [f.year] when 'quarter' then array [f.quarter] when 'level' then array [f.level] when 'mode' then array [f.mode]
    when 'state' then array [f.state] when 'origin' then array [f.origin] when 'country' then f.countries when 'region' then f.regions
    when 'host' then array [f.host] else array [''] end

-- template TEAM_DIMENSION(dimension): the same of the team f of priv.team_figures.
case {dimension}
    when 'year' then array [f.year] when 'quarter' then array [f.quarter] when 'legal_basis' then array [f.legal_basis]
    when 'state' then array [f.state] when 'end_reason' then array [coalesce(f.end_reason, 'none')] when 'country' then f.countries
    when 'region' then f.regions else array [''] end

-- template STOPPED(export): the entry of the journal about an export that the register itself ended, with the reason.
jsonb_build_object(
    'authority_id', {export}.authority_id, 'at', (select priv.at()), 'role', 'machine', 'action', 'export.stopped', 'object_type', 'export',
    'object_id', {export}.id, 'case_id', {export}.case_id, 'purpose', {export}.purpose, 'request_id', '', 'consultation', false, 'event', true,
    'victims_only', {export}.cleared, 'detail', jsonb_build_object('reason', {export}.state_reason))

-- template ACTING(thing): the caller's authority acts in the shared thing, and the caller has contribute access to the case it acts for.
exists (select from public.parties p where p.object_id = {thing} and p.acting and p.authority_id = (select priv.authority())
    and (p.case_id is null or GRANTED(p.case_id, 3)))

-- template FITS_CLEARANCE(entry): the caller may read the entry with its victim clearance, or without it.
case when (select priv.cleared()) then not {entry}.uncleared_only else not {entry}.victims_only end

-- template TOLD_DETAIL(entry): what the entry of the journal tells the caller in detail. Only what requests tell is shortened.
case when {entry}.object_type = 'request' then priv.told_detail({entry}.object_id, {entry}.detail) else {entry}.detail end

-- template PARTY(thing): the caller's authority takes part in the shared thing. The policies of the table parties apply to this query too.
exists (select from public.parties p where p.object_id = {thing})

-- template ACCOUNT(issuer, subject): the account that a token belongs to, as priv.account_of returns it.
select p.id, p.kind, p.name, p.authority_id, a.name as authority_name, a.country, p.roles, p.victim_cleared, a.operator,
       priv.functions_of(p, a.type) as functions
from public.principals p join public.authorities a on a.id = p.authority_id
where p.issuer = {issuer} and p.subject = {subject} and p.active

-- template DIGEST(row): the SHA-256 of all columns of a row, in hexadecimal digits.
encode(sha256(convert_to({row}::text, 'UTF8')), 'hex')

-- template WANTED_CASE(case): a list asks for this row of cases. p_wanted has the filters of the list.
((p_wanted ->> 'state' is null or {case}.state = p_wanted ->> 'state')
    and (p_wanted ->> 'reference' is null or {case}.reference_folded = p_wanted ->> 'reference')
    and (p_wanted ->> 'authority_id' is null or {case}.authority_id = (p_wanted ->> 'authority_id')::uuid)
    and (p_wanted ->> 'external_id' is null or {case}.external_id = p_wanted ->> 'external_id')
    and (p_wanted ->> 'country' is null or p_wanted ->> 'country' = any ({case}.countries))
    and (p_wanted ->> 'crime_category' is null or p_wanted ->> 'crime_category' = any ({case}.crime_categories))
    and case when p_wanted ?| array ['country', 'external_id'] then GRANTED({case}.id, 2)
             when p_wanted ?| array ['state', 'reference'] then GRANTED({case}.id, 2) or FOR_DESK({case}) else true end)

-- template FOR_DESK(case): the caller is the desk of the owner's State and sees reference, title, state and handler of this row of cases
-- (Regulation (EU) 2018/1727 Art. 24).
({case}.visibility <> 'hidden' and {case}.desk = 'index' and exists (
    select from public.authorities home join public.authorities desk on desk.country = home.country
    where home.id = {case}.authority_id and desk.id = (select priv.authority()) and desk.type = 'eurojust_desk'))

-- template QUOTA_FIGURES(lines, refused, at): for each quota, of whose holders `lines` has a row each: its limit, how many values are left after
-- those that are `wanted` were counted unless they were refused, the seconds until it is reset, its length in seconds, the number of values that
-- are wanted, and whether they were refused because of it.
select l.policy, min(l.own), greatest(min(l.most - l.used - case when {refused} then 0 else l.wanted end), 0),
       ceil(extract(epoch from min(l.since + l.length - {at})))::integer, extract(epoch from l.length)::integer, l.wanted,
       {refused} and bool_or(l.used + l.wanted > l.most)
from {lines} l
group by l.policy, l.length, l.hidden, l.wanted order by l.hidden, l.length

-- template GRANTED(case, level): the caller's authority, or the caller, has access to the case at this level or above at this time.
exists (select from public.case_access g where g.case_id = {case}
    and g.authority_id = (select priv.authority()) and g.level >= {level} and LIVE(g) offset 0)

-- template GRANTED_TO(said, case, level): the same in a function that has the fields of the signed context in a variable, because each question
-- for the caller checks the signature again.
exists (select from public.case_access g where g.case_id = {case} and g.authority_id = {said}[1]::uuid and g.level >= {level}
    and (g.principal_id is null or g.principal_id = nullif({said}[2], '')::uuid) and g.withdrawn_at is null
    and (g.since is null and g.until is null or priv.in_force(g.since, g.until, TIME_IN({said}))) offset 0)

-- template LEVEL(case): the highest level of access to the case that the caller's authority, or the caller, has at this time, or null.
(select max(g.level) from public.case_access g where g.case_id = {case} and g.authority_id = (select priv.authority()) and LIVE(g))

-- template ANSWERING(case): the caller's authority answers for the case: it owns the case, or it is responsible for it and has accepted that.
exists (select from public.case_access g where g.case_id = {case}
    and g.authority_id = (select priv.authority()) and (g.level = 4 or g.level = 3 and g.kind = 'responsible') and LIVE(g) offset 0)

-- template LIVE(grant): this row of case_access, which is of the caller's authority, gives it or the caller access at this time. Most grants
-- have neither a beginning nor an end, and each call in this rule makes every plan that contains it slower to start.
({grant}.principal_id is null or {grant}.principal_id = (select priv.principal())) and {grant}.withdrawn_at is null
    and ({grant}.since is null and {grant}.until is null or priv.in_force({grant}.since, {grant}.until, (select priv.at())))

-- template RARITY_OF_STRONGEST(rarity, strength): of some rows, the least rarity among those with the greatest strength, or null if there are none.
-- A rarity is from 0 to 9, and only a row without a strength has none. Sorting the rows of each group takes much longer.
(min({rarity} - 10 * {strength}) + 10 * max({strength}))::smallint

-- template KEYS(identifier, least): the match keys of persons that an identifier holds with at least this strength (-1 or 0).
array (select k.token from public.holdings k where k.identifier_id = {identifier} and k.strength between {least} and 0)

-- template WORTH_COMPARING(family, token): a pair of identifiers that shares the match keys in these rows is compared. One key of `letters+year`
-- alone is not enough, because very many people share one.
(bool_or({family} <> 'person:letters+year') or count(distinct {token}) > 1)

-- template TO_ESCALATE(deadline, told, before, after): this deadline runs, of its period so many hundredths were told, and more is over.
({deadline}.met_at is null and {deadline}.cancelled_at is null and {deadline}.suspended_at is null and {deadline}.escalated = {told}
    and TIME_BETWEEN({deadline}, {before}, {after}) <= extract(epoch from (select priv.at()) at time zone 'UTC'))

-- template TIME_BETWEEN(deadline, before, after): the time, in seconds since 1970, at which the part `after` of the period of a deadline is over.
-- `before` is the rest of 1. The expression is that of the indexes deadlines_half_over and deadlines_nearly_over.
extract(epoch from {deadline}.from_at at time zone 'UTC') * {before} + extract(epoch from {deadline}.due_at at time zone 'UTC') * {after}

-- template RESTS(kind, piece): a piece of work that failed is not tried again yet.
exists (select from public.put_off po where po.kind = '{kind}' and po.piece = {piece}::text and po.until > (select priv.at()))

-- template FINAL(state): nothing can be added to a case in this state any more.
{state} in ('withdrawn', 'transferred')

-- template ANNOUNCED(row, value, case, hidden): this row of registered_values announces the value in the case. For a hidden case it must have been
-- announced as in a hidden one.
{row}.case_id = {case} and {row}.digest = {value}.digest and ({row}.hidden or not {hidden})

-- template TIME_IN(context): the time of the service's clock, which is the sixth field of a signed context.
to_timestamp({context}[6]::bigint / 1e6)

-- template PUT_OFF(kind, piece): a piece of work failed when it was tried last.
exists (select from public.put_off po where po.kind = '{kind}' and po.piece = {piece}::text)
