-- Who may read and record the duties towards Eurojust: people of the authority that answers for the case.
grant select, insert, update (version, answer, answered_on, ground) on eurojust_records to APP_ROLE;
create policy seen on eurojust_records for select using (ANSWERING(eurojust_records.case_id));
create policy made on eurojust_records for insert with check (
    authority_id = (select priv.authority()) and (select priv.role()) = 'prosecutor' and ANSWERING(eurojust_records.case_id));
create policy changed on eurojust_records for update using (
    (select priv.role()) = 'prosecutor' and ANSWERING(eurojust_records.case_id));
