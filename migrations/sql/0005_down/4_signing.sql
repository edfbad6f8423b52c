-- Signatures and evaluations as they were when each party acted for itself alone.
alter policy made on jit_evaluations with check (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())));
alter policy changed on jit_evaluations using (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())))
    with check (
    ACTING(jit_evaluations.jit_id) and (authority_id is null or authority_id = (select priv.authority())));
alter table jit_evaluations drop column recorded;
delete from jit_signatures where subject_id in (select id from jit_amendments where change = 'states_of_operation');
delete from jit_amendments where change = 'states_of_operation';
alter table jit_amendments drop column recorded, drop constraint amendment_change, add constraint amendment_change check (
    change in ('join', 'leave', 'purpose', 'period', 'clause', 'participant'));
alter policy made on jit_signatures with check (
    ACTING(jit_signatures.jit_id) and authority_id = (select priv.authority()) and principal_id = (select priv.principal()));
alter table jit_signatures drop column recorded;
