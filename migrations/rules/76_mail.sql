-- Mail to people. The worker looks at fixed ticks of the clock, in the name of each person, at what waits for that person, and enters mail that
-- only says so. It sends without a transaction. Only the functions below write addresses and mail.

-- Return what the caller is told of by mail: what its worklist has, of overlaps the p_most that count most, and of the last seven days the
-- deadlines that near while the caller is on duty (for a desk, those that were left to it), and for administrators and auditors the alarms. A key
-- is that of a thing. `urgent` marks emergencies and clocks of at most eight hours: p_short has the rules of such deadlines and the urgencies
-- of such disclosures. `late` marks overlaps that moved up because others left the list. Policies apply, as in the worklist itself.
create function priv.to_tell(p_steps jsonb, p_lapsing jsonb, p_short jsonb, p_most integer, p_looked timestamptz)
returns table (item bigint, urgent boolean, late boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select hashtextextended(w.type || '/' || w.id, 0),
           case w.type
               when 'disclosure' then exists (
                   select from public.disclosures d where d.id = w.id and p_short -> 'urgencies' ? d.urgency)
               when 'request' then priv.is_pressing(w.id, p_short)
               when 'measure' then priv.is_pressing((select m.request_id from public.mla_measures m where m.id = w.id), p_short)
               when 'deadline' then exists (
                   select from public.deadlines d
                   where d.id = w.id and (p_short -> 'rules' ? d.rule or priv.is_pressing(d.object_id, p_short)))
               else false end,
           w.rank <> 9223372036854775807 and w.since < p_looked - interval '1 hour'
               and count(*) filter (where w.rank <> 9223372036854775807) over () >= p_most
    from priv.waiting(p_steps, '{}', p_lapsing, p_most, null) w
    union all
    select hashtextextended('entry/' || e.uid, 0),
           e.action = 'deadline.nears' and (p_short -> 'rules' ? (e.detail ->> 'rule') or priv.is_pressing(e.object_id, p_short)), false
    from public.journal_entries e
    where e.authority_id = (select priv.authority()) and e.event and e.at > (select priv.at()) - interval '7 days'
      and (e.action = 'deadline.nears' or e.object_type = 'alarm')
      and case (select priv.role()) when 'admin' then e.object_type = 'alarm' when 'auditor' then e.object_type = 'alarm'
               when 'desk' then not e.detail ? 'on_duty' or e.detail -> 'on_duty' ? (select priv.principal())::text
               else e.detail -> 'on_duty' ? (select priv.principal())::text end;
end $$;

-- Tell whether a request is an emergency, or a short clock runs for the caller's authority in it.
create function priv.is_pressing(p_request uuid, p_short jsonb) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    return exists (select from public.mla_requests r where r.id = p_request and r.urgency = 'emergency') or exists (
        select from public.deadlines d
        where d.object_id = p_request and d.authority_id = (select priv.authority()) and d.met_at is null and d.cancelled_at is null
          and p_short -> 'rules' ? d.rule);
end $$;

-- Tell whether a person is on duty for a point of contact now, or with p_later now or later.
create function priv.is_on_duty(p_person uuid, p_later boolean) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from public.duty_shifts s
                   where s.principal_id = p_person and s.since < s.until and (p_later or s.since <= (select priv.at())) and s.until > (select priv.at()))
$$;

-- Tell whether the caller is on duty now.
create function priv.am_on_duty() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.is_on_duty((select priv.principal()), false)
$$;

-- Enter the account of the caller, if it has none yet. Only people have one.
create function priv.open_mail_account() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.mail_accounts (id, version)
        select p.id, 0 from public.principals p where p.id = (select priv.principal()) and p.kind = 'person' on conflict do nothing;
end $$;

-- Enter mail that is to be sent now. One that waits already is not doubled; it becomes urgent if the new one is.
create function priv.enter_mail(p_address uuid, p_kind text, p_urgent boolean) returns void
language plpgsql volatile as $$
begin
    insert into public.mails (id, address_id, kind, urgent, created_at, next_at)
        values (gen_random_uuid(), p_address, p_kind, p_urgent, (select priv.at()), (select priv.at()))
        on conflict (address_id, kind) where state = 'waiting' do update
            set urgent = true, next_at = (select priv.at()) where excluded.urgent and not mails.urgent;
