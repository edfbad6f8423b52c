-- Two references that differ only by case, width or dash are one: the folded form is unique, the readable one stays as it came.
alter table cases
    alter column reference_folded set not null,
    drop constraint case_reference,
    add constraint case_reference unique (authority_id, reference_folded);

alter table subjects
    alter column pseudonym_folded set not null,
    drop constraint subject_pseudonym,
    add constraint subject_pseudonym unique (case_id, pseudonym_folded);

alter table jits
    alter column reference_folded set not null,
    drop constraint jit_reference,
    add constraint jit_reference unique (maker_id, reference_folded);

alter table mla_requests
    alter column reference_folded set not null,
    drop constraint request_reference,
    add constraint request_reference unique (maker_id, requesting_id, reference_folded);
