-- If all evidence of an overlap is about victims, only people with victim clearance may see it. On each side such a person must also have
-- access to the case, in the authority or at the desk of its country. If one side has no such person, both sides are told 24 hours later, so
-- that the overlap is not known on one side alone. The administrators of that side are told only that a clearance is missing. Sometimes they
-- are told this although no overlap waits.

-- Tell whether a person with victim clearance may know of the overlaps of a case: of its authority, or of the desk of its country.
create function priv.has_cleared_person(p_case uuid, p_authority uuid) returns boolean language sql stable as $$
    select exists (
        select from public.authorities home
        join public.authorities a on a.id = home.id or a.type = 'eurojust_desk' and a.country = home.country
        join public.case_access g on g.case_id = p_case and g.authority_id = a.id
             and g.withdrawn_at is null and (g.since is null or g.since <= (select priv.at())) and (g.until is null or g.until > (select priv.at()))
        join public.principals p on p.authority_id = a.id and (g.principal_id is null or g.principal_id = p.id)
        where home.id = p_authority and p.active and p.kind = 'person' and p.victim_cleared
          and p.roles && array ['investigator', 'prosecutor', 'desk'])
$$;

-- Return until when an overlap waits whose evidence is all about victims, or null if it need not wait. A side to which the other case is
-- hidden is not told and so not waited for.
create function priv.waits(o public.case_overlaps, p_unseen_a boolean, p_unseen_b boolean) returns timestamptz language sql stable as $$
    select u.until from (select coalesce(o.waits_until, (select priv.at()) + interval '24 hours') as until) u
    where o.detected_a is null and o.detected_b is null and u.until > (select priv.at())
      and not ((p_unseen_a or priv.has_cleared_person(o.case_a, o.authority_a))
               and (p_unseen_b or priv.has_cleared_person(o.case_b, o.authority_b)))
$$;

-- Tell whether the caller may know that a pair of visible cases is not settled: if it has an overlap that both sides knew of, or evidence of which
-- both will learn when it is settled. Evidence is what priv.links returns, from p_limits on. What is about victims counts for callers with victim
-- clearance alone, and only if the overlap would not wait (priv.waits). Of a case with very many values only some are looked at; the answer is no
-- then.
create function priv.may_know_of_pair(p_a uuid, p_b uuid, p_limits integer[]) returns boolean
language plpgsql stable set enable_seqscan = off set enable_mergejoin = off set enable_hashjoin = off set enable_material = off as $$
declare
    cleared boolean := (select priv.cleared());
    excluding boolean := exists (select from public.exclusions e where e.withdrawn_at is null and e.lapsed_at is null);
    overlap public.case_overlaps;
    victims boolean;
begin
    select * into overlap from public.case_overlaps v where v.case_a = p_a and v.case_b = p_b;
    if overlap.open_strength > 0 and overlap.open_detected_a is not null and overlap.open_detected_b is not null
            or cleared and overlap.strength > 0 and overlap.detected_a is not null and overlap.detected_b is not null then
        return true;
    end if;
    victims := cleared and (
        overlap.detected_a is not null or overlap.detected_b is not null
        or (select bool_and(priv.has_cleared_person(c.id, c.authority_id)) from public.cases c where c.id in (p_a, p_b)));
    return exists (
        select from (select h.* from public.holdings h
                     where h.case_id = p_a and h.strength > 0 and not h.common and (victims or priv.open(h.roles)) limit 10000) x
        join public.holdings y on y.token = x.token and y.case_id = p_b and y.strength > 0 and not y.common and (victims or priv.open(y.roles))
        join public.match_tokens t on t.token = x.token and t.exact and t.open_cases <= p_limits[2] and t.cases + t.hidden_cases > 1
             and priv.links_few(t.cases, t.open_cases, x.roles, y.roles, p_limits[2])
        where not (excluding and (priv.listed(x.token)
                                  or priv.excluded(x.token, array [x.kind, y.kind], x.authority_id, y.authority_id))))
      or exists (
        select from (select l.* from public.likenesses l where (l.case_a, l.case_b) in ((p_a, p_b), (p_b, p_a)) limit 1000) l
        cross join lateral (select h.* from public.holdings h where h.identifier_id = l.identifier_a limit 1) x
        cross join lateral (select h.* from public.holdings h where h.identifier_id = l.identifier_b limit 1) y
        where (victims or priv.open(x.roles) and priv.open(y.roles))
          and (select WORTH_COMPARING(t.family, t.token)
               from public.holdings h
               join public.match_tokens t on t.token = h.token and not t.exact
                    and priv.links_few(t.cases, t.open_cases, x.roles, y.roles, priv.key_limit(t.family, p_limits[1]))
               join public.holdings g on g.token = h.token and g.identifier_id = l.identifier_b and not (h.outdated and g.outdated)
               where h.identifier_id = l.identifier_a and h.strength + g.strength > -2)
          and not (excluding and priv.excluded(null, array [x.kind, y.kind], x.authority_id, y.authority_id)));
