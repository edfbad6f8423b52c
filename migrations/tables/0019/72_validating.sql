-- The authority of the person who validated a request. Forms name it on both sides, and the other side cannot see the person.
alter table mla_requests add column validating_id uuid references authorities (id);
update mla_requests r set validating_id = p.authority_id from principals p where p.id = r.validated_by;
alter table mla_requests
    add constraint validating_authority_of_somebody check (validating_id is null or validated_by is not null);
