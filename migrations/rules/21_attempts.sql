-- Protection against guessing client secrets at the token endpoint. These functions are called before the caller is known. They take
-- digests of network addresses, and an attempt counts as a failure until the client has proved its identity. So at most the permitted
-- number of attempts is verified, even if many run at the same time or a worker process dies.
create function priv.attempt_window() returns interval language sql immutable return interval '15 minutes';

-- Return how long a pair of a client and an address, or the address, has to wait, or null if it need not wait. p_limits contains the
-- maximum number of failures of a pair, and of an address, in one window.
create function priv.attempt_wait(p_pair bytea, p_place bytea, p_limits integer[], p_at timestamptz) returns interval
language sql stable as $$
    select max(t.since + priv.attempt_window() - p_at) from public.token_attempts t
    where t.since > p_at - priv.attempt_window()
      and (t.digest = p_pair and t.failures >= p_limits[1] or t.digest = p_place and t.failures >= p_limits[2])
$$;

-- Verify and return the data of an attempt that the service signed, so that only the service can report attempts to an authority: the
-- digest of the pair of client and address, the digest of the address, the claimed client, the address as it is displayed, the time, and
-- the limits of failures: for a pair and for an address in one window, and for a client in an hour.
create function priv.signed_attempt(p_signed text, out pair bytea, out place bytea, out client uuid, out address text,
    out at timestamptz, out limits integer[]) language plpgsql stable as $$
declare
    said text[] := priv.signed(p_signed);
begin
    if said[1] is distinct from 'attempt' then
        raise exception 'the attempt is not signed by this service' using errcode = '42501';
    end if;
    pair := decode(said[2], 'hex');
    place := decode(said[3], 'hex');
    client := nullif(said[4], '')::uuid;
    address := said[5];
    at := TIME_IN(said);
    limits := string_to_array(said[8], ',')::integer[];
end $$;

-- Begin an attempt and return how many seconds to wait. If the result is 0, the attempt has been counted. A caller that must wait is told
-- so before any lock is taken. The lock on the address makes its counts exact. Journal entries are appended last.
create function priv.attempt(p_signed text) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a record := priv.signed_attempt(p_signed);
    waiting interval := priv.attempt_wait(a.pair, a.place, a.limits, a.at);
begin
    if waiting is null then
        perform priv.lock_place(a.place);
        waiting := priv.attempt_wait(a.pair, a.place, a.limits, a.at);
    end if;
    if waiting is null then
        delete from public.token_attempts t where t.digest in (
            select o.digest from public.token_attempts o
            where o.since < a.at - interval '1 hour' and o.untold = 0 order by o.since limit 100 for update skip locked);
        insert into public.token_attempts as t (digest, client_id, address, since, failures)
            select a.place, null::uuid, a.address, a.at, 1 union all
            select a.pair, (select p.id from public.principals p where p.id = a.client and p.kind = 'client' and p.active),
                   a.address, a.at, 1
            on conflict (digest) do update set
                since = case when t.since > a.at - priv.attempt_window() then t.since else a.at end,
                failures = case when t.since > a.at - priv.attempt_window() then t.failures + 1 else 1 end;
    end if;
    perform priv.tell_attempts(null, a.at);
    return case when waiting is null then 0 else greatest(1, ceil(extract(epoch from waiting))) end;
end $$;

create function priv.lock_place(p_place bytea) returns void language sql volatile as $$
    select pg_advisory_xact_lock(hashtextextended('coopapi.attempts.' || encode(p_place, 'hex'), 0))
$$;

-- Remove a successful attempt from the failures.
create function priv.attempt_proved(p_signed text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a record := priv.signed_attempt(p_signed);
begin
    perform priv.lock_place(a.place);
    update public.token_attempts t set failures = greatest(t.failures - 1, 0) where t.digest in (a.pair, a.place);
end $$;

-- Report a failed attempt to the client's authority: the first one at once, then all failures of a minute in one entry. Raise an alarm once
-- an hour when the client failed too often in the past hour from all addresses together. For this, rows without an address count the
-- failures of a client for each quarter of an hour, because the rows of pairs start again with each window.
create function priv.attempt_failed(p_signed text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    a record := priv.signed_attempt(p_signed);
    quarter timestamptz := date_bin('15 minutes', a.at, 'epoch');
    home uuid;
    failed bigint;
    places bigint;
begin
    select p.authority_id into home from public.token_attempts t join public.principals p on p.id = t.client_id where t.digest = a.pair;
    if not found then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('coopapi.attempts.client.' || a.client, 0));
    update public.token_attempts t set untold = t.untold + 1 where t.digest = a.pair;
    insert into public.token_attempts as t (digest, client_id, address, since, failures)
        values (sha256(uuid_send(a.client) || int8send(extract(epoch from quarter)::bigint)), a.client, '', quarter, 1)
        on conflict (digest) do update set failures = t.failures + 1;
    perform priv.tell_attempts(a.pair, a.at);
    select sum(t.failures) filter (where t.address = ''), count(*) filter (where t.address <> '') into failed, places
        from public.token_attempts t where t.client_id = a.client and t.failures > 0 and t.since > a.at - interval '1 hour';
    if failed >= a.limits[3] and not exists (
            select from public.token_attempts t where t.client_id = a.client and t.alarmed_at > a.at - interval '1 hour') then
        update public.token_attempts t set alarmed_at = a.at where t.digest = a.pair;
        perform priv.alarm(home, 'client_secret_guessing',
            jsonb_build_object('client', a.client, 'failures', failed, 'addresses', places), a.at);
    end if;
end $$;

-- Write the failures that were not reported yet to the journal, as one entry with their number: those of the named pair, or of every pair
-- whose minute is over if p_pair is null.
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

grant execute on function priv.attempt(text), priv.attempt_proved(text), priv.attempt_failed(text) to APP_ROLE;

grant select, insert, update, delete on token_attempts to coopapi_definer;
