-- Verify a text that the service signed within the last five minutes and return its fields. The sixth field is the time of the service's clock in
-- microseconds, the seventh is the second in which the text was signed. The worker signs with a key of its own, so no text that was signed for a
-- request passes for one of the worker. PL/pgSQL prepares each expression once in every transaction, so there are few of them.
create function priv.signed(p_signed text) returns text[]
language plpgsql stable strict security definer set search_path = pg_catalog, pg_temp as $$
declare
    fields text[] := string_to_array(split_part(p_signed, '.', 1), '|');
    inner_pad bytea;
    outer_pad bytea;
begin
    select case fields[3] when 'worker' then k.worker_inner_pad else k.inner_pad end,
           case fields[3] when 'worker' then k.worker_outer_pad else k.outer_pad end into inner_pad, outer_pad from priv.context_key k;
    if (sha256(convert_to(split_part(p_signed, '.', 2), 'UTF8')) = sha256(convert_to(encode(
            sha256(outer_pad || sha256(inner_pad || convert_to(split_part(p_signed, '.', 1), 'UTF8'))), 'hex'), 'UTF8'))
            and abs(fields[7]::bigint - extract(epoch from clock_timestamp())) <= 300) is not true then
        raise exception 'the context of the transaction has expired, or is not signed by this service' using errcode = '42501';
    end if;
    return fields;
end $$;

-- The caller and the time, as the service signs them for each transaction; null if it has no caller.
create function priv.context() returns text[] language sql stable return priv.signed(nullif(current_setting('coopapi.context', true), ''));

-- PostgreSQL copies the body of a plain SQL function into every query that calls it, and starts an executor for the body of other SQL functions
-- at each call. The policies call the following functions so often that this was most of the work of the database. A function in PL/pgSQL
-- evaluates one expression.

create function priv.authority() returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return nullif((priv.context())[1], '')::uuid;
end $$;

create function priv.principal() returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return nullif((priv.context())[2], '')::uuid;
end $$;

create function priv.role() returns text language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return nullif((priv.context())[3], '');
end $$;

create function priv.cleared() returns boolean language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (priv.context())[4] = 't';
end $$;

create function priv.operator() returns boolean language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (priv.context())[5] = 't';
end $$;

create function priv.at() returns timestamptz language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return to_timestamp((priv.context())[6]::bigint / 1e6);
end $$;

-- Return all of this together, for functions that ask several times: it is checked once then.
create function priv.caller(out authority uuid, out principal uuid, out cleared boolean, out at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    said text[] := priv.context();
begin
    authority := nullif(said[1], '')::uuid;
    principal := nullif(said[2], '')::uuid;
    cleared := said[4] = 't';
    at := TIME_IN(said);
end $$;

-- Tell whether something that may have a beginning and an end is in force at a time.
create function priv.in_force(p_since timestamptz, p_until timestamptz, p_at timestamptz) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    return (p_since is null or p_since <= p_at) and (p_until is null or p_until > p_at);
end $$;

-- Raise an error unless the worker calls.
create function priv.require_worker() returns void language plpgsql stable as $$
begin
    if priv.role() is distinct from 'worker' then
        raise exception 'only the worker does this' using errcode = '42501';
    end if;
end $$;

-- Return the functions of an account. People of a court who decide there in the role prosecutor are judges without being named so.
create function priv.functions_of(p public.principals, p_type text) returns text[] language sql immutable as $$
    select case when p.kind = 'person' and 'prosecutor' = any (p.roles) and p_type in ('judge', 'court', 'investigating_judge')
                then array['judge'] else p.functions end
$$;

-- Return the account that a token belongs to. This runs before the context is set.
create function priv.account_of(p_issuer text, p_subject text)
returns table (id uuid, kind text, name text, authority_id uuid, authority_name text, country text, roles text[],
               victim_cleared boolean, operator boolean, functions text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    return query ACCOUNT(p_issuer, p_subject);
end $$;

-- Return the account that a token belongs to, and set the context of this transaction for it, in one statement. The service signs the
-- question: a digest of issuer, subject and the role that the caller named, and the roles that may be cleared for victims. The context is
-- set only if it is clear in which role the caller acts; it ends with the transaction. The digest is that of the account.
create function priv.identify(p_issuer text, p_subject text, p_role text, p_signed text)
returns table (id uuid, kind text, name text, authority_id uuid, authority_name text, country text, roles text[],
               victim_cleared boolean, operator boolean, functions text[], digest text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    asked text[] := priv.signed(p_signed);
    k priv.context_key;
    acts_as text;
    said text;
    yes_no text[] := array ['f', 't'];
begin
    if (asked[1] = 'begin' and asked[2] = encode(sha256(convert_to(
            p_issuer || chr(10) || p_subject || chr(10) || coalesce(p_role, ''), 'UTF8')), 'hex')) is not true then
        raise exception 'the question is not signed by this service' using errcode = '42501';
    end if;
    select a.*, DIGEST(a)
        into id, kind, name, authority_id, authority_name, country, roles, victim_cleared, operator, functions, digest
        from (ACCOUNT(p_issuer, p_subject)) a;
    if id is null then
        return;
    end if;
    acts_as := case when p_role = any (roles) then p_role when p_role is null and cardinality(roles) = 1 then roles[1] end;
    if acts_as is not null then
        select * into k from priv.context_key;
        said := concat_ws('|', authority_id, id, acts_as, yes_no[1 + (victim_cleared and acts_as = any (string_to_array(asked[3], ',')))::int],
            yes_no[1 + operator::int], asked[6], asked[7], asked[8]);
        said := set_config('coopapi.context', said || '.' || encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(said, 'UTF8'))),
            'hex'), true);
    end if;
    return next;
