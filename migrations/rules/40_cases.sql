-- Return the caller's access level to a case. Functions that bypass the policies use it; it is the same rule as in the policies.
create function priv.level(p_case uuid) returns smallint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(max(g.level), 0)::smallint
    from public.case_access g
    where g.case_id = p_case and g.authority_id = (select priv.authority())
      and (g.principal_id is null or g.principal_id = (select priv.principal()))
      and g.withdrawn_at is null and (g.since is null or g.since <= (select priv.at())) and (g.until is null or g.until > (select priv.at()))
$$;

-- Tell whether the caller may decide who has access to a case: it has the highest level, or it is creating a case to which nobody has
-- access yet.
create function priv.may_grant_access(p_case uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.level(p_case) >= 4 or exists (select from public.cases c where c.id = p_case and c.authority_id = (select priv.authority()))
        and not exists (select from public.case_access g where g.case_id = p_case)
$$;

create function priv.require_level(p_case uuid, p_level integer) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if priv.level(p_case) < p_level then
        raise exception 'the caller has no access to the case' using errcode = '42501';
    end if;
end $$;

grant execute on function priv.may_grant_access(uuid) to APP_ROLE;

-- Only the matching functions (60_holdings.sql) change the visibility, in the same statement as the holdings.
grant select, insert,
    update (version, title, operation_name, case_type, crime_categories, countries, visibility_reason, handling_code, handler_id,
            eurojust_number, siena_reference, ecodex_id, external_id, state, state_reason, updated_at) on cases to APP_ROLE;
grant select, update on cases to coopapi_definer;
create policy seen on cases for select using (GRANTED(cases.id, 1));
create policy opened on cases for insert with check (authority_id = (select priv.authority()));
-- Contributors of a case lock its row; only owners change it.
create policy changed on cases for update using (GRANTED(cases.id, 3)) with check (GRANTED(cases.id, 4));

grant select, insert, update (version, withdrawn_at, withdrawn_by, withdrawal_reason, kept_out) on case_access to APP_ROLE;
grant select, insert, update on case_access to coopapi_definer;
-- An authority does not see a grant to it that has not begun. Every access rule for cases reads this table.
create policy seen on case_access for select
    using (
    authority_id = (select priv.authority()) and (since is null or since <= (select priv.at())) or owner_id = (select priv.authority()));
create policy given on case_access for insert with check (owner_id = (select priv.authority()) and priv.may_grant_access(case_id));
create policy changed on case_access for update using (owner_id = (select priv.authority()) and priv.may_grant_access(case_id));

grant select, insert on case_keys to APP_ROLE;
grant select on case_keys to coopapi_definer;
create policy seen on case_keys for select using (GRANTED(case_keys.case_id, 2));
create policy made on case_keys for insert with check (GRANTED(case_keys.case_id, 4));

grant select, insert, update (version, category, age_status, external_id) on subjects to APP_ROLE;
grant select on subjects to coopapi_definer;
create policy seen on subjects for select using (GRANTED(subjects.case_id, 2));
create policy made on subjects for insert with check (GRANTED(subjects.case_id, 3));
create policy changed on subjects for update using (GRANTED(subjects.case_id, 3));

grant select, insert on subject_categories to APP_ROLE;
create policy seen on subject_categories for select using (GRANTED(subject_categories.case_id, 2));
create policy made on subject_categories for insert with check (GRANTED(subject_categories.case_id, 3));

grant select, insert,
    update (version, fingerprint, sealed, normaliser, strength, warnings, basis, source_grading, information_grading,
            handling_code, exceptional_reason, exceptional_until, external_id, withdrawn_at, withdrawal_reason) on identifiers to APP_ROLE;
grant select on identifiers to coopapi_definer;
create policy seen on identifiers for select using (GRANTED(identifiers.case_id, 2));
create policy made on identifiers for insert with check (GRANTED(identifiers.case_id, 3));
create policy changed on identifiers for update using (GRANTED(identifiers.case_id, 3));

grant select, insert, update (made), delete on idempotency_keys to APP_ROLE;
create policy own on idempotency_keys using (principal_id = (select priv.principal()))
    with check (principal_id = (select priv.principal()) and authority_id = (select priv.authority()));
