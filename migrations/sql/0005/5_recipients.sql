-- Whoever was told a value is told that it was corrected or withdrawn (Directive (EU) 2016/680 Art. 16(6)): the value goes into no journal.
create function priv.tell_recipients(p_identifier uuid, p_act text, p_request text) returns void
language plpgsql volatile security definer set search_path = pg_catalog as $$
declare
    d record;
begin
    for d in select g.id, g.state from public.disclosures g join public.disclosed_items x on x.disclosure_id = g.id
             where x.identifier_id = p_identifier and g.state in ('disclosed_full', 'disclosed_partial') order by g.id
    loop
        perform priv.tell(d.id, 'disclosure.item_' || p_act,
            jsonb_build_object('state', d.state, 'disclosure', d.id, 'identifier', p_identifier), p_request);
    end loop;
end $$;
grant execute on function priv.tell_recipients(uuid, text, text) to coopapi_app;
