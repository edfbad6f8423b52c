-- As before; and an entry that names whom it is for (`only`) is told to these alone among those who take part in the shared thing.
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
            where p.authority_id <> me and priv.takes_part(p.object_id, 1)
              and (t.x -> 'only' is null or t.x -> 'only' ? p.authority_id::text)) e));
end $$;

-- As before; and what a team, a meeting or a consultation did is in the timeline of a case for its owner and for those who take part:
-- whoever else reads the case learns nothing of it.
alter policy seen on journal_entries using (
    (authority_id = (select priv.authority()) and (case_id is null or (select priv.role()) = 'auditor')
     or case_id is not null and (GRANTED(journal_entries.case_id, 2)
             and (object_type not in ('jit', 'meeting', 'consultation')
                  or authority_id = (select priv.authority()) or PARTY(journal_entries.object_id)
                  or exists (select from public.case_access o
                             where o.case_id = journal_entries.case_id and o.owner_id = (select priv.authority())))
         or (action = 'case.registered' or object_type = 'overlap') and GRANTED(journal_entries.case_id, 1)))
    and ((select priv.cleared()) or (select priv.role()) = 'auditor' or not victims_only));