end $$;

-- End an address, and tell it so if it was in use. The address itself is erased when that mail is settled.
create function priv.end_address(p_address uuid) returns void
language plpgsql volatile as $$
declare
    a public.mail_addresses;
begin
    select * into a from public.mail_addresses m where m.id = p_address and m.state <> 'ended' for update;
    if a.state = 'confirmed' then
        perform priv.enter_mail(a.id, 'changed', false);
    end if;
    update public.mail_addresses m set version = m.version + 1, state = 'ended', ended_at = (select priv.at()) where m.id = a.id;
end $$;

-- Enter an address of a person, for the person itself or an administrator of its authority, and have a code sent to it. It replaces another one that
-- waits for its code. Return false if too many were entered in a day.
create function priv.ask_address(p_id uuid, p_person uuid, p_use text, p_address bytea) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    p public.principals;
begin
    select * into p from public.principals o where o.id = p_person and o.kind = 'person' and o.active;
    if p.id is null then
        raise exception 'only people have addresses for mail' using errcode = '42501';
    end if;
    if p.id is distinct from priv.principal() then
        perform priv.require_administrator(p.authority_id);
    end if;
    insert into public.mail_accounts (id, version) values (p.id, 0) on conflict do nothing;
    perform from public.mail_accounts a where a.id = p.id for update;
    if (select count(*) from public.mail_addresses a where a.principal_id = p.id and a.asked_at > (select priv.at()) - interval '24 hours') >= 10 then
        return false;
    end if;
    perform priv.end_address(a.id) from public.mail_addresses a where a.principal_id = p.id and a.use = p_use and a.state = 'waiting';
    insert into public.mail_addresses (id, version, principal_id, authority_id, use, address, state, asked_by, asked_at, expires_at)
        values (p_id, 1, p.id, p.authority_id, p_use, p_address, 'waiting', (select priv.principal()), (select priv.at()),
            (select priv.at()) + interval '2 days');
    perform priv.enter_mail(p_id, 'code', false);
    return true;
end $$;

