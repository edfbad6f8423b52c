-- Close every table that has policies to everything that the policies do not allow, also for its owner. The definer role reads and writes
-- all rows within its grants. The backup role reads all rows of all tables and changes nothing. No function is executable by PUBLIC.
do $$
declare
    t regclass;
    f regprocedure;
    has_policies boolean;
begin
    for t, has_policies in
        select c.oid::regclass, exists (select from pg_policy p where p.polrelid = c.oid)
        from pg_class c
        where c.relkind in ('r', 'S') and c.relnamespace in ('public'::regnamespace, 'priv'::regnamespace)
        order by 1
    loop
        execute format('grant select on %s to coopapi_backup', t);
        if has_policies then
            execute format('alter table %s enable row level security', t);
            execute format('alter table %s force row level security', t);
            execute format('create policy machine on %s to coopapi_definer using (true) with check (true)', t);
            execute format('create policy backup on %s for select to coopapi_backup using (true)', t);
        end if;
    end loop;
    grant create on schema priv to coopapi_definer;
    for f in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'priv'::regnamespace
    loop
        execute format('revoke all on function %s from public', f);
        execute format('alter function %s owner to coopapi_definer', f);
    end loop;
    revoke create on schema priv from coopapi_definer;
    grant usage on schema priv to coopapi_backup;
end $$;

-- Only the definer role reads the key of the context. A backup contains no row of this table; `coopapi migrate` fills it again.
alter table priv.context_key enable row level security;
create policy machine on priv.context_key for select to coopapi_definer using (true);

grant select on alembic_version, priv.rules, priv.key_check to APP_ROLE;
