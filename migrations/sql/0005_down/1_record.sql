-- The journal's way in as it was before an entry could say whom it is for.
create or replace function priv.record(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    me uuid := priv.authority();
    caller jsonb := jsonb_build_object('authority_id', priv.authority(), 'principal_id', priv.principal(),
        'role', coalesce(priv.role(), 'machine'), 'at', priv.at());
begin
    if me is null then
        raise exception 'nobody to record an act of' using errcode = '42501';
    end if;
    perform priv.append((
        select jsonb_agg(e.entry order by e.n, e.entry ->> 'authority_id', e.entry ->> 'case_id')
        from (
            select t.n, t.x || caller as entry from jsonb_array_elements(p_entries) with ordinality t (x, n)
            union all
            select t.n, t.x || jsonb_build_object('authority_id', p.authority_id, 'principal_id', null, 'role', 'machine',
                       'at', priv.at(), 'case_id', p.case_id)
            from jsonb_array_elements(p_entries) with ordinality t (x, n)
            join (select distinct object_id, authority_id, case_id from public.parties where until is null or until > priv.at()) p
                 on p.object_id = (t.x ->> 'parties')::uuid
            where p.authority_id <> me and priv.takes_part(p.object_id, 1)) e));
end $$;

alter policy seen on journal_entries using (
    (authority_id = (select priv.authority()) and (case_id is null or (select priv.role()) = 'auditor')
     or case_id is not null and (GRANTED(journal_entries.case_id, 2)
         or (action = 'case.registered' or object_type = 'overlap') and GRANTED(journal_entries.case_id, 1)))
    and ((select priv.cleared()) or (select priv.role()) = 'auditor' or not victims_only));