end $$;

-- Make overlaps due that need not wait any longer, or of which that has to be found out: those of a case, those whose time is over if no
-- case is named.
create function priv.wake(p_case uuid) returns void language plpgsql volatile as $$
declare
    pair record;
begin
    select array_agg(o.case_a) m, array_agg(o.case_b) n, array_agg(true) live, array_agg(false) none into pair
        from public.case_overlaps o
        where o.waits_until is not null and (p_case in (o.case_a, o.case_b) or p_case is null and o.waits_until <= (select priv.at()));
    if pair.m is not null then
        perform priv.make_due(pair.m, pair.n, pair.live, pair.none, pair.none);
    end if;
end $$;

-- Somebody was given access to a case, or an account was changed that is cleared: overlaps may have waited for that.
create function priv.access_was_given() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    perform priv.wake(g.case_id)
        from (select distinct f.case_id from fresh f
              where f.case_id in (select o.case_a from public.case_overlaps o where o.waits_until is not null
                                  union all select o.case_b from public.case_overlaps o where o.waits_until is not null)) g;
    return null;
end $$;

create function priv.clearance_was_given() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    perform priv.wake(g.case_id)
        from (select distinct g.case_id from public.case_access g
              join public.case_overlaps o on o.waits_until is not null and g.case_id in (o.case_a, o.case_b)
              where g.authority_id = new.authority_id) g;
    return null;
end $$;

create trigger access_was_given after insert on case_access referencing new table as fresh
    for each statement execute function priv.access_was_given();
create trigger access_was_changed after update on case_access referencing new table as fresh
    for each statement execute function priv.access_was_given();
create trigger clearance_was_given after insert or update on principals for each row
    when (new.active and new.victim_cleared) execute function priv.clearance_was_given();

-- Tell of what it is time: an overlap has waited long enough, or it has to be looked which administrators have to be told of a missing clearance.
create function priv.notices_due() returns setof text language sql stable as $$
    select 'overlaps' where exists (
        select from (select x.case_a, x.case_b from public.case_overlaps x where x.waits_until <= (select priv.at()) offset 0) o
        where not exists (select from public.pairs_due d where d.case_a = o.case_a and d.case_b = o.case_b offset 0))
    union all
    select 'clearance' where exists (select from public.clearance_watch w where w.last_at <= (select priv.at()) - interval '1 hour')
$$;

-- Once an hour, tell the administrators of authorities without a cleared person that a
-- clearance is missing: if an overlap of theirs has begun to wait since the last time, and of the others some by chance, so that the alarm
-- does not tell whether there is one.
create function priv.tell_of_missing_clearance() returns void language plpgsql volatile as $$
declare
    last timestamptz;
    chance real;
    entries jsonb;
begin
    select w.last_at, w.for_nothing into last, chance from public.clearance_watch w
        where w.last_at <= (select priv.at()) - interval '1 hour' for update;
    if not found then
        return;
    end if;
    update public.clearance_watch w set last_at = (select priv.at());
    select jsonb_agg(e.entry) into entries
        from (
            select s.authority_id
            from public.case_overlaps o
            cross join lateral (values (o.case_a, o.authority_a), (o.case_b, o.authority_b)) s (case_id, authority_id)
            where o.waits_until > last + interval '24 hours' and not priv.has_cleared_person(s.case_id, s.authority_id)
            union
            select a.id
            from (select x.id from public.authorities x where random() < chance) a
            where exists (select from (select c.id from public.cases c where c.authority_id = a.id order by c.id desc limit 1000) c
                          where not priv.has_cleared_person(c.id, a.id))) t
        cross join lateral jsonb_array_elements(priv.alarmed(t.authority_id, 'clearance_missing', '{}')) e (entry);
    if entries is not null then
        perform priv.append(entries);
    end if;
end $$;

grant select, update on clearance_watch to coopapi_definer;
