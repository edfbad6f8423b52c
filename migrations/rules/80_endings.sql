-- Return how many linked things of a case are still active, including those that the caller does not see. The owner needs this before it
-- ends the case. `p_live` has an entry `kind:state` for each state that counts as active.
create function priv.count_live(p_case uuid, p_live text[]) returns bigint
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform priv.require_level(p_case, 4);
    return (
        with things as (
            select p.object_id as id from public.parties p
            where p.case_id = p_case and (p.until is null or p.until > (select priv.at()))
            union
            select s.object_id from public.shared_cases s where s.case_id = p_case and s.ended_at is null),
        standing as (
            select 'request:' || r.state as what from public.mla_requests r join things t on t.id = r.id
            union all
            select 'meeting:' || m.state from public.meetings m join things t on t.id = m.id
            union all
            select 'consultation:' || c.state from public.consultations c join things t on t.id = c.id
            union all
            select 'jit:' || case when j.state = 'active' and j.until <= (select priv.at()) then 'ended' else j.state end
            from public.jits j join things t on t.id = j.id
            union all
            select 'disclosure:' || d.state from public.disclosures d
            where d.owner_case = p_case and (d.until is null or d.until > (select priv.at()))
               or d.asking_case = p_case and d.state not in ('disclosed_full', 'disclosed_partial'))
        select count(*) from standing s where s.what = any (p_live));
end $$;

grant execute on function priv.count_live(uuid, text[]) to APP_ROLE;
