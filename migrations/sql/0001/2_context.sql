-- The caller's context: one signed setting per transaction, checked here (HMAC-SHA-256 over core sha256(), RFC 2104).
-- It carries: authority | principal | role | cleared | operator | time of the request | time of signing (epoch seconds).
create schema priv;
revoke all on schema priv from public;
grant usage on schema priv to coopapi_app, coopapi_definer;

create table priv.context_key (
    one boolean primary key default true check (one),
    inner_pad bytea not null,
    outer_pad bytea not null
);

create function priv.context() returns text[]
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    setting text := current_setting('coopapi.context', true);
    payload text;
    mac bytea;
begin
    if setting is null or setting = '' then
        return null;
    end if;
    payload := split_part(setting, '.', 1);
    select sha256(k.outer_pad || sha256(k.inner_pad || convert_to(payload, 'UTF8'))) into mac from priv.context_key k;
    if mac is null or sha256(convert_to(encode(mac, 'hex'), 'UTF8'))
                      <> sha256(convert_to(split_part(setting, '.', 2), 'UTF8')) then
        raise exception 'the context is not signed by this service' using errcode = '42501';
    end if;
    if abs(split_part(payload, '|', 7)::bigint - extract(epoch from clock_timestamp())) > 300 then
        raise exception 'the context has expired' using errcode = '42501';
    end if;
    return string_to_array(payload, '|');
end $$;

create function priv.authority() returns uuid language sql stable as $$ select nullif((priv.context())[1], '')::uuid $$;
create function priv.principal() returns uuid language sql stable as $$ select nullif((priv.context())[2], '')::uuid $$;
create function priv.role() returns text language sql stable as $$ select nullif((priv.context())[3], '') $$;
create function priv.cleared() returns boolean language sql stable as $$ select (priv.context())[4] = 't' $$;
create function priv.operator() returns boolean language sql stable as $$ select (priv.context())[5] = 't' $$;
create function priv.at() returns timestamptz language sql stable as $$ select to_timestamp((priv.context())[6]::bigint / 1e6) $$;

-- The caller's access to a case; the same rule as in the policies, for the functions that look past them.
create function priv.level(p_case uuid) returns smallint
language sql stable security definer set search_path = pg_catalog as $$
    select coalesce(max(g.level), 0)::smallint
    from public.case_access g
    where g.case_id = p_case and g.authority_id = (select priv.authority())
      and (g.principal_id is null or g.principal_id = (select priv.principal()))
      and g.withdrawn_at is null and (g.until is null or g.until > (select priv.at()))
$$;

-- Who a token speaks for, before there is a context.
create function priv.who(p_issuer text, p_subject text)
returns table (id uuid, kind text, name text, authority_id uuid, authority_name text, country text, roles text[],
               victim_cleared boolean, operator boolean)
language sql stable security definer set search_path = pg_catalog as $$
    select p.id, p.kind, p.name, p.authority_id, a.name, a.country, p.roles, p.victim_cleared, a.operator
    from public.principals p join public.authorities a on a.id = p.authority_id
    where p.issuer = p_issuer and p.subject = p_subject and p.active
$$;

create function priv.client(p_client uuid) returns table (secret_digest bytea, jwks jsonb)
language sql stable security definer set search_path = pg_catalog as $$
    select p.secret_digest, p.jwks from public.principals p
    where p.id = p_client and p.kind = 'client' and p.active
$$;

-- UUIDv7 (RFC 9562) for the few rows that are made here.
create function priv.uuid7() returns uuid language sql volatile as $$
    select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
        52, 1), 53, 1), 'hex')::uuid
$$;
