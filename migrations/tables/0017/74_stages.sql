-- The states that things entered after their first one. Triggers write them, and only functions of the database read them. The states of requests
-- are in mla_stages, because their times are corrected by the sides.
create table object_stages (
    id bigint generated always as identity primary key,
    object_type text not null constraint staged_type check (object_type in ('measure', 'overlap', 'disclosure', 'meeting', 'jit')),
    object_id uuid not null,
    case_id uuid,
    victims boolean not null default false,
    was text not null,
    state text not null,
    since timestamptz
);
create index object_stages_by_object on object_stages (object_id, id);

-- Of earlier steps only the last is known, and only of some things when it was taken. What lies between counts as `unknown`.
with before as (
    select 'measure' as object_type, m.id as object_id, null::uuid as case_id, false as victims, 'pending' as first, m.state,
           case when m.state in ('executed', 'partly_executed', 'not_executed', 'refused', 'declined', 'withdrawn') then m.ended_at end as since
    from mla_measures m where m.state <> 'pending'
    union all
    select 'overlap', s.overlap_id, s.case_id, s.victims, 'detected', s.state,
           case when s.state in ('confirmed', 'rejected', 'unsure') then s.decided_at end
    from overlap_sides s where s.state <> 'detected'
    union all
    select 'disclosure', d.id, null, false, 'requested', d.state, d.decided_at from disclosures d where d.state <> 'requested'
    union all
    select 'meeting', m.id, null, false, 'proposed', m.state, null from meetings m where m.state <> 'proposed'
    union all
    select 'jit', j.id, null, false, 'unknown', j.state, null from jits j)
insert into object_stages (object_type, object_id, case_id, victims, was, state, since)
    select b.object_type, b.object_id, b.case_id, b.victims, s.was, s.state, s.since
    from before b cross join lateral (values (1, b.first, 'unknown', null::timestamptz), (2, 'unknown', b.state, b.since)) s (n, was, state, since)
    where s.was <> s.state
    order by b.object_id, s.n;
