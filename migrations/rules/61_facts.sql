-- Facts of cases. Who reads the case reads them; those about victims are for people with victim clearance, also in their own case.

-- Return a kind of fact's links as they are, for the history and for what is shown: the subjects and identifiers of each fact, sorted.
create function priv.links_of_facts(p_facts uuid[]) returns table (fact_id uuid, subjects uuid[], identifiers uuid[])
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select f.id,
           array (select s.subject_id from public.fact_subjects s where s.fact_id = f.id order by s.subject_id),
           array (select i.identifier_id from public.fact_identifiers i where i.fact_id = f.id order by i.identifier_id)
    from unnest(p_facts) f (id);
end $$;

grant execute on function priv.links_of_facts(uuid[]) to APP_ROLE;

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
    GRANTED(fact_subjects.case_id, 2) and exists (select from public.facts f where f.id = fact_subjects.fact_id));
create policy made on fact_subjects for insert with check (
    GRANTED(fact_subjects.case_id, 3) and exists (
        select from public.facts f where f.id = fact_subjects.fact_id and (f.victims or not exists (
            select from public.subjects s where s.id = fact_subjects.subject_id and s.category = 'victim'))));
create policy gone on fact_subjects for delete using (
    GRANTED(fact_subjects.case_id, 3) and exists (select from public.facts f where f.id = fact_subjects.fact_id));

grant select, insert, delete on fact_identifiers to APP_ROLE;
create policy seen on fact_identifiers for select using (
    GRANTED(fact_identifiers.case_id, 2) and exists (select from public.facts f where f.id = fact_identifiers.fact_id));
create policy made on fact_identifiers for insert with check (
    GRANTED(fact_identifiers.case_id, 3) and exists (select from public.facts f where f.id = fact_identifiers.fact_id));
create policy gone on fact_identifiers for delete using (
    GRANTED(fact_identifiers.case_id, 3) and exists (select from public.facts f where f.id = fact_identifiers.fact_id));

grant select, insert on fact_history to APP_ROLE;
grant select, update (victims) on fact_history to coopapi_definer;
create policy seen on fact_history for select using (
    GRANTED(fact_history.case_id, 2) and (not victims or (select priv.cleared()))
    and exists (select from public.facts f where f.id = fact_history.fact_id));
create policy made on fact_history for insert with check (
    GRANTED(fact_history.case_id, 3) and exists (select from public.facts f where f.id = fact_history.fact_id));
