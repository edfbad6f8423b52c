-- The journal's way in as it was before things were shared.
create or replace function priv.record(p_entries jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    caller jsonb := jsonb_build_object('authority_id', priv.authority(), 'principal_id', priv.principal(),
        'role', coalesce(priv.role(), 'machine'), 'at', priv.at());
begin
    if priv.authority() is null then
        raise exception 'nobody to record an act of' using errcode = '42501';
    end if;
    perform priv.append((select jsonb_agg(x || caller order by n) from jsonb_array_elements(p_entries) with ordinality t (x, n)));
end $$;
