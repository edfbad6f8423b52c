-- Policies bind everybody but the role that only owns functions; nothing is open to PUBLIC.
do $$
declare
    t text;
    f regprocedure;
begin
    for t in
        select distinct c.relname from pg_class c join pg_policy p on p.polrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and not c.relrowsecurity
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
