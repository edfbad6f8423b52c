grant select, insert, update (version, principal_id, assigned_by, assigned_at) on assignments to APP_ROLE;
-- Only the authority that assigns something to its people knows of it. Prosecutors and desks assign anybody; others assign themselves, and
-- take back what is assigned to them.
create policy seen on assignments for select using (authority_id = (select priv.authority()));
create policy given on assignments for insert with check (
    authority_id = (select priv.authority()) and assigned_by = (select priv.principal())
    and ((select priv.role()) in ('prosecutor', 'desk') or principal_id is null or principal_id = (select priv.principal())));
create policy changed on assignments for update
    using (authority_id = (select priv.authority())
           and ((select priv.role()) in ('prosecutor', 'desk') or principal_id is null or principal_id = (select priv.principal())))
    with check (authority_id = (select priv.authority()) and assigned_by = (select priv.principal())
                and ((select priv.role()) in ('prosecutor', 'desk') or principal_id is null or principal_id = (select priv.principal())));
