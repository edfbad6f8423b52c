-- Return the journal entries of one change of an overlap, one for each side that may know of it. The entry for the other side does not name
-- the person but the machine.
create function priv.overlap_change_entries(p_overlap uuid, p_action text, p_case_a uuid, p_case_b uuid, p_authority_a uuid,
                                            p_authority_b uuid, p_hidden_a boolean, p_hidden_b boolean, p_victims_only boolean,
                                            p_request text, p_detail jsonb)
returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'authority_id', s.owner, 'at', (select priv.at()),
        'principal_id', case when s.owner = (select priv.authority()) then (select priv.principal()) end,
        'role', case when s.owner = (select priv.authority()) then coalesce((select priv.role()), 'machine') else 'machine' end,
        'action', p_action, 'object_type', 'overlap', 'object_id', p_overlap, 'case_id', s.mine,
        'purpose', 'cross_check', 'request_id', case when s.owner = (select priv.authority()) then p_request else '' end,
        'consultation', false, 'event', true, 'victims_only', p_victims_only, 'detail', p_detail)), '[]')
    from (values (p_case_a, p_authority_a, p_authority_b, p_hidden_b), (p_case_b, p_authority_b, p_authority_a, p_hidden_a))
         as s (mine, owner, counterpart, hidden)
    where not s.hidden or s.owner = s.counterpart
$$;

-- Return the entries for the owners of an overlap whose evidence changed from p_was to p_now identifiers. A side to which the other case is
-- hidden gets none. A side to which it has just become visible is told of the overlap as a new one. If callers with victim clearance get a
-- more detailed entry of their own, this one is for the others only (p_more: true for every side, false for a side that was just shown the
-- case, otherwise null).
create function priv.evidence_change_entries(o public.case_overlaps, p_at timestamptz, p_hidden_a boolean, p_hidden_b boolean,
                                             p_victims boolean, p_moved boolean, p_more boolean, p_was bigint, p_now bigint,
                                             p_strength integer, p_last_was timestamptz, p_last timestamptz)
returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'authority_id', s.owner, 'at', p_at, 'role', 'machine', 'object_type', 'overlap', 'object_id', o.id, 'case_id', s.mine,
        'action', case when p_now = 0 then 'overlap.withdrawn' when s.was = 0 then 'overlap.detected' else 'overlap.changed' end,
        'purpose', 'cross_check', 'request_id', '', 'consultation', false, 'event', true, 'victims_only', p_victims,
        'uncleared_only', p_more or p_more is not null and s.shown,
        'detail', jsonb_build_object('strength', (array ['none', 'weak', 'possible', 'strong'])[p_strength + 1],
                                     'new', p_last is not null and (s.shown or p_last > coalesce(p_last_was, '-infinity'))))
        order by s.mine), '[]')
    from (select v.*, case when v.shown then 0 else p_was end was
          from (values (o.case_a, o.authority_a, p_hidden_b, o.hidden_b and not p_hidden_b and o.authority_a <> o.authority_b),
                       (o.case_b, o.authority_b, p_hidden_a, o.hidden_a and not p_hidden_a and o.authority_a <> o.authority_b))
               v (mine, owner, hidden, shown)) s
    where (not s.hidden or o.authority_a = o.authority_b) and (p_moved or s.shown) and s.was + p_now > 0
$$;

-- Reopen an overlap that a side rejected if there is new evidence: registered since then, or visible to this side since then. Evidence
-- about victims only is new only for people with victim clearance.
create function priv.reopen(p_overlap uuid, p_case uuid, p_last timestamptz, p_open_last timestamptz, p_shown timestamptz) returns void
language plpgsql volatile as $$
declare
    newest timestamptz := case when p_last is not null then greatest(p_last, p_shown) end;
    newest_open timestamptz := case when p_open_last is not null then greatest(p_open_last, p_shown) end;
    side record;
