-- Policies bind everybody but the role that only owns functions; nothing is open to PUBLIC.
do $$
declare
    t text;
    f regprocedure;
begin
    foreach t in array array ['authorities', 'principals', 'cases', 'case_access', 'case_keys', 'subjects', 'subject_categories',
                              'identifiers', 'case_overlaps', 'journal_heads', 'journal_entries', 'idempotency_keys']
    loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy machine on public.%I to coopapi_definer using (true) with check (true)', t);
    end loop;
    grant create on schema priv to coopapi_definer;
    for f in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'priv'::regnamespace
    loop
        execute format('revoke all on function %s from public', f);
        execute format('alter function %s owner to coopapi_definer', f);
    end loop;
    revoke create on schema priv from coopapi_definer;
end $$;

grant execute on function priv.context(), priv.authority(), priv.principal(), priv.role(), priv.cleared(), priv.operator(),
    priv.at(), priv.who(text, text), priv.client(uuid), priv.record(jsonb),
    priv.register(uuid, uuid[], bytea[], text[], smallint[], text[], text[], integer, text),
    priv.unregister(uuid, uuid[], integer, text), priv.relabel(uuid, uuid[], text, integer, text),
    priv.evidence(uuid[], uuid[], integer), priv.counterparts(uuid[], uuid[]), priv.high_frequency(uuid, integer)
    to coopapi_app;
