-- The directory that requests need: who is reached around the clock, who is competent for what, providers, what countries require.
create table contact_points (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    network text not null,
    always boolean not null,
    hours jsonb not null,
    time_zone text not null,
    languages text[] not null,
    powers text[] not null,
    contact jsonb not null,
    application text,
    declared_by text not null,
    valid_from date not null,
    valid_until date,
    last_verified_at timestamptz,
    verified_by uuid references principals (id)
);
create index contact_points_by_authority on contact_points (authority_id, id);

create table contact_checks (
    id uuid primary key,
    version integer not null,
    contact_point_id uuid not null references contact_points (id),
    authority_id uuid not null references authorities (id),
    at timestamptz not null,
    outcome text not null constraint check_outcome check (outcome in ('reached', 'no_answer', 'wrong_number', 'out_of_order')),
    minutes integer
);
create index contact_checks_by_point on contact_checks (contact_point_id, at);

create table competences (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    measures text[] not null,
    kinds text[] not null,
    instruments text[] not null,
    places text[] not null,
    languages text[] not null,
    channels text[] not null,
    declared_by text not null,
    valid_from date not null,
    valid_until date,
    last_confirmed_at timestamptz
);
create index competences_by_authority on competences (authority_id, id);

create table providers (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null unique references authorities (id),
    legal_entity text not null,
    brands text[] not null,
    services text[] not null,
    establishment jsonb not null,
    portal text,
    languages text[] not null,
    retention jsonb not null,
    emergency_channel text,
    notification_policy text not null,
    costs text,
    valid_from date not null,
    last_confirmed_at timestamptz
);

create table mous (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    provider_id uuid references providers (id),
    title text not null,
    parties text[] not null,
    scope text not null,
    standards text[] not null,
    valid_from date not null,
    valid_until date
);
create index mous_by_end on mous (valid_until, id);

create table requirement_notices (
    id uuid primary key,
    version integer not null,
    authority_id uuid not null references authorities (id),
    country text not null,
    measure text,
    instrument text,
    theme text not null,
    applicability text not null
        constraint notice_applicability check (applicability in ('applicable', 'not_applicable', 'to_a_certain_extent')),
    says jsonb not null,
    languages text[] not null,
    channels text[] not null,
    declared_by text not null,
    valid_from date not null,
    valid_until date,
    supersedes uuid unique references requirement_notices (id)
);
create index notices_by_country on requirement_notices (country, measure);

grant select, insert, update on contact_points, competences, providers, mous to coopapi_app;
grant select, insert, update (version, valid_until) on requirement_notices to coopapi_app;
grant select, insert on contact_checks to coopapi_app;

-- A directory is for everybody who is somebody; each authority keeps its own entries, the operator all.
create function priv.keeps(p_authority uuid) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select priv.operator() and priv.role() = 'admin'
        or priv.role() in ('admin', 'central_authority', 'contact_point') and p_authority = priv.authority()
$$;
-- A provider's profile: the operator, and central authorities of the country that it is established in.
create function priv.keeps_provider(p_country text) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select priv.operator() and priv.role() = 'admin'
        or priv.role() = 'central_authority'
        and exists (select from public.authorities a where a.id = priv.authority() and a.country = p_country)
$$;
-- What a country requires is said by an authority of that country, and by nobody for it.
create function priv.declares(p_authority uuid, p_country text) returns boolean
language sql stable security definer set search_path = pg_catalog as $$
    select priv.keeps(p_authority) and p_authority = priv.authority() and exists (
        select from public.authorities a where a.id = p_authority and a.country = p_country and a.type <> 'service_provider')
$$;
grant execute on function priv.keeps(uuid), priv.keeps_provider(text), priv.declares(uuid, text) to coopapi_app;

create policy seen on contact_points for select using ((select priv.authority()) is not null);
create policy made on contact_points for insert with check (priv.keeps(authority_id));
create policy changed on contact_points for update using (priv.keeps(authority_id));
create policy seen on contact_checks for select using ((select priv.authority()) is not null);
create policy made on contact_checks for insert with check (authority_id = (select priv.authority()));
create policy seen on competences for select using ((select priv.authority()) is not null);
create policy made on competences for insert with check (priv.keeps(authority_id));
create policy changed on competences for update using (priv.keeps(authority_id));
create policy seen on providers for select using ((select priv.authority()) is not null);
create policy made on providers for insert with check (priv.keeps_provider(establishment ->> 'country'));
create policy changed on providers for update using (priv.keeps_provider(establishment ->> 'country'));
create policy seen on mous for select using ((select priv.authority()) is not null);
create policy made on mous for insert with check (priv.keeps(authority_id));
create policy changed on mous for update using (priv.keeps(authority_id));
create policy seen on requirement_notices for select using ((select priv.authority()) is not null);
create policy made on requirement_notices for insert with check (priv.declares(authority_id, country));
create policy changed on requirement_notices for update using (priv.declares(authority_id, country));
