-- Work of the worker that failed is put off, each piece by itself, so that what is behind it goes on. It stays where it was and is tried again
-- after pauses that double up to an hour. The templates PUT_OFF and RESTS tell of a piece whether it failed last, and whether it still waits.

-- Put off a piece of work that failed, for the first time or once more; looking at what waits for a person on duty for a minute at most, urgent
-- mail for five minutes. A delivery is not leased any longer, so that it does not count among those that its address is sent at one time. Pieces
-- that nobody tried for a day after their time are gone.
create function priv.put_off(p_kind text, p_piece text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    longest integer := 3600;
begin
    perform priv.require_worker();
    if p_kind = 'people' and priv.is_on_duty(p_piece::uuid, false) then
        longest := 60;
    elsif p_kind = 'mails' and exists (select from public.mails m where m.id = p_piece::uuid and m.urgent) then
        longest := 300;
    elsif p_kind = 'deliveries' then
        update public.webhook_deliveries d set leased_until = null where d.id = p_piece::uuid and d.state = 'waiting';
    end if;
    delete from public.put_off o where o.until < (select priv.at()) - interval '1 day';
    insert into public.put_off as o (kind, piece, tried, since, until)
        values (p_kind, p_piece, 1, clock_timestamp(), (select priv.at()) + interval '2 seconds')
        on conflict (kind, piece) do update set tried = o.tried + 1,
            until = (select priv.at()) + make_interval(secs => least(2 ^ least(o.tried + 1, 12), longest));
end $$;

-- Begin to do a piece that was put off, which ends that if the transaction is committed. Return false, and change nothing, if another worker is at
-- it, or at work of this kind that is done by one at a time.
create function priv.try_again(p_kind text, p_piece text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    if p_kind in ('timers', 'changes', 'pairs', 'hidden_pairs', 'rereading') and not priv.take_turn()
            or p_kind = 'words' and not priv.take_turn_of_search() then
        return false;
    end if;
    delete from public.put_off o where (o.kind, o.piece) in (
        select x.kind, x.piece from public.put_off x where x.kind = p_kind and x.piece = p_piece for update skip locked);
    return found;
end $$;

-- Note that a piece of work that was put off is done.
create function priv.no_longer_put_off(p_kind text, p_piece text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    delete from public.put_off o where o.kind = p_kind and o.piece = p_piece;
end $$;

-- Tell whether a piece that is put off still waits to be done. The others are found by what waits, so what ended is not found there any more and is
-- not tried again.
create function priv.still_waits(p_kind text, p_piece text) returns boolean language sql stable as $$
    select case p_kind
        when 'searches' then p_piece = '' or exists (select from public.saved_search_checks c where c.search_id = nullif(p_piece, '')::uuid)
        when 'imports' then exists (select from public.imports i where i.id = p_piece::uuid and i.ended_at is null)
        when 'exports' then exists (select from public.exports e where e.id = p_piece::uuid and e.state in ('queued', 'running'))
        when 'figures' then not exists (select from public.published_periods p where p.period = p_piece)
        when 'webhooks' then exists (select from public.webhook_endpoints e where e.id = p_piece::uuid and e.state in ('active', 'paused'))
        when 'deliveries' then exists (select from public.webhook_deliveries d where d.id = p_piece::uuid and d.state = 'waiting')
        when 'people' then exists (select from public.principals p where p.id = p_piece::uuid and p.active and p.roles <> '{}')
        when 'mails' then exists (select from public.mails m where m.id = p_piece::uuid and m.state = 'waiting')
        else true end
$$;

-- Return how many pieces of each kind of work are put off, and for how many seconds the oldest of them has failed. What ended, or was not tried for
-- ten minutes after its time, does not count.
create function priv.pieces_put_off() returns table (work text, pieces bigint, seconds real)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select o.kind, count(*), max(extract(epoch from clock_timestamp() - o.since))::real
    from public.put_off o where o.until > clock_timestamp() - interval '10 minutes' and priv.still_waits(o.kind, o.piece) group by 1 order by 1
$$;

grant execute on function priv.put_off(text, text), priv.try_again(text, text), priv.no_longer_put_off(text, text), priv.pieces_put_off() to APP_ROLE;
grant select, insert, update, delete on put_off to coopapi_definer;
