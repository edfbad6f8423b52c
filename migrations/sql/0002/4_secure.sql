do $$
declare
    t text;
    f regprocedure;
begin
    foreach t in array array ['overlap_sides', 'disclosures', 'disclosed_items', 'exclusions']
    loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy machine on public.%I to coopapi_definer using (true) with check (true)', t);
    end loop;
    grant create on schema priv to coopapi_definer;
    for f in select p.oid::regprocedure from pg_proc p
             where p.pronamespace = 'priv'::regnamespace and p.proowner <> 'coopapi_definer'::regrole
    loop
        execute format('revoke all on function %s from public', f);
        execute format('alter function %s owner to coopapi_definer', f);
    end loop;
    revoke create on schema priv from coopapi_definer;
end $$;

grant execute on function
    priv.hold(uuid, uuid[], bytea[], text[], smallint[], text[], text[]), priv.release(uuid, uuid[]),
    priv.relabel(uuid, uuid[], text), priv.candidates(uuid, uuid[], bytea[], integer[], integer[]),
    priv.settle(uuid, bytea[], integer[], uuid[], uuid[], uuid[], real[], smallint[], text[], integer[], text),
    priv.evidence(uuid[], uuid[], integer[]), priv.high_frequency(uuid, integer[]),
    priv.reconsider(uuid, integer[], text), priv.value_tokens(uuid, uuid), priv.disclosed(uuid), priv.openly(uuid),
    priv.differences(integer[]), priv.recheck(uuid, integer, integer[]),
    priv.repair(uuid[], uuid[], real[], smallint[], text[], integer[], text), priv.tell(uuid, text, jsonb, text)
    to coopapi_app;