-- Put an address of the caller to use, whose code the service has compared, in place of the one before. Return false if it does not wait.
create function priv.confirm_address(p_address uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.mail_addresses;
begin
    perform from public.mail_accounts c where c.id = (select priv.principal()) for update;
    select * into a from public.mail_addresses m
        where m.id = p_address and m.principal_id = (select priv.principal()) and m.state = 'waiting' and m.expires_at > (select priv.at());
    if a.id is null then
        return false;
    end if;
    perform priv.end_address(b.id) from public.mail_addresses b where b.principal_id = a.principal_id and b.use = a.use and b.state = 'confirmed';
    update public.mail_addresses m set version = m.version + 1, state = 'confirmed', confirmed_at = (select priv.at()), tested_at = (select priv.at())
        where m.id = a.id;
    update public.mail_accounts c set next_at = case when c.frequency <> 'never' then (select priv.at()) end, fault = null, failing_since = null
        where c.id = a.principal_id;
    return true;
end $$;

-- End an address of the caller. Return false if the caller is on duty, or will be, and has no other one: then it has to stay.
create function priv.remove_address(p_address uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.mail_addresses;
begin
    perform from public.mail_accounts c where c.id = (select priv.principal()) for update;
    select * into a from public.mail_addresses m
        where m.id = p_address and m.principal_id = (select priv.principal()) and m.state <> 'ended';
    if a.state = 'confirmed' and priv.is_on_duty(a.principal_id, true) and not exists (
            select from public.mail_addresses b where b.principal_id = a.principal_id and b.state = 'confirmed' and b.id <> a.id) then
        return false;
    end if;
    perform priv.end_address(a.id);
    return true;
end $$;

-- Return the people at whose matters the worker is to look now, at most p_most: those whose time has come, and every minute those on duty, who are
-- the first. Of the others, the first are those whose time came first. Before that, end the addresses of people who have left and codes that have expired, erase what is not needed any more, and have each address
-- tested once a day, at midnight (UTC).
create function priv.people_to_tell(p_most integer)
returns table (id uuid, issuer text, subject text, roles text[], frequency text, hour smallint, time_zone text, quiet_from text, quiet_until text,
               looked_at timestamptz, again boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    at_time timestamptz := priv.at();
begin
    perform priv.require_worker();
    perform priv.end_address(a.id) from public.mail_addresses a join public.principals p on p.id = a.principal_id
        where a.state = 'waiting' and a.expires_at <= at_time or a.state <> 'ended' and not p.active;
    update public.mail_addresses a set address = null where a.state = 'ended' and a.address is not null
        and not exists (select from public.mails m where m.address_id = a.id and m.state = 'waiting');
    delete from public.mails m where m.settled_at < at_time - interval '30 days';
    perform priv.enter_mail(a.id, 'test', false) from public.mail_addresses a
        where a.state = 'confirmed' and a.tested_at < date_trunc('day', at_time, 'UTC');
    update public.mail_addresses a set tested_at = at_time where a.state = 'confirmed' and a.tested_at < date_trunc('day', at_time, 'UTC');
    return query
        select p.id, p.issuer, p.subject, p.roles, c.frequency, c.hour, c.time_zone, c.quiet_from, c.quiet_until, c.looked_at,
               PUT_OFF(people, p.id)
        from public.mail_accounts c join public.principals p on p.id = c.id and p.active and p.roles <> '{}'
        cross join lateral (select priv.is_on_duty(p.id, false) as on_duty) d
        where (c.next_at <= at_time or d.on_duty and coalesce(c.looked_at, '-infinity') < date_trunc('minute', at_time))
          and exists (select from public.mail_addresses a where a.principal_id = p.id and a.state = 'confirmed') and not RESTS(people, p.id)
        order by d.on_duty desc, c.next_at, p.id limit p_most;
end $$;

-- Note what waits for a person, and enter mail if something came that the person was not told of: with p_sends to the usual address, and what is
-- urgent in any case while the person is on duty, to the address for that. p_was is when the worker looked before; if another one looked
-- meanwhile, nothing is done. All of that is one transaction, so nothing is told twice.
create function priv.tell(p_person uuid, p_was timestamptz, p_items bigint[], p_urgent bigint[], p_late bigint[], p_sends boolean,
                          p_next timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    c public.mail_accounts;
    usual uuid;
    on_call uuid;
    on_duty boolean := priv.is_on_duty(p_person, false);
begin
    perform priv.require_worker();
    select * into c from public.mail_accounts o where o.id = p_person and o.looked_at is not distinct from p_was for update;
    if c.id is null then
        return;
    end if;
    c.fresh := array (select distinct i from unnest(p_items) i
                      where i = any (c.fresh) or i <> all (c.seen) and i <> all (p_late));
    usual := (select a.id from public.mail_addresses a where a.principal_id = p_person and a.use = 'usual' and a.state = 'confirmed');
    on_call := (select a.id from public.mail_addresses a where a.principal_id = p_person and a.use = 'on_call' and a.state = 'confirmed');
    if on_duty and c.fresh && p_urgent then
        perform priv.enter_mail(coalesce(on_call, usual), 'news', true);
        c.fresh := array (select i from unnest(c.fresh) i where i <> all (p_urgent));
    end if;
    if p_sends and c.frequency <> 'never' and c.fresh <> '{}' and usual is not null then
        perform priv.enter_mail(usual, 'news', false);
        c.fresh := '{}';
    end if;
    update public.mail_accounts o set seen = array (select distinct i from unnest(p_items) i), fresh = c.fresh, looked_at = (select priv.at()),
        next_at = case when o.frequency <> 'never' then p_next end
        where o.id = c.id;
end $$;

-- Return mail that is to be sent now, the urgent ones first, and lease it for five minutes: if the worker ends before it notes what became of it,
-- it is sent again after that. What no longer concerns the person is withheld.
create function priv.take_mails(p_most integer)
returns table (id uuid, kind text, address_id uuid, address bytea, language text, again boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    at_time timestamptz := priv.at();
begin
    perform priv.require_worker();
    update public.mails m set state = 'withheld', settled_at = at_time
        from public.mail_addresses a join public.principals p on p.id = a.principal_id
        where a.id = m.address_id and m.state = 'waiting' and m.next_at <= at_time
          and (m.kind = 'code' and (a.state <> 'waiting' or a.expires_at <= at_time) or m.kind in ('news', 'test') and a.state <> 'confirmed'
               or m.kind = 'news' and (p.roles = '{}' or not p.active) or a.address is null);
    return query
        with due as (
            select m.id from public.mails m
            where m.state = 'waiting' and m.next_at <= at_time and (m.leased_until is null or m.leased_until <= at_time)
              and not RESTS(mails, m.id)
            order by m.urgent desc, m.next_at limit p_most for update skip locked),
        taken as (
            update public.mails m set leased_until = at_time + interval '5 minutes' from due where m.id = due.id
                returning m.id, m.kind, m.urgent, m.address_id)
        select t.id, t.kind, t.address_id, a.address, c.language, PUT_OFF(mails, t.id)
        from taken t join public.mail_addresses a on a.id = t.address_id join public.mail_accounts c on c.id = a.principal_id
        order by t.urgent desc;
end $$;

-- Note what became of mail: p_fault is null if it was sent. What failed is tried again with growing pauses, urgent mail after a minute at the
-- latest, for three days (tests for one), unless the server refused it for good (p_final). The state of an address that administrators see
-- comes only from tests and codes, so it tells nothing about what waits for the person.
create function priv.settle_mail(p_mail uuid, p_fault text, p_final boolean) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    at_time timestamptz := priv.at();
    m public.mails;
    a public.mail_addresses;
    again boolean;
begin
    perform priv.require_worker();
    select * into m from public.mails o where o.id = p_mail and o.state = 'waiting' for update;
    if m.id is null then
        return;
    end if;
    again := p_fault is not null and not p_final
        and m.created_at > at_time - case when m.kind = 'test' then interval '1 day' else interval '3 days' end;
    update public.mails o set leased_until = null, tried = o.tried + 1,
        state = case when again then 'waiting' when p_fault is null then 'sent' else 'failed' end,
        settled_at = case when not again then at_time end,
        next_at = case when again
            then at_time + make_interval(secs => (0.5 + random() / 2) * least(20 * 2 ^ least(o.tried, 10), case when o.urgent then 60 else 3600 end))
            else o.next_at end
        where o.id = m.id;
    select * into a from public.mail_addresses o where o.id = m.address_id for update;
    if m.kind = 'news' then
        update public.mail_accounts c set fault = p_fault, failing_since = case when p_fault is not null then coalesce(c.failing_since, at_time) end
            where c.id = a.principal_id;
    elsif not again and m.kind in ('test', 'code') then
        update public.mail_addresses o set fault = p_fault, failing_since = case when p_fault is not null then coalesce(o.failing_since, at_time) end
            where o.id = a.id;
        if m.kind = 'test' and p_fault is not null and a.fault is null then
            perform priv.alarm(a.authority_id, 'mail_failing', jsonb_build_object('person', a.principal_id));
        end if;
    end if;
end $$;

grant execute on function priv.to_tell(jsonb, jsonb, jsonb, integer, timestamptz), priv.is_pressing(uuid, jsonb), priv.am_on_duty(), priv.open_mail_account(),
    priv.ask_address(uuid, uuid, text, bytea), priv.confirm_address(uuid), priv.remove_address(uuid), priv.people_to_tell(integer),
    priv.tell(uuid, timestamptz, bigint[], bigint[], bigint[], boolean, timestamptz), priv.take_mails(integer),
    priv.settle_mail(uuid, text, boolean) to APP_ROLE;

grant select, update (version, frequency, hour, time_zone, quiet_from, quiet_until, language, next_at) on mail_accounts to APP_ROLE;
grant select, insert, update on mail_accounts to coopapi_definer;
-- What somebody chose, and whether mail to it fails, is for that person alone: the time of a failure would tell others when something came.
create policy seen on mail_accounts for select using (id = (select priv.principal()));
create policy changed on mail_accounts for update using (id = (select priv.principal()));

grant select on mail_addresses to APP_ROLE;
grant select, insert, update on mail_addresses to coopapi_definer;
create policy seen on mail_addresses for select using (
    principal_id = (select priv.principal())
    or (select priv.role()) = 'admin' and (authority_id = (select priv.authority()) or (select priv.operator())));

grant select, insert, update, delete on mails to coopapi_definer;