end $$;

-- Refuse to go on unless the account that a token belongs to still has the digest with which the service remembers it.
create function priv.confirm_account(p_issuer text, p_subject text, p_digest text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
    perform from (ACCOUNT(p_issuer, p_subject)) a where DIGEST(a) = p_digest;
    if not found then
        raise exception 'the account of the caller has changed' using errcode = '40001';
    end if;
end $$;

create function priv.client(p_client uuid) returns table (secret_digest bytea, jwks jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p.secret_digest, p.jwks from public.principals p
    where p.id = p_client and p.kind = 'client' and p.active and p.roles <> '{}'
$$;

-- Generate a UUIDv7 (RFC 9562) for the few rows that are created in the database. Who makes many reads the time once.
create function priv.uuid7(p_at timestamptz default priv.at()) returns uuid language sql volatile set search_path = pg_catalog, pg_temp as $$
    select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from p_at) * 1000)::bigint) from 3) from 1 for 6),
        52, 1), 53, 1), 'hex')::uuid
$$;

grant usage on schema public, priv to APP_ROLE, coopapi_definer;
grant select on priv.context_key to coopapi_definer;

grant execute on function priv.signed(text), priv.context(), priv.authority(), priv.principal(), priv.role(), priv.cleared(), priv.operator(),
    priv.at(), priv.caller(), priv.in_force(timestamptz, timestamptz, timestamptz), priv.uuid7(timestamptz), priv.identify(text, text, text, text),
    priv.confirm_account(text, text, text), priv.account_of(text, text), priv.client(uuid) to APP_ROLE;

grant select, insert, update (version, name, languages, contact) on authorities to APP_ROLE;
grant select on authorities to coopapi_definer;
create policy seen on authorities for select
    using ((select priv.authority()) is not null and id <> '00000000-0000-0000-0000-000000000000');
create policy made on authorities for insert with check (
    (select priv.operator()) and (select priv.role()) = 'admin' and not operator);
create policy changed on authorities for update
    using ((select priv.role()) = 'admin' and ((select priv.operator()) or id = (select priv.authority())));

-- Accounts are created, and their rights changed, only by the functions in 31_approvals.sql.
grant select, update (version, name) on principals to APP_ROLE;
grant select, insert, update on principals to coopapi_definer;
create policy seen on principals for select
    using (authority_id = (select priv.authority()) or (select priv.operator()) and (select priv.role()) = 'admin');
create policy changed on principals for update using (
    (select priv.role()) = 'admin' and (authority_id = (select priv.authority()) or (select priv.operator())));

-- Signing keys are created only with the owner's rights (coopapi migrate, coopapi keys rotate).
grant select on signing_keys to APP_ROLE;

grant select, insert, delete on used_assertions to APP_ROLE;
