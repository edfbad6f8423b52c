-- Tell whether an authority may have evidence in a shared thing of the caller. In a team these are the parties, but not a State that is
-- still to join, and the participants whose terms allow it.
create function priv.may_have_evidence(p_object uuid, p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.takes_part(p_object, 1) and (not exists (select from public.jits t where t.id = p_object)
        or exists (select from public.jit_parties j where j.jit_id = p_object and j.authority_id = p_authority and j.state = 'party')
        or exists (select from public.jit_participants j
                   where j.jit_id = p_object and j.authority_id = p_authority and j.evidence and j.state = 'serving'
                     and (j.until is null or j.until > (select priv.at()))))
$$;

-- Return who may be given an item of a shared thing: all who take part; in a team only its parties and the participants whose terms allow
-- it (Convention of 29 May 2000, Art. 13(12)).
create function priv.receivers(p_object uuid, p_provider uuid) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select distinct p.authority_id from public.parties p
    where p.object_id = p_object and p.authority_id <> p_provider and (p.until is null or p.until > (select priv.at()))
      and priv.takes_part(p_object, 1)
      and (not exists (select from public.jits t where t.id = p_object)
           or exists (select from public.jits t
                      where t.id = p_object and t.state = 'active' and (t.until is null or t.until > (select priv.at())))
              and priv.may_have_evidence(p_object, p.authority_id))
$$;

-- Tell whether the caller gave this item, or entered it for an authority without an account here.
create function priv.provides_item(p_evidence uuid, p_object uuid, p_provider uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.evidence e
        where e.id = p_evidence and e.object_id = p_object and e.provider_id = p_provider
          and (e.provider_id = (select priv.authority()) or e.created_by = (select priv.principal())))
$$;

-- Tell whether the caller sees an item: it gave or entered it, it verifies it, or the item was given to it and needs no more verification.
create function priv.sees_item(p_evidence uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.evidence e
        where e.id = p_evidence
          and (e.provider_id = (select priv.authority()) or e.created_by = (select priv.principal()) or e.verifier_id = (select priv.authority())
               or (e.verifier_id is null or e.verified_at is not null) and priv.may_have_evidence(e.object_id, (select priv.authority()))
                  and exists (select from public.evidence_recipients r
                              where r.evidence_id = e.id and r.authority_id = (select priv.authority()))))
$$;

-- Lock an item against other writers. Receivers may lock it too, although they change only their own answer.
create function priv.hold_item(p_evidence uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from public.evidence e where e.id = p_evidence and priv.takes_part(e.object_id, 1) and priv.sees_item(e.id) for no key update;
end $$;

-- Update an item after an answer of a recipient. If all declined it, it is declined. When all who did not decline it have received it, its
-- text is due for erasure (Regulation (EU) 2023/969 Art. 21).
create function priv.settle_item(p_evidence uuid, p_answered boolean) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.hold_item(p_evidence);
    update public.evidence e set version = e.version + 1,
            decided_by = case when p_answered then (select priv.principal()) else e.decided_by end,
            decided_at = case when p_answered then (select priv.at()) else e.decided_at end,
            state = case when e.state = 'given' and r.declined = r.number and r.number > 0 then 'declined' else e.state end,
            erase_at = case when e.erase_at > (select priv.at()) and e.state = 'given' and r.waiting = 0 and r.received > 0 then (select priv.at()) else e.erase_at end
        from (select count(*) as number, count(*) filter (where x.state = 'declined') as declined,
                     count(*) filter (where x.state <> 'declined' and x.received_at is null) as waiting,
                     count(*) filter (where x.state <> 'declined' and x.received_at is not null) as received
              from public.evidence_recipients x where x.evidence_id = p_evidence) r
        where e.id = p_evidence and priv.takes_part(e.object_id, 3) and priv.sees_item(e.id);
end $$;

-- Release an item to the team, as its space administrator.
create function priv.verify_item(p_evidence uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.evidence e set version = e.version + 1, state = 'given', verified_at = (select priv.at())
        where e.id = p_evidence and e.state = 'to_verify' and e.verifier_id = (select priv.authority()) and e.created_by <> (select priv.principal())
          and priv.takes_part(e.object_id, 3);
    if not found then
        raise exception 'the caller may not verify this item' using errcode = '42501';
    end if;
end $$;

-- Tell whether the caller may read the text about an item: its provider may, and a receiver that accepted its conditions.
create function priv.may_read_item(p_evidence uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.evidence e
        where e.id = p_evidence
          and (e.provider_id = (select priv.authority())
               or e.state = 'given' and priv.may_have_evidence(e.object_id, (select priv.authority())) and exists (
                   select from public.evidence_recipients r
                   where r.evidence_id = e.id and r.authority_id = (select priv.authority()) and r.state = 'accepted')))
$$;

-- Assign the items that wait for verification to the present space administrator and return their number.
create function priv.assign_verifier(p_jit uuid) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    handed integer;
begin
    update public.evidence e set verifier_id = j.administrator_id, version = e.version + 1
        from public.jits j
        where j.id = p_jit and e.object_id = j.id and e.state = 'to_verify' and e.verifier_id <> j.administrator_id
          and priv.takes_part(p_jit, 3);
    get diagnostics handed = row_count;
    return handed;
end $$;

-- Erase the texts that are due and record it in the journal of each item's provider.
create function priv.erase_operational() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    gone uuid[];
begin
    perform priv.require_operator();
    with erased as (
        update public.evidence e set terms = null, answer = null, version = e.version + 1
        where e.erase_at <= (select priv.at()) and e.terms is not null returning e.id)
    select array_agg(id) into gone from erased;
    if gone is not null then
        delete from public.evidence_texts where evidence_id = any (gone);
        update public.custody set sealed = null where evidence_id = any (gone);
        update public.evidence_recipients set answer = null where evidence_id = any (gone);
        perform priv.append((
            select jsonb_agg(jsonb_build_object('authority_id', e.provider_id, 'at', (select priv.at()), 'role', 'machine', 'action', 'evidence.erased',
                       'object_type', 'evidence', 'object_id', e.object_id, 'consultation', false, 'event', true, 'victims_only', false,
                       'purpose', 'administration', 'request_id', 'erase', 'detail', jsonb_build_object('item', e.id)) order by e.id)
            from public.evidence e where e.id = any (gone)));
    end if;
    return coalesce(cardinality(gone), 0);
end $$;

grant execute on function priv.may_have_evidence(uuid, uuid), priv.receivers(uuid, uuid), priv.provides_item(uuid, uuid, uuid),
    priv.sees_item(uuid), priv.hold_item(uuid), priv.settle_item(uuid, boolean), priv.verify_item(uuid), priv.may_read_item(uuid),
    priv.assign_verifier(uuid), priv.erase_operational() to APP_ROLE;

grant select, insert, update (version, state, answer, decided_by, decided_at) on evidence to APP_ROLE;
grant select,
    update (version, state, decided_by, decided_at, verifier_id, verified_at, erase_at, terms, answer) on evidence to coopapi_definer;
-- An item is visible to its provider, to the person who entered it, to its verifier and to its receivers. If an item of a third State has
-- to be verified, its receivers see it only afterwards (Regulation (EU) 2023/969 Art. 17(3)).
create policy seen on evidence for select using (
    PARTY(evidence.object_id)
    and (provider_id = (select priv.authority()) or created_by = (select priv.principal()) or verifier_id = (select priv.authority())
         or (verifier_id is null or verified_at is not null) and priv.may_have_evidence(object_id, (select priv.authority()))
            and exists (select from public.evidence_recipients r
                        where r.evidence_id = evidence.id and r.authority_id = (select priv.authority()))));
create policy made on evidence for insert with check (
    ACTING(evidence.object_id) and created_by = (select priv.principal())
    and (provider_id = (select priv.authority()) or priv.may_record_for(object_id, provider_id))
    and (object_type <> 'jit' and not exists (select from public.jits t where t.id = evidence.object_id) or exists (
        select from public.jits t join public.jit_parties j on j.jit_id = t.id
        where t.id = evidence.object_id and t.state = 'active' and t.until > (select priv.at())
          and j.authority_id = (select priv.authority()) and j.state = 'party' and evidence.object_type = 'jit')));
-- An item is changed by its provider or its verifier. It reaches the team only after verification.
create policy changed on evidence for update using (
    ACTING(evidence.object_id)
    and (provider_id = (select priv.authority()) or priv.may_record_for(object_id, provider_id)
         or verifier_id = (select priv.authority()) and state = 'to_verify'))
    with check (
    ACTING(evidence.object_id)
    and (verifier_id is null or verified_at is not null or state in ('to_verify', 'withdrawn')
         or verifier_id = (select priv.authority()) and state = 'rejected'));

grant select, insert on evidence_texts to APP_ROLE;
grant select, delete on evidence_texts to coopapi_definer;
-- The texts about items exchanged in a team are kept for at most four weeks, or until all have received them (Regulation (EU) 2023/969 Art.
-- 21).
create policy seen on evidence_texts for select using (
    exists (select from public.evidence e
            where e.id = evidence_texts.evidence_id and (e.erase_at is null or e.erase_at > (select priv.at()))
              and (priv.may_read_item(e.id) or e.verifier_id = (select priv.authority()) and e.state = 'to_verify')));
create policy made on evidence_texts for insert with check (
    exists (select from public.evidence e where e.id = evidence_texts.evidence_id and e.created_by = (select priv.principal())));

grant select, insert on custody to APP_ROLE;
grant select, update (sealed) on custody to coopapi_definer;
-- Each authority sees the entries that it recorded, and those of others if it may read the text about the item.
create policy seen on custody for select using (
    PARTY(custody.object_id) and (authority_id = (select priv.authority()) or priv.may_read_item(custody.evidence_id)));
create policy made on custody for insert with check (
    ACTING(custody.object_id) and principal_id = (select priv.principal())
    and (authority_id = (select priv.authority()) or priv.may_record_for(object_id, authority_id))
    and exists (select from public.evidence e where e.id = custody.evidence_id and e.object_id = custody.object_id));

grant select, insert, update (version, state, answer, decided_by, decided_at) on evidence_uses to APP_ROLE;
-- A use is visible to people who may read its case, and to the provider, who must be told of it (Budapest Art. 28(4)).
create policy seen on evidence_uses for select using (
    GRANTED(evidence_uses.case_id, 2)
    or provider_id = (select priv.authority()) and PARTY(evidence_uses.object_id));
create policy made on evidence_uses for insert with check (
    GRANTED(evidence_uses.case_id, 3) and authority_id = (select priv.authority()) and state in ('recorded', 'consent_asked')
    and ACTING(evidence_uses.object_id) and priv.may_read_item(evidence_id)
    and exists (select from public.evidence e where e.id = evidence_uses.evidence_id and e.object_id = evidence_uses.object_id
                and e.provider_id = evidence_uses.provider_id and e.state = 'given'));
create policy changed on evidence_uses for update
    using (GRANTED(evidence_uses.case_id, 3) or provider_id = (select priv.authority()) and ACTING(evidence_uses.object_id))
    with check (
        state = 'withdrawn' or priv.may_record_for(object_id, provider_id)
        or provider_id = (select priv.authority()) and ACTING(evidence_uses.object_id));

grant select, insert, update (version, state, answer, decided_by, decided_at, received_at) on evidence_recipients to APP_ROLE;
grant select, update (answer) on evidence_recipients to coopapi_definer;
-- The recipients of an item are visible to everybody who sees the item.
create policy seen on evidence_recipients for select using (
    PARTY(evidence_recipients.object_id) and priv.sees_item(evidence_id));
create policy made on evidence_recipients for insert with check (
    ACTING(evidence_recipients.object_id)
    and authority_id in (select priv.receivers(object_id, provider_id)) and priv.provides_item(evidence_id, object_id, provider_id));
create policy changed on evidence_recipients for update using (
    ACTING(evidence_recipients.object_id)
    and (authority_id = (select priv.authority()) or provider_id = (select priv.authority()) or priv.may_record_for(object_id, authority_id)))
    with check (authority_id = (select priv.authority()) or priv.may_record_for(object_id, authority_id)
                or provider_id = (select priv.authority()) and state = 'offered');
