-- Webhooks. An administrator enters an address for a machine client of the authority, and it is used once a second administrator has
-- approved it. The worker reads the feed in the name of the client and enters what is to be sent; it sends without a transaction.

-- Put the address of an approved request to work, from now on. Return false if the request for the address was changed or ended since.
create function priv.apply_webhook(p_approval uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a public.approvals := priv.take_approval(p_approval, 'webhook');
begin
    update public.webhook_endpoints e set version = e.version + 1, state = 'active', approved_at = (select priv.at()),
        place_xid = pg_snapshot_xmin(pg_current_snapshot())
        where e.id = a.object_id and e.authority_id = a.authority_id and e.version = a.object_version and e.state = 'requested';
    return found;
end $$;

-- Put a paused address of the caller's authority to work again, from where it stopped; after a restore from a backup, from now on.
create function priv.resume_webhook(p_endpoint uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    e public.webhook_endpoints;
begin
    select * into e from public.webhook_endpoints o where o.id = p_endpoint and o.state = 'paused' for update;
    perform priv.require_administrator(e.authority_id);
    update public.webhook_endpoints o set version = o.version + 1, state = 'active', pause = null, failures = 0, next_at = null,
        place_xid = case when e.pause = 'restored' then pg_snapshot_xmin(pg_current_snapshot()) else o.place_xid end,
        place_entry = case when e.pause = 'restored' then 0 else o.place_entry end,
        place_epoch = case when e.pause = 'restored' then null else o.place_epoch end
        where o.id = e.id;
    update public.webhook_deliveries d set version = d.version + 1, next_at = (select priv.at()), failing_since = null
        where d.endpoint_id = e.id and d.state = 'waiting';
end $$;

-- Enter a ping of an address, or with p_delivery the repetition of a delivery, under the id p_id. Administrators and the client may send a
-- ping; only the client, whose events they are, may repeat a delivery. Return false if too many wait already.
create function priv.send_webhook(p_id uuid, p_endpoint uuid, p_delivery uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    e public.webhook_endpoints;
    d public.webhook_deliveries;
begin
    select * into e from public.webhook_endpoints o where o.id = p_endpoint and o.state in ('active', 'paused') for update;
    select * into d from public.webhook_deliveries o where o.id = p_delivery and o.endpoint_id = e.id and o.entry_id is not null;
    if (e.client_id = priv.principal() or p_delivery is null and e.authority_id = priv.authority() and priv.role() = 'admin') is not true
            or p_delivery is not null and d.id is null then
        raise exception 'only the client of the address may do this' using errcode = '42501';
    end if;
    if (select count(*) from public.webhook_deliveries w where w.endpoint_id = e.id and w.state = 'waiting' and w.kind <> 'event') >= 100 then
        return false;
    end if;
    insert into public.webhook_deliveries (id, version, endpoint_id, kind, entry_id, message_id, lane, state, created_at, next_at)
        values (p_id, 1, e.id, case when d.id is null then 'ping' else 'replay' end, d.entry_id, coalesce(d.message_id, p_id), p_id,
            'waiting', (select priv.at()), (select priv.at()));
    return true;
end $$;

-- End a delivery of the caller, a client, whose receiver cannot take the event. It may also be leased: the answer is not noted then. Return
-- false if it does not wait.
create function priv.skip_delivery(p_delivery uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.webhook_deliveries d set version = d.version + 1, state = 'skipped', settled_at = (select priv.at()), leased_until = null
        where d.id = p_delivery and d.state = 'waiting' and d.kind = 'event'
          and d.endpoint_id in (select e.id from public.webhook_endpoints e where e.client_id = (select priv.principal()));
    return found;
end $$;

-- Return the addresses for which there is something to read in the feed or to send. Before that, end the addresses of clients that ended or
-- lost the role, and pause those for which a delivery has failed for 24 hours, with an alarm for the administrators.
create function priv.webhooks_due()
returns table (id uuid, authority_id uuid, client_id uuid, issuer text, subject text, role text, url text, events text[], secret bytea,
               old_secret bytea, place_xid text, place_entry bigint, place_epoch text, reads boolean, again boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    at_time timestamptz := priv.at();
    entries jsonb;
begin
    perform priv.require_worker();
    update public.webhook_endpoints e set version = e.version + 1, state = 'ended', ended_at = at_time
        where e.state in ('active', 'paused') and not exists (
            select from public.principals p where p.id = e.client_id and p.active and p.kind = 'client' and e.role = any (p.roles));
    with paused as (
        update public.webhook_endpoints e set version = e.version + 1, state = 'paused', pause = 'failing'
            where e.state = 'active' and exists (
                select from public.webhook_deliveries d
                where d.endpoint_id = e.id and d.state = 'waiting' and d.failing_since <= at_time - interval '24 hours')
            returning e.id, e.authority_id, e.client_id)
    select coalesce(jsonb_agg(a.entry), '[]') into entries from paused p
        cross join lateral jsonb_array_elements(priv.alarmed(p.authority_id, 'webhook_paused',
            jsonb_build_object('webhook', p.id, 'client', p.client_id))) a (entry);
    perform priv.append(entries);
    return query
        select e.id, e.authority_id, e.client_id, p.issuer, p.subject, e.role, e.url, e.events, e.secret,
               case when e.old_until > at_time then e.old_secret end, e.place_xid::text, e.place_entry, e.place_epoch, r.reads,
               PUT_OFF(webhooks, e.id)
        from public.webhook_endpoints e join public.principals p on p.id = e.client_id
        cross join lateral (
            select e.state = 'active' and exists (
                select from public.journal_entries j
                where j.event and (j.xid, j.id) > (e.place_xid, e.place_entry) and j.xid < pg_snapshot_xmin(pg_current_snapshot()))
                and (select count(*) from public.webhook_deliveries w where w.endpoint_id = e.id and w.state = 'waiting') < 1000) r (reads)
        where e.state in ('active', 'paused') and not RESTS(webhooks, e.id) and (r.reads or exists (
            select from public.webhook_deliveries d
            where d.endpoint_id = e.id and d.state = 'waiting' and d.next_at <= at_time
              and (d.leased_until is null or d.leased_until <= at_time) and not RESTS(deliveries, d.id)
              and (d.kind <> 'event' or e.state = 'active' and (e.next_at is null or e.next_at <= at_time))));
end $$;

-- Enter events of the feed that are to be sent, and move the place of the address. Nothing is done if another worker moved it meanwhile.
-- What was settled more than 30 days ago is removed.
create function priv.enter_deliveries(p_endpoint uuid, p_was jsonb, p_place jsonb, p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    update public.webhook_endpoints e set place_xid = (p_place ->> 'xid')::xid8, place_entry = (p_place ->> 'entry')::bigint,
        place_epoch = p_place ->> 'epoch'
        where e.id = p_endpoint and e.state = 'active' and e.place_xid = (p_was ->> 'xid')::xid8
          and e.place_entry = (p_was ->> 'entry')::bigint;
    if found then
        insert into public.webhook_deliveries (id, version, endpoint_id, kind, entry_id, message_id, lane, state, created_at, next_at)
            select (x ->> 'id')::uuid, 1, p_endpoint, 'event', (x ->> 'entry')::bigint, (x ->> 'message')::uuid, (x ->> 'lane')::uuid,
                   'waiting', (select priv.at()), (select priv.at())
            from jsonb_array_elements(p_entries) with ordinality t (x, n) order by t.n
            on conflict (endpoint_id, entry_id) where kind = 'event' do nothing;
        delete from public.webhook_deliveries d
            where d.endpoint_id = p_endpoint and d.settled_at < (select priv.at()) - interval '30 days';
    end if;
end $$;

-- Return deliveries of an address that are to be sent now, in the order of the feed, and lease them for two minutes: if the worker ends
-- before it notes the answer, they are sent again after that. At most p_most of an address are leased at one time, and at most p_free are
-- returned. The events of a lane are leased one after the other. After five failures in a row, one delivery at a time is tried.
create function priv.take_deliveries(p_endpoint uuid, p_most integer, p_free integer)
returns table (id uuid, kind text, entry_id bigint, message_id uuid, again boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    at_time timestamptz := priv.at();
    e public.webhook_endpoints;
    leased bigint;
begin
    perform priv.require_worker();
    select * into e from public.webhook_endpoints o where o.id = p_endpoint and o.state in ('active', 'paused') for update;
    select count(*) into leased from public.webhook_deliveries d
        where d.endpoint_id = e.id and d.state = 'waiting' and d.leased_until > at_time;
    return query
        with first as (
            select distinct on (d.lane) d.id, d.next_at, d.leased_until
            from public.webhook_deliveries d
            where d.endpoint_id = e.id and d.state = 'waiting' and d.kind = 'event' and e.state = 'active'
              and (e.next_at is null or e.next_at <= at_time)
            order by d.lane, d.n),
        due as (
            select d.id from public.webhook_deliveries d
            where d.endpoint_id = e.id and d.state = 'waiting' and d.next_at <= at_time
              and (d.leased_until is null or d.leased_until <= at_time)
              and not RESTS(deliveries, d.id)
              and (d.kind <> 'event' or exists (select from first f where f.id = d.id))
            order by d.kind = 'event', d.n
            limit greatest(0, least(p_free, case when e.failures >= 5 then 1 else p_most end - leased))),
        taken as (
            update public.webhook_deliveries d set leased_until = at_time + interval '2 minutes'
                from due where d.id = due.id
                returning d.id, d.kind, d.entry_id, d.message_id, d.n)
        select t.id, t.kind, t.entry_id, t.message_id, PUT_OFF(deliveries, t.id) from taken t order by t.n;
end $$;

-- Note what became of a delivery: 'delivered', 'failed', or 'withheld' because the client may not see the event any more. An event that
-- failed is tried again, each time after a longer pause. After five failures in a row, or if the receiver asked to be left alone for p_wait
-- seconds, the address is left alone for a while.
create function priv.settle_delivery(p_delivery uuid, p_outcome text, p_attempt jsonb, p_wait integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    at_time timestamptz := priv.at();
    jitter double precision := 0.5 + random() / 2;
    again boolean;
    was integer;
    d public.webhook_deliveries;
begin
    perform priv.require_worker();
    perform from public.webhook_endpoints e
        where e.id = (select o.endpoint_id from public.webhook_deliveries o where o.id = p_delivery) for update;
    select * into d from public.webhook_deliveries o where o.id = p_delivery and o.state = 'waiting' for update;
    if not found then
        return;
    end if;
    again := p_outcome = 'failed' and d.kind = 'event';
    update public.webhook_deliveries o set version = o.version + 1, leased_until = null,
        state = case when again then 'waiting' else p_outcome end,
        settled_at = case when not again then at_time end,
        tried = o.tried + case when p_attempt is null then 0 else 1 end,
        attempts = case when p_attempt is null then o.attempts
                        when jsonb_array_length(o.attempts) >= 20 then (o.attempts - 0) || p_attempt else o.attempts || p_attempt end,
        failing_since = case when again then coalesce(o.failing_since, at_time) else o.failing_since end,
        next_at = case when again then at_time + make_interval(secs => jitter * least(5 * 2 ^ least(o.tried, 12), 3600)) else o.next_at end
        where o.id = d.id;
    if again then
        update public.webhook_endpoints e set failures = e.failures + 1,
            next_at = greatest(e.next_at, at_time + make_interval(secs => p_wait), case when e.failures >= 4
                then at_time + make_interval(secs => jitter * least(30 * 2 ^ least(e.failures - 4, 12), 3600)) end)
            where e.id = d.endpoint_id;
    elsif p_outcome = 'delivered' then
        select e.failures into was from public.webhook_endpoints e where e.id = d.endpoint_id;
        update public.webhook_endpoints e set failures = 0, next_at = null where e.id = d.endpoint_id and was > 0;
        update public.webhook_deliveries o set next_at = at_time
            where was >= 5 and o.endpoint_id = d.endpoint_id and o.state = 'waiting' and o.next_at > at_time;
    end if;
end $$;

-- Pause an address whose place in the feed belongs to another history of the database, with an alarm for the administrators.
create function priv.pause_restored_webhook(p_endpoint uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    e public.webhook_endpoints;
begin
    perform priv.require_worker();
    update public.webhook_endpoints o set version = o.version + 1, state = 'paused', pause = 'restored'
        where o.id = p_endpoint and o.state = 'active' returning * into e;
    if found then
        perform priv.alarm(e.authority_id, 'webhook_paused', jsonb_build_object('webhook', e.id, 'client', e.client_id));
    end if;
end $$;

grant execute on function priv.apply_webhook(uuid), priv.resume_webhook(uuid), priv.send_webhook(uuid, uuid, uuid), priv.webhooks_due(),
    priv.enter_deliveries(uuid, jsonb, jsonb, jsonb), priv.take_deliveries(uuid, integer, integer),
    priv.settle_delivery(uuid, text, jsonb, integer), priv.skip_delivery(uuid),
    priv.pause_restored_webhook(uuid) to APP_ROLE;

grant select, insert (id, version, authority_id, client_id, role, url, events, state, secret, created_by, created_at),
    update (version, state, secret, old_secret, old_until, ended_at, pause) on webhook_endpoints to APP_ROLE;
grant select, update on webhook_endpoints to coopapi_definer;
-- The client sees its own addresses. Administrators enter, pause and end them; that one is approved is written only by apply_webhook.
create policy seen on webhook_endpoints for select using (
    authority_id = (select priv.authority())
    and (client_id = (select priv.principal()) or (select priv.role()) in ('admin', 'auditor')));
create policy made on webhook_endpoints for insert with check (
    authority_id = (select priv.authority()) and (select priv.role()) = 'admin' and state = 'requested'
    and created_by = (select priv.principal())
    and exists (select from public.principals p where p.id = client_id and p.kind = 'client' and p.active and webhook_endpoints.role = any (p.roles)));
create policy changed on webhook_endpoints for update using (
    authority_id = (select priv.authority()) and (select priv.role()) = 'admin');

grant select on webhook_deliveries to APP_ROLE;
grant select, insert, update, delete on webhook_deliveries to coopapi_definer;
-- The client sees deliveries of the events that it may see. To administrators, even their number would tell of events, so they see pings only.
create policy seen on webhook_deliveries for select using (exists (
    select from public.webhook_endpoints e
    where e.id = webhook_deliveries.endpoint_id
      and (e.client_id = (select priv.principal())
           and (entry_id is null or exists (select from public.journal_entries j where j.id = entry_id))
           or entry_id is null and (select priv.role()) = 'admin')));
