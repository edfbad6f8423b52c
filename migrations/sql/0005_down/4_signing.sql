-- Signatures as they were when each party signed for itself alone.
alter policy made on jit_signatures with check (
    ACTING(jit_signatures.jit_id) and authority_id = (select priv.authority()) and principal_id = (select priv.principal()));
alter table jit_signatures drop column recorded;
