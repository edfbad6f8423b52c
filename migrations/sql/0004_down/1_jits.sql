-- Evidence as it was before there were teams.
alter policy seen on evidence using (PARTY(evidence.object_id));
alter policy made on evidence with check (
    ACTING(evidence.object_id) and created_by = (select priv.principal())
    and (provider_id = (select priv.authority()) or priv.stands_in(object_id, provider_id)));
revoke select on subjects from coopapi_definer;
