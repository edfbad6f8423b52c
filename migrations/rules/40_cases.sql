-- The caller's access to a case; the same rule as in the policies, for the functions that look past them.
create function priv.level(p_case uuid) returns smallint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(max(g.level), 0)::smallint
    from public.case_access g
    where g.case_id = p_case and g.authority_id = (select priv.authority())
      and (g.principal_id is null or g.principal_id = (select priv.principal()))
      and g.withdrawn_at is null and (g.since is null or g.since <= (select priv.at())) and (g.until is null or g.until > (select priv.at()))
$$;

create function priv.require_level(p_case uuid, p_level integer) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if priv.level(p_case) < p_level then
        raise exception 'no access to the case' using errcode = '42501';
    end if;
end $$;

grant select, insert, update on cases to APP_ROLE;
grant select, update on cases to coopapi_definer;
create policy seen on cases for select using (GRANTED(cases.id, 1));
create policy opened on cases for insert with check (authority_id = (select priv.authority()));
create policy changed on cases for update using (GRANTED(cases.id, 3));

grant select, insert, update on case_access to APP_ROLE;
grant select, insert, update on case_access to coopapi_definer;
-- A grant that has not begun does not exist for its receiver; every rule of access to a case reads this table.
create policy seen on case_access for select
    using (
    authority_id = (select priv.authority()) and (since is null or since <= (select priv.at())) or owner_id = (select priv.authority()));
create policy given on case_access for insert with check (owner_id = (select priv.authority()));
create policy changed on case_access for update using (owner_id = (select priv.authority()));

grant select, insert on case_keys to APP_ROLE;
grant select on case_keys to coopapi_definer;
create policy seen on case_keys for select using (GRANTED(case_keys.case_id, 2));
create policy made on case_keys for insert with check (GRANTED(case_keys.case_id, 4));

grant select, insert, update on subjects to APP_ROLE;
grant select on subjects to coopapi_definer;
create policy seen on subjects for select using (GRANTED(subjects.case_id, 2));
create policy made on subjects for insert with check (GRANTED(subjects.case_id, 3));
create policy changed on subjects for update using (GRANTED(subjects.case_id, 3));

grant select, insert on subject_categories to APP_ROLE;
create policy seen on subject_categories for select using (GRANTED(subject_categories.case_id, 2));
create policy made on subject_categories for insert with check (GRANTED(subject_categories.case_id, 3));

grant select, insert, update on identifiers to APP_ROLE;
grant select on identifiers to coopapi_definer;
create policy seen on identifiers for select using (GRANTED(identifiers.case_id, 2));
create policy made on identifiers for insert with check (GRANTED(identifiers.case_id, 3));
create policy changed on identifiers for update using (GRANTED(identifiers.case_id, 3));

grant select, insert, update, delete on idempotency_keys to APP_ROLE;
create policy own on idempotency_keys using (principal_id = (select priv.principal()))
    with check (principal_id = (select priv.principal()) and authority_id = (select priv.authority()));
