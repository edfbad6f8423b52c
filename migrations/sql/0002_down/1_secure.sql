create policy seen on case_overlaps for select using (
    ((select priv.cleared()) or ever_open)
    and (not hidden_a or authority_a = (select priv.authority()))
    and (not hidden_b or authority_b = (select priv.authority()))
    and (GRANTED(case_overlaps.case_a, 1) or GRANTED(case_overlaps.case_b, 1)));
do $$
declare
    f regprocedure;
begin
    grant create on schema priv to coopapi_definer;
    for f in select p.oid::regprocedure from pg_proc p
             where p.pronamespace = 'priv'::regnamespace and p.proowner <> 'coopapi_definer'::regrole
    loop
        execute format('revoke all on function %s from public', f);
        execute format('alter function %s owner to coopapi_definer', f);
    end loop;
    revoke create on schema priv from coopapi_definer;
end $$;
grant execute on function priv.register(uuid, uuid[], bytea[], text[], smallint[], text[], text[], integer, text),
    priv.unregister(uuid, uuid[], integer, text), priv.relabel(uuid, uuid[], text, integer, text),
    priv.evidence(uuid[], uuid[], integer), priv.counterparts(uuid[], uuid[]), priv.high_frequency(uuid, integer)
    to coopapi_app;
