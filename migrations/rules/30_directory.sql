-- Tell whether an authority has an active account here. For an authority without one, the other side records its steps.
create function priv.has_users(p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from public.principals p where p.authority_id = p_authority and p.active)
$$;

create function priv.require_operator() returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if (priv.operator() and priv.role() = 'admin') is not true then
        raise exception 'only administrators of the operator may do this' using errcode = '42501';
    end if;
end $$;

-- Tell whether the caller may change the directory entries of an authority: its own, or as the operator those of any. Every known caller
-- may read the directory.
create function priv.may_edit_entries(p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.operator() and (select priv.role()) = 'admin'
        or (select priv.role()) in ('admin', 'central_authority', 'contact_point') and p_authority = (select priv.authority())
$$;

-- Tell whether the caller may change a provider's profile: the operator and the central authorities of the country of establishment may.
create function priv.may_edit_provider(p_country text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.operator() and (select priv.role()) = 'admin'
        or (select priv.role()) = 'central_authority'
        and exists (select from public.authorities a where a.id = (select priv.authority()) and a.country = p_country)
$$;

-- Tell whether the caller may declare what a country requires: only an authority of that country may.
create function priv.may_declare(p_authority uuid, p_country text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.may_edit_entries(p_authority) and p_authority = (select priv.authority()) and exists (
        select from public.authorities a where a.id = p_authority and a.country = p_country and a.type <> 'service_provider')
$$;

-- Tell whether an authority belongs to the caller's State. A State names its own people from any of its authorities, because often the
-- prosecution signs an agreement and the police works in the team.
create function priv.same_state(p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.authorities a join public.authorities me on me.country = a.country
        where a.id = p_authority and me.id = (select priv.authority()))
$$;

create function priv.is_person(p_principal uuid, p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select priv.same_state(p_authority) and exists (
        select from public.principals p where p.id = p_principal and p.authority_id = p_authority and p.kind = 'person' and p.active)
$$;

grant execute on function priv.has_users(uuid), priv.may_edit_entries(uuid), priv.may_edit_provider(text), priv.may_declare(uuid, text),
    priv.same_state(uuid), priv.is_person(uuid, uuid) to APP_ROLE;

grant select, insert,
    update (version, network, always, hours, time_zone, languages, powers, contact, application, declared_by, valid_from, valid_until,
            last_verified_at, verified_by) on contact_points to APP_ROLE;
create policy seen on contact_points for select using ((select priv.authority()) is not null);
create policy made on contact_points for insert with check (priv.may_edit_entries(authority_id));
create policy changed on contact_points for update using (priv.may_edit_entries(authority_id));

grant select, insert, update (version, since, until) on duty_shifts to APP_ROLE;
grant select on duty_shifts to coopapi_definer;
-- Only the authority itself sees who is on duty. Others learn from `priv.manned` whether anybody is.
create policy seen on duty_shifts for select using (authority_id = (select priv.authority()));
create policy made on duty_shifts for insert with check (
    authority_id = (select priv.authority()) and priv.may_edit_entries(authority_id)
    and exists (select from public.contact_points c where c.id = contact_point_id and c.authority_id = duty_shifts.authority_id));
create policy changed on duty_shifts for update using (authority_id = (select priv.authority()) and priv.may_edit_entries(authority_id));

-- Tell of each of these points of contact that keeps a roster whether somebody is on duty now. A point keeps one if a shift ended less than
-- thirty days ago or has not ended.
create function priv.manned(p_points uuid[]) returns table (contact_point_id uuid, now boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.contact_point_id, bool_or(s.since <= (select priv.at()) and s.until > (select priv.at()) and p.active)
    from public.duty_shifts s join public.principals p on p.id = s.principal_id
    where s.contact_point_id = any (p_points) and s.until > (select priv.at()) - interval '30 days' and (select priv.authority()) is not null
    group by s.contact_point_id
$$;

grant execute on function priv.manned(uuid[]) to APP_ROLE;

grant select, insert on contact_checks to APP_ROLE;
create policy seen on contact_checks for select using ((select priv.authority()) is not null);
create policy made on contact_checks for insert with check (authority_id = (select priv.authority()));

grant select, insert,
    update (version, measures, kinds, instruments, places, languages, channels, declared_by, valid_from, valid_until,
            last_confirmed_at) on competences to APP_ROLE;
create policy seen on competences for select using ((select priv.authority()) is not null);
create policy made on competences for insert with check (priv.may_edit_entries(authority_id));
create policy changed on competences for update using (priv.may_edit_entries(authority_id));

grant select, insert,
    update (version, legal_entity, brands, services, establishment, portal, languages, retention, emergency_channel,
            notification_policy, costs, valid_from, last_confirmed_at) on providers to APP_ROLE;
create policy seen on providers for select using ((select priv.authority()) is not null);
create policy made on providers for insert with check (priv.may_edit_provider(establishment ->> 'country'));
create policy changed on providers for update using (priv.may_edit_provider(establishment ->> 'country'));

grant select, insert, update (version, title, parties, scope, standards, valid_from, valid_until) on mous to APP_ROLE;
create policy seen on mous for select using ((select priv.authority()) is not null);
create policy made on mous for insert with check (priv.may_edit_entries(authority_id));
create policy changed on mous for update using (priv.may_edit_entries(authority_id));

grant select, insert, update (version, valid_until) on requirement_notices to APP_ROLE;
create policy seen on requirement_notices for select using ((select priv.authority()) is not null);
create policy made on requirement_notices for insert with check (priv.may_declare(authority_id, country));
create policy changed on requirement_notices for update using (priv.may_declare(authority_id, country));
