-- Who may read and record the duties towards Eurojust: people of the authority that answers for the case. A prosecutor records them.
grant select, insert, update (version, answer, ground, answered_on) on eurojust_records to APP_ROLE;
create policy seen on eurojust_records for select using (ANSWERING(eurojust_records.case_id));
create policy made on eurojust_records for insert with check (
    (select priv.role()) = 'prosecutor' and authority_id = (select priv.authority()) and ANSWERING(eurojust_records.case_id));
create policy changed on eurojust_records for update using (
    (select priv.role()) = 'prosecutor' and ANSWERING(eurojust_records.case_id));
