grant select, insert, update (version, principal_id, assigned_by, assigned_at) on assignments to APP_ROLE;
grant select on assignments to coopapi_definer;
-- Only the authority that assigns something to its people knows of it. Prosecutors and desks assign anybody; others assign themselves, and
-- take back what is assigned to them.
create policy seen on assignments for select using (authority_id = (select priv.authority()));
create policy given on assignments for insert with check (
    authority_id = (select priv.authority()) and assigned_by = (select priv.principal())
    and ((select priv.role()) in ('prosecutor', 'desk') or principal_id is null or principal_id = (select priv.principal())));
create policy changed on assignments for update
    using (authority_id = (select priv.authority())
           and ((select priv.role()) in ('prosecutor', 'desk') or principal_id is null or principal_id = (select priv.principal())))
    with check (authority_id = (select priv.authority()) and assigned_by = (select priv.principal())
                and ((select priv.role()) in ('prosecutor', 'desk') or principal_id is null or principal_id = (select priv.principal())));

-- The functions below return what waits for the caller, each of some kinds, in statements whose plan is kept. They run with the rights of the
-- caller, so the policies of every table apply. p_steps has the awaited steps that the caller's role may take, for each kind in the order
-- in which they count. p_wanted has the filters. p_lapsing has the rules of deadlines whose right lapses.

-- Return the awaited steps of one kind. A step may hold only for some kinds of requests, for an urgency, for requests in some states
-- (`within`), or only when the deadline ends `soon`.
create function priv.awaited(p_steps jsonb, p_type text)
returns table (place integer, event text, state text, side text, kinds text[], urgency text, within text[], soon interval)
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    return query select w.* from jsonb_to_recordset(p_steps -> p_type) as w (
        place integer, event text, state text, side text, kinds text[], urgency text, within text[], soon interval);
end $$;

-- Return the earliest running deadline of the caller's side of a shared thing, or of one item of it. A right that has lapsed is due no more.
create function priv.due_of(p_object uuid, p_item uuid, p_side text, p_lapsing jsonb) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    return (select min(d.due_at) from public.deadlines d
            where d.object_id = p_object and d.met_at is null and d.cancelled_at is null and d.suspended_at is null
              and (d.authority_id = (select priv.authority()) or d.object_type = 'request' and d.owed_by = p_side)
              and (p_item is null or d.item_id is null or d.item_id = p_item)
              and d.counts_as_due and (d.due_at > (select priv.at()) or not p_lapsing ? d.rule));
end $$;

-- Return the case through which the caller takes part in a shared thing, or null.
create function priv.own_case(p_object uuid) returns uuid
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    return (select p.case_id from public.parties p where p.object_id = p_object and p.case_id is not null order by p.id limit 1);
end $$;

