-- Guessing at the token endpoint. Nobody is known yet when these functions are called: they take digests of addresses, and what they
-- write is about the client of the row. An attempt counts as a failure until it is proved, so that no more than the limit are ever
-- verified, also while many run at once and when a worker dies.
create function priv.attempt_window() returns interval language sql immutable return interval '15 minutes';

-- How long a pair of a client and an address, or the address, has to wait; null if it need not. p_limits: the most failures of a pair,
-- and of an address, in one window.
create function priv.attempt_wait(p_pair bytea, p_place bytea, p_limits integer[], p_at timestamptz) returns interval
language sql stable as $$
    select max(t.since + priv.attempt_window() - p_at) from public.token_attempts t
    where t.since > p_at - priv.attempt_window()
      and (t.digest = p_pair and t.failures >= p_limits[1] or t.digest = p_place and t.failures >= p_limits[2])
$$;

-- Begin an attempt of a claimed client from an address. Gives how many seconds to wait, or 0, and then the attempt is counted. Those
-- who have to wait are told so before they wait for a lock. The lock makes the counts of one address exact. Entries are appended last.
create function priv.attempt(p_pair bytea, p_place bytea, p_client uuid, p_address text, p_limits integer[], p_at timestamptz)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    waiting interval := priv.attempt_wait(p_pair, p_place, p_limits, p_at);
begin
    if waiting is null then
        perform priv.lock_place(p_place);
        waiting := priv.attempt_wait(p_pair, p_place, p_limits, p_at);
    end if;
    if waiting is null then
        delete from public.token_attempts t where t.digest in (
            select o.digest from public.token_attempts o
            where o.since < p_at - interval '1 hour' and o.untold = 0 order by o.since limit 100 for update skip locked);
        insert into public.token_attempts as t (digest, client_id, address, since, failures)
            select p_place, null::uuid, p_address, p_at, 1 union all
            select p_pair, (select p.id from public.principals p where p.id = p_client and p.kind = 'client' and p.active),
                   p_address, p_at, 1
            on conflict (digest) do update set
                since = case when t.since > p_at - priv.attempt_window() then t.since else p_at end,
                failures = case when t.since > p_at - priv.attempt_window() then t.failures + 1 else 1 end;
    end if;
    perform priv.tell_attempts(null, p_at);
    return case when waiting is null then 0 else greatest(1, ceil(extract(epoch from waiting))) end;
end $$;

create function priv.lock_place(p_place bytea) returns void language sql volatile as $$
    select pg_advisory_xact_lock(hashtextextended('coopapi.attempts.' || encode(p_place, 'hex'), 0))
$$;

-- The attempt was proved: it was no failure.
create function priv.attempt_proved(p_pair bytea, p_place bytea) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.lock_place(p_place);
    update public.token_attempts t set failures = greatest(t.failures - 1, 0) where t.digest in (p_pair, p_place);
end $$;

-- The attempt failed: the authority of the client is told at once, or of all failures of a minute together; and alarmed once an hour
-- when the client has failed more often than p_alarm from all addresses together.
create function priv.attempt_failed(p_pair bytea, p_alarm integer, p_at timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    client record;
    failed bigint;
    places bigint;
begin
    select p.id, p.authority_id into client from public.token_attempts t join public.principals p on p.id = t.client_id
        where t.digest = p_pair;
    if not found then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('coopapi.attempts.client.' || client.id, 0));
    update public.token_attempts t set untold = t.untold + 1 where t.digest = p_pair;
    perform priv.tell_attempts(p_pair, p_at);
    select sum(t.failures), count(*) into failed, places from public.token_attempts t
        where t.client_id = client.id and t.failures > 0 and t.since > p_at - interval '1 hour';
    if failed >= p_alarm and not exists (
            select from public.token_attempts t where t.client_id = client.id and t.alarmed_at > p_at - interval '1 hour') then
        update public.token_attempts t set alarmed_at = p_at where t.digest = p_pair;
        perform priv.alarm(client.authority_id, 'client_secret_guessing',
            jsonb_build_object('client', client.id, 'failures', failed, 'addresses', places), p_at);
    end if;
end $$;

-- Journal what has not been told of a pair, or with none named of all whose minute is over: one entry with their number.
create function priv.tell_attempts(p_pair bytea, p_at timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    entries jsonb;
begin
    if not exists (select from public.token_attempts t where t.untold > 0
                   and (t.digest = p_pair or p_pair is null) and coalesce(t.told_at <= p_at - interval '1 minute', true)) then
        return;
    end if;
    with due as (
        select t.digest, t.untold from public.token_attempts t
        where t.untold > 0 and (t.digest = p_pair or p_pair is null) and coalesce(t.told_at <= p_at - interval '1 minute', true)
        order by t.digest limit 100 for update skip locked),
    told as (
        update public.token_attempts t set untold = 0, told_at = p_at from due where t.digest = due.digest
        returning t.client_id, t.address, due.untold)
    select jsonb_agg(jsonb_build_object('authority_id', p.authority_id, 'at', p_at, 'role', 'machine', 'action', 'client.refused',
               'object_type', 'principal', 'object_id', p.id, 'consultation', false, 'event', false, 'victims_only', false,
               'purpose', 'administration', 'request_id', '',
               'detail', jsonb_build_object('failures', told.untold, 'address', told.address)) order by p.id, told.address)
        into entries from told join public.principals p on p.id = told.client_id;
    if entries is not null then
        perform priv.append(entries);
    end if;
end $$;

grant execute on function priv.attempt(bytea, bytea, uuid, text, integer[], timestamptz), priv.attempt_proved(bytea, bytea),
    priv.attempt_failed(bytea, integer, timestamptz) to APP_ROLE;

grant select, insert, update, delete on token_attempts to coopapi_definer;
