-- Work of the worker that failed is put off, each piece by itself, so that what is behind it goes on. It stays where it was and is tried again
-- after pauses that double up to an hour. The templates PUT_OFF and RESTS tell of a piece whether it failed last, and whether it still waits.

-- Tell whether people without victim clearance may know that a pair of visible cases is not settled: they may if it shares a value, has similar
-- ones, or had an overlap, that is not about victims alone. Of a case with very many values only some are looked at; the answer is no then.
create function priv.pair_is_open(p_a uuid, p_b uuid) returns boolean language sql stable
    set enable_seqscan = off set enable_mergejoin = off set enable_material = off as $$
    select exists (select from public.case_overlaps v where v.case_a = p_a and v.case_b = p_b and v.open_strength > 0)
        or exists (select from (select h.token from public.holdings h
                                where h.case_id = p_a and h.strength > 0 and not h.common and priv.open(h.roles) limit 10000) x
                   join public.holdings y on y.token = x.token and y.case_id = p_b and not y.common and priv.open(y.roles))
        or exists (select from public.likenesses l join public.holdings x on x.identifier_id = l.identifier_a and priv.open(x.roles)
                   join public.holdings y on y.identifier_id = l.identifier_b and priv.open(y.roles)
                   where (l.case_a, l.case_b) in ((p_a, p_b), (p_b, p_a)))
$$;

-- Put off a piece of work that failed, for the first time or once more; looking at what waits for a person on duty for a minute at most. Pieces
-- that nobody tried for a day after their time are gone.
create function priv.put_off(p_kind text, p_piece text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    longest integer := 3600;
begin
    perform priv.require_worker();
    if p_kind = 'people' and priv.is_on_duty(p_piece::uuid, false) then
        longest := 60;
    end if;
    delete from public.put_off o where o.until < (select priv.at()) - interval '1 day';
    insert into public.put_off as o (kind, piece, tried, since, until, open)
        values (p_kind, p_piece, 1, clock_timestamp(), (select priv.at()) + interval '2 seconds', case when p_kind = 'pairs' and p_piece <> ''
            then priv.pair_is_open(split_part(p_piece, ' ', 1)::uuid, split_part(p_piece, ' ', 2)::uuid) else true end)
        on conflict (kind, piece) do update set tried = o.tried + 1,
            until = (select priv.at()) + make_interval(secs => least(2 ^ least(o.tried + 1, 12), longest));
end $$;

-- Begin to do a piece that was put off, which ends that if the transaction is committed. Return false, and change nothing, if another worker is at
-- it, or at work of this kind that is done by one at a time.
create function priv.try_again(p_kind text, p_piece text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_worker();
    if p_kind in ('times', 'changes', 'pairs', 'hidden_pairs', 'rereading') and not priv.take_turn()
            or p_kind = 'words' and not pg_try_advisory_xact_lock(hashtextextended('coopapi.search', 0)) then
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

-- Return how many pieces of each kind of work are put off, and for how many seconds the oldest of them has failed. What nobody tried for an hour
-- after its time is not there any more.
create function priv.pieces_put_off() returns table (work text, pieces bigint, seconds real)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select o.kind, count(*), max(extract(epoch from clock_timestamp() - o.since))::real
    from public.put_off o where o.until > clock_timestamp() - interval '1 hour' group by 1 order by 1
$$;

grant execute on function priv.put_off(text, text), priv.try_again(text, text), priv.no_longer_put_off(text, text), priv.pieces_put_off() to APP_ROLE;
grant select, insert, update, delete on put_off to coopapi_definer;
