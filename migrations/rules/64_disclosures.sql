-- Return what was disclosed and may be read now, with the data needed to decrypt it. The receivers may read it until it ends or is
-- recalled. Values of people who are victims now, or were when it was disclosed, need victim clearance.
create function priv.disclosed(p_disclosure uuid)
returns table (identifier_id uuid, kind text, case_id uuid, owner_id uuid, sealed bytea, wrapped bytea)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select i.id, i.kind, i.case_id, d.owner_authority, i.sealed, k.wrapped
    from public.disclosures d
    join public.disclosed_items x on x.disclosure_id = d.id
    join public.identifiers i on i.id = x.identifier_id and i.case_id = d.owner_case and i.withdrawn_at is null
    cross join lateral priv.roles_of(array [i.id]) r
    join public.cases c on c.id = i.case_id and c.state <> 'withdrawn'
    join public.case_keys k on k.case_id = i.case_id
    where d.id = p_disclosure and d.state in ('disclosed_full', 'disclosed_partial')
      and (d.until is null or d.until > (select priv.at()))
      and (priv.level(d.asking_case) >= 2 or priv.level(d.owner_case) >= 2)
      and (not x.victim and priv.open(r.roles) and not d.victims_only or (select priv.cleared()))
$$;

-- Return the entries for both owners of the overlap of a disclosure, each with its own case. The next two functions use it.
create function priv.disclosure_entries(p_disclosure uuid, p_action text, p_detail jsonb, p_request text) returns jsonb language sql stable as $$
    select priv.overlap_change_entries(o.id, p_action, o.case_a, o.case_b, o.authority_a, o.authority_b, o.hidden_a, o.hidden_b, d.victims_only, p_request,
                     p_detail)
    from public.disclosures d join public.case_overlaps o on o.id = d.overlap_id where d.id = p_disclosure
$$;

-- Return the entries that tell the desk of a State that a disclosure was asked just now of a case of its police for which nobody is
-- responsible.
create function priv.unanswerable_entries(p_disclosure uuid) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'authority_id', e.id, 'at', (select priv.at()), 'role', 'machine', 'action', 'case.responsible_missing', 'object_type', 'case',
        'object_id', c.id, 'case_id', c.id, 'purpose', 'coordination', 'request_id', '', 'consultation', false, 'event', true,
        'victims_only', d.victims_only, 'detail', jsonb_build_object('due_at', d.due_at))), '[]')
    from public.disclosures d join public.cases c on c.id = d.owner_case and c.visibility <> 'hidden' and c.desk = 'index'
    join public.authorities o on o.id = c.authority_id
        and o.type not in ('public_prosecutor', 'judge', 'court', 'investigating_judge', 'other_issuing')
    join public.authorities e on e.type = 'eurojust_desk' and e.country = o.country
    where d.id = p_disclosure and d.asked_at = (select priv.at()) and not exists (
        select from public.case_access g
        where g.case_id = c.id and g.kind = 'responsible' and g.level = 3 and g.withdrawn_at is null)
$$;

-- Tell both sides that the caller requested, answered or recalled a disclosure.
create function priv.tell(p_disclosure uuid, p_action text, p_detail jsonb, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from public.disclosures d
                   where d.id = p_disclosure and greatest(priv.level(d.asking_case), priv.level(d.owner_case)) >= 3)
            or p_action not like 'disclosure.%' or priv.registers_own(p_action) then
        raise exception 'the caller has no access to the disclosure' using errcode = '42501';
    end if;
    perform priv.append(priv.disclosure_entries(p_disclosure, p_action, p_detail, p_request) || priv.unanswerable_entries(p_disclosure));
end $$;

-- Tell the receivers of a value that it was corrected or withdrawn (Directive (EU) 2016/680 Art. 16(6)). The caller must be allowed to add
-- to the case of the value. The value itself is not written to any journal.
create function priv.tell_recipients(p_identifier uuid, p_act text, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_level((select i.case_id from public.identifiers i where i.id = p_identifier), 3);
    if p_act not in ('corrected', 'withdrawn') then
        raise exception 'the action must be the correction or withdrawal of a value' using errcode = '22023';
    end if;
    perform priv.append((
        select coalesce(jsonb_agg(e.entry order by d.id, e.n), '[]')
        from public.disclosures d join public.disclosed_items x on x.disclosure_id = d.id
        cross join lateral jsonb_array_elements(priv.disclosure_entries(d.id, 'disclosure.item_' || p_act,
            jsonb_build_object('state', d.state, 'disclosure', d.id, 'identifier', p_identifier), p_request))
            with ordinality e (entry, n)
        where x.identifier_id = p_identifier and d.state in ('disclosed_full', 'disclosed_partial')));
end $$;

grant execute on function priv.disclosed(uuid), priv.tell(uuid, text, jsonb, text),
    priv.tell_recipients(uuid, text, text) to APP_ROLE;

grant select, insert, update (version, state, decided_by, decided_at, reason, ground, until) on disclosures to APP_ROLE;
grant select on disclosures to coopapi_definer;
-- Both sides see the request and the answer. The asking side may ask about an overlap that it sees, and may withdraw the request. The owner,
-- or the authority that is responsible for its case, answers with identifiers of that case.
create policy seen on disclosures for select using (
    (GRANTED(disclosures.asking_case, 2) or GRANTED(disclosures.owner_case, 2))
    and (not victims_only or (select priv.cleared())));
create policy asked on disclosures for insert with check (
    ANSWERING(disclosures.asking_case)
    and (not victims_only or (select priv.cleared())) and state = 'requested'
    and exists (select from public.case_overlaps o
                where o.id = disclosures.overlap_id
                  and (asking_case, asking_authority, owner_case, owner_authority) in (
                      (o.case_a, o.authority_a, o.case_b, o.authority_b), (o.case_b, o.authority_b, o.case_a, o.authority_a))));
create policy withdrawn on disclosures for update
    using (GRANTED(disclosures.asking_case, 3) and (not victims_only or (select priv.cleared())))
    with check (GRANTED(disclosures.asking_case, 3) and state = 'withdrawn');
create policy answered on disclosures for update
    using (ANSWERING(disclosures.owner_case) and (not victims_only or (select priv.cleared())))
    with check (ANSWERING(disclosures.owner_case) and state <> 'withdrawn');

grant select, insert on disclosed_items to APP_ROLE;
grant select on disclosed_items to coopapi_definer;
create policy seen on disclosed_items for select using (
    exists (select from public.disclosures d where d.id = disclosed_items.disclosure_id)
    and (not victim or (select priv.cleared())));
create policy given on disclosed_items for insert with check (
    exists (select from public.disclosures d join public.identifiers i on i.case_id = d.owner_case
            where d.id = disclosed_items.disclosure_id and i.id = disclosed_items.identifier_id and ANSWERING(d.owner_case)));
