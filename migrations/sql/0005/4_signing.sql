-- What a State signed that has nobody here is recorded by another party; how it is known is sealed under the key of the team.
alter table jit_signatures add column recorded bytea;
alter policy made on jit_signatures with check (
    ACTING(jit_signatures.jit_id) and principal_id = (select priv.principal())
    and (authority_id = (select priv.authority()) or recorded is not null and priv.stands_in(jit_id, authority_id)));
