-- Evidence as it was before teams had participants.
alter policy seen on evidence using (PARTY(evidence.object_id));
revoke select on subjects from coopapi_definer;
