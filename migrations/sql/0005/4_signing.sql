-- What a State signed, refused or answered that has nobody here is recorded by another party; how it is known is sealed under
-- the key of the team.
alter table jit_signatures add column recorded bytea;
alter table jit_amendments add column recorded bytea;
alter table jit_evaluations add column recorded bytea;
alter table jit_amendments drop constraint amendment_change, add constraint amendment_change check (
    change in ('join', 'leave', 'purpose', 'period', 'states_of_operation', 'clause', 'participant'));
grant update (recorded) on jit_amendments, jit_evaluations to coopapi_app;
alter policy made on jit_signatures with check (
    ACTING(jit_signatures.jit_id) and principal_id = (select priv.principal())
    and (authority_id = (select priv.authority()) or recorded is not null and priv.stands_in(jit_id, authority_id)));
alter policy made on jit_evaluations with check (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())
        or recorded is not null and priv.stands_in(jit_id, authority_id)));
alter policy changed on jit_evaluations using (
    ACTING(jit_evaluations.jit_id)
    and (authority_id is null or authority_id = (select priv.authority()) or priv.stands_in(jit_id, authority_id)))
    with check (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())
        or recorded is not null and priv.stands_in(jit_id, authority_id)));
