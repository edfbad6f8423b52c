grant select, insert,
    update (version, started_by, from_at, due_at, first_due_at, met_at, met_by, cancelled_at, suspended_at, stood, extensions, time_id,
        corrections) on deadlines to APP_ROLE;
grant select, update (escalated) on deadlines to coopapi_definer;
-- An authority still sees the deadlines of its own meeting actions after its access to the meeting ended.
create policy seen on deadlines for select using (
    PARTY(deadlines.object_id) or object_type = 'meeting' and authority_id = (select priv.authority()));
create policy made on deadlines for insert with check (ACTING(deadlines.object_id));
create policy changed on deadlines for update using (
    ACTING(deadlines.object_id)
    or object_type = 'meeting' and (authority_id = (select priv.authority()) or priv.hosts_for(object_id, authority_id)));

grant select, insert, update (version, state, objection, contested_by, contested_at) on stated_times to APP_ROLE;
-- A correction that waits for the approval of a second person, or was rejected, is for the side that proposed it.
create policy seen on stated_times for select using (
    PARTY(stated_times.object_id) and (state not in ('proposed', 'rejected') or recorded_by = (select priv.authority())));
create policy made on stated_times for insert with check (
    ACTING(stated_times.object_id) and recorded_by = (select priv.authority()) and stated_by = (select priv.principal()));
create policy changed on stated_times for update using (ACTING(stated_times.object_id));

grant select, insert, update (version, hours, counts_as_due, ended_at) on service_targets to APP_ROLE;
create policy seen on service_targets for select using ((select priv.authority()) is not null);
create policy made on service_targets for insert with check (authority_id = (select priv.authority()));
create policy changed on service_targets for update using (authority_id = (select priv.authority()));

-- Return a running deadline of which half of the period is over and those on duty were not told, or four fifths and they were told once.
create function priv.next_to_escalate() returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_sort = off as $$
    select coalesce(
        (select d.id from public.deadlines d
         where TO_ESCALATE(d, 50, 0.2, 0.8) and not PUT_OFF(deadlines, d.id) order by TIME_BETWEEN(d, 0.2, 0.8) limit 1),
        (select d.id from public.deadlines d
         where TO_ESCALATE(d, 0, 0.5, 0.5) and not PUT_OFF(deadlines, d.id) order by TIME_BETWEEN(d, 0.5, 0.5) limit 1))
$$;

-- Return who is on duty for an authority now and may read a shared thing, as one of the parts of the authority allows.
create function priv.on_duty(p_authority uuid, p_object uuid) returns uuid[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select array_agg(distinct s.principal_id)
    from public.duty_shifts s join public.principals u on u.id = s.principal_id and u.active and u.roles <> '{}'
    where s.authority_id = p_authority and s.since <= (select priv.at()) and s.until > (select priv.at())
      and exists (
        select from public.parties p
        where p.object_id = p_object and p.authority_id = p_authority and (p.until is null or p.until > (select priv.at()))
          and (p.case_id is null or exists (
              select from public.case_access g
              where g.case_id = p.case_id and g.authority_id = p_authority and g.level >= 2
                and (g.principal_id is null or g.principal_id = s.principal_id) and g.withdrawn_at is null
                and (g.since is null or g.since <= (select priv.at())) and (g.until is null or g.until > (select priv.at())))))
$$;

-- Tell those concerned that a deadline is half over, or nearly over: at first those on duty for the authority that owes it, and if nobody of
-- them may read the thing, or four fifths are over, also the desks of its country that take part in the thing. If there is nobody, the
-- administrators of the authority get an alarm that names no object. Those that set no time limit are passed over. What an authority
-- without users here owes in a meeting is told to its host, which watches it. The step is
-- stored with the deadline in the same transaction, so nobody is told twice.
create function priv.escalate(p_deadline uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    d public.deadlines;
    percent smallint;
    told uuid[];
    entries jsonb := '[]';
begin
    perform priv.require_worker();
    select x.* into d from public.deadlines x
        where x.id = p_deadline and (TO_ESCALATE(x, 50, 0.2, 0.8) or TO_ESCALATE(x, 0, 0.5, 0.5))
        for update skip locked;
    if d.id is null then
        return;
    end if;
    percent := case when d.escalated = 50 or extract(epoch from d.due_at - priv.at()) <= 0.2 * extract(epoch from d.due_at - d.from_at)
                    then 80 else 50 end;
    update public.deadlines x set escalated = percent where x.id = d.id;
    if not d.counts_as_due or d.due_at <= priv.at() then
        return;
    end if;
    told := priv.on_duty(d.authority_id, d.object_id);
    select coalesce(jsonb_agg(jsonb_build_object(
               'authority_id', p.authority_id, 'role', 'machine', 'at', (select priv.at()), 'action', 'deadline.nears', 'object_type', d.object_type,
               'object_id', d.object_id, 'case_id', p.case_id, 'purpose', 'coordination', 'request_id', '', 'consultation', false, 'event', true,
               'victims_only', false, 'detail', jsonb_build_object('deadline', d.id, 'rule', d.rule, 'due_at', d.due_at, 'percent', percent)
                   || case when p.authority_id = d.authority_id then jsonb_build_object('on_duty', told) else '{}' end)
               order by p.authority_id), '[]') into entries
        from (select distinct q.authority_id, q.case_id from public.parties q join public.authorities a on a.id = q.authority_id
              where q.object_id = d.object_id and (q.until is null or q.until > (select priv.at()))
                and (q.authority_id = d.authority_id and told is not null
                     or d.object_type = 'meeting' and not priv.has_users(d.authority_id)
                        and exists (select from public.meetings m where m.id = d.object_id and m.host_id = q.authority_id)
                     or a.type = 'eurojust_desk' and a.country = d.country and (percent = 80 or told is null))) p;
    if entries = '[]' and priv.has_users(d.authority_id) then
        perform priv.alarm(d.authority_id, 'deadline_unattended', jsonb_build_object('percent', percent));
    else
        perform priv.append(entries);
    end if;
end $$;

grant execute on function priv.escalate(uuid) to APP_ROLE;
