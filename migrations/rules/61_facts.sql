-- Facts of cases. Who reads the case reads them; those about victims are for people with victim clearance, also in their own case.

-- Store new facts with their links, which must be of the same cases. p_rows holds their columns, bytes as hexadecimal digits, without `victims`:
-- a link to a victim, or to an identifier that belongs to victims alone as far as the caller sees, or what is said of the fact, makes it one about
-- victims. Who does not see the links of identifiers to victims must not learn of them, so its facts stay as they would be without them. p_subjects and p_identifiers name the facts that they belong to.
-- The caller has locked the cases and the identifiers, so nothing becomes a victim's meanwhile. This runs with the rights of the caller.
create function priv.record_facts(p_rows jsonb, p_subjects jsonb, p_identifiers jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    insert into public.facts (id, version, case_id, authority_id, recorded_by, kind, begins_at, ends_at, precision, utc_offset, zone, country,
            basis, confidence, source_grading, information_grading, handling_code, words, place_token, about_victim, victims, external_id,
            recorded_at, changed_by, changed_at)
        select r.id, 1, r.case_id, (select priv.authority()), (select priv.principal()), r.kind, r.begins_at, r.ends_at, r.precision,
               r.utc_offset, r.zone, r.country, r.basis, r.confidence, r.source_grading, r.information_grading, r.handling_code,
               decode(r.words, 'hex'), decode(r.place_token, 'hex'), r.about_victim, r.about_victim or coalesce(v.victims, false) or coalesce(o.victims, false),
               r.external_id, (select priv.at()), (select priv.principal()), (select priv.at())
        from jsonb_to_recordset(p_rows) r (id uuid, case_id uuid, kind text, begins_at timestamptz, ends_at timestamptz, precision text,
             utc_offset smallint, zone text, country text, basis text, confidence text, source_grading text, information_grading text,
             handling_code text, words text, place_token text, about_victim boolean, external_id text)
        left join (select l.fact_id, bool_or(s.category = 'victim') as victims
                   from jsonb_to_recordset(p_subjects) l (fact_id uuid, subject_id uuid) join public.subjects s on s.id = l.subject_id
                   group by l.fact_id) v on v.fact_id = r.id
        left join (select l.fact_id, bool_or(array (
                              select distinct s.category from public.identifier_subjects k join public.subjects s on s.id = k.subject_id
                              where k.identifier_id = l.identifier_id) = array ['victim']) as victims
                   from jsonb_to_recordset(p_identifiers) l (fact_id uuid, identifier_id uuid) group by l.fact_id) o on o.fact_id = r.id
        order by r.id;
    perform priv.link_facts(p_subjects, p_identifiers);
end $$;

-- Add links to facts that do not have them.
create function priv.link_facts(p_subjects jsonb, p_identifiers jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.fact_subjects (fact_id, case_id, subject_id)
        select l.fact_id, f.case_id, l.subject_id
        from jsonb_to_recordset(p_subjects) l (fact_id uuid, subject_id uuid) join public.facts f on f.id = l.fact_id
        on conflict do nothing;
    insert into public.fact_identifiers (fact_id, case_id, identifier_id)
        select l.fact_id, f.case_id, l.identifier_id
        from jsonb_to_recordset(p_identifiers) l (fact_id uuid, identifier_id uuid) join public.facts f on f.id = l.fact_id
        on conflict do nothing;
end $$;

-- Keep the present state of facts, which are about to be corrected.
create function priv.keep_facts(p_facts uuid[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    insert into public.fact_history (fact_id, case_id, version, kind, begins_at, ends_at, precision, utc_offset, zone, country, basis, confidence,
            source_grading, information_grading, handling_code, words, place_token, about_victim, victims, subjects, identifiers, external_id,
            recorded_by, recorded_at, superseded_at)
        select f.id, f.case_id, f.version, f.kind, f.begins_at, f.ends_at, f.precision, f.utc_offset, f.zone, f.country, f.basis, f.confidence,
               f.source_grading, f.information_grading, f.handling_code, f.words, f.place_token, f.about_victim, f.victims,
               array (select s.subject_id from public.fact_subjects s where s.fact_id = f.id order by s.subject_id),
               array (select i.identifier_id from public.fact_identifiers i where i.fact_id = f.id order by i.identifier_id),
               f.external_id, f.changed_by, f.changed_at, (select priv.at())
        from public.facts f where f.id = any (p_facts) and GRANTED(f.case_id, 3);
end $$;

-- Make the links of facts those that are given, after the facts themselves were corrected.
create function priv.relink_facts(p_facts uuid[], p_subjects jsonb, p_identifiers jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    delete from public.fact_subjects l
        where l.fact_id = any (p_facts) and not exists (
            select from jsonb_to_recordset(p_subjects) k (fact_id uuid, subject_id uuid)
            where k.fact_id = l.fact_id and k.subject_id = l.subject_id);
    delete from public.fact_identifiers l
        where l.fact_id = any (p_facts) and not exists (
            select from jsonb_to_recordset(p_identifiers) k (fact_id uuid, identifier_id uuid)
            where k.fact_id = l.fact_id and k.identifier_id = l.identifier_id);
    perform priv.link_facts(p_subjects, p_identifiers);
end $$;

-- Return the subjects and identifiers of facts that the caller sees.
create function priv.shown_facts(p_facts uuid[]) returns table (fact_id uuid, subjects jsonb, identifiers jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select f.id,
           (select jsonb_agg(jsonb_build_object('id', s.id, 'pseudonym', s.pseudonym, 'category', s.category) order by s.pseudonym_folded, s.id)
            from public.fact_subjects l join public.subjects s on s.id = l.subject_id where l.fact_id = f.id),
           (select jsonb_agg(jsonb_build_object('id', i.id, 'kind', i.kind) order by i.kind, i.id)
            from public.fact_identifiers l join public.identifiers i on i.id = l.identifier_id where l.fact_id = f.id)
    from unnest(p_facts) f (id);
end $$;

-- Decide anew which facts of a subject, and of identifiers, are about victims, after the category of the subject, or the people changed to whom the
-- identifiers belong. A fact with an identifier that belongs to victims alone is about them. Their keys are unique among those about victims and among
-- the others, so one that is taken there is given up. Earlier states follow, too.
create function priv.recast_facts(p_case uuid, p_subject uuid, p_identifiers uuid[]) returns void language plpgsql volatile as $$
begin
    update public.facts f set victims = t.victims,
            external_id = case when f.withdrawn_at is not null or not exists (
                select from public.facts o where o.case_id = p_case and o.external_id = f.external_id and o.victims = t.victims
                and o.withdrawn_at is null) then f.external_id end
        from (select x.id, x.about_victim or exists (
                  select from public.fact_subjects l join public.subjects s on s.id = l.subject_id
                  where l.fact_id = x.id and s.category = 'victim')
                  or priv.any_closed(array (select l.identifier_id from public.fact_identifiers l where l.fact_id = x.id)) as victims
              from public.facts x
              where x.case_id = p_case and x.id in (
                  select l.fact_id from public.fact_subjects l where l.subject_id = p_subject
                  union all select l.fact_id from public.fact_identifiers l where l.identifier_id = any (p_identifiers))) t
        where f.id = t.id and f.victims <> t.victims;
    update public.fact_history h set victims = h.about_victim or exists (
            select from public.subjects s where s.id = any (h.subjects) and s.category = 'victim') or priv.any_closed(h.identifiers)
        where h.case_id = p_case and (p_subject = any (h.subjects) or h.identifiers && p_identifiers);
end $$;

-- Tell whether some of these identifiers belong to victims alone.
create function priv.any_closed(p_identifiers uuid[]) returns boolean language sql stable as $$
    select exists (select from priv.roles_of(p_identifiers) r where not priv.open(r.roles))
$$;

grant execute on function priv.record_facts(jsonb, jsonb, jsonb), priv.link_facts(jsonb, jsonb), priv.keep_facts(uuid[]),
    priv.relink_facts(uuid[], jsonb, jsonb), priv.shown_facts(uuid[]) to APP_ROLE;

grant select, insert,
    update (version, kind, begins_at, ends_at, precision, utc_offset, zone, country, basis, confidence, source_grading, information_grading,
            handling_code, words, place_token, about_victim, victims, external_id, changed_by, changed_at, withdrawn_at, withdrawal_reason)
    on facts to APP_ROLE;
grant select, update (victims, external_id) on facts to coopapi_definer;
create policy seen on facts for select using (GRANTED(facts.case_id, 2) and (not victims or (select priv.cleared())));
create policy made on facts for insert with check (
    GRANTED(facts.case_id, 3) and authority_id = (select priv.authority()) and recorded_by = (select priv.principal())
    and (not victims or (select priv.cleared())));
create policy changed on facts for update using (GRANTED(facts.case_id, 3) and (not victims or (select priv.cleared())));

-- A link to a victim makes a fact one about victims.
grant select, insert, delete on fact_subjects to APP_ROLE;
grant select on fact_subjects to coopapi_definer;
create policy seen on fact_subjects for select using (
    GRANTED(fact_subjects.case_id, 2) and exists (select from public.facts f where f.id = fact_subjects.fact_id offset 0));
create policy made on fact_subjects for insert with check (
    GRANTED(fact_subjects.case_id, 3) and exists (
        select from public.facts f where f.id = fact_subjects.fact_id and (f.victims or not exists (
            select from public.subjects s where s.id = fact_subjects.subject_id and s.category = 'victim'))));
create policy gone on fact_subjects for delete using (
    GRANTED(fact_subjects.case_id, 3) and exists (select from public.facts f where f.id = fact_subjects.fact_id offset 0));

grant select, insert, delete on fact_identifiers to APP_ROLE;
grant select on fact_identifiers to coopapi_definer;
create policy seen on fact_identifiers for select using (
    GRANTED(fact_identifiers.case_id, 2) and exists (select from public.facts f where f.id = fact_identifiers.fact_id offset 0));
create policy made on fact_identifiers for insert with check (
    GRANTED(fact_identifiers.case_id, 3) and exists (select from public.facts f where f.id = fact_identifiers.fact_id offset 0));
create policy gone on fact_identifiers for delete using (
    GRANTED(fact_identifiers.case_id, 3) and exists (select from public.facts f where f.id = fact_identifiers.fact_id offset 0));

grant select, insert on fact_history to APP_ROLE;
grant select, update (victims) on fact_history to coopapi_definer;
create policy seen on fact_history for select using (
    GRANTED(fact_history.case_id, 2) and (not victims or (select priv.cleared()))
    and exists (select from public.facts f where f.id = fact_history.fact_id offset 0));
create policy made on fact_history for insert with check (
    GRANTED(fact_history.case_id, 3) and exists (select from public.facts f where f.id = fact_history.fact_id offset 0));