begin
    update public.overlap_sides d set state = 'detected', verifier_id = null, version = d.version + 1
        where d.overlap_id = p_overlap and d.case_id = p_case and d.state = 'rejected'
          and d.decided_at < case when d.victims then newest else newest_open end;
    select d.* into side from public.overlap_sides d where d.overlap_id = p_overlap and d.case_id = p_case order by d.turn desc limit 1;
    if side.state = 'rejected' and side.decided_at < newest then
        insert into public.overlap_sides as d (id, version, overlap_id, case_id, authority_id, victims, turn, state)
            values (gen_random_uuid(), 1, p_overlap, p_case, side.authority_id, true, nextval('public.overlap_turns'), 'detected')
            on conflict (overlap_id, case_id, victims) do update
                set state = 'detected', verifier_id = null, reason = null, decided_by = null, decided_at = null,
                    version = d.version + 1, turn = excluded.turn;
    end if;
end $$;

-- Recompute pairs from the holdings of both cases and tell both owners what changed. The functions below call it. Each overlap is written once,
-- because it is in many indexes. One settler works at a time, so no other transaction changes overlaps meanwhile.
create function priv.refresh(p_mine uuid[], p_other uuid[], p_limits integer[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
declare
    at_time timestamptz := priv.at();
    firsts uuid[];
    seconds uuid[];
    entries jsonb[] := '{}';  -- one array of entries for each change: appending to one of JSON copies all of it
    blank public.case_overlaps := jsonb_populate_record(null::public.case_overlaps, '{
        "state": "withdrawn", "strength": 0, "rarity": 0, "score": 0, "kinds": [], "roles": [], "shared_a": 0, "shared_b": 0, "rank": 0,
        "open_strength": 0, "open_rarity": 0, "open_score": 0, "open_kinds": [], "open_roles": [], "open_shared_a": 0, "open_shared_b": 0,
        "open_rank": 0}');
    made public.case_overlaps[] := '{}';
    changed public.case_overlaps[] := '{}';
    kept public.case_overlaps;
    o public.case_overlaps;  -- what it becomes
    stirred boolean;
    moved boolean;
    about_victims boolean;
    shown boolean;
    r record;
begin
    perform priv.plan_once(cardinality(p_mine) <= 20);
    select array_agg(p.a order by p.a, p.b), array_agg(p.b order by p.a, p.b) into firsts, seconds
    from (select distinct least(m, n) a, greatest(m, n) b from unnest(p_mine, p_other) u (m, n)) p;
    for r in
        with t as materialized (select * from priv.totals(firsts, seconds, p_limits))  -- otherwise it is computed anew for each pair
        select v.overlap, (v.overlap).id is null as fresh, ca.id case_a, cb.id case_b, ca.authority_id authority_a, cb.authority_id authority_b,
               ca.visibility = 'hidden' hidden_a, cb.visibility = 'hidden' hidden_b,
               ca.visibility = 'hidden' and ca.authority_id <> cb.authority_id unseen_b,  -- the sides to which the other case is hidden
               cb.visibility = 'hidden' and ca.authority_id <> cb.authority_id unseen_a,
               t.si, t.sj, t.s, t.w, t.c, t.ks, t.rs, t.f, t.l, t.oi, t.oj, t.os, t.ow, t.oc, t.oks, t.ors, t.og, t.ol
        from t
        cross join lateral (select * from public.cases c where c.id = t.m offset 0) ca
        cross join lateral (select * from public.cases c where c.id = t.n offset 0) cb
        left join lateral (select x as overlap from public.case_overlaps x where x.case_a = t.m and x.case_b = t.n offset 0) v on true
        -- The order in which both sides are told must not depend on when a case was opened, because it may have been hidden since.
        order by least(ca.authority_id, cb.authority_id), greatest(ca.authority_id, cb.authority_id), t.m, t.n
    loop
        kept := r.overlap;
        if r.fresh then
            kept := blank;
            kept.id := gen_random_uuid();
            kept.case_a := r.case_a; kept.authority_a := r.authority_a; kept.hidden_a := r.hidden_a;
            kept.case_b := r.case_b; kept.authority_b := r.authority_b; kept.hidden_b := r.hidden_b;
            kept.changed_at := at_time;
        end if;
        o := kept;
        moved := (kept.open_strength, kept.open_rarity, kept.open_score, kept.open_kinds, kept.open_roles, kept.open_shared_a,
                  kept.open_shared_b, kept.open_last_at)
              is distinct from (r.os, r.ow, r.oc, r.oks, r.ors, r.oi::integer, r.oj::integer, r.ol);
        stirred := (kept.strength, kept.rarity, kept.score, kept.kinds, kept.roles, kept.shared_a, kept.shared_b, kept.last_at)
              is distinct from (r.s, r.w, r.c, r.ks, r.rs, r.si::integer, r.sj::integer, r.l);
        shown := (kept.hidden_a, kept.hidden_b) <> (r.hidden_a, r.hidden_b);
        o.waits_until := case when r.si > 0 and r.oi = 0 then priv.waits(kept, r.unseen_a, r.unseen_b) end;
        if o.waits_until is null and (moved or stirred or shown) then  -- what waits is stored as if it had not been found
            o.hidden_a := r.hidden_a; o.hidden_b := r.hidden_b;
            o.state := case when r.si = 0 then 'withdrawn' else 'detected' end;
            o.strength := r.s; o.rarity := r.w; o.score := r.c; o.kinds := r.ks; o.roles := r.rs;
            o.shared_a := r.si; o.shared_b := r.sj; o.first_at := r.f; o.last_at := r.l;
            o.open_strength := r.os; o.open_rarity := r.ow; o.open_score := r.oc; o.open_kinds := r.oks; o.open_roles := r.ors;
            o.open_shared_a := r.oi; o.open_shared_b := r.oj; o.open_first_at := r.og; o.open_last_at := r.ol;
            o.rank := priv.rank(r.s, r.w, greatest(r.si, r.sj)); o.open_rank := priv.rank(r.os, r.ow, greatest(r.oi, r.oj));
            o.detected_a := coalesce(kept.detected_a, case when r.si > 0 and not r.unseen_a then at_time end);
            o.detected_b := coalesce(kept.detected_b, case when r.si > 0 and not r.unseen_b then at_time end);
            o.open_detected_a := coalesce(kept.open_detected_a, case when r.oi > 0 and not r.unseen_a then at_time end);
            o.open_detected_b := coalesce(kept.open_detected_b, case when r.oi > 0 and not r.unseen_b then at_time end);
            o.shown_a := case when kept.hidden_b and not r.hidden_b then at_time else kept.shown_a end;
            o.shown_b := case when kept.hidden_a and not r.hidden_a then at_time else kept.shown_b end;
            o.changed_at := at_time;
            o.open_changed_at := case when moved or shown then at_time else kept.open_changed_at end;
            if not r.fresh and exists (select from public.overlap_sides d where d.overlap_id = kept.id and d.state = 'rejected') then
                -- New evidence counts from now: a person who rejected the overlap after the registration has not seen it.
                perform priv.reopen(kept.id, s.mine, case when r.l > coalesce(kept.last_at, '-infinity') then at_time else r.l end,
                                    case when r.ol > coalesce(kept.open_last_at, '-infinity') then at_time else r.ol end, s.shown)
                from (values (kept.case_a, r.unseen_a, o.shown_a), (kept.case_b, r.unseen_b, o.shown_b)) s (mine, unseen, shown)
                where not s.unseen;
            end if;
            -- Callers without victim clearance are told of the evidence that is not about victims, as if there were no other. Those with
            -- clearance are told of all evidence.
            about_victims := (kept.strength, kept.rarity, kept.score, kept.kinds, kept.roles, kept.shared_a, kept.shared_b)
                  is distinct from (kept.open_strength, kept.open_rarity, kept.open_score, kept.open_kinds, kept.open_roles,
                  kept.open_shared_a, kept.open_shared_b)
                  or (r.s, r.w, r.c, r.ks, r.rs, r.si, r.sj) is distinct from (r.os, r.ow, r.oc, r.oks, r.ors, r.oi, r.oj);
            if moved or shown then
                entries := array_append(entries, priv.evidence_change_entries(kept, at_time, r.hidden_a, r.hidden_b, false, moved,
                    case when about_victims then stirred end, kept.open_shared_a, r.oi, r.os, kept.open_last_at, r.ol));
            end if;
            if about_victims and (stirred or shown) then
                entries := array_append(entries, priv.evidence_change_entries(kept, at_time, r.hidden_a, r.hidden_b, true, stirred, null,
                    kept.shared_a, r.si, r.s, kept.last_at, r.l));
            end if;
        end if;
        if r.fresh then
            made := array_append(made, o);
        elsif o is distinct from kept then
            changed := array_append(changed, o);
        end if;
    end loop;
    insert into public.case_overlaps select m.* from unnest(made) m order by m.case_a, m.case_b;
    insert into public.overlap_sides (id, version, overlap_id, case_id, authority_id, victims, turn, state)
        select gen_random_uuid(), 1, m.id, s.case_id, s.authority_id, false, 0, 'detected'
        from unnest(made) m, lateral (values (m.case_a, m.authority_a), (m.case_b, m.authority_b)) s (case_id, authority_id)
        order by m.case_a, m.case_b, s.case_id;
    update public.case_overlaps u set
        (hidden_a, hidden_b, state, strength, rarity, score, kinds, roles, shared_a, shared_b, first_at, last_at, rank, detected_a, detected_b,
         open_strength, open_rarity, open_score, open_kinds, open_roles, open_shared_a, open_shared_b, open_first_at, open_last_at, open_rank,
         open_detected_a, open_detected_b, shown_a, shown_b, changed_at, open_changed_at, waits_until) =
        (n.hidden_a, n.hidden_b, n.state, n.strength, n.rarity, n.score, n.kinds, n.roles, n.shared_a, n.shared_b, n.first_at, n.last_at, n.rank,
         n.detected_a, n.detected_b, n.open_strength, n.open_rarity, n.open_score, n.open_kinds, n.open_roles, n.open_shared_a, n.open_shared_b,
         n.open_first_at, n.open_last_at, n.open_rank, n.open_detected_a, n.open_detected_b, n.shown_a, n.shown_b, n.changed_at,
         n.open_changed_at, n.waits_until)
        from unnest(changed) n where u.id = n.id;
    perform priv.append((select jsonb_agg(x.entry order by e.n, x.m)
                         from unnest(entries) with ordinality e (said, n), jsonb_array_elements(e.said) with ordinality x (entry, m)));
end $$;

-- Return the authority to consult about a case: the one that is responsible for it, or else its owner. The caller sees the index of the case,
-- or it is the other case of an overlap that the caller sees.
create function priv.whom_to_consult(p_case uuid, p_overlap uuid) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((select g.authority_id from public.case_access g
                     where g.case_id = c.id and g.kind = 'responsible' and g.level = 3 and g.withdrawn_at is null), c.authority_id)
    from public.cases c
    where c.id = p_case and (GRANTED(c.id, 1) or exists (
        select from public.case_overlaps o
        cross join lateral (select case when o.case_a = p_case then o.case_b else o.case_a end as mine) m
        where o.id = p_overlap and p_case in (o.case_a, o.case_b) and SEEN_FROM(o, m.mine)))
$$;

grant execute on function priv.whom_to_consult(uuid, uuid) to APP_ROLE;

grant select on case_overlaps to APP_ROLE;
grant select, insert, update on case_overlaps to coopapi_definer;
create policy seen on case_overlaps for select using (OVERLAP_SEEN(case_overlaps));

grant select, insert, update (version, turn, state, verifier_id, reason, decided_by, decided_at) on overlap_sides to APP_ROLE;
grant select, insert, update on overlap_sides to coopapi_definer;
grant usage on sequence overlap_turns to APP_ROLE, coopapi_definer;
-- The judgement of a side is visible to people with access to its case who see the overlap, and is changed by those who may add to the
-- case. The other side's judgement is not visible. Judgements of evidence about victims only are for people with victim clearance.
create policy seen on overlap_sides for select using (
    GRANTED(overlap_sides.case_id, 1) and (not victims or (select priv.cleared()))
    and exists (select from public.case_overlaps o where o.id = overlap_sides.overlap_id));
create policy begun on overlap_sides for insert with check (
    victims and (select priv.cleared()) and GRANTED(overlap_sides.case_id, 3)
    and exists (select from public.case_overlaps o where o.id = overlap_sides.overlap_id
                and (overlap_sides.case_id, overlap_sides.authority_id) in ((o.case_a, o.authority_a), (o.case_b, o.authority_b))));
-- Nobody can assign an overlap to another person or decide in another person's name.
create policy judged on overlap_sides for update using (
    GRANTED(overlap_sides.case_id, 3) and (not victims or (select priv.cleared()))
    and exists (select from public.case_overlaps o where o.id = overlap_sides.overlap_id))
    with check (
    GRANTED(overlap_sides.case_id, 3) and (verifier_id is null or verifier_id = (select priv.principal()))
    and (state in ('detected', 'under_verification') or decided_by = (select priv.principal())));