-- Return the parts in which the caller acts in requests that have not ended, and that match the filters of requests. The states are those of the
-- indexes requests_open_*: in none of them anything waits.
create function priv.open_requests(p_wanted jsonb)
returns table (request_id uuid, kind text, state text, urgency text, side text, case_id uuid, since timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with mine as materialized (
        select r.id from public.mla_requests r where r.requesting_id = (select priv.authority()) and r.state <> all (array['closed', 'withdrawn', 'refused', 'declined', 'accepted', 'released', 'expired', 'evidence_transferred', 'surrendered', 'mla_submitted'])
        union
        select r.id from public.mla_requests r where r.executing_id = (select priv.authority()) and r.state <> all (array['closed', 'withdrawn', 'refused', 'declined', 'accepted', 'released', 'expired', 'evidence_transferred', 'surrendered', 'mla_submitted'])
        union
        select r.id from public.mla_requests r where r.enforcing_id = (select priv.authority()) and r.state <> all (array['closed', 'withdrawn', 'refused', 'declined', 'accepted', 'released', 'expired', 'evidence_transferred', 'surrendered', 'mla_submitted']))
    select r.id, r.kind, r.state, r.urgency, p.side, p.case_id, r.updated_at
    from mine m join public.mla_requests r on r.id = m.id
    join public.parties p on p.object_id = r.id and p.acting and p.authority_id = (select priv.authority())
        and (p.case_id is null or GRANTED(p.case_id, 3))
    where (not p_wanted ? 'requesting_country'
           or exists (select from public.authorities a where a.id = r.requesting_id and a.country = p_wanted ->> 'requesting_country'))
      and (not p_wanted ? 'executing_country' or r.executing_country = p_wanted ->> 'executing_country')
      and (not p_wanted ? 'urgency' or r.urgency = p_wanted ->> 'urgency')
      and (not p_wanted ? 'reference' or strpos(r.reference_folded, p_wanted ->> 'reference_folded') > 0
           or strpos(lower(r.foreign_reference), lower(p_wanted ->> 'reference')) > 0)
      and (not p_wanted ? 'measure'
           or exists (select from public.mla_measures x where x.request_id = r.id and x.code = p_wanted ->> 'measure'));
end $$;

create function priv.waiting_requests(p_steps jsonb, p_wanted jsonb, p_lapsing jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with step as materialized (select * from priv.awaited(p_steps, 'request'))
    select 'request', r.request_id, r.case_id, r.side, s.event, r.since, d.due
    from priv.open_requests(p_wanted) r
    cross join lateral (select priv.due_of(r.request_id, null, r.side, p_lapsing) as due) d
    cross join lateral (
        select w.event from step w
        where w.side = r.side and w.state = r.state and r.kind = any (w.kinds) and (w.urgency is null or w.urgency = r.urgency)
          and (w.soon is null or d.due <= (select priv.at()) + w.soon)
          and case w.event
              when 'validate_ex_post' then exists (select from public.mla_requests x where x.id = r.request_id and x.validated_at is null)
              when 'receive_notification' then not exists (
                  select from public.stated_times t where t.object_id = r.request_id and t.what = 'notified')
              when 'receive_enforcement' then not exists (
                  select from public.stated_times t where t.object_id = r.request_id and t.what = 'enforcement_received')
              else true end
        order by w.place limit 1) s;
end $$;

create function priv.waiting_measures(p_steps jsonb, p_wanted jsonb, p_lapsing jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with step as materialized (select * from priv.awaited(p_steps, 'measure'))
    select 'measure', m.id, r.case_id, r.side, s.event, r.since, d.due
    from priv.open_requests(p_wanted) r
    join public.mla_measures m on m.request_id = r.request_id
    cross join lateral (select priv.due_of(r.request_id, m.id, r.side, p_lapsing) as due) d
    cross join lateral (
        select w.event from step w
        where w.side = r.side and w.state = m.state and r.state = any (w.within) and r.kind = any (w.kinds)
          and (w.urgency is null or w.urgency = r.urgency) and (w.soon is null or d.due <= (select priv.at()) + w.soon)
        order by w.place limit 1) s
    where not p_wanted ? 'measure' or m.code = p_wanted ->> 'measure';
end $$;

-- Return disclosures to decide: of the cases of the caller's authority, and of those for which it is responsible.
create function priv.waiting_disclosures(p_steps jsonb, p_wanted jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with mine as materialized (
        select d.id from public.disclosures d
        where d.owner_authority = (select priv.authority()) and d.state in ('requested', 'awaiting_judicial_authorisation')
        union
        select d.id from public.case_access g join public.disclosures d on d.owner_case = g.case_id
        where g.authority_id = (select priv.authority()) and g.kind = 'responsible' and g.withdrawn_at is null and g.level = 3
          and d.state in ('requested', 'awaiting_judicial_authorisation'))
    select 'disclosure', d.id, d.owner_case, w.side, w.event, d.asked_at, d.due_at
    from mine m join public.disclosures d on d.id = m.id join priv.awaited(p_steps, 'disclosure') w on w.state = d.state
    where ANSWERING(d.owner_case)
      and (not p_wanted ? 'requesting_country'
           or exists (select from public.authorities a where a.id = d.asking_authority and a.country = p_wanted ->> 'requesting_country'))
      and (not p_wanted ? 'executing_country'
           or exists (select from public.authorities a where a.id = d.owner_authority and a.country = p_wanted ->> 'executing_country'))
      and (not p_wanted ? 'urgency' or d.urgency = p_wanted ->> 'urgency');
end $$;

-- Return the cases for which the caller's authority was named as responsible and has not answered.
create function priv.waiting_responsibilities(p_steps jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select 'case_access', n.id, n.case_id, w.side, w.event, n.granted_at, null::timestamptz
    from public.case_access n join priv.awaited(p_steps, 'case_access') w on w.state = 'named'
    where n.authority_id = (select priv.authority()) and n.kind = 'responsible' and n.withdrawn_at is null and n.level = 1
      and GRANTED(n.case_id, 1);
end $$;

-- Return evidence that is offered to the caller's authority or that it has to verify, and uses of its evidence to which it has to consent.
create function priv.waiting_evidence(p_steps jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select 'evidence', e.id, priv.own_case(e.object_id), w.side, w.event, e.created_at, null::timestamptz
    from public.evidence_recipients c join public.evidence e on e.id = c.evidence_id
    join priv.awaited(p_steps, 'evidence') w on w.side = 'receiver' and w.state = c.state
    where c.authority_id = (select priv.authority()) and c.state = 'offered' and e.state = 'given'
      and e.provider_id <> (select priv.authority()) and ACTING(e.object_id)
    union all
    select 'evidence', e.id, priv.own_case(e.object_id), w.side, w.event, e.created_at, null
    from public.evidence e join priv.awaited(p_steps, 'evidence') w on w.side = 'verifier' and w.state = e.state
    where e.verifier_id = (select priv.authority()) and e.state = 'to_verify' and ACTING(e.object_id)
    union all
    select 'evidence_use', u.id, priv.own_case(u.object_id), w.side, w.event, u.asked_at, null
    from public.evidence_uses u join priv.awaited(p_steps, 'evidence_use') w on w.state = u.state
    where u.provider_id = (select priv.authority()) and u.state = 'consent_asked' and ACTING(u.object_id);
end $$;

-- Return the teams, amendments and public statements that wait for the caller's signature, and teams that end soon.
create function priv.waiting_teams(p_steps jsonb, p_lapsing jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with mine as materialized (
        select p.jit_id as id from public.jit_parties p where p.authority_id = (select priv.authority()) and p.state = 'party'
        union
        select a.jit_id from public.jit_amendments a where a.authority_id = (select priv.authority()) and a.state = 'proposed'),
    team as materialized (
        select j.id, j.until, j.updated_at, p.side, p.case_id, j.state,
               case when j.state = 'active' and j.until <= (select priv.at()) then 'ended' else j.state end as standing
        from mine m join public.jits j on j.id = m.id
        join public.parties p on p.object_id = j.id and p.acting and p.authority_id = (select priv.authority())
            and (p.case_id is null or GRANTED(p.case_id, 3))),
    found as (
        select 'jit' as type, t.id, t.id as subject, w.event, t.updated_at as since, t.id as team, w.side, w.soon, t.case_id
        from team t join priv.awaited(p_steps, 'jit') w on w.state = t.standing and w.side = t.side
        where w.event <> 'sign' or t.until > (select priv.at())
        union all
        select 'jit_amendment', a.id, a.id, w.event, a.proposed_at, t.id, w.side, w.soon, t.case_id
        from team t join public.jit_amendments a on a.jit_id = t.id
        join priv.awaited(p_steps, 'jit_amendment') w on w.state = a.state and w.side = t.side
        where t.standing = 'active'
        union all
        select 'jit_statement', s.id, s.id, w.event, s.proposed_at, t.id, w.side, w.soon, t.case_id
        from team t join public.jit_statements s on s.jit_id = t.id
        join priv.awaited(p_steps, 'jit_statement') w on w.state = s.state and w.side = t.side
        where t.state = 'closed')
    select f.type, f.id, f.case_id, f.side, f.event, f.since, d.due
    from found f cross join lateral (select priv.due_of(f.team, null, f.side, p_lapsing) as due) d
    where (f.soon is null or d.due <= (select priv.at()) + f.soon)
      and (f.event not in ('sign', 'approve') or not exists (
          select from public.jit_signatures g
          where g.subject_id = f.subject and g.authority_id = (select priv.authority()) and g.voided_at is null));
end $$;

-- Return the meetings to schedule, hold or close, minutes to agree to, invitations to answer, and actions to take. What authorities without
-- users here answer or do waits for the host, who records it.
create function priv.waiting_meetings(p_steps jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with mine as materialized (
        select m.id from public.meetings m where m.host_id = (select priv.authority()) and m.state not in ('closed', 'cancelled')
        union
        select p.meeting_id from public.meeting_participants p
        where p.authority_id = (select priv.authority()) and p.state in ('invited', 'accepted') and p.agreed_at is null)
    select 'meeting', m.id, p.case_id, w.side, w.event, m.updated_at, case when m.state = 'scheduled' then m.ends_at end
    from mine i join public.meetings m on m.id = i.id
    join public.parties p on p.object_id = m.id and p.acting and p.authority_id = (select priv.authority())
        and (p.case_id is null or GRANTED(p.case_id, 3))
    join priv.awaited(p_steps, 'meeting') w on w.state = m.state and w.side = p.side
    where case w.event when 'hold' then m.starts_at <= (select priv.at())
          when 'agree' then m.minutes is not null and exists (
              select from public.meeting_participants s where s.meeting_id = m.id and s.authority_id = (select priv.authority())
              and s.state in ('invited', 'accepted') and s.country is not null and s.agreed_at is null)
          else true end
    union all
    select 'meeting_place', s.id, priv.own_case(m.id), w.side, w.event, s.invited_at, m.starts_at
    from mine i join public.meetings m on m.id = i.id join public.meeting_participants s on s.meeting_id = m.id
    join priv.awaited(p_steps, 'meeting_place') w on w.state = s.state
    where s.authority_id = (select priv.authority()) and m.host_id <> (select priv.authority())
      and m.state in ('proposed', 'dates_polled', 'scheduled', 'held') and ACTING(m.id)
    union all
    select 'meeting_place', s.id, priv.own_case(m.id), 'host', w.event, s.invited_at, m.starts_at
    from public.meetings m join public.meeting_participants s on s.meeting_id = m.id
    join priv.awaited(p_steps, 'meeting_place') w on w.state = s.state
    where m.host_id = (select priv.authority()) and m.state in ('proposed', 'dates_polled', 'scheduled', 'held')
      and s.state = 'invited' and priv.hosts_for(m.id, s.authority_id) and ACTING(m.id)
    union all
    select 'action', a.id, priv.own_case(a.meeting_id), w.side, w.event, a.created_at, a.due_at
    from public.meeting_actions a join priv.awaited(p_steps, 'action') w on w.state = a.state
    where a.owner_id = (select priv.authority()) and a.state = 'open'
    union all
    select 'action', a.id, priv.own_case(a.meeting_id), 'host', w.event, a.created_at, a.due_at
    from public.meetings m join public.meeting_actions a on a.meeting_id = m.id
    join priv.awaited(p_steps, 'action') w on w.state = a.state
    where m.host_id = (select priv.authority()) and a.state = 'open' and a.owner_id <> (select priv.authority())
      and priv.hosts_for(m.id, a.owner_id);
end $$;

create function priv.waiting_consultations(p_steps jsonb, p_lapsing jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select 'consultation', c.id, p.case_id, w.side, w.event, c.created_at, priv.due_of(c.id, null, w.side, p_lapsing)
    from public.consultation_positions o join public.consultations c on c.id = o.consultation_id
    join public.parties p on p.object_id = c.id and p.acting and p.authority_id = (select priv.authority())
        and (p.case_id is null or GRANTED(p.case_id, 3))
    join priv.awaited(p_steps, 'consultation') w on w.state = c.state and w.side = p.side
    where o.authority_id = (select priv.authority()) and o.side = 'executing' and o.replied_at is null;
end $$;

create function priv.waiting_approvals(p_steps jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select 'approval', a.id, null::uuid, w.side, w.event, a.requested_at, a.expires_at
    from public.approvals a join priv.awaited(p_steps, 'approval') w on w.state = a.state
    where a.state = 'requested' and a.expires_at > (select priv.at()) and priv.may_decide(a.id);
end $$;

-- Return the deadlines that were missed and still run: those of the caller's authority, those of its side of open requests, and those of
-- authorities without users here in meetings that it hosts.
create function priv.missed_deadlines(p_lapsing jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with missed as (
        select d.id from public.deadlines d
        where d.authority_id = (select priv.authority()) and d.met_at is null and d.cancelled_at is null and d.due_at < (select priv.at())
        union
        select d.id from priv.open_requests('{}') r join public.deadlines d on d.object_id = r.request_id and d.owed_by = r.side
        where d.object_type = 'request' and d.met_at is null and d.cancelled_at is null and d.due_at < (select priv.at())
        union
        select d.id from public.meetings m join public.deadlines d on d.object_id = m.id
        where m.host_id = (select priv.authority()) and d.met_at is null and d.cancelled_at is null and d.due_at < (select priv.at())
          and priv.hosts_for(m.id, d.authority_id))
    select 'deadline', d.id, priv.own_case(d.object_id), d.owed_by, 'missed', d.due_at, d.due_at
    from missed m join public.deadlines d on d.id = m.id
    where d.suspended_at is null and d.counts_as_due and not p_lapsing ? d.rule;
end $$;

-- Tell whether a thing is assigned to this person of the caller's authority, or to `none`. Without an assignee it is always so.
create function priv.is_assigned(p_type text, p_object uuid, p_assignee text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    return p_assignee is null or p_assignee = coalesce((select a.principal_id::text from public.assignments a
        where a.authority_id = (select priv.authority()) and a.object_type = p_type and a.object_id = p_object), 'none');
end $$;

-- Return the strongest overlaps whose sides wait for the caller to verify them, or that it has taken, after the one at p_rank, p_after and p_side.
-- They are read in the order of their rank.
create function priv.overlaps_to_verify(p_steps jsonb, p_wanted jsonb, p_count integer, p_rank bigint, p_after uuid, p_side uuid)
returns table (type text, id uuid, case_id uuid, event text, since timestamptz, rank bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
    v_states text[] := array (select w.state from priv.awaited(p_steps, 'overlap') w);
    v_case uuid := p_wanted ->> 'case_id';
    v_assignee text := p_wanted ->> 'assignee';
begin
    if priv.cleared() then
        return query TO_VERIFY(rank, strength, detected_a, detected_b);
    else
        return query TO_VERIFY(open_rank, open_strength, open_detected_a, open_detected_b);
    end if;
end $$;

-- Return where overlaps to verify are looked for: at the case that is asked for, or where the caller sees overlaps at all.
create function priv.places_to_verify(p_wanted jsonb) returns table (authority_id uuid, case_id uuid)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    if p_wanted ? 'case_id' then
        return query select null::uuid, (p_wanted ->> 'case_id')::uuid;
    else
        return query select * from priv.places_of_overlaps();
    end if;
end $$;

-- Return everything that waits for the caller: of overlaps only the first p_count after the place p_after, and nothing else after an overlap.
create function priv.waiting(p_steps jsonb, p_wanted jsonb, p_lapsing jsonb, p_count integer, p_after jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz, rank bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    v_first bigint := 9223372036854775807;
    v_rank bigint := coalesce((p_after ->> 'rank')::bigint, v_first);
begin
    if p_steps ? 'overlap' and not p_wanted ?| array['due_before', 'overdue'] then
        return query
        select o.type, o.id, o.case_id, null::text, o.event, o.since, null::timestamptz, o.rank
        from priv.overlaps_to_verify(p_steps, p_wanted, p_count, v_rank, (p_after ->> 'id')::uuid, (p_after ->> 'in_case')::uuid) o;
    end if;
    if v_rank < v_first then
        return;
    end if;
    if p_steps ? 'disclosure' then
        return query select w.*, v_first from priv.waiting_disclosures(p_steps, p_wanted) w;
    end if;
    if p_steps ? 'case_access' then
        return query select w.*, v_first from priv.waiting_responsibilities(p_steps) w;
    end if;
    if p_steps ? 'request' then
        return query select w.*, v_first from priv.waiting_requests(p_steps, p_wanted, p_lapsing) w;
    end if;
    if p_steps ? 'measure' then
        return query select w.*, v_first from priv.waiting_measures(p_steps, p_wanted, p_lapsing) w;
    end if;
    if p_steps ?| array['evidence', 'evidence_use'] then
        return query select w.*, v_first from priv.waiting_evidence(p_steps) w;
    end if;
    if p_steps ?| array['jit', 'jit_amendment', 'jit_statement'] then
        return query select w.*, v_first from priv.waiting_teams(p_steps, p_lapsing) w;
    end if;
    if p_steps ?| array['meeting', 'meeting_place', 'action'] then
        return query select w.*, v_first from priv.waiting_meetings(p_steps) w;
    end if;
    if p_steps ? 'consultation' then
        return query select w.*, v_first from priv.waiting_consultations(p_steps, p_lapsing) w;
    end if;
    if p_steps ? 'approval' then
        return query select w.*, v_first from priv.waiting_approvals(p_steps) w;
    end if;
    if p_steps ? 'deadline' then
        return query select w.*, v_first from priv.missed_deadlines(p_lapsing) w;
    end if;
end $$;

-- Return one page of the worklist: what is due first, then what has waited for longest, then overlaps by their rank. p_after is the last item of
-- the page before.
create function priv.worklist(p_steps jsonb, p_wanted jsonb, p_lapsing jsonb, p_count integer, p_after jsonb)
returns table (type text, id uuid, case_id uuid, side text, event text, since timestamptz, due timestamptz, rank bigint, assignee uuid)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select w.type, w.id, w.case_id, w.side, w.event, w.since, w.due, w.rank, a.principal_id
    from (select v.*, coalesce(v.due, 'infinity') as sooner,
                 case when v.rank = 9223372036854775807 then v.since else 'infinity' end as longer,
                 coalesce(v.case_id, '00000000-0000-0000-0000-000000000000') as in_case
          from priv.waiting(p_steps, p_wanted, p_lapsing, p_count, p_after) v) w
    left join public.assignments a
        on a.authority_id = (select priv.authority()) and a.object_type = w.type and a.object_id = w.id
    where (not p_wanted ? 'case_id' or w.case_id = (p_wanted ->> 'case_id')::uuid)
      and (not p_wanted ? 'due_before' or w.due < (p_wanted ->> 'due_before')::timestamptz)
      and (not p_wanted ? 'overdue' or w.due < (select priv.at()))
      and (not p_wanted ? 'assignee' or coalesce(a.principal_id::text, 'none') = p_wanted ->> 'assignee')
      and (p_after is null
           or (w.sooner, -w.rank, w.longer)
              > ((p_after ->> 'sooner')::timestamptz, -(p_after ->> 'rank')::bigint, (p_after ->> 'longer')::timestamptz)
           or (w.sooner, w.rank, w.longer)
              = ((p_after ->> 'sooner')::timestamptz, (p_after ->> 'rank')::bigint, (p_after ->> 'longer')::timestamptz)
              and (w.id, w.in_case) < ((p_after ->> 'id')::uuid, (p_after ->> 'in_case')::uuid))
    order by w.sooner, w.rank desc, w.longer, w.id desc, w.in_case desc
    limit p_count;
end $$;

-- Count what waits for the caller, by type, up to p_most of each.
create function priv.worklist_counts(p_steps jsonb, p_wanted jsonb, p_lapsing jsonb, p_most integer) returns table (type text, items bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select w.type, least(count(*), p_most) from priv.waiting(p_steps, p_wanted, p_lapsing, p_most, null) w
    where (not p_wanted ? 'case_id' or w.case_id = (p_wanted ->> 'case_id')::uuid)
      and (not p_wanted ? 'due_before' or w.due < (p_wanted ->> 'due_before')::timestamptz)
      and (not p_wanted ? 'overdue' or w.due < (select priv.at()))
      and priv.is_assigned(w.type, w.id, p_wanted ->> 'assignee')
    group by w.type;
end $$;

grant execute on function priv.awaited(jsonb, text), priv.due_of(uuid, uuid, text, jsonb), priv.own_case(uuid), priv.open_requests(jsonb),
    priv.waiting_requests(jsonb, jsonb, jsonb), priv.waiting_measures(jsonb, jsonb, jsonb), priv.waiting_disclosures(jsonb, jsonb),
    priv.waiting_responsibilities(jsonb), priv.waiting_evidence(jsonb), priv.waiting_teams(jsonb, jsonb), priv.waiting_meetings(jsonb),
    priv.waiting_consultations(jsonb, jsonb), priv.waiting_approvals(jsonb), priv.missed_deadlines(jsonb),
    priv.is_assigned(text, uuid, text),
    priv.overlaps_to_verify(jsonb, jsonb, integer, bigint, uuid, uuid), priv.places_to_verify(jsonb),
    priv.waiting(jsonb, jsonb, jsonb, integer, jsonb), priv.worklist(jsonb, jsonb, jsonb, integer, jsonb),
    priv.worklist_counts(jsonb, jsonb, jsonb, integer) to APP_ROLE;
