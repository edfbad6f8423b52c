-- Which rows exist for a caller, as the features' visible_to says it in Python; this is the guarantee, that is the plan.
-- GRANTED(case, level) stands for: a live grant on that case, to the caller's authority, and for the caller if it names one.
grant usage on schema public to coopapi_app, coopapi_definer;
grant select, insert, update on authorities, principals, cases, case_access, subjects, identifiers, idempotency_keys, signing_keys
    to coopapi_app;
grant select, insert on case_keys, subject_categories, used_assertions to coopapi_app;
grant delete on used_assertions, idempotency_keys to coopapi_app;
grant select on case_overlaps, journal_entries, journal_heads to coopapi_app;
grant select on authorities, principals, cases, case_access to coopapi_definer;
grant update on cases to coopapi_definer;
grant select, insert, update, delete on match_tokens, holdings to coopapi_definer;
grant select, insert, update on case_overlaps, journal_entries, journal_heads to coopapi_definer;
grant select on priv.context_key to coopapi_definer;

create policy seen on authorities for select
    using ((select priv.authority()) is not null and id <> '00000000-0000-0000-0000-000000000000');
create policy made on authorities for insert with check ((select priv.operator()) and (select priv.role()) = 'admin');
create policy changed on authorities for update
    using ((select priv.role()) = 'admin' and ((select priv.operator()) or id = (select priv.authority())));

create policy seen on principals for select
    using (authority_id = (select priv.authority()) or (select priv.operator()) and (select priv.role()) = 'admin');
create policy made on principals for insert with check (
    (select priv.role()) = 'admin' and (authority_id = (select priv.authority()) or (select priv.operator())));
create policy changed on principals for update using (
    (select priv.role()) = 'admin' and (authority_id = (select priv.authority()) or (select priv.operator())));

create policy seen on case_access for select
    using (authority_id = (select priv.authority()) or owner_id = (select priv.authority()));
create policy given on case_access for insert with check (owner_id = (select priv.authority()));
create policy changed on case_access for update using (owner_id = (select priv.authority()));

create policy seen on cases for select using (GRANTED(cases.id, 1));
create policy opened on cases for insert with check (authority_id = (select priv.authority()));
create policy changed on cases for update using (GRANTED(cases.id, 3));

create policy seen on case_keys for select using (GRANTED(case_keys.case_id, 2));
create policy made on case_keys for insert with check (GRANTED(case_keys.case_id, 4));

create policy seen on subjects for select using (GRANTED(subjects.case_id, 2));
create policy made on subjects for insert with check (GRANTED(subjects.case_id, 3));
create policy changed on subjects for update using (GRANTED(subjects.case_id, 3));

create policy seen on subject_categories for select using (GRANTED(subject_categories.case_id, 2));
create policy made on subject_categories for insert with check (GRANTED(subject_categories.case_id, 3));

create policy seen on identifiers for select using (GRANTED(identifiers.case_id, 2));
create policy made on identifiers for insert with check (GRANTED(identifiers.case_id, 3));
create policy changed on identifiers for update using (GRANTED(identifiers.case_id, 3));

-- Seen from a side one has access to; a hidden case only by its owner; evidence that is not only about victims (R7, R9).
create policy seen on case_overlaps for select using (
    ((select priv.cleared()) or ever_open)
    and (not hidden_a or authority_a = (select priv.authority()))
    and (not hidden_b or authority_b = (select priv.authority()))
    and (GRANTED(case_overlaps.case_a, 1) or GRANTED(case_overlaps.case_b, 1)));

create policy seen on journal_entries for select using (
    (authority_id = (select priv.authority()) and (case_id is null or (select priv.role()) = 'auditor')
     or case_id is not null and (GRANTED(journal_entries.case_id, 2)
         or (action = 'case.registered' or object_type = 'overlap') and GRANTED(journal_entries.case_id, 1)))
    and ((select priv.cleared()) or (select priv.role()) = 'auditor' or not victims_only));
create policy seen on journal_heads for select using (authority_id = (select priv.authority()));

create policy own on idempotency_keys using (principal_id = (select priv.principal()))
    with check (principal_id = (select priv.principal()) and authority_id = (select priv.authority()));
